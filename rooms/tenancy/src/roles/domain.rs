//! Decisions about roles.

use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use blocks::tasks;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use thiserror::Error;
use web::UserCaller;

use super::migration::{MIGRATION, Order};
use super::model::{BasedRole, NewRole, Role, RoleChanges};
use super::{rules, store};
use crate::faults::Faults;
use crate::room::RoleHolders;
use crate::tenants;

/// Why roles cannot be given to somebody.
#[derive(Debug, Error)]
pub enum Unassignable {
    /// These are no roles of the environment or of the tenant in question.
    #[error("Roles not found: {}", .0.join(", "))]
    Unknown(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The named roles, wherever in the environment they belong; unknown ids are left out.
///
/// # Errors
/// When storage fails.
pub async fn roles_by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Role>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        found.extend(store::by_ids(tx, environment, chunk).await?);
    }
    Ok(found)
}

/// Those of the named roles that count in a scope: the environment's and the tenant's own. What a membership says it holds
/// goes through this, so that a role which moved to another tenant grants nothing here.
///
/// # Errors
/// When storage fails.
pub async fn roles_held(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<Role>, StoreError> {
    let mut roles = roles_by_id(tx, &scope.environment, ids).await?;
    roles.retain(|role| counts_in(role, scope));
    Ok(roles)
}

fn counts_in(role: &Role, scope: &Scope) -> bool {
    role.tenant_id
        .as_deref()
        .is_none_or(|tenant| tenant == scope.tenant_id())
}

/// The named roles, when every one of them may be given to members of the scope's tenant.
///
/// # Errors
/// [`Unassignable::Unknown`] names those that may not.
pub async fn assignable_roles(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<Role>, Unassignable> {
    let roles = roles_held(tx, scope, ids).await?;
    let unknown: Vec<String> = ids
        .iter()
        .filter(|id| !roles.iter().any(|role| role.id == **id))
        .cloned()
        .collect();
    if unknown.is_empty() {
        Ok(roles)
    } else {
        Err(Unassignable::Unknown(unknown))
    }
}

/// The roles that a member added without roles gets.
///
/// # Errors
/// When storage fails.
pub async fn default_roles(tx: &Tx, scope: &Scope) -> Result<Vec<Role>, StoreError> {
    store::given(tx, scope, false).await
}

/// The roles that the first member of a new tenant gets.
///
/// # Errors
/// When storage fails.
pub async fn first_user_roles(tx: &Tx, scope: &Scope) -> Result<Vec<Role>, StoreError> {
    store::given(tx, scope, true).await
}

/// Removes up to `most` of a deleted tenant's own roles; true when none is left.
pub(crate) async fn purge(tx: &Tx, scope: &Scope, most: i64) -> Result<bool, StoreError> {
    let ids = store::own_ids(tx, scope, most).await?;
    for id in &ids {
        store::delete(tx, &scope.environment, id).await?;
    }
    Ok(i64::try_from(ids.len()).unwrap_or(most) < most)
}

/// Why a call about roles was refused.
#[derive(Debug, Error)]
pub(super) enum RoleError {
    /// A client looks for exactly this phrase.
    #[error("Roles already exists")]
    KeyTaken,
    #[error("Role not found")]
    NotFound,
    #[error("Permissions not found: {}", .0.join(", "))]
    NoPermissions(Vec<String>),
    #[error("Tenant not found")]
    NoTenant,
    #[error("baseRoleId must be the id of an existing role")]
    NoBase,
    #[error("Roles of the environment cannot be changed or deleted by an account")]
    NotOwn,
    #[error("Roles above your own level cannot be made, changed or deleted")]
    TooStrong,
    #[error("Only the environment may give a role to everybody (migrateRole)")]
    NotForUsers,
    #[error("Permissions that you do not hold yourself cannot be given: {}", .0.join(", "))]
    NotHeld(Vec<String>),
    #[error("the role has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What every change here needs besides its transaction.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) scope: Scope,
    pub(super) ids: Ids,
    pub(super) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(super) by: AuditRecord,
    /// The user whose own level and permissions bound what may be done; `None` for the environment, which nothing bounds.
    pub(super) bounded_by: Option<UserCaller>,
    pub(super) holders: Arc<dyn RoleHolders>,
}

impl Change {
    async fn record(
        &self,
        tx: &Tx,
        action: &str,
        before: Option<&Role>,
        after: Option<&Role>,
    ) -> Result<(), StoreError> {
        let Some(role) = after.or(before) else {
            return Ok(());
        };
        let mut record = self.by.clone().severity(Severity::Medium).changed(before, after);
        action.clone_into(&mut record.action);
        "role".clone_into(&mut record.resource);
        role.id.clone_into(&mut record.resource_id);
        role.tenant_id
            .as_deref()
            .unwrap_or("")
            .clone_into(&mut record.tenant_id);
        record.write(tx, &self.ids, &self.scope, self.now).await
    }

    /// Everybody gets the role, in the background. Not at a user's wish: among everybody are those who are stronger.
    async fn migrate(&self, tx: &Tx, role: &Role) -> Result<(), RoleError> {
        if self.bounded_by.is_some() {
            return Err(RoleError::NotForUsers);
        }
        let order = Order {
            role_id: role.id.clone(),
            tenant_id: role.tenant_id.clone(),
        };
        tasks::submit(
            tx,
            &self.ids,
            &self.scope.environment,
            MIGRATION,
            &order,
            0,
            self.now,
        )
        .await?;
        Ok(())
    }
}

/// The roles a caller sees.
pub(super) async fn list(tx: &Tx, scope: &Scope) -> Result<Vec<Role>, StoreError> {
    store::visible(tx, scope).await
}

/// Most roles in one call.
const BATCH: usize = 1000;

/// Creates all the roles or, by failing, none; answers in the order sent.
pub(super) async fn create(tx: &Tx, change: &Change, batch: &[NewRole]) -> Result<Vec<Role>, RoleError> {
    let mut faults = Faults::default();
    faults.at_most("body", batch.len(), BATCH);
    for new in batch {
        new.faults(&mut faults);
    }
    faults.check().map_err(RoleError::Faults)?;
    hold_tenant(tx, change).await?;
    let reach = rules::reach(tx, change).await?;
    let permissions = rules::permitted(tx, change, &[], &[]).await?;
    let mut created = Vec::with_capacity(batch.len());
    for new in batch {
        let role = Role {
            first_user_role: new.first_user_role.unwrap_or(false),
            ..made(
                change,
                (&new.key, &new.name, new.description.as_deref()),
                new.is_default,
                new.level.unwrap_or_else(|| reach.usual()),
                permissions.clone(),
            )
        };
        reach.check(role.level)?;
        write_new(tx, change, &role).await?;
        if role.is_default && new.migrate_role == Some(true) {
            change.migrate(tx, &role).await?;
        }
        created.push(role);
    }
    Ok(created)
}

/// Creates one role with its permissions and the level of another role.
pub(super) async fn create_based(tx: &Tx, change: &Change, new: &BasedRole) -> Result<Role, RoleError> {
    let mut faults = Faults::default();
    new.faults(&mut faults);
    faults.check().map_err(RoleError::Faults)?;
    hold_tenant(tx, change).await?;
    let base = store::by_id(tx, &change.scope.environment, &new.base_role_id)
        .await?
        .filter(|base| counts_in(base, &change.scope))
        .ok_or(RoleError::NoBase)?;
    rules::reach(tx, change).await?.check(base.level)?;
    let permissions = rules::permitted(tx, change, &new.permission_ids, &[]).await?;
    let role = made(
        change,
        (&new.key, &new.name, new.description.as_deref()),
        new.is_default,
        base.level,
        permissions,
    );
    write_new(tx, change, &role).await?;
    Ok(role)
}

/// Keeps the tenant whose own roles are to be made: else one may come after its tenant has gone. Before any role is held.
async fn hold_tenant(tx: &Tx, change: &Change) -> Result<(), RoleError> {
    if let Some(tenant) = &change.scope.tenant {
        tenants::hold_tenant(tx, &change.scope.environment, tenant.as_str())
            .await?
            .ok_or(RoleError::NoTenant)?;
    }
    Ok(())
}

/// A new role of the scope.
fn made(
    change: &Change,
    (key, name, description): (&str, &str, Option<&str>),
    is_default: Option<bool>,
    level: i64,
    permissions: Vec<String>,
) -> Role {
    Role {
        id: change.ids.v4(),
        vendor_id: change.scope.environment_id().to_owned(),
        tenant_id: change.scope.tenant.as_ref().map(ToString::to_string),
        key: key.to_owned(),
        name: name.to_owned(),
        description: description.unwrap_or_default().to_owned(),
        is_default: is_default.unwrap_or(false),
        first_user_role: false,
        level,
        created_at: change.now,
        updated_at: change.now,
        permissions,
    }
}

async fn write_new(tx: &Tx, change: &Change, role: &Role) -> Result<(), RoleError> {
    let (environment, by_tenant) = (&change.scope.environment, change.bounded_by.is_some());
    if store::is_taken(tx, environment, role, by_tenant).await?
        || !store::insert(tx, environment, role).await?
    {
        return Err(RoleError::KeyTaken);
    }
    store::add_permissions(tx, &change.scope.environment, role, &role.permissions).await?;
    Ok(change.record(tx, "Role created", None, Some(role)).await?)
}

/// The role, when the scope may see it: any of the environment, or with a tenant named only the environment's own and that
/// tenant's. A user changes none but the tenant's own, and none that is stronger than the user.
async fn held(tx: &Tx, change: &Change, id: &str) -> Result<Role, RoleError> {
    let scope = &change.scope;
    store::hold(tx, &scope.environment, id).await?;
    let role = store::by_id(tx, &scope.environment, id)
        .await?
        .filter(|role| scope.tenant.is_none() || counts_in(role, scope))
        .ok_or(RoleError::NotFound)?;
    if change.bounded_by.is_some() && role.tenant_id.is_none() {
        return Err(RoleError::NotOwn);
    }
    rules::reach(tx, change).await?.check(role.level)?;
    Ok(role)
}

async fn save(tx: &Tx, change: &Change, old: &Role, role: &Role) -> Result<(), RoleError> {
    let (environment, by_tenant) = (&change.scope.environment, change.bounded_by.is_some());
    let named_anew = (&old.key, &old.tenant_id) != (&role.key, &role.tenant_id);
    if named_anew && store::is_taken(tx, environment, role, by_tenant).await? {
        return Err(RoleError::KeyTaken);
    }
    store::update(tx, environment, role)
        .await
        .map_err(|error| match error {
            StoreError::Unique { .. } => RoleError::KeyTaken,
            other => RoleError::Store(other),
        })
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &RoleChanges,
) -> Result<Role, RoleError> {
    let old = held(tx, change, id).await?;
    let new = changes.apply(&old, change.now).map_err(RoleError::Faults)?;
    rules::reach(tx, change).await?.check(new.level)?;
    save(tx, change, &old, &new).await?;
    if new.is_default && changes.migrate_role == Some(true) {
        change.migrate(tx, &new).await?;
    }
    change.record(tx, "Role updated", Some(&old), Some(&new)).await?;
    Ok(new)
}

/// Deletes the role; whoever held it holds it no more.
pub(super) async fn delete(tx: &Tx, change: &Change, id: &str) -> Result<(), RoleError> {
    let old = held(tx, change, id).await?;
    change
        .holders
        .role_deleted(tx, &change.scope.environment, id)
        .await?;
    store::delete(tx, &change.scope.environment, id).await?;
    change.record(tx, "Role deleted", Some(&old), None).await?;
    Ok(())
}

/// The role holds exactly these permissions from now on, and those that are not for a user to choose.
pub(super) async fn set_permissions(
    tx: &Tx,
    change: &Change,
    id: &str,
    permissions: &[String],
) -> Result<Role, RoleError> {
    let environment = &change.scope.environment;
    let old = held(tx, change, id).await?;
    let wanted = rules::permitted(tx, change, permissions, &old.permissions).await?;
    store::forget_permissions(tx, environment, id).await?;
    store::add_permissions(tx, environment, &old, &wanted).await?;
    let new = Role {
        permissions: wanted,
        updated_at: change.now,
        ..old.clone()
    };
    save(tx, change, &old, &new).await?;
    change
        .record(tx, "Role permissions changed", Some(&old), Some(&new))
        .await?;
    Ok(new)
}

/// Makes the role one of a tenant, or of the environment.
pub(super) async fn set_tenant(
    tx: &Tx,
    change: &Change,
    id: &str,
    tenant: Option<&str>,
) -> Result<Role, RoleError> {
    let environment = &change.scope.environment;
    let tenant = tenant.filter(|tenant| !tenant.is_empty());
    let there = match tenant {
        // Before the role: a deletion holds the tenant first, and then takes its roles.
        Some(tenant) => tenants::hold_tenant(tx, environment, tenant).await?.is_some(),
        None => true,
    };
    let old = held(tx, change, id).await?;
    if !there {
        return Err(RoleError::NoTenant);
    }
    let new = Role {
        tenant_id: tenant.map(str::to_owned),
        updated_at: change.now,
        ..old.clone()
    };
    save(tx, change, &old, &new).await?;
    store::forget_permissions(tx, environment, id).await?;
    store::add_permissions(tx, environment, &new, &new.permissions).await?;
    change.record(tx, "Role moved", Some(&old), Some(&new)).await?;
    Ok(new)
}

/// A role that comes with an environment.
pub(crate) struct NewRoleOf<'a> {
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) first_user_role: bool,
    pub(crate) permissions: Vec<String>,
}

/// Creates a role with its permissions unless the environment has one with that key.
pub(crate) async fn seed(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    new: NewRoleOf<'_>,
    now: Millis,
) -> Result<(), StoreError> {
    let role = Role {
        id: ids.v4(),
        vendor_id: environment.to_string(),
        tenant_id: None,
        key: new.key.to_owned(),
        name: new.name.to_owned(),
        description: new.description.to_owned(),
        is_default: false,
        first_user_role: new.first_user_role,
        level: 0,
        created_at: now,
        updated_at: now,
        permissions: new.permissions,
    };
    if store::insert(tx, environment, &role).await? {
        store::add_permissions(tx, environment, &role, &role.permissions).await?;
    }
    Ok(())
}
