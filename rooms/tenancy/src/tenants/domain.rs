//! Decisions about tenants.

use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use blocks::listing::Order;
use blocks::tasks;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, TenantId};
use serde_json::{Map, Value};
use thiserror::Error;

use super::model::{NewTenant, Prefix, Seat, Sort, Tenant, TenantChanges};
use super::removal::{self, REMOVAL};
use super::store;
use crate::applications;
use crate::room::TenantPurge;

/// Why a tenant was not created, changed or deleted.
#[derive(Debug, Error)]
pub enum TenantError {
    /// A client looks for this phrase.
    #[error("Tenant already exists")]
    Exists,
    #[error("Tenant not found")]
    NotFound,
    /// A tenant with this id was deleted a moment ago and its rows are still being removed.
    #[error("A deleted tenant with this id is still being removed, try again shortly")]
    BeingRemoved,
    #[error("Another account uses this alias")]
    AliasTaken,
    #[error("parentTenantId must be the id of an existing tenant")]
    NoParent,
    /// Sentences about the values given.
    #[error("the tenant has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tenant a scope names, when it exists.
///
/// # Errors
/// When storage fails.
pub async fn tenant(tx: &Tx, scope: &Scope) -> Result<Option<Tenant>, StoreError> {
    match &scope.tenant {
        Some(tenant) => store::by_id(tx, &scope.environment, tenant.as_str()).await,
        None => Ok(None),
    }
}

/// Whether the environment has a tenant with this id.
///
/// # Errors
/// When storage fails.
pub async fn tenant_exists(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    store::exists(tx, environment, id).await
}

/// Those of the named tenants that exist, in the order of their ids.
///
/// # Errors
/// When storage fails.
pub async fn tenants_by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Tenant>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        found.extend(store::by_ids(tx, environment, chunk).await?);
    }
    Ok(found)
}

/// Creates a tenant; a room to the right calls this when a sign-up brings a new one. Writes no audit record.
///
/// # Errors
/// [`TenantError`]: the id is taken, the parent unknown, a value wrong.
pub async fn create_tenant(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    new: &NewTenant,
    now: Millis,
) -> Result<Tenant, TenantError> {
    let tenant = new
        .clone()
        .into_tenant(environment, (ids.v4(), ids.v4()), now)
        .map_err(TenantError::Faults)?;
    if let Some(parent) = &tenant.parent_tenant_id
        && !store::exists(tx, environment, parent).await?
    {
        return Err(TenantError::NoParent);
    }
    if store::removal(tx, environment, &tenant.tenant_id)
        .await?
        .is_some()
    {
        return Err(TenantError::BeingRemoved);
    }
    if !store::insert(tx, environment, &tenant).await? {
        return Err(TenantError::Exists);
    }
    if !store::set_alias(tx, environment, &tenant.tenant_id, tenant.alias.as_deref()).await? {
        return Err(TenantError::AliasTaken);
    }
    applications::welcome(tx, environment, &tenant.tenant_id, now).await?;
    Ok(tenant)
}

/// Keeps a tenant from going until the transaction ends; false when there is none.
pub(crate) async fn hold_tenant(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    store::hold(tx, environment, id).await?;
    store::exists(tx, environment, id).await
}

/// What every change here needs besides its transaction.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) environment: EnvironmentId,
    pub(super) ids: Ids,
    pub(super) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(super) by: AuditRecord,
}

impl Change {
    async fn record(
        &self,
        tx: &Tx,
        action: &str,
        tenant: &str,
        before: Option<&Tenant>,
        after: Option<&Tenant>,
    ) -> Result<(), StoreError> {
        let mut record = self.by.clone().in_tenant(tenant);
        action.clone_into(&mut record.action);
        "tenant".clone_into(&mut record.resource);
        tenant.clone_into(&mut record.resource_id);
        if after.is_none() {
            record = record.severity(Severity::Medium);
        }
        let (before, after) = (before.map(Tenant::for_audit), after.map(Tenant::for_audit));
        let scope = Scope::tenant(self.environment.clone(), tenant.into());
        record
            .changed(before.as_ref(), after.as_ref())
            .write(tx, &self.ids, &scope, self.now)
            .await
    }
}

/// Creates a tenant for a management call.
pub(super) async fn create(tx: &Tx, change: &Change, new: &NewTenant) -> Result<Tenant, TenantError> {
    let tenant = create_tenant(tx, &change.ids, &change.environment, new, change.now).await?;
    change
        .record(tx, "Tenant created", &tenant.tenant_id, None, Some(&tenant))
        .await?;
    Ok(tenant)
}

pub(super) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Tenant>, StoreError> {
    store::by_id(tx, environment, id).await
}

pub(super) async fn find_by_alias(
    tx: &Tx,
    environment: &EnvironmentId,
    alias: &str,
) -> Result<Tenant, TenantError> {
    store::by_alias(tx, environment, &alias.to_lowercase())
        .await?
        .ok_or(TenantError::NotFound)
}

/// The tenants after `id`, for walking through all of them.
pub(super) async fn after(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    most: i64,
) -> Result<Vec<Tenant>, StoreError> {
    store::after(tx, environment, id, most).await
}

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
    let total = store::matching(tx, environment, prefix).await?;
    if wanted.offset >= total {
        return Ok((Vec::new(), total));
    }
    if total <= SPARSE {
        let ids = store::matching_ids(tx, environment, prefix).await?;
        let seats = seats_of(tx, environment, &ids).await?;
        return Ok((seated(tx, environment, wanted, seats).await?, total));
    }
    // So many that a walk through the list soon meets as many as a page holds.
    let mut page = Vec::new();
    let mut skip = wanted.offset;
    let mut last = None;
    loop {
        let walked = store::seats_after(tx, environment, wanted.sort, last.as_ref(), WALK).await?;
        let Some(end) = walked.last().cloned() else { break };
        for seat in walked.into_iter().filter(|seat| seat.found_by(prefix)) {
            if skip > 0 {
                skip -= 1;
            } else {
                page.push(seat.tenant_id);
            }
        }
        if i64::try_from(page.len()).unwrap_or(i64::MAX) >= wanted.limit {
            break;
        }
        last = Some(end);
    }
    page.truncate(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
    Ok((in_order(tx, environment, &page).await?, total))
}

/// Up to this many matches are fetched and sorted; more are met by walking the list in its order.
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

async fn held(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Tenant, TenantError> {
    store::hold(tx, environment, id).await?;
    store::by_id(tx, environment, id)
        .await?
        .ok_or(TenantError::NotFound)
}

async fn save(tx: &Tx, change: &Change, old: &Tenant, new: &Tenant) -> Result<(), TenantError> {
    let environment = &change.environment;
    store::update(tx, environment, new).await?;
    if old.name != new.name {
        store::unindex(tx, environment, &new.tenant_id).await?;
        store::index(tx, environment, new).await?;
    }
    if old.alias != new.alias
        && !store::set_alias(tx, environment, &new.tenant_id, new.alias.as_deref()).await?
    {
        return Err(TenantError::AliasTaken);
    }
    change
        .record(tx, "Tenant updated", &new.tenant_id, Some(old), Some(new))
        .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &TenantChanges,
) -> Result<Tenant, TenantError> {
    if changes.is_empty() {
        return Err(TenantError::Faults(vec![
            "At least one property to change must be given".to_owned(),
        ]));
    }
    let old = held(tx, &change.environment, id).await?;
    let new = changes
        .clone()
        .apply(old.clone(), change.now)
        .map_err(TenantError::Faults)?;
    save(tx, change, &old, &new).await?;
    Ok(new)
}

/// Sets members of the metadata, leaving the others.
pub(super) async fn add_metadata(
    tx: &Tx,
    change: &Change,
    id: &str,
    members: &Map<String, Value>,
) -> Result<Tenant, TenantError> {
    let old = held(tx, &change.environment, id).await?;
    let mut metadata = old.metadata_map();
    metadata.extend(members.clone());
    let new = old
        .with_metadata(metadata, change.now)
        .map_err(TenantError::Faults)?;
    save(tx, change, &old, &new).await?;
    Ok(new)
}

/// Removes one member of the metadata; one that is not there is as good as removed.
pub(super) async fn remove_metadata(
    tx: &Tx,
    change: &Change,
    id: &str,
    key: &str,
) -> Result<Tenant, TenantError> {
    let old = held(tx, &change.environment, id).await?;
    let mut metadata = old.metadata_map();
    if metadata.remove(key).is_none() {
        return Ok(old);
    }
    let new = old
        .with_metadata(metadata, change.now)
        .map_err(TenantError::Faults)?;
    save(tx, change, &old, &new).await?;
    Ok(new)
}

/// Deletes a tenant. Nobody gets into it from this transaction on; what it owns is removed here when that is little, else
/// by a task. Its sub-tenants move up to its parent.
pub(super) async fn delete(
    tx: &Tx,
    change: &Change,
    purges: &Arc<[Arc<dyn TenantPurge>]>,
    id: &TenantId,
) -> Result<(), TenantError> {
    let environment = &change.environment;
    let old = held(tx, environment, id.as_str()).await?;
    if !store::delete(tx, environment, id.as_str()).await? {
        return Err(TenantError::NotFound);
    }
    applications::forget_tenant(tx, environment, id.as_str()).await?;
    let scope = Scope::tenant(environment.clone(), id.clone());
    for purge in purges.iter() {
        purge.shut(tx, &scope, change.now).await?;
    }
    let parent = old.parent_tenant_id.as_deref().unwrap_or("");
    if !removal::piece(tx, purges, &scope, parent, change.now).await? {
        store::open_removal(tx, environment, id.as_str(), parent, change.now).await?;
        let order = removal::Order {
            tenant_id: id.to_string(),
        };
        tasks::submit(tx, &change.ids, environment, REMOVAL, &order, 0, change.now).await?;
    }
    change
        .record(tx, "Tenant deleted", id.as_str(), Some(&old), None)
        .await?;
    Ok(())
}
