//! Using a link: whoever proved who they are, or is about to be made, joins its tenant.

use blocks::audit::{Actor, AuditRecord};
use db::{StoreError, Tx};
use environment::{MailOrder, MailTemplate};
use kit::{EnvironmentId, Millis, Scope, UserId};
use people::{Joined, UserRecord};
use serde_json::json;
use thiserror::Error;
use web::{App, CallOrigin, Problem};

use super::domain::{allowed, lasts, stands, within_level};
use super::model::Link;
use super::store;

/// Why a link lets nobody in.
#[derive(Debug, Error)]
pub(crate) enum JoinError {
    /// Never made, taken back, ended, or its owner has left.
    #[error("The invitation is invalid or has expired")]
    Invalid,
    /// Its tenant takes nobody in any more.
    #[error("The account of this invitation is locked")]
    Locked,
    #[error("Invitations are not allowed in this environment")]
    Off,
    /// Says nothing of the list that keeps the address out.
    #[error("This email address cannot join the account")]
    Address,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<JoinError> for Problem {
    fn from(error: JoinError) -> Self {
        let sentence = error.to_string();
        match error {
            JoinError::Invalid => Self::bad_request(sentence).with_code("ER-01061"),
            JoinError::Locked => Self::bad_request(sentence).with_code("ER-01239"),
            JoinError::Off | JoinError::Address => Self::forbidden(sentence),
            JoinError::Store(error) => error.into(),
        }
    }
}

/// What a link is worth at this moment.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    /// The tenant, held until the transaction ends.
    pub(crate) scope: Scope,
    /// What a new member gets.
    pub(crate) role_ids: Vec<String>,
    /// Whether these hold in the tenants below as well.
    pub(crate) reaches: bool,
    link: Link,
}

/// The link of a token, while it is good.
///
/// # Errors
/// [`JoinError`].
pub(super) async fn look(
    tx: &Tx,
    environment: &EnvironmentId,
    token: &str,
    now: Millis,
) -> Result<Link, JoinError> {
    let found = store::by_token(tx, environment, &crypto::sha256_hex(token)).await?;
    let link = found.filter(|link| lasts(link, now)).ok_or(JoinError::Invalid)?;
    if !allowed(tx, environment).await? {
        return Err(JoinError::Off);
    }
    if !tenancy::tenant_exists(tx, environment, &link.tenant).await? {
        return Err(JoinError::Locked);
    }
    if !stands(tx, environment, &link, now).await? {
        return Err(JoinError::Invalid);
    }
    Ok(link)
}

/// Judges a token for somebody with this address and holds its tenant; to be called before any user is held. Roles that
/// are gone, or that the link's owner could not give any more, are left out; where none is left or named, the tenant's
/// default roles are given. Whoever makes the member says so with [`joined`].
///
/// # Errors
/// [`JoinError`].
pub(crate) async fn redeem(
    tx: &Tx,
    environment: &EnvironmentId,
    token: &str,
    email: Option<&str>,
    now: Millis,
) -> Result<Joining, JoinError> {
    let link = look(tx, environment, token, now).await?;
    let access = tenancy::hold_tenant(tx, environment, &link.tenant).await?;
    let access = access.ok_or(JoinError::Locked)?;
    // Once more: the tenant was waited for, and the link may have been taken back meanwhile.
    let link = look(tx, environment, token, now).await?;
    let scope = Scope::tenant(environment.clone(), link.tenant.as_str().into());
    if let Some(email) = email
        && !crate::restrictions::email_domain_allowed(tx, &scope, email).await?
    {
        return Err(JoinError::Address);
    }
    let mut roles = tenancy::roles_held(tx, &scope, &link.role_ids).await?;
    if let Some(owner) = &link.owner {
        roles = within_level(tx, &scope, owner, roles, now).await?;
    }
    if roles.is_empty() {
        roles = tenancy::default_roles(tx, &scope).await?;
    }
    Ok(Joining {
        scope,
        role_ids: roles.into_iter().map(|role| role.id).collect(),
        reaches: access.by_default(),
        link,
    })
}

/// Records that a user has joined by a link, and tells its owner where that is wanted.
///
/// # Errors
/// When storage fails.
pub(crate) async fn joined(
    tx: &Tx,
    app: &App,
    joining: &Joining,
    user: &UserRecord,
    from: &CallOrigin,
    now: Millis,
) -> Result<(), StoreError> {
    let mut record = AuditRecord::new("User joined tenant by invitation link", "user", user.id.as_str())
        .about_user(user.id.as_str(), user.email.as_deref())
        .described(format!("Invitation {}", joining.link.id))
        .from(from);
    record.actor = Actor::User(user.id.to_string());
    record.write(tx, app.ids(), &joining.scope, now).await?;
    let Some(owner) = joining
        .link
        .owner
        .as_deref()
        .filter(|_| joining.link.should_send_email)
    else {
        return Ok(());
    };
    let Some(owner) = people::user_by_id(tx, &joining.scope.environment, owner).await? else {
        return Ok(());
    };
    let Some(to) = &owner.email else { return Ok(()) };
    let tenant = tenancy::tenant(tx, &joining.scope).await?;
    let account = tenant.map_or_else(|| joining.link.tenant.clone(), |tenant| tenant.name);
    let who = user.email.as_deref().unwrap_or(&user.name);
    let order = MailOrder::new(MailTemplate::UserUsedInvitation, to)
        .with("name", owner.name.as_str())
        .with("email", to.as_str())
        .with("tenantName", account.as_str())
        .with("metadata", json!({"userJoined": who, "accountJoined": account}));
    environment::send_mail(tx, app, &joining.scope, &order, now).await?;
    Ok(())
}

/// Lets somebody who is there join by a link; answers the tenant.
///
/// # Errors
/// [`JoinError`].
pub(crate) async fn join(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
    user: &UserRecord,
    token: &str,
    from: &CallOrigin,
    now: Millis,
) -> Result<Scope, JoinError> {
    // Somebody who is in already is not asked about.
    let email = match look(tx, environment, token, now).await? {
        link if is_member(tx, environment, &link, &user.id).await? => None,
        _ => user.email.as_deref(),
    };
    let joining = redeem(tx, environment, token, email, now).await?;
    let done = people::join(
        tx,
        &joining.scope,
        &user.id,
        &joining.role_ids,
        joining.reaches,
        now,
    )
    .await?;
    let done = done.ok_or(JoinError::Invalid)?;
    if !matches!(done, Joined::Before(_)) {
        joined(tx, app, &joining, done.user(), from, now).await?;
    }
    people::count_joined(tx, &joining.scope, &done).await?;
    Ok(joining.scope)
}

async fn is_member(
    tx: &Tx,
    environment: &EnvironmentId,
    link: &Link,
    user: &UserId,
) -> Result<bool, StoreError> {
    let scope = Scope::tenant(environment.clone(), link.tenant.as_str().into());
    Ok(people::membership(tx, &scope, user).await?.is_some())
}
