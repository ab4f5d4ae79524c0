//! Pages of the list of all tenants.

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::finds::{Find, Finds};
use super::model::{Prefix, Seat, Sort, Tenant};
use super::store;

/// What a page of the list is asked to hold.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) prefix: Option<Prefix>,
    /// When not empty, only these.
    pub(super) ids: Vec<String>,
    pub(super) sort: (Sort, Order),
    pub(super) offset: i64,
    pub(super) limit: i64,
}

/// One page and how many tenants there are in all pages.
pub(super) async fn list(
    tx: &Tx,
    environment: &EnvironmentId,
    finds: &Finds,
    wanted: &Wanted,
) -> Result<(Vec<Tenant>, i64), StoreError> {
    if !wanted.ids.is_empty() {
        let mut seats = seats_of(tx, environment, &wanted.ids).await?;
        if let Some(prefix) = &wanted.prefix {
            seats.retain(|seat| seat.found_by(prefix));
        }
        let total = i64::try_from(seats.len()).unwrap_or(i64::MAX);
        return Ok((seated(tx, environment, wanted, seats).await?, total));
    }
    let Some(prefix) = &wanted.prefix else {
        let total = store::total(tx, environment).await?;
        let place = (wanted.offset, wanted.limit);
        return Ok((
            store::page(tx, environment, wanted.sort, place, total).await?,
            total,
        ));
    };
    let (sort, order) = wanted.sort;
    let find = Find {
        environment: environment.clone(),
        edition: store::edition(tx, environment).await?,
        prefix: prefix.text.clone(),
        sort,
    };
    if let Some(found) = finds.get(&find) {
        let ids = stretch(&found, order, wanted.offset, wanted.limit);
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        return Ok((in_order(tx, environment, &ids).await?, total));
    }
    let total = store::matching(tx, environment, prefix).await?;
    if wanted.offset >= total {
        return Ok((Vec::new(), total));
    }
    if total <= SPARSE {
        let ids = store::matching_ids(tx, environment, prefix).await?;
        let seats = seats_of(tx, environment, &ids).await?;
        return Ok((seated(tx, environment, wanted, seats).await?, total));
    }
    // So many that putting them in order takes longer than any page should: the order is kept for the next one.
    let found = finds.keep(find, in_list_order(tx, environment, prefix, sort).await?);
    let ids = stretch(&found, order, wanted.offset, wanted.limit);
    Ok((in_order(tx, environment, &ids).await?, total))
}

/// All the tenants a prefix finds, in the ascending order of a list.
async fn in_list_order(
    tx: &Tx,
    environment: &EnvironmentId,
    prefix: &Prefix,
    sort: Sort,
) -> Result<Vec<Box<str>>, StoreError> {
    let mut ids = Vec::new();
    let mut last = None;
    loop {
        let walked =
            store::seats_after(tx, environment, (sort, Order::Ascending), last.as_ref(), WALK).await?;
        let Some(end) = walked.last().cloned() else { break };
        let found = walked.into_iter().filter(|seat| seat.found_by(prefix));
        ids.extend(found.map(|seat| seat.tenant_id.into_boxed_str()));
        last = Some(end);
    }
    Ok(ids)
}

/// A page of ids that are kept in ascending order.
fn stretch(ids: &[Box<str>], order: Order, offset: i64, limit: i64) -> Vec<String> {
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let (skip, take) = (whole(offset), whole(limit));
    match order {
        Order::Ascending => ids
            .iter()
            .skip(skip)
            .take(take)
            .map(|id| id.as_ref().to_owned())
            .collect(),
        Order::Descending => ids
            .iter()
            .rev()
            .skip(skip)
            .take(take)
            .map(|id| id.as_ref().to_owned())
            .collect(),
    }
}

/// Up to this many matches are fetched and sorted for each page; the order of more is kept.
const SPARSE: i64 = 1_000;
/// How many seats one statement of such a walk reads.
const WALK: i64 = 1_000;

async fn seats_of(tx: &Tx, environment: &EnvironmentId, ids: &[String]) -> Result<Vec<Seat>, StoreError> {
    let mut seats = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        seats.extend(store::seats_of(tx, environment, chunk).await?);
    }
    Ok(seats)
}

/// The page wanted of these seats.
async fn seated(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
    mut seats: Vec<Seat>,
) -> Result<Vec<Tenant>, StoreError> {
    seats.sort_unstable_by(|a, b| a.compare(b, wanted.sort));
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let page: Vec<String> = seats
        .into_iter()
        .skip(whole(wanted.offset))
        .take(whole(wanted.limit))
        .map(|seat| seat.tenant_id)
        .collect();
    in_order(tx, environment, &page).await
}

/// The tenants with these ids (a page of them), in the order of the ids.
async fn in_order(tx: &Tx, environment: &EnvironmentId, ids: &[String]) -> Result<Vec<Tenant>, StoreError> {
    let mut tenants = store::by_ids(tx, environment, ids).await?;
    let place = |tenant: &Tenant| ids.iter().position(|id| *id == tenant.tenant_id);
    tenants.sort_by_cached_key(place);
    Ok(tenants)
}
