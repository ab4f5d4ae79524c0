//! Creating users and adding them to tenants.

use std::sync::Arc;

use blocks::settings;
use db::{StoreError, Tx};
use environment::AuthConfiguration;
use futures_util::future::try_join;
use kit::{Scope, TenantId};
use tenancy::Role;

use super::domain::{self, UserError, note};
use super::model::Creation;
use crate::applications;
use crate::onboarding::is_waiting;
use crate::records::{self, Membership, MembershipStatus, UserRecord};
use crate::room::Change;
use crate::views::{self, Audience, Detail, Lens, UserView};
use crate::{Credentials, Inviter, Mailer, PreparedPassword, temporary};

/// What is decided before the transaction opens.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) creation: Creation,
    pub(crate) password: Option<PreparedPassword>,
    /// The id a new user gets.
    pub(crate) id: String,
}

/// Creates the user, or adds the one with the same address to the tenant, and mails them word of it unless the order is
/// silent. Answers the user as the tenant sees it.
pub(crate) async fn create(
    tx: &Tx,
    change: &Change,
    (credentials, mailer): (&Arc<dyn Credentials>, Option<&Mailer>),
    prepared: &Prepared,
) -> Result<UserView, UserError> {
    let (environment, creation) = (&change.scope.environment, &prepared.creation);
    let tenant = match (&creation.tenant_id, &change.scope.tenant) {
        (Some(named), _) => TenantId::from(named.as_str()),
        (None, Some(tenant)) => tenant.clone(),
        (None, None) => return Err(UserError::NoTenant),
    };
    if change.bounded_by.is_some() && !invitations_allowed(tx, change).await? {
        return Err(UserError::NoInvitations);
    }
    let access = tenancy::sub_account_access(tx, environment, tenant.as_str())
        .await?
        .ok_or(UserError::NoTenant)?;
    let scope = Scope::tenant(environment.clone(), tenant.clone());
    let change = &Change {
        scope: scope.clone(),
        ..change.clone()
    };
    if creation.expires_in.is_some() && !temporary::permitted(tx, &scope).await? {
        return Err(UserError::NoTemporary);
    }
    let roles = roles_for(tx, change, creation).await?;
    let status = if creation.silent {
        MembershipStatus::PendingLogin
    } else {
        MembershipStatus::NotActivated
    };
    let reaches = creation.sub_accounts || access.by_default();
    let roles = roles.into_iter().map(|role| role.id).collect();
    let mut membership = Membership {
        expires_at: creation
            .expires_in
            .map(|seconds| change.now.plus_seconds(seconds)),
        ..Membership::new(tenant.as_str(), roles, status, reaches, change.now)
    };
    let known = match find(tx, environment, creation).await? {
        Some(user) => Some(user),
        None if records::write_new_user(tx, environment, &new_user(prepared, &membership)).await? => None,
        // Somebody else created the user in this moment.
        None => Some(
            find(tx, environment, creation)
                .await?
                .ok_or(UserError::UsernameTaken)?,
        ),
    };
    let new = known.is_none();
    let user = match known {
        Some(user) => match attach(tx, change, creation, user, &mut membership).await? {
            Attached::Joined(user) => user,
            Attached::Waiting(user, held) => {
                return resend(tx, change, mailer, creation, (user, held)).await;
            }
        },
        None => {
            let user = new_user(prepared, &membership);
            records::write_new_member(tx, environment, &user, &membership).await?;
            if let Some(password) = &prepared.password {
                credentials
                    .store(tx, environment, &user.id, password, change.now)
                    .await?;
            }
            user
        }
    };
    // People who are in already were not asked about.
    if let (Some(email), false) = (&creation.email, creation.vouched)
        && !credentials.admits_address(tx, &change.scope, email).await?
    {
        return Err(UserError::AddressNotAdmitted);
    }
    let action = if new {
        "User created"
    } else {
        "User added to tenant"
    };
    note(tx, change, action, None, Some(&user)).await?;
    if !creation.silent
        && let Some(mailer) = mailer
    {
        tell(tx, change, mailer, creation, (&user, &membership, new)).await?;
    }
    applications::give_new(tx, change, &user.id, &creation.application_ids).await?;
    let mut view = shown(tx, change, user.clone()).await?;
    view.temporary_expiration_date = membership.expires_at;
    enter(tx, &scope, &user, &membership, new).await?;
    Ok(view)
}

/// Counts the new member in, unless the tenant was deleted meanwhile. Nobody else sees a new user before the commit, so
/// the tenant, for which others wait, is held no earlier than this.
async fn enter(
    tx: &Tx,
    scope: &Scope,
    user: &UserRecord,
    membership: &Membership,
    new: bool,
) -> Result<(), UserError> {
    let (environment, tenant) = (&scope.environment, scope.tenant_id());
    // Sent together, in this order.
    let held = tenancy::hold_tenant(tx, environment, tenant);
    let counted = records::count_in(tx, environment, user, tenant, new);
    let (access, ()) = try_join(held, counted).await?;
    let access = access.ok_or(UserError::NoTenant)?;
    if access.by_default() && !membership.sub_accounts {
        records::set_sub_accounts(tx, scope, user.id.as_str(), true).await?;
    }
    Ok(())
}

/// Whether users may invite others here at all.
async fn invitations_allowed(tx: &Tx, change: &Change) -> Result<bool, StoreError> {
    let whole = Scope::environment(change.scope.environment.clone());
    let configuration: AuthConfiguration = settings::effective(tx, &whole).await?;
    Ok(configuration.allow_tenant_invitations)
}

/// The user as whoever made the change sees them.
async fn shown(tx: &Tx, change: &Change, user: UserRecord) -> Result<UserView, UserError> {
    let audience = if change.bounded_by.is_some() {
        Audience::Colleague
    } else {
        Audience::Environment
    };
    let lens = Lens {
        tenant: change.scope.tenant.as_ref(),
        audience,
        detail: Detail::Full,
        below: None,
    };
    Ok(views::view(tx, &change.scope.environment, user, lens).await?)
}

/// Mails a new user the activation, and somebody who is there what is right for them.
async fn tell(
    tx: &Tx,
    change: &Change,
    mailer: &Mailer,
    creation: &Creation,
    (user, membership, new): (&UserRecord, &Membership, bool),
) -> Result<(), StoreError> {
    let issuer = change.issuer(tx).await?;
    let inviter = Inviter {
        user: issuer.as_ref(),
        metadata: creation.email_metadata.as_ref(),
    };
    if new {
        // Even when the environment vouches for the address: by this they choose a password.
        mailer
            .activation(tx, &change.scope, user, inviter, change.now)
            .await?;
    } else {
        mailer
            .welcome(tx, &change.scope, (user, membership), inviter, change.now)
            .await?;
    }
    Ok(())
}

/// Mails a member who has not come in yet once more; nothing else changes.
async fn resend(
    tx: &Tx,
    change: &Change,
    mailer: Option<&Mailer>,
    creation: &Creation,
    (user, membership): (UserRecord, Membership),
) -> Result<UserView, UserError> {
    if let Some(mailer) = mailer {
        tell(tx, change, mailer, creation, (&user, &membership, false)).await?;
    }
    note(tx, change, "Invitation sent again", None, Some(&user)).await?;
    let mut view = shown(tx, change, user).await?;
    view.temporary_expiration_date = membership.expires_at;
    Ok(view)
}

async fn roles_for(tx: &Tx, change: &Change, creation: &Creation) -> Result<Vec<Role>, UserError> {
    if creation.role_ids.is_empty() {
        return Ok(tenancy::default_roles(tx, &change.scope).await?);
    }
    let roles = tenancy::assignable_roles(tx, &change.scope, &creation.role_ids).await?;
    let level = roles.iter().map(|role| role.level).min();
    if domain::outranks(tx, change, level).await? {
        return Err(UserError::TooStrong);
    }
    Ok(roles)
}

/// The user that the order means: by address, else by username.
async fn find(
    tx: &Tx,
    environment: &kit::EnvironmentId,
    creation: &Creation,
) -> Result<Option<UserRecord>, UserError> {
    Ok(match (&creation.email, &creation.username) {
        (Some(email), _) => records::user_by_email(tx, environment, email).await?,
        (None, Some(username)) => records::user_by_username(tx, environment, username).await?,
        (None, None) => None,
    })
}

/// What was found of somebody who is there.
enum Attached {
    Joined(UserRecord),
    /// A member already, who has not come in yet and shall hear of it again.
    Waiting(UserRecord, Membership),
}

/// Makes somebody who is there a member; nothing of the user itself changes.
async fn attach(
    tx: &Tx,
    change: &Change,
    creation: &Creation,
    user: UserRecord,
    membership: &mut Membership,
) -> Result<Attached, UserError> {
    // The tenant before the user, as everybody does. Both may be deleted or changed at this moment; from here on that waits.
    tenancy::hold_tenant(tx, &change.scope.environment, change.scope.tenant_id())
        .await?
        .ok_or(UserError::NoTenant)?;
    let user = records::hold(tx, &change.scope.environment, user.id.as_str())
        .await?
        .ok_or(UserError::NotFound)?;
    if !creation.silent && user.verified {
        membership.status = MembershipStatus::PendingInvitation;
    }
    if !records::write_new_member(tx, &change.scope.environment, &user, membership).await? {
        let resends = creation.resends && !creation.silent && user.email.is_some();
        let held = records::membership(tx, &change.scope, &user.id).await?;
        return match held.filter(|held| resends && is_waiting(&user, held)) {
            Some(held) => Ok(Attached::Waiting(user, held)),
            None => Err(UserError::AlreadyMember),
        };
    }
    Ok(Attached::Joined(user))
}

fn new_user(prepared: &Prepared, membership: &Membership) -> UserRecord {
    let creation = &prepared.creation;
    let id = prepared.id.as_str().into();
    UserRecord {
        email: creation.email.clone(),
        username: creation.username.clone(),
        phone_number: creation.phone_number.clone(),
        verified: creation.vouched,
        provider: creation.provider.as_str().to_owned(),
        mfa_bypass: creation.mfa_bypass,
        metadata: creation.metadata.clone(),
        vendor_metadata: creation.vendor_metadata.clone(),
        profile_picture_url: creation.profile_picture_url.clone(),
        external_id: creation.external_id.clone(),
        ..UserRecord::new(id, &creation.name, &membership.tenant_id, membership.created_at)
    }
}
