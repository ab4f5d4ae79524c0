//! Decisions about tenants.

use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use blocks::{settings, tasks};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, TenantId};
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;
use web::{AnyCaller, App};

use super::access::SubAccountAccess;
use super::model::{NewTenant, Tenant, TenantChanges};
use super::removal::{self, REMOVAL};
use super::store;
use crate::room::TenantPurge;
use crate::{applications, hierarchy};

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
    /// Those who are still there would go with it.
    #[error("The users of this account are being moved to another one; delete it when that is done")]
    BeingLeft,
    #[error("Another account uses this alias")]
    AliasTaken,
    #[error("parentTenantId must be the id of an existing tenant")]
    NoParent,
    #[error("A hierarchy may not have more than 64 levels below its top")]
    TooDeep,
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

/// Keeps a tenant from being deleted or changed until the transaction ends; answers how far its members reach, `None`
/// when there is none. Whoever adds a row that a deletion removes holds the tenant first: else the row may come after
/// its tenant has gone. Tenants are held before users.
///
/// # Errors
/// When storage fails.
pub async fn hold_tenant(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<SubAccountAccess>, StoreError> {
    store::hold(tx, environment, id).await
}

/// How far members of a tenant reach, as it stands; `None` when there is none. What is decided by it is decided again
/// under [`hold_tenant`].
///
/// # Errors
/// When storage fails.
pub async fn sub_account_access(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<SubAccountAccess>, StoreError> {
    store::access(tx, environment, id).await
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
        .into_tenant(environment, (ids.v4(), ids.ordered(now)), now)
        .map_err(TenantError::Faults)?;
    if let Some(parent) = &tenant.parent_tenant_id {
        // Held, so that it does not go at this very moment.
        if store::hold(tx, environment, parent).await?.is_none() {
            return Err(TenantError::NoParent);
        }
        if hierarchy::levels_left(tx, environment, parent).await? < 1 {
            return Err(TenantError::TooDeep);
        }
    }
    // Waits for a deletion under way, which may leave the rest to a task.
    if store::hold(tx, environment, &tenant.tenant_id).await?.is_some() {
        return Err(TenantError::Exists);
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
    // Whoever was let in before an earlier tenant of this id went may have written settings after it had gone.
    let scope = Scope::tenant(environment.clone(), tenant.tenant_id.as_str().into());
    settings::forget_tenant(tx, &scope).await?;
    if !store::set_alias(tx, environment, &tenant.tenant_id, tenant.alias.as_deref()).await? {
        return Err(TenantError::AliasTaken);
    }
    applications::welcome(tx, environment, &tenant.tenant_id, now).await?;
    Ok(tenant)
}

/// What every change here needs besides its transaction.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) environment: EnvironmentId,
    pub(crate) ids: Ids,
    pub(crate) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(crate) by: AuditRecord,
}

impl Change {
    /// A change that this caller makes.
    pub(crate) fn by(app: &App, caller: &AnyCaller) -> Self {
        Self {
            environment: caller.scope().environment,
            ids: app.ids().clone(),
            now: app.now(),
            by: AuditRecord::new("", "", "").by(caller),
        }
    }

    async fn record(
        &self,
        tx: &Tx,
        action: &str,
        tenant: &str,
        before: Option<&Tenant>,
        after: Option<&Tenant>,
    ) -> Result<(), StoreError> {
        let (before, after) = (before.map(Tenant::for_audit), after.map(Tenant::for_audit));
        self.note(tx, action, tenant, before.as_ref(), after.as_ref())
            .await
    }

    /// Writes what happened to a tenant. One that goes has no `after`.
    pub(crate) async fn note<V: Serialize>(
        &self,
        tx: &Tx,
        action: &str,
        tenant: &str,
        before: Option<&V>,
        after: Option<&V>,
    ) -> Result<(), StoreError> {
        let mut record = self.by.clone().in_tenant(tenant);
        action.clone_into(&mut record.action);
        "tenant".clone_into(&mut record.resource);
        tenant.clone_into(&mut record.resource_id);
        if after.is_none() {
            record = record.severity(Severity::Medium);
        }
        let scope = Scope::tenant(self.environment.clone(), tenant.into());
        record
            .changed(before, after)
            .write(tx, &self.ids, &scope, self.now)
            .await
    }
}

/// Creates a tenant for a management call.
pub(crate) async fn create(tx: &Tx, change: &Change, new: &NewTenant) -> Result<Tenant, TenantError> {
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

pub(crate) async fn held(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Tenant, TenantError> {
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
        store::count(tx, environment, 0).await?;
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

pub(crate) async fn update(
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
pub(crate) async fn delete(
    tx: &Tx,
    change: &Change,
    purges: &Arc<[Arc<dyn TenantPurge>]>,
    id: &TenantId,
) -> Result<(), TenantError> {
    let environment = &change.environment;
    hierarchy::guard(tx, environment).await?;
    let old = held(tx, environment, id.as_str()).await?;
    let scope = Scope::tenant(environment.clone(), id.clone());
    for purge in purges.iter() {
        if purge.is_needed(tx, &scope).await? {
            return Err(TenantError::BeingLeft);
        }
    }
    let mut parent = old.parent_tenant_id.clone().unwrap_or_default();
    // What takes over is never a tenant that is being cleared away itself: that one's task may end first.
    if let Some(above) = store::removal(tx, environment, &parent).await? {
        parent = above;
    }
    if !store::delete(tx, environment, id.as_str(), &parent).await? {
        return Err(TenantError::NotFound);
    }
    hierarchy::note_former(tx, environment, id.as_str()).await?;
    applications::forget_tenant(tx, environment, id.as_str()).await?;
    for purge in purges.iter() {
        purge.shut(tx, &scope, change.now).await?;
    }
    if !removal::piece(tx, purges, &scope, &parent, change.now).await? {
        store::open_removal(tx, environment, id.as_str(), &parent, change.now).await?;
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
