//! Decisions about people of the tenants below.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::{StoreError, Tx};
use kit::Scope;
use serde_json::json;

use super::model::{MemberCount, RolesInTenant};
use super::store;
use crate::lists::{self, Search};
use crate::members;
use crate::records;
use crate::room::Change;
use crate::search::Columns;
use crate::users::{self, Prepared, UserError};
use crate::views::{self, Audience, Detail, Lens, UserView};
use crate::{Credentials, Mailer};

/// What users need who let others reach the tenants below.
pub(super) const OPEN: &str = "fe.account-hierarchy.write.subAccountAccess";

/// The same change in a tenant at or below the one in force. Others are as good as absent.
async fn within(tx: &Tx, change: &Change, tenant: &str) -> Result<Change, UserError> {
    let environment = &change.scope.environment;
    if !tenancy::is_within(tx, environment, tenant, change.scope.tenant_id()).await? {
        return Err(UserError::NoTenant);
    }
    let scope = Scope::tenant(environment.clone(), tenant.into());
    Ok(Change {
        by: change.by.clone().in_tenant(tenant),
        scope,
        ..change.clone()
    })
}

/// Lets the roles of a member hold in the tenants below, or no longer.
pub(super) async fn set_access(tx: &Tx, change: &Change, id: &str, allow: bool) -> Result<(), UserError> {
    let scope = &change.scope;
    let access = tenancy::hold_tenant(tx, &scope.environment, scope.tenant_id())
        .await?
        .ok_or(UserError::NoTenant)?;
    if access == tenancy::SubAccountAccess::AlwaysOn && !allow {
        return Err(UserError::AlwaysOpen);
    }
    let user = members::held(tx, change, id).await?;
    members::check_level(tx, change, &[], &user).await?;
    if records::set_sub_accounts(tx, scope, user.id.as_str(), allow).await? {
        let (before, after) = (
            json!({"subAccountAccessAllowed": !allow}),
            json!({"subAccountAccessAllowed": allow}),
        );
        members::note(tx, change, "Sub-account access changed", &user, &before, &after).await?;
    }
    Ok(())
}

/// Adds people to tenants, all or none; the last as seen there.
pub(super) async fn add(
    tx: &Tx,
    change: &Change,
    makers: (&Arc<dyn Credentials>, Option<&Mailer>),
    people: &[Prepared],
) -> Result<Vec<UserView>, UserError> {
    let opens = people.iter().any(|prepared| prepared.creation.sub_accounts);
    if opens && change.bounded_by.as_ref().is_some_and(|user| !user.may(OPEN)) {
        return Err(UserError::NoPermission(OPEN));
    }
    // Every tenant is held before any user is.
    for prepared in people {
        let tenant = prepared.creation.tenant_id.as_deref().unwrap_or("");
        tenancy::hold_tenant(tx, &change.scope.environment, tenant).await?;
    }
    let mut added = Vec::with_capacity(people.len());
    for prepared in people {
        let tenant = prepared.creation.tenant_id.as_deref().unwrap_or("");
        let there = within(tx, change, tenant).await?;
        added.push(users::create(tx, &there, makers, prepared).await?);
    }
    Ok(added)
}

/// Removes somebody from tenants, all or none.
pub(super) async fn remove(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
    tenants: &[String],
) -> Result<(), UserError> {
    for tenant in tenants {
        let there = within(tx, change, tenant).await?;
        users::remove(tx, &there, credentials, id).await?;
    }
    Ok(())
}

/// What happens to roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roles {
    Give,
    Take,
    /// These and no others.
    Set,
}

/// Changes the roles of a member of tenants, in all of them or in none.
pub(super) async fn change_roles(
    tx: &Tx,
    change: &Change,
    id: &str,
    roles: Roles,
    tenants: &[RolesInTenant],
) -> Result<(), UserError> {
    for one in tenants {
        let there = within(tx, change, &one.tenant_id).await?;
        match roles {
            Roles::Give => {
                members::give(tx, &there, id, &one.role_ids).await?;
            }
            Roles::Take => {
                members::take(tx, &there, id, &one.role_ids).await?;
            }
            Roles::Set => {
                members::set(tx, &there, id, &one.role_ids, "fe.secure.delete.userSubTenants").await?;
            }
        }
    }
    Ok(())
}

/// A page of the people of the tenant in force and of those below it.
pub(super) async fn list(
    tx: &Tx,
    scope: &Scope,
    columns: &Columns,
    audience: Audience,
    search: &mut Search,
) -> Result<(Vec<UserView>, i64), StoreError> {
    lists::widen(tx, &scope.environment, search).await?;
    let found = lists::find(tx, &scope.environment, columns, search).await?;
    let below = lists::shown(tx, &scope.environment, search, &found.items).await?;
    let lens = Lens {
        tenant: search.tenant.as_ref(),
        audience,
        detail: Detail::Bare,
        below: Some(&below),
    };
    let items = views::views(tx, &scope.environment, found.items, lens).await?;
    Ok((items, found.total))
}

/// How many members tenants have, only those that are `visible` or all. Where a tenant is in force, others are left out, but
/// for those `below` it where these may be seen.
pub(super) async fn count(
    tx: &Tx,
    scope: &Scope,
    tenants: &[String],
    (visible, below): (bool, bool),
) -> Result<Vec<MemberCount>, StoreError> {
    let environment = &scope.environment;
    let mut wanted = Vec::with_capacity(tenants.len());
    match &scope.tenant {
        Some(own) => {
            if below {
                wanted = tenancy::below_among(tx, environment, own.as_str(), tenants.to_vec()).await?;
            }
            wanted.extend(tenants.iter().filter(|id| *id == own.as_str()).cloned());
        }
        None => {
            let found = tenancy::tenants_by_id(tx, environment, tenants).await?;
            wanted.extend(found.into_iter().map(|tenant| tenant.tenant_id));
        }
    }
    let members = store::members(tx, environment, &wanted).await?;
    let hidden = if visible {
        store::invisible(tx, environment, &wanted).await?
    } else {
        BTreeMap::new()
    };
    let reaching = store::reaching(tx, environment, &wanted, visible).await?;
    let of = |counts: &BTreeMap<String, i64>, id: &str| counts.get(id).copied().unwrap_or(0);
    // In the order asked.
    let rows = tenants.iter().filter(|id| wanted.contains(id));
    Ok(rows
        .map(|id| MemberCount {
            tenant_id: id.clone(),
            total_users: of(&members, id) - of(&hidden, id),
            total_access_allowed_users: of(&reaching, id),
        })
        .collect())
}
