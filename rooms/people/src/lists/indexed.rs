//! Searches over an environment, a large tenant or a family that no order answers alone: texts anywhere, several prefixes, a prefix
//! sorted by something else.
//!
//! [`crate::search`] names the candidates. Where all of them are known to fit (short texts, prefixes), total, order and every
//! page are exact and found without reading them ([`many`]). Others are all looked at, up to [`MOST`], which is exact as well.
//! Beyond that a page is walked to, from the oldest user or along the order asked for, and only as far as the page needs:
//! the first pages are near, since many fit; the way to a later page grows with its number. The total then is that of the
//! candidates less those seen not to fit.

use std::collections::{BTreeMap, BTreeSet};

use blocks::listing::Order;
use db::{StoreError, Tx};

use super::domain;
use super::entries::{self, Entry};
use super::many;
use super::model::{Found, Search, Sort};
use super::pages::{nearer, stretch};
use super::store;
use crate::ranks::Ground;
use crate::search::{self, Bits, Candidates, Columns, Phrase};

/// How many candidates are all looked at.
const MOST: i64 = 4_000;
/// How many are read even where all are known to fit.
const FEW: i64 = if cfg!(test) { 5 } else { 300 };
/// How many users are looked at in one piece on the way to a page.
const PIECE: i64 = 500;

pub(super) async fn find(
    tx: &Tx,
    ground: Ground<'_>,
    columns: &Columns,
    search: &Search,
) -> Result<Found<String>, StoreError> {
    let phrase = search.whole_phrase();
    let tag = match &search.family {
        Some(family) => Some(family.tag()),
        None => ground.tenant.map(search::tag_of_tenant),
    };
    let tag = tag.as_deref();
    let scope = search::Scope {
        environment: ground.environment,
        tag,
        visible_only: search.visible_only,
    };
    let mut found = search::candidates(tx, scope, &phrase, MOST).await?;
    if found.bits.count() > FEW && !found.exact && search.phrase.is_empty() {
        found = with_prefixes(tx, (ground, columns), search, found).await?;
    }
    let fresh = fresh(tx, ground, search, (&phrase, tag), &found).await?;
    let sort = search.sort_or_natural();
    let number = found.bits.count();
    if number > FEW
        && found.exact
        && let Some(page) = many::page(tx, ground, columns, search, &found.bits, &fresh).await?
    {
        return Ok(page);
    }
    if number <= MOST {
        let docs: Vec<i64> = found.bits.numbers().collect();
        let (mut fitting, mut bits) = (Vec::new(), Bits::default());
        for (doc, user, content) in search::users_of(tx, ground.environment, &docs).await? {
            if phrase.fits(&content) {
                fitting.push(user);
                bits.insert(doc);
            }
        }
        if bits.count() > FEW
            && let Some(page) = many::page(tx, ground, columns, search, &bits, &fresh).await?
        {
            return Ok(page);
        }
        let mut entries = store::entries(tx, ground.environment, &fitting).await?;
        entries.extend(fresh);
        return Ok(entries::page(entries, search));
    }
    let hunt = Hunt {
        tx,
        ground,
        search,
        phrase: &phrase,
        found: &found,
        fresh,
        number,
    };
    if sort == Sort::CreatedAt {
        hunt.by_age().await
    } else {
        hunt.along(sort).await
    }
}

/// Those of the candidates who have every prefix, where the index can tell.
async fn with_prefixes(
    tx: &Tx,
    (ground, columns): (Ground<'_>, &Columns),
    search: &Search,
    found: Candidates,
) -> Result<Candidates, StoreError> {
    let mut docs: Vec<i64> = found.bits.numbers().collect();
    for (field, prefix) in &search.prefixes {
        let key = (field.key(), prefix.as_str());
        match search::beginning(tx, ground.environment, columns, key, docs).await? {
            Some(left) => docs = left,
            None => return Ok(found),
        }
    }
    let mut bits = Bits::default();
    for doc in docs {
        bits.insert(doc);
    }
    Ok(Candidates {
        bits,
        exact: true,
        queued: found.queued,
    })
}

/// Queued users as they are now, as far as they fit; in the order of the list.
async fn fresh(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    (phrase, tag): (&Phrase, Option<&str>),
    found: &Candidates,
) -> Result<Vec<Entry>, StoreError> {
    let fitting: Vec<String> = search::contents_of(tx, ground.environment, &found.queued)
        .await?
        .into_iter()
        .filter(|(_, content)| tag.is_none_or(|tag| content.has_tag(tag)) && phrase.fits(content))
        .map(|(user, _)| user)
        .collect();
    let mut entries = store::entries(tx, ground.environment, &fitting).await?;
    entries.retain(|entry| !(search.visible_only && entry.invisible));
    entries.sort_by(|a, b| entries::compare(a, b, search, search.sort_or_natural()));
    Ok(entries)
}

/// A page that is being walked to.
struct Page {
    skip: i64,
    limit: i64,
    items: Vec<String>,
    /// How many users were seen to fit.
    fitting: i64,
}

impl Page {
    const fn new(skip: i64, limit: i64) -> Self {
        Self {
            skip,
            limit,
            items: Vec::new(),
            fitting: 0,
        }
    }

    fn is_full(&self) -> bool {
        i64::try_from(self.items.len()).is_ok_and(|taken| taken >= self.limit)
    }

    fn pass(&mut self, id: String) {
        self.fitting += 1;
        if self.fitting > self.skip && !self.is_full() {
            self.items.push(id);
        }
    }
}

/// A search with many candidates.
struct Hunt<'a> {
    tx: &'a Tx,
    ground: Ground<'a>,
    search: &'a Search,
    phrase: &'a Phrase,
    found: &'a Candidates,
    fresh: Vec<Entry>,
    /// How many candidates there are besides the fresh.
    number: i64,
}

impl Hunt<'_> {
    /// From the oldest user to the youngest or the other way. Numbers follow age; what is in the queue is the youngest.
    async fn by_age(self) -> Result<Found<String>, StoreError> {
        let descending = self.search.order == Order::Descending;
        let mut page = Page::new(self.search.skip, self.search.limit);
        let mut seen = 0;
        if descending {
            self.fresh.iter().for_each(|entry| page.pass(entry.id.clone()));
        }
        let mut numbers: Box<dyn Iterator<Item = i64> + Send> = if descending {
            Box::new(self.found.bits.numbers().rev())
        } else {
            Box::new(self.found.bits.numbers())
        };
        while !page.is_full() {
            let piece = usize::try_from(PIECE).unwrap_or(0);
            let docs: Vec<i64> = numbers.by_ref().take(piece).collect();
            if docs.is_empty() {
                break;
            }
            for (_, user, content) in search::users_of(self.tx, self.ground.environment, &docs).await? {
                if page.is_full() {
                    break;
                }
                seen += 1;
                if self.phrase.fits(&content) {
                    page.pass(user);
                }
            }
        }
        let queued = i64::try_from(self.fresh.len()).unwrap_or(0);
        let fitting = page.fitting - if descending { queued } else { 0 };
        if !descending && !page.is_full() {
            self.fresh.iter().for_each(|entry| page.pass(entry.id.clone()));
        }
        Ok(Found {
            total: self.number - (seen - fitting) + queued,
            items: page.items,
        })
    }

    /// Along the order of a sort, from the nearer end where the total is known.
    async fn along(self, sort: Sort) -> Result<Found<String>, StoreError> {
        let total = self.known_total().await?;
        let (mut skip, mut limit, mut order, mut turned) =
            (self.search.skip, self.search.limit, self.search.order, false);
        if let Some(total) = total {
            let part = stretch(total, skip, limit, Order::Ascending);
            limit = part.take;
            (skip, turned) = nearer(total, part);
            if turned {
                order = match order {
                    Order::Ascending => Order::Descending,
                    Order::Descending => Order::Ascending,
                };
            }
            let everybody = domain::whole_total(self.tx, self.ground).await?;
            // The walk passes as many users for each that fits as there are for each candidate.
            let far = (skip + limit).saturating_mul(everybody) / self.number.max(1) > self.number;
            let filters = self.search.phrase.is_empty() && self.search.family.is_none();
            if limit > 0 && far && filters {
                let items = store::page_filtered(self.tx, self.ground.environment, self.search, sort).await?;
                return Ok(Found { items, total });
            }
        }
        let queued: BTreeSet<&str> = self.found.queued.iter().map(String::as_str).collect();
        let fresh: BTreeSet<&str> = self.fresh.iter().map(|entry| entry.id.as_str()).collect();
        let mut page = Page::new(skip, limit);
        let (mut place, mut misses, mut ended) = (0, 0, false);
        while !page.is_full() && !ended {
            let piece = Search {
                skip: place,
                limit: PIECE,
                order,
                ..self.search.clone()
            };
            let ids = domain::ranked(self.tx, self.ground, &piece, sort, None)
                .await?
                .items;
            place += PIECE;
            ended = i64::try_from(ids.len()).is_ok_and(|read| read < PIECE);
            let docs: BTreeMap<_, _> = search::docs_of(self.tx, self.ground.environment, &ids).await?;
            for id in ids {
                if page.is_full() {
                    break;
                }
                if queued.contains(id.as_str()) {
                    if fresh.contains(id.as_str()) {
                        page.pass(id);
                    }
                    continue;
                }
                match docs.get(&id) {
                    Some((doc, content)) if self.found.bits.contains(*doc) => {
                        if self.phrase.fits(content) {
                            page.pass(id);
                        } else {
                            misses += 1;
                        }
                    }
                    _ => {}
                }
            }
        }
        if turned {
            page.items.reverse();
        }
        let fresh = i64::try_from(self.fresh.len()).unwrap_or(0);
        Ok(Found {
            total: total.unwrap_or(self.number + fresh - misses),
            items: page.items,
        })
    }

    /// How many fit, where that is known without looking at them.
    async fn known_total(&self) -> Result<Option<i64>, StoreError> {
        if self.found.exact {
            return Ok(Some(self.number + i64::try_from(self.fresh.len()).unwrap_or(0)));
        }
        match self.search.prefixes.as_slice() {
            [(field, prefix)]
                if self.search.phrase.is_empty()
                    && !self.search.visible_only
                    && self.search.family.is_none() =>
            {
                let order = domain::order_of(field.sort());
                let (start, end) = domain::prefix_bounds(self.tx, self.ground, &order, prefix).await?;
                Ok(Some(end - start))
            }
            _ => Ok(None),
        }
    }
}
