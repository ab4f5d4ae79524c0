//! Searches over an environment or a large tenant that no order answers alone: texts anywhere, several prefixes, a prefix
//! sorted by something else.
//!
//! [`crate::search`] names the candidates. Up to [`MOST`] of them are all looked at: total, order and every page are exact.
//! Beyond that a page is walked to, from the oldest user or along the order asked for, and only as far as the page needs:
//! the first pages are near, since many fit. Where a single gram is searched the walk by age skips without looking; otherwise
//! the way to a later page grows with its number. The total then is that of the candidates less those seen not to fit.

use std::collections::{BTreeMap, BTreeSet};

use blocks::listing::Order;
use db::{StoreError, Tx};

use super::domain;
use super::entries::{self, Entry};
use super::model::{Found, Search, Sort};
use super::pages::{nearer, stretch};
use super::store;
use crate::ranks::Ground;
use crate::search::{self, Candidates, Phrase};

/// How many candidates are all looked at.
const MOST: i64 = 4_000;
/// How many users are looked at in one piece on the way to a page.
const PIECE: i64 = 500;

pub(super) async fn find(tx: &Tx, ground: Ground<'_>, search: &Search) -> Result<Found<String>, StoreError> {
    let phrase = search.whole_phrase();
    let scope = search::Scope {
        environment: ground.environment,
        tenant: ground.tenant,
        visible_only: search.visible_only,
    };
    let found = search::candidates(tx, scope, &phrase, MOST).await?;
    let fresh = fresh(tx, ground, search, &phrase, &found).await?;
    let sort = search.sort_or_natural();
    let number = found.bits.count();
    if number <= MOST {
        let docs: Vec<i64> = found.bits.numbers().collect();
        let fitting: Vec<String> = search::users_of(tx, ground.environment, &docs)
            .await?
            .into_iter()
            .filter(|(_, content)| phrase.fits(content))
            .map(|(user, _)| user)
            .collect();
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

/// Queued users as they are now, as far as they fit; in the order of the list.
async fn fresh(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    phrase: &Phrase,
    found: &Candidates,
) -> Result<Vec<Entry>, StoreError> {
    let fitting: Vec<String> = search::contents_of(tx, ground.environment, &found.queued)
        .await?
        .into_iter()
        .filter(|(_, content)| {
            ground.tenant.is_none_or(|tenant| content.is_of(tenant)) && phrase.fits(content)
        })
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
        if self.found.exact && page.fitting < page.skip {
            let passed = (page.skip - page.fitting).min(self.number);
            numbers = Box::new(numbers.skip(usize::try_from(passed).unwrap_or(usize::MAX)));
            page.fitting += passed;
            seen += passed;
        }
        while !page.is_full() {
            let piece = if self.found.exact { page.limit } else { PIECE };
            let docs: Vec<i64> = numbers
                .by_ref()
                .take(usize::try_from(piece).unwrap_or(0))
                .collect();
            if docs.is_empty() {
                break;
            }
            for (user, content) in search::users_of(self.tx, self.ground.environment, &docs).await? {
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
            if limit > 0 && far && self.search.phrase.is_empty() {
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
            [(field, prefix)] if self.search.phrase.is_empty() && !self.search.visible_only => {
                let order = domain::order_of(field.sort());
                let (start, end) = domain::prefix_bounds(self.tx, self.ground, &order, prefix).await?;
                Ok(Some(end - start))
            }
            _ => Ok(None),
        }
    }
}
