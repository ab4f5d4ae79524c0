//! Pages of a large tenant's members without those who are invisible.
//!
//! The buckets count everybody. Invisible members are few, so they are read and sorted; the page begins at the one place in
//! the whole order that has as many visible members before it as are to be skipped, and halving finds it: at each place
//! tried, the invisible ones before it are known.

use std::collections::BTreeSet;

use db::{StoreError, Tx};
use kit::{Scope, TenantId};

use super::domain;
use super::entries::{self, Entry};
use super::model::{Found, Search, Sort};
use super::store;
use crate::ranks::Ground;

/// With more invisible members than this, lists filter in the database, at a cost that grows with the tenant.
const FEW: i64 = 2_000;

/// The page over the visible members, as [`domain::ranked`] makes it over all.
pub(super) async fn visible(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
    prefix: Option<&str>,
) -> Result<Found<String>, StoreError> {
    let Some(tenant) = ground.tenant else {
        return filtered(tx, ground, search, sort).await;
    };
    let scope = Scope::tenant(ground.environment.clone(), TenantId::from(tenant));
    let mut unseen = store::invisible_in(tx, &scope, FEW + 1).await?;
    if unseen.is_empty() {
        return domain::ranked(tx, ground, search, sort, prefix).await;
    }
    if i64::try_from(unseen.len()).is_ok_and(|number| number > FEW) {
        return filtered(tx, ground, search, sort).await;
    }
    let phrase = search.whole_phrase();
    unseen.retain(|entry| phrase.fits(&entry.content()));
    unseen.sort_by(|a, b| entries::compare(a, b, search, sort));
    let number = i64::try_from(unseen.len()).unwrap_or(FEW);

    // Between these two, the least place that has `skip` visible members before it.
    let (mut low, mut high) = (search.skip, search.skip.saturating_add(number));
    let mut total = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let found = at(tx, ground, search, sort, prefix, (middle, 1)).await?;
        total = Some(found.total);
        let before = match store::entries(tx, ground.environment, &found.items)
            .await?
            .first()
        {
            Some(entry) => before(&unseen, entry, search, sort),
            None => number,
        };
        if middle - before < search.skip {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let names: BTreeSet<&str> = unseen.iter().map(|entry| entry.id.as_str()).collect();
    let mut items = Vec::new();
    let mut place = low;
    while i64::try_from(items.len()).is_ok_and(|taken| taken < search.limit) {
        let found = at(tx, ground, search, sort, prefix, (place, search.limit)).await?;
        total = Some(found.total);
        place += search.limit;
        let read = found.items.len();
        items.extend(found.items.into_iter().filter(|id| !names.contains(id.as_str())));
        if i64::try_from(read).is_ok_and(|read| read < search.limit) {
            break;
        }
    }
    items.truncate(usize::try_from(search.limit).unwrap_or(0));
    let total = match total {
        Some(total) => total,
        None => at(tx, ground, search, sort, prefix, (0, 1)).await?.total,
    };
    Ok(Found {
        items,
        total: total - number,
    })
}

/// A page over everybody from another place on.
async fn at(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
    prefix: Option<&str>,
    (skip, limit): (i64, i64),
) -> Result<Found<String>, StoreError> {
    let page = Search {
        skip,
        limit,
        ..search.clone()
    };
    domain::ranked(tx, ground, &page, sort, prefix).await
}

fn before(unseen: &[Entry], entry: &Entry, search: &Search, sort: Sort) -> i64 {
    let place = unseen.partition_point(|other| entries::compare(other, entry, search, sort).is_lt());
    i64::try_from(place).unwrap_or(FEW)
}

async fn filtered(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
) -> Result<Found<String>, StoreError> {
    Ok(Found {
        total: store::count_filtered(tx, ground.environment, search).await?,
        items: store::page_filtered(tx, ground.environment, search, sort).await?,
    })
}
