//! The members of a tenant and of those below it, each once.

use std::collections::BTreeSet;

use db::{StoreError, Tx};
use kit::{EnvironmentId, TenantId};
use web::AnyCaller;

use super::entries;
use super::model::{Found, Search};
use super::store;

/// Most tenants that are looked into.
const MOST: i64 = 200_000;
/// Tenants whose members one statement reads.
const PIECE: usize = 100;

/// What users need who are to see people of the tenants below: the key for people, and the one for those tenants.
const KEYS: [&str; 2] = ["fe.secure.read.users", "fe.account-hierarchy.read.subAccount"];

/// Whether a caller may see people of the tenants below, or the key that is missing.
pub(crate) fn may_see_below(caller: &AnyCaller) -> Result<(), &'static str> {
    let missing = |user: &web::UserCaller| KEYS.into_iter().find(|key| !user.may(key));
    caller.user().and_then(missing).map_or(Ok(()), Err)
}

/// The tenants below one, to be looked into with it.
pub(crate) async fn below(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let below = tenancy::descendants(tx, environment, tenant, MOST).await?;
    Ok(below.into_iter().collect())
}

/// The ids of a page.
pub(super) async fn ids(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
) -> Result<Found<String>, StoreError> {
    let phrase = search.whole_phrase();
    let mut tenants: Vec<&str> = search.below.iter().map(String::as_str).collect();
    tenants.extend(search.tenant.as_ref().map(TenantId::as_str));
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for piece in tenants.chunks(PIECE) {
        let mut entries = store::entries_of(tx, environment, piece).await?;
        entries.retain(|entry| {
            !(search.visible_only && entry.invisible)
                && (phrase.is_empty() || phrase.fits(&entry.content()))
                && seen.insert(entry.id.clone())
        });
        found.append(&mut entries);
    }
    Ok(entries::page(found, search))
}
