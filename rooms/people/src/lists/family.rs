//! The members of a tenant and of those below it, each once.

use std::collections::BTreeSet;

use db::{Db, StoreError, Tx};
use kit::{EnvironmentId, TenantId};
use web::AnyCaller;

use super::entries;
use super::model::{Found, Search};
use super::store;
use crate::families;
use crate::records::{self, UserRecord};

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

/// Lets a search look at the tenants below its own as well.
pub(crate) async fn widen(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &mut Search,
) -> Result<(), StoreError> {
    let Some(tenant) = &search.tenant else {
        return Ok(());
    };
    if search.ids.is_none() && search.external_ids.is_none() {
        search.family = families::ready(tx, environment, tenant).await?;
    }
    if search.family.is_none() {
        let below = tenancy::descendants(tx, environment, tenant.as_str(), MOST).await?;
        search.below = below.into_iter().collect();
    }
    Ok(())
}

/// The tenants below that are to be shown of the users on a page.
pub(crate) async fn shown(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
    users: &[UserRecord],
) -> Result<BTreeSet<String>, StoreError> {
    let (Some(tenant), true) = (&search.tenant, search.family.is_some()) else {
        return Ok(search.below.clone());
    };
    let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
    let held = records::memberships_of(tx, environment, &ids).await?;
    let tenants: BTreeSet<String> = held.into_iter().map(|(_, one)| one.tenant_id).collect();
    let tenants = tenants.into_iter().collect();
    let below = tenancy::below_among(tx, environment, tenant.as_str(), tenants).await?;
    Ok(below.into_iter().collect())
}

/// After a search that looked at everybody: has the family put into the index, where it is large.
pub(crate) async fn order(
    db: &Db,
    environment: &EnvironmentId,
    search: &Search,
    found: i64,
) -> Result<(), StoreError> {
    match &search.tenant {
        Some(tenant) if !search.below.is_empty() => {
            families::order(db, environment, tenant, (found, search.below.len())).await
        }
        _ => Ok(()),
    }
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
