//! Decisions about members of a tenant.

use std::collections::BTreeSet;
use std::sync::Arc;

use db::{StoreError, Tx};
use serde_json::json;
use tenancy::Role;

use super::model::MemberRoles;
use crate::Credentials;
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::users::{UserError, outranks, strongest};

/// The member that a change is about, held until the transaction ends.
pub(crate) async fn held(tx: &Tx, change: &Change, id: &str) -> Result<UserRecord, UserError> {
    let user = records::user_by_id(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    if !records::hold_membership(tx, &change.scope, &user.id).await? {
        return Err(UserError::NotFound);
    }
    Ok(user)
}

/// Gives a member roles, which adds to those held.
pub(crate) async fn give(
    tx: &Tx,
    change: &Change,
    id: &str,
    role_ids: &[String],
) -> Result<MemberRoles, UserError> {
    let user = held(tx, change, id).await?;
    let before = keys(&current(tx, change, &user).await?);
    let roles = tenancy::assignable_roles(tx, &change.scope, role_ids).await?;
    check_level(tx, change, &roles, &user).await?;
    let scope = &change.scope;
    records::give_roles(tx, &scope.environment, scope.tenant_id(), &user.id, role_ids).await?;
    finish(tx, change, "Roles assigned to user", user, &before).await
}

/// Takes roles from a member. Roles that the member does not hold, or that are gone, are no error.
pub(crate) async fn take(
    tx: &Tx,
    change: &Change,
    id: &str,
    role_ids: &[String],
) -> Result<MemberRoles, UserError> {
    let user = held(tx, change, id).await?;
    let before = keys(&current(tx, change, &user).await?);
    let roles = tenancy::roles_held(tx, &change.scope, role_ids).await?;
    check_level(tx, change, &roles, &user).await?;
    let scope = &change.scope;
    records::take_roles(tx, &scope.environment, scope.tenant_id(), &user.id, role_ids).await?;
    finish(tx, change, "Roles unassigned from user", user, &before).await
}

/// Makes these the roles of a member, and no others. A user who would take one thereby needs `taking`, the permission of
/// the route that takes roles.
pub(crate) async fn set(
    tx: &Tx,
    change: &Change,
    id: &str,
    wanted: &[String],
    taking: &'static str,
) -> Result<(), UserError> {
    let user = held(tx, change, id).await?;
    let held = records::role_ids(tx, &change.scope, user.id.as_str()).await?;
    let new: BTreeSet<&String> = wanted.iter().filter(|role| !held.contains(role)).collect();
    let new: Vec<String> = new.into_iter().cloned().collect();
    let old: Vec<String> = held.into_iter().filter(|role| !wanted.contains(role)).collect();
    if !new.is_empty() {
        give(tx, change, id, &new).await?;
    }
    if !old.is_empty() {
        if change
            .bounded_by
            .as_ref()
            .is_some_and(|caller| !caller.may(taking))
        {
            return Err(UserError::MayNotTake(taking));
        }
        take(tx, change, id, &old).await?;
    }
    Ok(())
}

/// Neither the roles nor the member may be stronger than a user who makes the change.
pub(crate) async fn check_level(
    tx: &Tx,
    change: &Change,
    roles: &[Role],
    user: &UserRecord,
) -> Result<(), UserError> {
    if change.bounded_by.is_none() {
        return Ok(());
    }
    let theirs = strongest(tx, &change.scope, user.id.as_str(), change.now).await?;
    let level = roles.iter().map(|role| role.level).chain(theirs).min();
    if outranks(tx, change, level).await? {
        return Err(UserError::TooStrong);
    }
    Ok(())
}

async fn current(tx: &Tx, change: &Change, user: &UserRecord) -> Result<Vec<Role>, StoreError> {
    let ids = records::role_ids(tx, &change.scope, user.id.as_str()).await?;
    tenancy::roles_held(tx, &change.scope, &ids).await
}

fn keys(roles: &[Role]) -> Vec<String> {
    roles.iter().map(|role| role.key.clone()).collect()
}

async fn finish(
    tx: &Tx,
    change: &Change,
    action: &str,
    user: UserRecord,
    before: &[String],
) -> Result<MemberRoles, UserError> {
    let roles = current(tx, change, &user).await?;
    note(
        tx,
        change,
        action,
        &user,
        &json!({"roles": before}),
        &json!({"roles": keys(&roles)}),
    )
    .await?;
    Ok(MemberRoles {
        tenant_id: change.scope.tenant_id().to_owned(),
        user_id: user.id.to_string(),
        roles: roles.into_iter().map(Into::into).collect(),
    })
}

/// Writes the audit record of a change to a membership.
pub(crate) async fn note(
    tx: &Tx,
    change: &Change,
    action: &str,
    user: &UserRecord,
    before: &serde_json::Value,
    after: &serde_json::Value,
) -> Result<(), StoreError> {
    let mut record = change.by.clone().changed(Some(before), Some(after));
    action.clone_into(&mut record.action);
    user.id.as_str().clone_into(&mut record.resource_id);
    records::audit(tx, &change.ids, &change.scope, record, user, change.now).await
}

/// Keeps a member out of the tenant, or lets one in again. Sessions in the tenant end at once.
pub(crate) async fn set_disabled(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
    disabled: bool,
) -> Result<(), UserError> {
    let user = held(tx, change, id).await?;
    check_level(tx, change, &[], &user).await?;
    let (environment, tenant) = (&change.scope.environment, change.scope.tenant_id());
    records::set_disabled(tx, environment, tenant, user.id.as_str(), disabled, change.now).await?;
    if disabled {
        credentials
            .end_sessions(
                tx,
                environment,
                &user.id,
                change.scope.tenant.as_ref(),
                change.now,
            )
            .await?;
    }
    let action = if disabled {
        "User disabled in tenant"
    } else {
        "User enabled in tenant"
    };
    note(
        tx,
        change,
        action,
        &user,
        &json!({"isDisabled": !disabled}),
        &json!({"isDisabled": disabled}),
    )
    .await?;
    Ok(())
}
