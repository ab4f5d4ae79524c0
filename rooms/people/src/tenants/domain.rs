//! Decisions about the tenants of users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use blocks::audit::AuditRecord;
use db::Tx;
use kit::{EnvironmentId, Scope, TenantId};
use serde_json::json;
use tenancy::{NewTenant, TenantError};

use super::model::{Entry, StatusInTenant, StatusesOfUser, status};
use super::store;
use crate::records::{self, Membership, MembershipStatus, UserRecord};
use crate::room::Change;
use crate::users::{UserError, note};
use crate::views::{self, Audience, Detail, Lens, UserView};
use crate::{Credentials, Inviter, Mailer};

/// Most statuses that are told of one user.
const MOST_STATUSES: i64 = 2_000;

/// The change, made in the tenant that an entry names and held there; and whether new members reach what is below. A tenant
/// that does not exist yet is made, unless it must be there.
async fn entered(tx: &Tx, change: &Change, entry: &Entry) -> Result<(Change, bool), UserError> {
    let environment = &change.scope.environment;
    let scope = Scope::tenant(environment.clone(), TenantId::from(entry.tenant.as_str()));
    if !tenancy::tenant_exists(tx, environment, &entry.tenant).await? {
        if entry.existing {
            return Err(UserError::NoTenant);
        }
        let new = NewTenant {
            tenant_id: Some(entry.tenant.clone()),
            ..NewTenant::default()
        };
        match tenancy::create_tenant(tx, &change.ids, environment, &new, change.now).await {
            Ok(tenant) => {
                let mut record = change.by.clone().changed(None::<&()>, Some(&tenant));
                record = AuditRecord {
                    action: "Tenant created".to_owned(),
                    resource: "tenant".to_owned(),
                    resource_id: tenant.tenant_id.clone(),
                    ..record
                };
                record.write(tx, &change.ids, &scope, change.now).await?;
            }
            // Somebody else made it in this moment.
            Err(TenantError::Exists) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Held, so that it is not deleted before its new member is there to be removed with it.
    let access = tenancy::hold_tenant(tx, environment, &entry.tenant)
        .await?
        .ok_or(UserError::NoTenant)?;
    let change = Change {
        scope,
        ..change.clone()
    };
    Ok((change, access.by_default()))
}

/// The user of a change, held.
async fn held(tx: &Tx, change: &Change, id: &str) -> Result<UserRecord, UserError> {
    records::hold(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)
}

/// A membership to be, with the tenant's default roles.
async fn membership(
    tx: &Tx,
    change: &Change,
    status: MembershipStatus,
    sub_accounts: bool,
) -> Result<Membership, UserError> {
    let roles = tenancy::default_roles(tx, &change.scope).await?;
    let roles = roles.into_iter().map(|role| role.id).collect();
    Ok(Membership::new(
        change.scope.tenant_id(),
        roles,
        status,
        sub_accounts,
        change.now,
    ))
}

async fn shown(tx: &Tx, change: &Change, id: &str) -> Result<UserView, UserError> {
    let user = records::user_by_id(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let lens = Lens {
        tenant: change.scope.tenant.as_ref(),
        audience: Audience::Environment,
        detail: Detail::Full,
        below: None,
    };
    Ok(views::view(tx, &change.scope.environment, user, lens).await?)
}

/// Makes a tenant the one the user works in. Who is no member yet becomes one: the environment wants it so.
pub(super) async fn set_active(
    tx: &Tx,
    change: &Change,
    id: &str,
    entry: &Entry,
) -> Result<UserView, UserError> {
    // Before a tenant is made for somebody who is not there.
    records::user_by_id(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let (change, reaches) = &entered(tx, change, entry).await?;
    let (environment, tenant) = (&change.scope.environment, change.scope.tenant_id());
    let user = held(tx, change, id).await?;
    let new = membership(tx, change, MembershipStatus::PendingLogin, *reaches).await?;
    if records::write_new_member(tx, environment, &user, &new).await? {
        note(tx, change, "User added to tenant", None, Some(&user)).await?;
        records::count_in(tx, environment, &user, tenant, false).await?;
    }
    if user.active_tenant != tenant {
        records::set_active_tenant(tx, &change.scope, &user.id, change.now).await?;
        let (was, is) = (
            json!({"tenantId": user.active_tenant}),
            json!({"tenantId": tenant}),
        );
        crate::members::note(tx, change, "User switched tenant", &user, &was, &is).await?;
    }
    shown(tx, change, id).await
}

/// Makes a user a member of one more tenant, and mails them word of it unless the entry is silent.
pub(super) async fn add(
    tx: &Tx,
    change: &Change,
    (credentials, mailer): (&Arc<dyn Credentials>, &Mailer),
    id: &str,
    entry: &Entry,
) -> Result<UserView, UserError> {
    records::user_by_id(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let (change, reaches) = &entered(tx, change, entry).await?;
    let (environment, tenant) = (&change.scope.environment, change.scope.tenant_id());
    let user = held(tx, change, id).await?;
    let status = match (entry.silent, user.verified) {
        (true, _) => MembershipStatus::PendingLogin,
        (false, true) => MembershipStatus::PendingInvitation,
        (false, false) => MembershipStatus::NotActivated,
    };
    let new = membership(tx, change, status, *reaches).await?;
    // As for anybody who is invited.
    if let Some(email) = &user.email
        && !credentials.admits_address(tx, &change.scope, email).await?
    {
        return Err(UserError::AddressNotAdmitted);
    }
    if !records::write_new_member(tx, environment, &user, &new).await? {
        return Err(UserError::AlreadyMember);
    }
    note(tx, change, "User added to tenant", None, Some(&user)).await?;
    if !entry.silent {
        let inviter = Inviter::default();
        mailer
            .welcome(tx, &change.scope, (&user, &new), inviter, change.now)
            .await?;
    }
    let view = shown(tx, change, id).await?;
    records::count_in(tx, environment, &user, tenant, false).await?;
    Ok(view)
}

/// Where users stand in their tenants. Who is not there is left out.
pub(super) async fn statuses(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
    only: &[MembershipStatus],
) -> Result<Vec<StatusesOfUser>, db::StoreError> {
    let known: BTreeSet<String> = records::users_by_id(tx, environment, ids)
        .await?
        .into_iter()
        .map(|user| user.id.to_string())
        .collect();
    let mut held: BTreeMap<String, Vec<StatusInTenant>> = BTreeMap::new();
    for (user, tenant_id, name) in store::statuses(tx, environment, ids, only, MOST_STATUSES).await? {
        if let Some(status) = status(&name) {
            held.entry(user)
                .or_default()
                .push(StatusInTenant { tenant_id, status });
        }
    }
    let mut told = BTreeSet::new();
    Ok(ids
        .iter()
        .filter(|id| known.contains(*id) && told.insert(id.as_str()))
        .map(|id| StatusesOfUser {
            user_id: id.clone(),
            tenants_statuses: held.remove(id).unwrap_or_default(),
        })
        .collect())
}
