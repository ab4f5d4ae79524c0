//! The members of a tenant and of those below it, each once.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::domain::sort_part;
use super::model::{Found, Search, Sort};
use super::store;

/// Most tenants that are looked into.
const MOST: i64 = 200_000;
/// Tenants whose members one statement reads.
const PIECE: usize = 100;

/// The tenants below one, to be looked into with it.
pub(crate) async fn below(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let below = tenancy::descendants(tx, environment, tenant, MOST).await?;
    Ok(below.into_iter().collect())
}

/// What a member is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    fn compare(&self, other: &Self, sort: Sort) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => {
                sort_part(a, sort).cmp(&sort_part(b, sort)).then_with(|| a.cmp(b))
            }
            // All keys of one list are of one kind.
            _ => Ordering::Equal,
        }
    }
}

/// The ids of a page.
pub(super) async fn ids(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
) -> Result<Found<String>, StoreError> {
    let natural = search.prefixes.first().map(|(field, _)| field.sort());
    let sort = search.sort.or(natural).unwrap_or(Sort::CreatedAt);
    let mut tenants: Vec<&str> = search.below.iter().map(String::as_str).collect();
    tenants.extend(search.tenant.as_ref().map(kit::TenantId::as_str));
    let mut found: HashMap<String, Key> = HashMap::new();
    for piece in tenants.chunks(PIECE) {
        found.extend(store::members_in(tx, environment, search, sort, piece).await?);
    }
    let mut found: Vec<(String, Key)> = found.into_iter().collect();
    found.sort_unstable_by(|(a, a_key), (b, b_key)| {
        let ascending = a_key.compare(b_key, sort).then_with(|| a.cmp(b));
        if search.order == Order::Descending {
            ascending.reverse()
        } else {
            ascending
        }
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let items = found
        .into_iter()
        .skip(whole(search.skip))
        .take(whole(search.limit))
        .map(|(id, _)| id)
        .collect();
    Ok(Found { items, total })
}
