//! Reading users and memberships, and the few changes that every writer of them shares.

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use futures_util::future::try_join;
use kit::{EnvironmentId, Ids, Millis, Scope, UserId};

use tenancy::Application;

use super::model::{Membership, MembershipStatus, UserRecord};
use super::store::{self, MembershipChange};
use crate::applications;
use crate::identifiers;
use crate::ranks::{self, Ground};
use crate::search;

/// The user who owns an e-mail address, given as [`kit::email_key`] makes it: the primary one, or one that was proved.
///
/// # Errors
/// When storage fails.
pub async fn user_by_email(
    tx: &Tx,
    environment: &EnvironmentId,
    key: &str,
) -> Result<Option<UserRecord>, StoreError> {
    store::by_identifier(tx, environment, "email", key).await
}

/// The user who has proved a number.
pub(crate) async fn by_phone(
    tx: &Tx,
    environment: &EnvironmentId,
    number: &str,
) -> Result<Option<UserRecord>, StoreError> {
    store::by_identifier(tx, environment, "phone", number).await
}

/// The user with a username, in any case.
///
/// # Errors
/// When storage fails.
pub async fn user_by_username(
    tx: &Tx,
    environment: &EnvironmentId,
    username: &str,
) -> Result<Option<UserRecord>, StoreError> {
    store::by_username(tx, environment, &kit::search_key(username)).await
}

/// The user with an id.
///
/// # Errors
/// When storage fails.
pub async fn user_by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    store::by_id(tx, environment, id).await
}

/// Those of the ids that are users, in no particular order.
pub(crate) async fn users_by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<UserRecord>, StoreError> {
    store::by_ids(tx, environment, ids).await
}

/// A user's memberships, the oldest first.
///
/// # Errors
/// When storage fails.
pub async fn memberships(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
) -> Result<Vec<Membership>, StoreError> {
    store::memberships(tx, environment, user.as_str()).await
}

/// The user's membership in the tenant of the scope.
///
/// # Errors
/// When storage fails.
pub async fn membership(tx: &Tx, scope: &Scope, user: &UserId) -> Result<Option<Membership>, StoreError> {
    store::membership(tx, &scope.environment, scope.tenant_id(), user.as_str()).await
}

/// Notes a successful login into the tenant of the scope through an application: the time, the active tenant there, and that
/// the membership is confirmed.
///
/// # Errors
/// When storage fails.
pub async fn record_login(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    application: &Application,
    now: Millis,
) -> Result<(), StoreError> {
    let Some(before) = store::note_login(tx, &scope.environment, user.as_str(), now).await? else {
        return Ok(());
    };
    store::activate(tx, scope, user.as_str()).await?;
    if !application.is_default || before != scope.tenant_id() {
        applications::entered(tx, scope, user, application, now).await?;
    }
    Ok(())
}

/// Makes the tenant of the scope the one the user works in.
///
/// # Errors
/// When storage fails.
pub async fn set_active_tenant(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    _now: Millis,
) -> Result<(), StoreError> {
    let Some(old) = store::hold(tx, &scope.environment, user.as_str()).await? else {
        return Ok(());
    };
    if old.active_tenant == scope.tenant_id() {
        return Ok(());
    }
    store::set_active_tenant(tx, &scope.environment, user.as_str(), scope.tenant_id()).await?;
    let new = UserRecord {
        active_tenant: scope.tenant_id().to_owned(),
        ..old.clone()
    };
    ranks::relist(tx, Ground::environment(&scope.environment), &old, &new).await
}

/// Notes whether the user has a second factor, as lists and profiles show it.
///
/// # Errors
/// When storage fails.
pub async fn set_mfa_enrolled(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
    enrolled: bool,
) -> Result<(), StoreError> {
    let Some(old) = store::hold(tx, environment, user.as_str()).await? else {
        return Ok(());
    };
    let new = UserRecord {
        mfa_enrolled: enrolled,
        ..old.clone()
    };
    write_row(tx, environment, &old, &new).await?;
    Ok(())
}

/// A user held for a change.
pub(crate) async fn hold(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    store::hold(tx, environment, id).await
}

/// Writes a new user. False when the e-mail address or the username is taken. [`count_in`] must follow.
pub(crate) async fn write_new_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<bool, StoreError> {
    // The address first: it may be a further one of somebody, which the table of users does not know.
    if !identifiers::open(tx, environment, user).await? || !store::insert(tx, environment, user).await? {
        return Ok(false);
    }
    search::note(tx, environment, user.id.as_str(), user.created_at.0).await?;
    Ok(true)
}

/// Counts a new member, and a user who is new altogether, wherever such are counted. Comes last in a transaction: on
/// PostgreSQL others who create users wait from here on, so little is waited for in between, and everybody counts members
/// before users.
pub(crate) async fn count_in(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    tenant: &str,
    new: bool,
) -> Result<(), StoreError> {
    let above = async {
        if !new {
            return Ok(());
        }
        let listed = ranks::enlist(tx, Ground::environment(environment), user);
        try_join(listed, identifiers::enlist_all(tx, environment, user)).await?;
        Ok(())
    };
    ranks::enter(tx, environment, tenant, user, above).await
}

/// Writes a held user that has changed, wherever its parts are repeated. False when the e-mail address or the username
/// is taken.
pub(crate) async fn write_user(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &Ids,
    old: &UserRecord,
    new: &UserRecord,
    now: Millis,
) -> Result<bool, StoreError> {
    Ok(write_row(tx, environment, old, new).await?
        && identifiers::follow(tx, environment, ids, old, new, now).await?)
}

/// The same where neither addresses nor numbers change.
async fn write_row(
    tx: &Tx,
    environment: &EnvironmentId,
    old: &UserRecord,
    new: &UserRecord,
) -> Result<bool, StoreError> {
    if !store::update(tx, environment, new).await? {
        return Ok(false);
    }
    let keys = |user: &UserRecord| {
        (
            user.email_key(),
            user.username_key(),
            user.name_key(),
            user.phone_number.clone(),
            user.class(),
            user.invisible,
        )
    };
    if keys(old) != keys(new) {
        search::note(tx, environment, new.id.as_str(), new.created_at.0).await?;
        let mut tenants = store::repeat_keys(tx, environment, new).await?;
        tenants.sort_unstable();
        for tenant in &tenants {
            ranks::relist_member(tx, environment, tenant, old, new).await?;
        }
    }
    ranks::relist(tx, Ground::environment(environment), old, new).await?;
    Ok(true)
}

/// Makes a user a member with the roles of the membership. False when one already. [`count_in`] must follow.
pub(crate) async fn write_new_member(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    membership: &Membership,
) -> Result<bool, StoreError> {
    if !store::insert_membership(tx, environment, user, membership).await? {
        return Ok(false);
    }
    store::give_roles(
        tx,
        environment,
        &membership.tenant_id,
        user.id.as_str(),
        &membership.role_ids,
    )
    .await?;
    let scope = Scope::tenant(environment.clone(), membership.tenant_id.as_str().into());
    applications::welcome(tx, &scope, user.id.as_str(), membership.created_at).await?;
    Ok(true)
}

/// Disables or enables a membership; sessions in it from before `now` no longer count when disabled. False when there is none.
pub(crate) async fn set_disabled(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
    disabled: bool,
    now: Millis,
) -> Result<bool, StoreError> {
    let change = MembershipChange {
        is_disabled: Some(disabled),
        valid_after: disabled.then_some(now),
        ..MembershipChange::default()
    };
    store::change_membership(tx, environment, tenant, user, change).await
}

/// Lets no token of a member from before `now` count in the tenant. False when there is no such member.
pub(crate) async fn set_valid_after(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<bool, StoreError> {
    let change = MembershipChange {
        valid_after: Some(now),
        ..MembershipChange::default()
    };
    store::change_membership(tx, &scope.environment, scope.tenant_id(), user.as_str(), change).await
}

/// Sets the status of a membership. False when there is none.
///
/// # Errors
/// When storage fails.
pub async fn set_membership_status(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    status: MembershipStatus,
) -> Result<bool, StoreError> {
    let change = MembershipChange {
        status: Some(status),
        ..MembershipChange::default()
    };
    store::change_membership(tx, &scope.environment, scope.tenant_id(), user.as_str(), change).await
}

/// A user as an audit record may keep it.
pub(crate) fn for_audit(user: &UserRecord) -> serde_json::Value {
    serde_json::json!({
        "email": user.email,
        "username": user.username,
        "name": user.name,
        "phoneNumber": user.phone_number,
        "verified": user.verified,
        "isLocked": user.is_locked,
        "provider": user.provider,
        "invisible": user.invisible,
        "superUser": user.super_user,
        "mfaBypass": user.mfa_bypass,
        "metadata": user.metadata,
        "profilePictureUrl": user.profile_picture_url,
        "externalId": user.external_id,
    })
}

/// Writes an audit record about a user.
pub(crate) async fn audit(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    record: AuditRecord,
    user: &UserRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let acting = record.user_id.clone();
    let mut record = record.about_user(user.id.as_str(), user.email.as_deref());
    // The acting user, where there is one, stays named; the record's resource is the user concerned.
    if acting.is_some() {
        record.user_id = acting;
    }
    record.write(tx, ids, scope, now).await
}

/// Gives roles to a member; how many of them are new.
pub(crate) async fn give_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &UserId,
    roles: &[String],
) -> Result<u64, StoreError> {
    store::give_roles(tx, environment, tenant, user.as_str(), roles).await
}

/// Takes roles from a member; how many of them were held.
pub(crate) async fn take_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &UserId,
    roles: &[String],
) -> Result<u64, StoreError> {
    store::take_roles(tx, environment, tenant, user.as_str(), roles).await
}

/// Ids of the roles of a member.
pub(crate) async fn role_ids(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, StoreError> {
    store::role_ids(tx, scope, user).await
}

/// Ids of the roles that any of these members holds directly.
pub(crate) async fn role_ids_among(
    tx: &Tx,
    scope: &Scope,
    users: &[String],
) -> Result<Vec<String>, StoreError> {
    store::role_ids_among(tx, scope, users).await
}

/// The next members of the scope's tenant after a user, by id.
pub(crate) async fn members_after(
    tx: &Tx,
    scope: &Scope,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    store::members_after(tx, scope, after, most).await
}

/// The memberships of several users, each user's oldest first, as (user, membership).
pub(crate) async fn memberships_of(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
) -> Result<Vec<(String, Membership)>, StoreError> {
    store::memberships_of(tx, environment, users).await
}

/// Keeps other writers away from a membership; false when there is none.
pub(crate) async fn hold_membership(tx: &Tx, scope: &Scope, user: &UserId) -> Result<bool, StoreError> {
    store::hold_membership(tx, &scope.environment, scope.tenant_id(), user.as_str()).await
}
