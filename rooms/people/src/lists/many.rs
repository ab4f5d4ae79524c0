//! A page of thousands of users who are all known to fit, in any order, without reading them.
//!
//! Of each candidate the first bytes of what is sorted by come from the columns of [`crate::search`]. The places where the
//! page begins and ends cut the candidates down to those whose bytes lie between, mostly the page itself; more bytes cut
//! down those that are equal; the rest is read and sorted. The cost is that of eight bytes per candidate.

use std::collections::BTreeMap;

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::domain;
use super::entries::{self, Entry};
use super::model::{Found, Search, Sort};
use super::pages::{across, stretch};
use super::store;
use crate::ranks::{self, Ground};
use crate::search::{self, Bits, Columns, Key};

/// So many users are read rather than told apart by more bytes.
const READ: usize = if cfg!(test) { 3 } else { 500 };

/// What tells users apart in an order, most telling first.
type Chain = &'static [(Key, usize)];

/// How many columns the longest chain has.
const LONGEST: usize = 2 * search::PARTS;

const BY_ID: Chain = &[(Key::Id, 0), (Key::Id, 1)];

/// The columns of a sort; `None` for classes, which are tags, and for tenants, which have no column.
const fn chain(sort: Sort, in_tenant: bool) -> Option<Chain> {
    match sort {
        Sort::Name => Some(&[(Key::Name, 0), (Key::Name, 1), (Key::Id, 0), (Key::Id, 1)]),
        Sort::Email => Some(&[(Key::Email, 0), (Key::Email, 1), (Key::Id, 0), (Key::Id, 1)]),
        Sort::Username => Some(&[(Key::Username, 0), (Key::Username, 1), (Key::Id, 0), (Key::Id, 1)]),
        Sort::Phone => Some(&[(Key::Phone, 0), (Key::Phone, 1), (Key::Id, 0), (Key::Id, 1)]),
        Sort::Id => Some(BY_ID),
        Sort::TenantId if in_tenant => Some(BY_ID),
        Sort::CreatedAt => Some(&[(Key::Age, 0), (Key::Id, 0), (Key::Id, 1)]),
        Sort::TenantId | Sort::Verified | Sort::IsLocked | Sort::Provider => None,
    }
}

/// The page, where the sort is one that this way knows.
pub(super) async fn page(
    tx: &Tx,
    ground: Ground<'_>,
    columns: &Columns,
    search: &Search,
    bits: &Bits,
    fresh: &[Entry],
) -> Result<Option<Found<String>>, StoreError> {
    let sort = search.sort_or_natural();
    let crowd = Crowd {
        tx,
        environment: ground.environment,
        columns,
        search,
        sort,
        fresh,
    };
    let mut found = if let Some(chain) = chain(sort, search.tenant.is_some()) {
        let people = People {
            docs: bits.numbers().collect(),
            fresh: (0..fresh.len()).collect(),
        };
        let total = people.len();
        let part = stretch(total, search.skip, search.limit, search.order);
        Found {
            items: crowd.between(people, chain, (part.skip, part.take)).await?,
            total,
        }
    } else if domain::by_class(sort) {
        crowd.by_class(ground, bits).await?
    } else {
        return Ok(None);
    };
    if search.order == Order::Descending {
        found.items.reverse();
    }
    Ok(Some(found))
}

/// Some of the candidates: numbers in ascending order, and places in the list of those who have just changed.
struct People {
    docs: Vec<i64>,
    fresh: Vec<usize>,
}

impl People {
    fn len(&self) -> i64 {
        i64::try_from(self.docs.len() + self.fresh.len()).unwrap_or(i64::MAX)
    }

    /// Those who run, given as they are looked up.
    fn among(runners: &[Runner]) -> Self {
        let (mut docs, mut fresh) = (Vec::new(), Vec::new());
        for one in runners {
            match one.who {
                Who::Doc(doc) => docs.push(doc),
                Who::Fresh(at) => fresh.push(at),
            }
        }
        Self { docs, fresh }
    }

    fn all(self) -> Vec<Who> {
        let docs = self.docs.into_iter().map(Who::Doc);
        docs.chain(self.fresh.into_iter().map(Who::Fresh)).collect()
    }
}

/// A candidate on the way to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Runner {
    parts: [u64; LONGEST],
    who: Who,
}

impl Runner {
    const fn new(who: Who) -> Self {
        Self {
            parts: [0; LONGEST],
            who,
        }
    }
}

/// Sorts as they are looked up: numbers ascending, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Doc(i64),
    Fresh(usize),
}

struct Crowd<'a> {
    tx: &'a Tx,
    environment: &'a EnvironmentId,
    columns: &'a Columns,
    search: &'a Search,
    sort: Sort,
    fresh: &'a [Entry],
}

impl Crowd<'_> {
    /// The ids of `take` people after `skip`, in ascending order.
    async fn between(
        &self,
        mut people: People,
        chain: Chain,
        (skip, take): (i64, i64),
    ) -> Result<Vec<String>, StoreError> {
        let (mut from, take) = (
            usize::try_from(skip).unwrap_or(usize::MAX),
            usize::try_from(take).unwrap_or(0),
        );
        if take == 0 {
            return Ok(Vec::new());
        }
        let count = people.docs.len() + people.fresh.len();
        if count > READ.max(take)
            && let Some(column) = chain.first()
        {
            // Numbers alone are quicker to sort than those who carry them.
            let parts = self.parts_of(&people, *column).await?;
            let mut sorted = parts.clone();
            let end = (from + take).min(count) - 1;
            let first = *sorted.select_nth_unstable(from).1;
            let last = *sorted.select_nth_unstable(end).1;
            from -= parts.iter().filter(|part| **part < first).count();
            let mut parts = parts.into_iter();
            let mut stays = || parts.next().is_some_and(|part| (first..=last).contains(&part));
            people.docs.retain(|_| stays());
            people.fresh.retain(|_| stays());
        }
        let left = people.all();
        let mut left: Vec<Runner> = left.into_iter().map(Runner::new).collect();
        for level in 0..chain.len() {
            if left.len() <= READ.max(take) {
                break;
            }
            self.tell(&mut left, chain, level).await?;
            if level == 0 {
                continue;
            }
            let end = (from + take).min(left.len()) - 1;
            let first = left.select_nth_unstable_by_key(from, |one| one.parts).1.parts;
            let last = left.select_nth_unstable_by_key(end, |one| one.parts).1.parts;
            from -= left.iter().filter(|one| one.parts < first).count();
            left.retain(|one| (first..=last).contains(&one.parts));
            left.sort_unstable_by_key(|one| one.who);
        }
        let mut entries = self.read(&left).await?;
        entries.sort_by(|a, b| entries::ascending(a, b, self.search, self.sort));
        Ok(entries
            .into_iter()
            .skip(from)
            .take(take)
            .map(|entry| entry.id)
            .collect())
    }

    /// Tells people apart by one column more. Ids only tell those apart whose keys are equal to the end.
    async fn tell(&self, left: &mut [Runner], chain: Chain, level: usize) -> Result<(), StoreError> {
        let Some((key, part)) = chain.get(level) else {
            return Ok(());
        };
        let parts = self.parts_of(&People::among(left), (*key, *part)).await?;
        // Where a text may go on behind its last column, an id tells nothing yet.
        let cut = chain
            .iter()
            .position(|(key, _)| *key == Key::Id)
            .filter(|first| *key == Key::Id && *first == search::PARTS);
        for (one, part) in left.iter_mut().zip(parts) {
            let goes_on = cut
                .and_then(|first| one.parts.get(first - 1))
                .is_some_and(|last| !search::is_whole(*last));
            if let Some(to) = one.parts.get_mut(level)
                && !goes_on
            {
                *to = part;
            }
        }
        Ok(())
    }

    /// One column of some people.
    async fn parts_of(&self, people: &People, (key, part): (Key, usize)) -> Result<Vec<u64>, StoreError> {
        let mut parts =
            search::parts_of(self.tx, self.environment, self.columns, (key, part), &people.docs).await?;
        let fresh = people.fresh.iter().map(|at| self.fresh.get(*at));
        parts.extend(fresh.map(|entry| entry.map_or(0, |entry| own_part(entry, key, part))));
        Ok(parts)
    }

    async fn read(&self, left: &[Runner]) -> Result<Vec<Entry>, StoreError> {
        let People { docs, fresh } = People::among(left);
        let fresh = fresh.into_iter().filter_map(|at| self.fresh.get(at));
        let mut read: Vec<Entry> = fresh.cloned().collect();
        let users: Vec<String> = search::users_of(self.tx, self.environment, &docs)
            .await?
            .into_iter()
            .map(|(_, user, _)| user)
            .collect();
        read.extend(store::entries(self.tx, self.environment, &users).await?);
        Ok(read)
    }

    /// Class by class, and inside of each by id.
    async fn by_class(&self, ground: Ground<'_>, bits: &Bits) -> Result<Found<String>, StoreError> {
        let mut classes = match ground.tenant {
            Some(tenant) => ranks::sizes(self.tx, self.environment, tenant).await?,
            None => ranks::classes(self.tx, self.environment).await?,
        };
        domain::sort_classes(&mut classes, self.sort);
        let names: Vec<String> = classes.into_iter().map(|(name, _)| name).collect();
        let mut fresh: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.fresh.iter().enumerate() {
            fresh.entry(entry.class.as_str()).or_default().push(at);
        }
        let mut pieces = Vec::with_capacity(names.len());
        for (name, mut own) in names
            .iter()
            .zip(search::of_classes(self.tx, self.environment, &names).await?)
        {
            own.keep(bits);
            pieces.push(People {
                docs: own.numbers().collect(),
                fresh: fresh.remove(name.as_str()).unwrap_or_default(),
            });
        }
        let sizes: Vec<i64> = pieces.iter().map(People::len).collect();
        let total = sizes.iter().sum();
        let page = stretch(total, self.search.skip, self.search.limit, self.search.order);
        let mut parts = across(&sizes, page.skip, page.take).into_iter().peekable();
        let mut items = Vec::new();
        for (index, people) in pieces.into_iter().enumerate() {
            if let Some((_, part)) = parts.next_if(|(at, _)| *at == index) {
                items.extend(self.between(people, BY_ID, (part.skip, part.take)).await?);
            }
        }
        Ok(Found { items, total })
    }
}

/// What a column would hold of a user.
fn own_part(entry: &Entry, key: Key, part: usize) -> u64 {
    let text = match key {
        Key::Name => &entry.name_key,
        Key::Email => &entry.email_key,
        Key::Username => &entry.username_key,
        Key::Phone => &entry.phone_number,
        Key::Id => &entry.id,
        Key::Age => return search::part_of_time(entry.created_at),
    };
    search::part_of(text, part)
}
