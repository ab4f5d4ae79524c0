//! Pages of sub-tenants.

use std::collections::BTreeMap;

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::domain::FAR;
use super::model::{Listed, Node};
use super::{reads, store};
use crate::tenants::{self, Prefix, Seat, Sort};

/// Up to this many tenants of the environment that a search finds are looked up one by one; more are met on the way down.
const SPARSE: i64 = 1_000;

/// What a page is asked to hold.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Its children are listed, or everything below it is searched.
    pub(super) top: String,
    pub(super) prefix: Option<Prefix>,
    pub(super) sort: (Sort, Order),
    pub(super) offset: i64,
    pub(super) limit: i64,
}

/// One page, and how many tenants there are in all pages.
pub(super) async fn page(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
) -> Result<(Vec<Listed>, i64), StoreError> {
    let (ids, total) = match &wanted.prefix {
        None => children(tx, environment, wanted).await?,
        Some(prefix) => matching(tx, environment, wanted, prefix).await?,
    };
    Ok((shown(tx, environment, &ids).await?, total))
}

async fn children(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
) -> Result<(Vec<String>, i64), StoreError> {
    let total = store::count_children(tx, environment, &wanted.top).await?;
    let limit = wanted.limit.min(total - wanted.offset);
    if limit <= 0 {
        return Ok((Vec::new(), total));
    }
    // From the end that is nearer.
    let from_end = wanted.offset > total / 2;
    let skip = if from_end {
        total - wanted.offset - limit
    } else {
        wanted.offset
    };
    let (sort, order) = wanted.sort;
    let walk = (sort, store::reversed(order, from_end));
    let mut ids = store::children_page(tx, environment, &wanted.top, walk, (skip, limit)).await?;
    if from_end {
        ids.reverse();
    }
    Ok((ids, total))
}

async fn matching(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
    prefix: &Prefix,
) -> Result<(Vec<String>, i64), StoreError> {
    let everywhere = tenants::matching(tx, environment, prefix).await?;
    let mut seats: Vec<Seat> = if everywhere <= SPARSE {
        let ids = tenants::matching_ids(tx, environment, prefix).await?;
        let below = reads::below_among(tx, environment, &wanted.top, ids).await?;
        tenants::seats_of(tx, environment, &below).await?
    } else {
        let all = store::seats_below(tx, environment, &wanted.top, FAR).await?;
        all.into_iter().filter(|seat| seat.found_by(prefix)).collect()
    };
    let total = i64::try_from(seats.len()).unwrap_or(i64::MAX);
    seats.sort_unstable_by(|a, b| a.compare(b, wanted.sort));
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = seats
        .into_iter()
        .skip(whole(wanted.offset))
        .take(whole(wanted.limit));
    Ok((page.map(|seat| seat.tenant_id).collect(), total))
}

/// The tenants of a page, in its order.
async fn shown(tx: &Tx, environment: &EnvironmentId, ids: &[String]) -> Result<Vec<Listed>, StoreError> {
    let wanted = || ids.iter().map(String::as_str);
    let mut nodes: BTreeMap<String, Node> = store::nodes_of(tx, environment, wanted())
        .await?
        .into_iter()
        .map(|node| (node.tenant_id.clone(), node))
        .collect();
    let parents = reads::parents_among(tx, environment, ids).await?;
    let listed = ids.iter().filter_map(|id| {
        let node = nodes.remove(id)?;
        Some(Listed::new(node, parents.contains(id)))
    });
    Ok(listed.collect())
}
