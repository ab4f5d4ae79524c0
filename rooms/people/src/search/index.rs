//! Which users a search has to look at.

use std::collections::{BTreeMap, BTreeSet};

use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::bits::{Bits, Tally};
use super::store;
use super::text::{self, Needle, Phrase};

/// Whose users are searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) environment: &'a EnvironmentId,
    /// Only those with a tag: members of a ranked tenant, people of a family.
    pub(crate) tag: Option<&'a str>,
    pub(crate) visible_only: bool,
}

/// Who may fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    /// Numbers of users; those in the queue are not among them.
    pub(crate) bits: Bits,
    /// Whether all of them fit, without looking.
    pub(crate) exact: bool,
    /// Users to be read as they are now, the oldest first.
    pub(crate) queued: Vec<String>,
}

/// What is looked up of one needle.
struct Wanted<'a> {
    needle: &'a Needle,
    grams: Vec<i64>,
    pairs: Vec<i64>,
    swapped: Vec<Vec<i64>>,
}

impl<'a> Wanted<'a> {
    fn new(needle: &'a Needle) -> Self {
        Self {
            needle,
            grams: needle.grams(),
            pairs: if needle.is_rough() {
                needle.pairs()
            } else {
                Vec::new()
            },
            swapped: needle.swapped().iter().map(Needle::grams).collect(),
        }
    }

    fn all_grams(&self) -> impl Iterator<Item = i64> + '_ {
        self.grams
            .iter()
            .chain(&self.pairs)
            .chain(self.swapped.iter().flatten())
            .copied()
    }
}

/// The sets of numbers that were looked up.
struct Sets(BTreeMap<i64, Bits>);

impl Sets {
    fn get(&self, gram: i64) -> Bits {
        self.0.get(&gram).cloned().unwrap_or_default()
    }

    /// Who has all of the grams.
    fn common(&self, grams: &[i64]) -> Bits {
        let mut sets: Vec<i64> = grams.to_vec();
        sets.sort_by_key(|gram| self.0.get(gram).map_or(0, Bits::count));
        let mut grams = sets.into_iter();
        let mut common = grams.next().map_or_else(Bits::default, |first| self.get(first));
        for gram in grams {
            match self.0.get(&gram) {
                Some(bits) => common.keep(bits),
                None => return Bits::default(),
            }
        }
        common
    }

    /// Who may hold the needle; how like it they are is counted.
    fn of(&self, wanted: &Wanted<'_>, likeness: &mut Tally) -> Bits {
        if !wanted.needle.is_rough() {
            return self.common(&wanted.grams);
        }
        let mut own = Tally::default();
        for pair in &wanted.pairs {
            if let Some(bits) = self.0.get(pair) {
                own.count(bits);
                likeness.count(bits);
            }
        }
        let fewest = u8::try_from(wanted.needle.fewest_pairs()).unwrap_or(u8::MAX);
        let mut found = own.from(fewest);
        for swapped in &wanted.swapped {
            let exchanged = self.common(swapped);
            for _ in &wanted.pairs {
                likeness.count(&exchanged);
            }
            found.add(&exchanged);
        }
        found
    }
}

/// Finds who may fit. Of a search for misspelt texts only those most like it are kept, about `most`.
pub(crate) async fn candidates(
    tx: &Tx,
    scope: Scope<'_>,
    phrase: &Phrase,
    most: i64,
) -> Result<Candidates, StoreError> {
    let all: Vec<Wanted<'_>> = phrase.all.iter().map(Wanted::new).collect();
    let any: Vec<Wanted<'_>> = phrase.any.iter().map(Wanted::new).collect();
    let none: Vec<Wanted<'_>> = phrase.none.iter().map(Wanted::new).collect();
    let tag = scope.tag.map(text::tag_number);
    let everybody = (all.is_empty() && any.is_empty() && tag.is_none()).then(text::everybody_number);
    let hidden = scope.visible_only.then(text::invisible_number);

    let grams: BTreeSet<i64> = all
        .iter()
        .chain(&any)
        .chain(&none)
        .flat_map(Wanted::all_grams)
        .chain(tag)
        .chain(everybody)
        .chain(hidden)
        .collect();
    let grams: Vec<i64> = grams.into_iter().collect();
    let mut loaded: BTreeMap<i64, Bits> = BTreeMap::new();
    store::postings(tx, scope.environment, &grams, |gram, block, docs| {
        loaded.entry(gram).or_default().load(block, docs);
    })
    .await?;
    let sets = Sets(loaded);

    let mut likeness = Tally::default();
    let mut parts: Vec<Bits> = tag
        .into_iter()
        .chain(everybody)
        .map(|tag| sets.get(tag))
        .collect();
    parts.extend(all.iter().map(|wanted| sets.of(wanted, &mut likeness)));
    if !any.is_empty() {
        let mut either = Bits::default();
        for wanted in &any {
            either.add(&sets.of(wanted, &mut likeness));
        }
        parts.push(either);
    }
    let mut parts = parts.into_iter();
    let mut found = parts.next().unwrap_or_default();
    for part in parts {
        found.keep(&part);
    }
    if let Some(hidden) = hidden {
        found.drop(&sets.get(hidden));
    }
    for wanted in none.iter().filter(|wanted| wanted.needle.is_one_gram()) {
        found.drop(&sets.common(&wanted.grams));
    }
    let mut outdated = Bits::default();
    let mut queued = Vec::new();
    for (user, doc) in store::all_queued(tx, scope.environment).await? {
        if let Some(doc) = doc {
            outdated.insert(doc);
        }
        queued.push(user);
    }
    found.drop(&outdated);
    if phrase.is_rough() {
        found = most_alike(found, &likeness, most);
    }
    let exact = !phrase.is_rough()
        && all
            .iter()
            .chain(&any)
            .chain(&none)
            .all(|wanted| wanted.needle.is_one_gram());
    Ok(Candidates {
        bits: found,
        exact,
        queued,
    })
}

/// Who is of each of the classes.
pub(crate) async fn of_classes(
    tx: &Tx,
    environment: &EnvironmentId,
    classes: &[String],
) -> Result<Vec<Bits>, StoreError> {
    let numbers: Vec<i64> = classes.iter().map(|class| text::class_number(class)).collect();
    let mut sets: BTreeMap<i64, Bits> = BTreeMap::new();
    store::postings(tx, environment, &numbers, |number, block, docs| {
        sets.entry(number).or_default().load(block, docs);
    })
    .await?;
    Ok(numbers
        .iter()
        .map(|number| sets.remove(number).unwrap_or_default())
        .collect())
}

/// The numbers with the highest counts, at most `most`.
fn most_alike(found: Bits, likeness: &Tally, most: i64) -> Bits {
    if found.count() <= most {
        return found;
    }
    let mut kept = Bits::default();
    for least in (0..=likeness.most()).rev() {
        let mut level = found.clone();
        if least > 0 {
            level.keep(&likeness.from(least));
        }
        if level.count() <= most {
            kept = level;
            continue;
        }
        // Of those that are equally alike the oldest fill what is left.
        level.drop(&kept);
        let room = usize::try_from(most - kept.count()).unwrap_or(0);
        let rest: Vec<i64> = level.numbers().take(room).collect();
        for number in rest {
            kept.insert(number);
        }
        break;
    }
    kept
}
