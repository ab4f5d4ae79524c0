//! Decisions about single users: reading, changing, removing.

use std::sync::Arc;

use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, UserId};
use thiserror::Error;

use super::model::ProfileChanges;
use crate::Credentials;
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::views::{self, Lens, UserView};

/// Why a call about a user was refused.
#[derive(Debug, Error)]
pub(crate) enum UserError {
    #[error("User not found")]
    NotFound,
    #[error("Tenant not found")]
    NoTenant,
    #[error("User already exists")]
    AlreadyMember,
    #[error("Email already exists")]
    EmailTaken,
    #[error("Username already exists")]
    UsernameTaken,
    #[error("{0}")]
    UnknownRoles(String),
    #[error("Roles above your own level cannot be given, taken or edited")]
    TooStrong,
    /// The permission that taking roles needs.
    #[error("Taking roles needs the permission {0}")]
    MayNotTake(&'static str),
    #[error("You do not have the permission {0}")]
    NoPermission(&'static str),
    #[error("Every member of this account reaches its sub-accounts; the account's own setting says so")]
    AlwaysOpen,
    #[error("Temporary users are not enabled in this environment")]
    NoTemporary,
    #[error("Invitations are not allowed in this environment")]
    NoInvitations,
    #[error("The member is active already")]
    InAlready,
    /// Says nothing of the list that keeps the address out.
    #[error("This email address cannot be invited")]
    AddressNotAdmitted,
    #[error("The user has no invitation that waits for an answer")]
    NotWaiting,
    #[error("You cannot change when your own access ends")]
    OwnEnd,
    #[error("The user is no member of: {0}")]
    NotMemberOf(String),
    #[error("Task not found")]
    NoTask,
    /// A tenant that a call would have made cannot be.
    #[error(transparent)]
    Tenant(tenancy::TenantError),
    /// The text that exporters know.
    #[error("Tenant ID is defined - forbidden route for tenants")]
    TenantNamed,
    #[error("the body has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<tenancy::Unassignable> for UserError {
    fn from(error: tenancy::Unassignable) -> Self {
        match error {
            tenancy::Unassignable::Unknown(_) => Self::UnknownRoles(error.to_string()),
            tenancy::Unassignable::Store(error) => Self::Store(error),
        }
    }
}

impl From<tenancy::TenantError> for UserError {
    fn from(error: tenancy::TenantError) -> Self {
        match error {
            tenancy::TenantError::NotFound => Self::NoTenant,
            tenancy::TenantError::Faults(sentences) => Self::Faults(sentences),
            tenancy::TenantError::Store(error) => Self::Store(error),
            other => Self::Tenant(other),
        }
    }
}

/// The level of the strongest role of a member (the lowest number), groups included; `None` without roles.
///
/// # Errors
/// When storage fails.
pub async fn strongest(
    tx: &Tx,
    scope: &kit::Scope,
    user: &str,
    now: Millis,
) -> Result<Option<i64>, StoreError> {
    let held = records::role_ids_in_force(tx, scope, user, now).await?;
    if held.is_empty() {
        return Ok(None);
    }
    let roles = tenancy::roles_held(tx, scope, &held).await?;
    Ok(roles.iter().map(|role| role.level).min())
}

/// Whether the change is by a user who is weaker than `level`.
pub(crate) async fn outranks(tx: &Tx, change: &Change, level: Option<i64>) -> Result<bool, StoreError> {
    match &change.bounded_by {
        // Measured where the caller is signed in: a change may be about a tenant below that.
        Some(caller) => weaker(tx, &caller.scope, &caller.user, level, change.now).await,
        None => Ok(false),
    }
}

/// Whether a user who is signed in to the tenant of the scope is weaker than `level`.
pub(crate) async fn weaker(
    tx: &Tx,
    scope: &kit::Scope,
    user: &UserId,
    level: Option<i64>,
    now: Millis,
) -> Result<bool, StoreError> {
    let Some(level) = level else { return Ok(false) };
    let own = strongest(tx, scope, user.as_str(), now).await?;
    Ok(own.is_none_or(|own| level < own))
}

/// The level of the strongest role that any of these members holds, groups included; `None` where they hold none.
pub(crate) async fn strongest_among(
    tx: &Tx,
    scope: &kit::Scope,
    users: &[String],
) -> Result<Option<i64>, StoreError> {
    let mut held = records::role_ids_among(tx, scope, users).await?;
    let through = crate::groups::role_ids_of(tx, &scope.environment, Some(scope.tenant_id()), users).await?;
    held.extend(through.into_iter().map(|(_, _, role)| role));
    held.sort_unstable();
    held.dedup();
    let roles = tenancy::roles_held(tx, scope, &held).await?;
    Ok(roles.iter().map(|role| role.level).min())
}

/// A user seen through a lens. Where the lens names a tenant the user must belong to it.
pub(crate) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    lens: Lens<'_>,
) -> Result<UserView, UserError> {
    let user = records::user_by_id(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let view = views::view(tx, environment, user, lens).await?;
    match lens.tenant {
        Some(tenant) if !view.tenant_ids.iter().any(|one| one == tenant.as_str()) => Err(UserError::NotFound),
        _ => Ok(view),
    }
}

/// The user with an address.
pub(crate) async fn read_by_email(
    tx: &Tx,
    environment: &EnvironmentId,
    email: &str,
    lens: Lens<'_>,
) -> Result<UserView, UserError> {
    let user = records::user_by_email(tx, environment, email)
        .await?
        .ok_or(UserError::NotFound)?;
    Ok(views::view(tx, environment, user, lens).await?)
}

/// Applies changes to a held user and records them.
pub(crate) async fn rewrite(
    tx: &Tx,
    change: &Change,
    action: &str,
    old: &UserRecord,
    new: &UserRecord,
) -> Result<(), UserError> {
    let environment = &change.scope.environment;
    let written = match records::write_user(tx, environment, &change.ids, old, new, change.now).await {
        // Two writers at once on PostgreSQL: the index decides.
        Err(StoreError::Unique { .. }) => false,
        other => other?,
    };
    if !written {
        return Err(if old.email == new.email {
            UserError::UsernameTaken
        } else {
            UserError::EmailTaken
        });
    }
    let left = |old: &Option<String>, new: &Option<String>| old.is_some() && old != new;
    if left(&old.email, &new.email) || left(&old.phone_number, &new.phone_number) {
        crate::identifiers::void_resets(tx, environment, new.id.as_str()).await?;
    }
    if old.profile_picture_url != new.profile_picture_url {
        // Nobody shall find an uploaded one that its user took away or replaced.
        crate::team::forget_picture(tx, environment, new.id.as_str()).await?;
    }
    note(tx, change, action, Some(old), Some(new)).await?;
    Ok(())
}

/// Writes the audit record of a change.
pub(crate) async fn note(
    tx: &Tx,
    change: &Change,
    action: &str,
    before: Option<&UserRecord>,
    after: Option<&UserRecord>,
) -> Result<(), StoreError> {
    let Some(user) = after.or(before) else {
        return Ok(());
    };
    let (was, is) = (before.map(records::for_audit), after.map(records::for_audit));
    let mut record = change.by.clone().changed(was.as_ref(), is.as_ref());
    action.clone_into(&mut record.action);
    user.id.as_str().clone_into(&mut record.resource_id);
    records::audit(tx, &change.ids, &change.scope, record, user, change.now).await
}

/// Changes the profile of a user.
pub(crate) async fn change_profile(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: ProfileChanges,
    lens: Lens<'_>,
) -> Result<UserView, UserError> {
    let environment = &change.scope.environment;
    let old = records::hold(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let new = changes.over(&old);
    if new != old {
        rewrite(tx, change, "User updated", &old, &new).await?;
    }
    Ok(views::view(tx, environment, new, lens).await?)
}

/// Removes a user from the tenant of the change, or altogether where it names none. The last membership takes the user along.
pub(crate) async fn remove(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
) -> Result<(), UserError> {
    let environment = &change.scope.environment;
    let user = records::hold(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let mut partings = Vec::new();
    if let Some(tenant) = &change.scope.tenant {
        let level = strongest(tx, &change.scope, id, change.now).await?;
        if outranks(tx, change, level).await? {
            // Somebody of another tenant is no one to see here.
            return Err(UserError::TooStrong);
        }
        let (parting, stays) = records::end_membership(tx, environment, &user, tenant.as_str())
            .await?
            .ok_or(UserError::NotFound)?;
        partings.push(parting);
        if stays {
            credentials
                .end_sessions(tx, environment, &user.id, Some(tenant), change.now)
                .await?;
            note(tx, change, "User removed from tenant", Some(&user), None).await?;
            return Ok(records::count_out(tx, environment, &partings).await?);
        }
    }
    partings.push(forget(tx, environment, credentials, &user).await?);
    note(tx, change, "User deleted", Some(&user), None).await?;
    Ok(records::count_out(tx, environment, &partings).await?)
}

/// Removes a held user with everything kept about them. [`records::count_out`] must follow.
pub(crate) async fn forget(
    tx: &Tx,
    environment: &EnvironmentId,
    credentials: &Arc<dyn Credentials>,
    user: &UserRecord,
) -> Result<records::Parting, StoreError> {
    credentials.forget(tx, environment, &user.id).await?;
    crate::team::forget_picture(tx, environment, user.id.as_str()).await?;
    records::erase_user(tx, environment, user).await
}
