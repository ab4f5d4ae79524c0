//! Decisions about places in a hierarchy.

use db::{StoreError, Tx};
use kit::{EnvironmentId, Patch, Scope, TenantId};
use serde_json::json;
use thiserror::Error;
use web::{AnyCaller, UserCaller};

use super::model::NewSubTenant;
use super::opening;
use super::store;
use crate::room::SubAccountMembers;
use crate::tenants::{self, Change, SubAccountAccess, Tenant, TenantChanges, TenantError};

/// Most levels below a tenant at the top.
pub(super) const MOST_LEVELS: i64 = 64;
/// Where a walk stops, whatever it meets.
pub(super) const FAR: i64 = 3 * MOST_LEVELS;

/// Why a tenant was not put where it should go.
#[derive(Debug, Error)]
pub(crate) enum HierarchyError {
    #[error("A tenant cannot be its own sub-account")]
    Itself,
    #[error("The parent is a sub-account of the child, directly or further down")]
    Loop,
    #[error("The child is already a sub-account in another hierarchy; remove it from there first")]
    Elsewhere,
    #[error("These tenants are not parent and child")]
    NotParentAndChild,
    #[error("Tenant {0} not found")]
    NoSuchTenant(String),
    #[error("This account may not have sub-accounts of its own making")]
    NotReseller,
    #[error("You do not have the permission {0}")]
    NotPermitted(&'static str),
    #[error("parentTenantId should not be empty")]
    NoParentNamed,
    #[error(transparent)]
    Tenant(#[from] TenantError),
}

impl From<StoreError> for HierarchyError {
    fn from(error: StoreError) -> Self {
        Self::Tenant(error.into())
    }
}

/// The ids of the tenants above one, the nearest first.
///
/// # Errors
/// When storage fails.
pub async fn ancestors(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Vec<String>, StoreError> {
    store::above(tx, environment, id, FAR).await
}

/// Whether a tenant is `top` or stands below it.
///
/// # Errors
/// When storage fails.
pub async fn is_within(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    top: &str,
) -> Result<bool, StoreError> {
    if id == top {
        return tenants::tenant_exists(tx, environment, id).await;
    }
    Ok(ancestors(tx, environment, id).await?.iter().any(|one| one == top))
}

/// The ids of up to `most` tenants below one, the nearest first.
///
/// # Errors
/// When storage fails.
pub async fn descendants(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    store::below(tx, environment, id, FAR, most).await
}

/// The number of the shape that the hierarchies have: it grows when a tenant moves with its members, not when tenants come
/// and go.
///
/// # Errors
/// When storage fails.
pub async fn groupings(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    store::groupings(tx, environment).await
}

/// Makes other moves in the environment wait. Comes before any tenant is held.
pub(crate) async fn guard(tx: &Tx, environment: &EnvironmentId) -> Result<(), StoreError> {
    store::guard(tx, environment).await
}

/// How many more levels may stand below a tenant.
pub(crate) async fn levels_left(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<i64, StoreError> {
    let above = ancestors(tx, environment, id).await?.len();
    Ok(MOST_LEVELS - i64::try_from(above).unwrap_or(MOST_LEVELS))
}

async fn held(tx: &Tx, change: &Change, id: &str) -> Result<Tenant, HierarchyError> {
    match tenants::held(tx, &change.environment, id).await {
        Err(TenantError::NotFound) => Err(HierarchyError::NoSuchTenant(id.to_owned())),
        other => Ok(other?),
    }
}

/// Puts an existing tenant under another. Inside one hierarchy that moves it; out of another one it must be taken first.
pub(super) async fn place(tx: &Tx, change: &Change, parent: &str, child: &str) -> Result<(), HierarchyError> {
    if parent == child {
        return Err(HierarchyError::Itself);
    }
    let environment = &change.environment;
    guard(tx, environment).await?;
    held(tx, change, parent).await?;
    let old = held(tx, change, child).await?;
    let above = ancestors(tx, environment, parent).await?;
    if above.iter().any(|one| one == child) {
        return Err(HierarchyError::Loop);
    }
    let was = old.parent_tenant_id.as_deref().unwrap_or("");
    if was == parent {
        return Ok(());
    }
    if !was.is_empty() {
        let theirs = ancestors(tx, environment, child).await?;
        let top = above.last().map_or(parent, String::as_str);
        if theirs.last().is_none_or(|one| one != top) {
            return Err(HierarchyError::Elsewhere);
        }
    }
    let left = MOST_LEVELS - 1 - i64::try_from(above.len()).unwrap_or(MOST_LEVELS);
    if left < 0 || store::height(tx, environment, child, left + 1).await? > left {
        return Err(TenantError::TooDeep.into());
    }
    store::set_parent(tx, environment, child, parent).await?;
    let (before, after) = (
        json!({"parentTenantId": old.parent_tenant_id}),
        json!({"parentTenantId": parent}),
    );
    Ok(change
        .note(tx, "Sub-account assigned", child, Some(&before), Some(&after))
        .await?)
}

/// Takes a tenant out from under its parent, with everything below it.
pub(super) async fn part(tx: &Tx, change: &Change, parent: &str, child: &str) -> Result<(), HierarchyError> {
    let environment = &change.environment;
    guard(tx, environment).await?;
    let old = match held(tx, change, child).await {
        Err(HierarchyError::NoSuchTenant(_)) => return Err(HierarchyError::NotParentAndChild),
        other => other?,
    };
    if old.parent_tenant_id.as_deref() != Some(parent) {
        return Err(HierarchyError::NotParentAndChild);
    }
    store::set_parent(tx, environment, child, "").await?;
    let (before, after) = (json!({"parentTenantId": parent}), json!({"parentTenantId": null}));
    Ok(change
        .note(tx, "Sub-account unassigned", child, Some(&before), Some(&after))
        .await?)
}

/// Creates a sub-tenant. Users create only below their own tenant, and only under tenants that may have sub-tenants.
pub(super) async fn create(
    tx: &Tx,
    change: &Change,
    members: &dyn SubAccountMembers,
    caller: &AnyCaller,
    new: &NewSubTenant,
) -> Result<Tenant, HierarchyError> {
    let scope = caller.scope();
    let named = new.parent_tenant_id.as_deref().filter(|id| !id.is_empty());
    let parent = named
        .or(scope.tenant.as_ref().map(TenantId::as_str))
        .ok_or(HierarchyError::NoParentNamed)?;
    if let Some(own) = &scope.tenant
        && !is_within(tx, &scope.environment, parent, own.as_str()).await?
    {
        return Err(TenantError::NoParent.into());
    }
    if let Some(user) = caller.user() {
        let manages = "fe.account-hierarchy.write.subAccountManagement";
        if new.is_reseller == Some(true) && !user.may(manages) {
            return Err(HierarchyError::NotPermitted(manages));
        }
        let above = Scope::tenant(scope.environment.clone(), parent.into());
        let above = tenants::tenant(tx, &above).await?.ok_or(TenantError::NoParent)?;
        if !above.is_reseller {
            return Err(HierarchyError::NotReseller);
        }
    }
    let tenant = tenants::create(tx, change, &new.clone().below(parent)).await?;
    if let Some(user) = caller.user() {
        // What an earlier tenant left to be read is not for whoever guesses its id. Asked after its deletion was waited for.
        if store::is_former(tx, &change.environment, &tenant.tenant_id).await? {
            return Err(TenantError::Exists.into());
        }
        open_to_creator(tx, change, members, user).await?;
    }
    Ok(tenant)
}

/// Who creates a sub-tenant reaches it, where the creator's tenant lets its members do so by default. That opens
/// everything below the tenant: only for those who might open it to themselves anyway.
async fn open_to_creator(
    tx: &Tx,
    change: &Change,
    members: &dyn SubAccountMembers,
    creator: &UserCaller,
) -> Result<(), HierarchyError> {
    if !creator.may("fe.account-hierarchy.write.subAccountAccess") {
        return Ok(());
    }
    let (scope, user) = (&creator.scope(), &creator.user);
    let own = tenants::tenant(tx, scope).await?;
    if own.is_some_and(|own| own.sub_account_access.by_default()) && members.open_to(tx, scope, user).await? {
        let mut record = change.by.clone().changed(
            Some(&json!({"subAccountAccessAllowed": false})),
            Some(&json!({"subAccountAccessAllowed": true})),
        );
        "Sub-account access changed".clone_into(&mut record.action);
        "user".clone_into(&mut record.resource);
        user.as_str().clone_into(&mut record.resource_id);
        record.write(tx, &change.ids, scope, change.now).await?;
    }
    Ok(())
}

/// The sub-tenant a caller means, held: below the tenant in force, or anywhere below another where none is.
async fn sub_tenant(tx: &Tx, change: &Change, scope: &Scope, id: &str) -> Result<Tenant, HierarchyError> {
    let tenant = tenants::held(tx, &change.environment, id).await?;
    let there = match &scope.tenant {
        Some(own) => own.as_str() != id && is_within(tx, &change.environment, id, own.as_str()).await?,
        None => tenant.parent_tenant_id.is_some(),
    };
    if there {
        Ok(tenant)
    } else {
        Err(TenantError::NotFound.into())
    }
}

/// Changes a sub-tenant. Users give no sub-tenant a say over sub-tenants that their own has not.
pub(super) async fn change(
    tx: &Tx,
    change: &Change,
    caller: &AnyCaller,
    id: &str,
    changes: &TenantChanges,
) -> Result<Tenant, HierarchyError> {
    let scope = caller.scope();
    sub_tenant(tx, change, &scope, id).await?;
    if caller.user().is_some() && changes.is_reseller == Patch::Value(true) {
        let own = tenants::tenant(tx, &scope).await?;
        if !own.is_some_and(|own| own.is_reseller) {
            return Err(HierarchyError::NotReseller);
        }
    }
    Ok(tenants::update(tx, change, id, changes).await?)
}

/// Whether the caller may delete this sub-tenant.
pub(super) async fn deletable(
    tx: &Tx,
    change: &Change,
    scope: &Scope,
    id: &str,
) -> Result<(), HierarchyError> {
    // Deletion takes the guard first; held the other way round, two of them could wait for each other.
    guard(tx, &change.environment).await?;
    sub_tenant(tx, change, scope, id).await?;
    Ok(())
}

/// Sets how far the members of a tenant reach: of one below the tenant in force, of any where none is in force. Where every
/// member is to reach down, those there follow: at once when they are few, else by a task.
pub(super) async fn set_access(
    tx: &Tx,
    change: &Change,
    members: &dyn SubAccountMembers,
    scope: &Scope,
    id: &str,
    access: SubAccountAccess,
) -> Result<(), HierarchyError> {
    let old = match &scope.tenant {
        Some(_) => sub_tenant(tx, change, scope, id).await?,
        None => tenants::held(tx, &change.environment, id).await?,
    };
    if old.sub_account_access == access {
        return Ok(());
    }
    store::set_access(tx, &change.environment, id, access, change.now).await?;
    if access == SubAccountAccess::AlwaysOn {
        opening::begin(tx, change, members, id).await?;
    }
    let (before, after) = (
        json!({"subAccountAccessType": old.sub_account_access}),
        json!({"subAccountAccessType": access}),
    );
    Ok(change
        .note(
            tx,
            "Sub-account access type changed",
            id,
            Some(&before),
            Some(&after),
        )
        .await?)
}
