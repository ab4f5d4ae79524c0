//! The one gate before any user token, and the one place that mints them.
//!
//! Every way in (password, refresh, and whatever comes later) asks [`admit`] for a [`Pass`] and turns it into a token with
//! [`mint`]; there is no other way to either.

use std::net::IpAddr;

use db::{StoreError, Tx};
use environment::{AuthConfiguration, Directory, Environment, Purpose, TokenError};
use kit::{EnvironmentId, Millis, Scope, TenantId};
use people::{Door, Membership, MembershipStatus, UserRecord};
use serde::Serialize;
use serde_json::{Map, Value};
use tenancy::{Application, ApplicationError};
use thiserror::Error;

use crate::restrictions;
use crate::session_policy::{self, Limits};

/// Which tenant the token should be for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish<'a> {
    /// The one named if the user may enter it; else the one last worked in; else the oldest.
    Prefer(Option<&'a str>),
    /// This one or none.
    Exactly(&'a str),
}

/// Why somebody whose credential is right gets no token.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("Your account is locked")]
    Locked,
    #[error("Verify your email before you sign in")]
    NotVerified,
    /// The tenant asked for is none of theirs, or closed to them.
    #[error("You are not a member of this account")]
    NotAMember,
    #[error("Accept your invitation before you sign in")]
    Invited,
    #[error("Your access to this account has expired")]
    Expired,
    #[error("You do not have access to any account")]
    NoTenant,
    /// The tenant's list of addresses keeps them out.
    #[error("You may not sign in to this account from your network")]
    Address,
    /// The application asked for is closed: to everybody, to the tenant, or to the user.
    #[error(transparent)]
    Application(ApplicationError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApplicationError> for Refusal {
    fn from(error: ApplicationError) -> Self {
        match error {
            ApplicationError::Store(error) => Self::Store(error),
            other => Self::Application(other),
        }
    }
}

/// What somebody wants to enter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal<'a> {
    pub(crate) tenant: Wish<'a>,
    /// The application that the request names; the default one where it names none.
    pub(crate) application: Option<&'a str>,
    /// Where the call comes from.
    pub(crate) ip: IpAddr,
}

/// Everything a token says about its user, as of the moment the gate was asked.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) user: UserRecord,
    pub(crate) tenant: TenantId,
    tenant_ids: Vec<String>,
    roles: Vec<String>,
    permissions: Vec<String>,
    pub(crate) application: Application,
    /// What holds for sessions in the tenant.
    pub(crate) limits: Limits,
    /// Sessions from before this count no more: for the user, or in the tenant.
    since: Millis,
}

impl Pass {
    /// Whether a session that began at this moment counts.
    pub(crate) fn admits_from(&self, began: Millis) -> bool {
        began >= self.since
    }
}

/// Whether `user` may have a token, and for which tenant and application.
///
/// # Errors
/// [`Refusal`].
pub(crate) async fn admit(
    tx: &Tx,
    environment: &EnvironmentId,
    user: UserRecord,
    configuration: &AuthConfiguration,
    goal: Goal<'_>,
    now: Millis,
) -> Result<Pass, Refusal> {
    if user.is_locked {
        return Err(Refusal::Locked);
    }
    if !user.verified && !configuration.allow_not_verified_users_login {
        return Err(Refusal::NotVerified);
    }
    let memberships = people::memberships(tx, environment, &user.id).await?;
    let mut tenant_ids: Vec<String> = memberships.iter().map(|one| one.tenant_id.clone()).collect();
    let memberships = if user.verified {
        memberships
    } else {
        own_ways_in(memberships, &user)
    };
    let (all, door) = before_door(tx, environment, &user, memberships, goal, now).await?;
    let tenant = pick(&door, &all, goal.tenant, now)?;
    let entered = all.iter().find(|one| one.tenant_id == tenant.as_str());
    let since = entered
        .and_then(Membership::ended_sessions)
        .map_or(user.valid_after, |ended| ended.max(user.valid_after));
    // Of those reached from above, which may be a hundred thousand, only the one that the token is for.
    if !tenant_ids.iter().any(|own| *own == tenant.as_str()) {
        tenant_ids.push(tenant.to_string());
    }
    let scope = Scope::tenant(environment.clone(), tenant.clone());
    if !restrictions::address_allowed(tx, &scope, goal.ip).await? {
        return Err(Refusal::Address);
    }
    let limits = session_policy::limits(tx, &scope).await?;
    let authorization = people::authorization(tx, &scope, &user.id, now).await?;
    let keys = |wanted: bool, all: Vec<String>| if wanted { all } else { Vec::new() };
    let roles = authorization.roles.into_iter().map(|role| role.key).collect();
    let permissions = authorization.permissions.into_iter().map(|one| one.key).collect();
    Ok(Pass {
        tenant,
        tenant_ids,
        roles: keys(configuration.add_roles_to_jwt, roles),
        permissions: keys(configuration.add_permissions_to_jwt, permissions),
        application: door.application,
        limits,
        since,
        user,
    })
}

/// The memberships that count for somebody whose address is not proved: what the account began with, and those they have
/// been in. Whoever has taken an address that is not theirs does not get into tenants that invite or add its owner, also
/// where nothing else is left.
fn own_ways_in(mut memberships: Vec<Membership>, user: &UserRecord) -> Vec<Membership> {
    memberships.retain(|one| !one.waits_for_proof(user));
    memberships
}

/// The memberships that matter here and the door of the application: besides the user's own, what holds from above in the
/// tenant wished for and in those last worked in.
async fn before_door(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    mut memberships: Vec<Membership>,
    goal: Goal<'_>,
    now: Millis,
) -> Result<(Vec<Membership>, Door), Refusal> {
    let reaches = memberships.iter().any(|one| one.sub_accounts);
    if reaches {
        let (wished, active) = match goal.tenant {
            Wish::Exactly(wanted) => (Some(wanted), None),
            Wish::Prefer(wanted) => (wanted, Some(user.active_tenant.as_str())),
        };
        for tenant in wished.into_iter().chain(active) {
            reach(tx, environment, user, &mut memberships, tenant, now).await?;
        }
    }
    let ids = |all: &[Membership]| -> Vec<String> { all.iter().map(|one| one.tenant_id.clone()).collect() };
    let door = people::door(tx, environment, user, goal.application, &ids(&memberships)).await?;
    if reaches
        && matches!(goal.tenant, Wish::Prefer(_))
        && reach(tx, environment, user, &mut memberships, &door.active, now).await?
    {
        // Last worked in with this application alone.
        let door = people::door(tx, environment, user, goal.application, &ids(&memberships)).await?;
        return Ok((memberships, door));
    }
    Ok((memberships, door))
}

/// Adds what holds from above in a tenant where no membership of the user's own decides; false when nothing does.
async fn reach(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    memberships: &mut Vec<Membership>,
    tenant: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let decided = |one: &Membership| one.tenant_id == tenant && one.decides();
    if tenant.is_empty() || memberships.iter().any(decided) {
        return Ok(false);
    }
    let scope = Scope::tenant(environment.clone(), tenant.into());
    let inherited = people::inherited_membership(tx, &scope, &user.id, now).await?;
    let Some(inherited) = inherited else {
        return Ok(false);
    };
    memberships.retain(|one| one.tenant_id != tenant);
    memberships.push(inherited);
    Ok(true)
}

/// The tenant to enter: the one wished for, the last active one, the oldest, as far as the application is open there.
fn pick(door: &Door, memberships: &[Membership], wish: Wish<'_>, now: Millis) -> Result<TenantId, Refusal> {
    let usable = in_order(memberships, wish, &door.active, now);
    let mut closed = None;
    for one in usable {
        match door.entry(&one.tenant_id).check() {
            Ok(()) => return Ok(TenantId::from(one.tenant_id.as_str())),
            // The reason for the tenant they would rather have entered.
            Err(reason) => closed = closed.or(Some(reason)),
        }
    }
    Err(match (closed, wish) {
        (Some(reason), _) => reason.into(),
        (None, Wish::Exactly(_)) => Refusal::NotAMember,
        (None, Wish::Prefer(_)) => why_none(memberships, now),
    })
}

/// Memberships that may be entered, best first.
fn in_order<'m>(
    memberships: &'m [Membership],
    wish: Wish<'_>,
    active: &str,
    now: Millis,
) -> Vec<&'m Membership> {
    let mut open: Vec<&Membership> = memberships
        .iter()
        .filter(|one| one.is_usable(now) && one.status != MembershipStatus::PendingInvitation)
        .collect();
    match wish {
        Wish::Exactly(wanted) => open.retain(|one| one.tenant_id == wanted),
        Wish::Prefer(wanted) => open.sort_by(|a, b| {
            let rank = |one: &Membership| {
                let wished = wanted.is_some_and(|wanted| wanted == one.tenant_id);
                (!wished, one.tenant_id != active, one.created_at)
            };
            rank(a).cmp(&rank(b)).then_with(|| a.tenant_id.cmp(&b.tenant_id))
        }),
    }
    open
}

/// The kindest true reason why no tenant may be entered.
fn why_none(memberships: &[Membership], now: Millis) -> Refusal {
    let usable = |one: &&Membership| one.is_usable(now);
    if memberships
        .iter()
        .filter(usable)
        .any(|one| one.status == MembershipStatus::PendingInvitation)
    {
        Refusal::Invited
    } else if memberships
        .iter()
        .any(|one| one.is_expired(now) && !one.is_disabled)
    {
        Refusal::Expired
    } else {
        Refusal::NoTenant
    }
}

/// A signed user token.
pub(crate) struct Minted {
    pub(crate) token: String,
    pub(crate) expires_in: i64,
    pub(crate) expires: Millis,
}

/// The session that a token is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionRef<'a> {
    pub(crate) id: &'a str,
    pub(crate) began: Millis,
}

/// Signs the token of a pass, which ends no later than its session. Costs an RSA signature: never inside a transaction.
///
/// # Errors
/// When the environment's key cannot be read or does not sign.
pub(crate) async fn mint(
    directory: &Directory,
    environment: &Environment,
    configuration: &AuthConfiguration,
    pass: &Pass,
    session: SessionRef<'_>,
    now: Millis,
) -> Result<Minted, TokenError> {
    let expires_in = pass
        .limits
        .cap(configuration.default_token_expiration, session.began, now);
    let expires = now.plus_seconds(expires_in);
    let claims = Claims::new(environment, pass, session.id, now.seconds(), expires.seconds());
    let algorithm = configuration.jwt_algorithm.into();
    let token = directory
        .sign(&environment.id, Purpose::User, algorithm, &claims)
        .await?;
    Ok(Minted {
        token,
        expires_in,
        expires,
    })
}

/// The `type` of a token got by signing in.
pub(crate) const USER_TOKEN: &str = "userToken";

/// The claims of a user token, in the order of real ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    sub: &'a str,
    name: &'a str,
    email: Option<&'a str>,
    #[serde(rename = "email_verified")]
    email_verified: bool,
    metadata: Map<String, Value>,
    roles: &'a [String],
    permissions: &'a [String],
    tenant_id: &'a str,
    tenant_ids: &'a [String],
    profile_picture_url: Option<&'a str>,
    external_id: Option<&'a str>,
    phone_number: Option<&'a str>,
    sid: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    application_id: &'a str,
    /// One text, never a list.
    aud: &'a str,
    iss: &'a str,
    iat: i64,
    exp: i64,
}

impl<'a> Claims<'a> {
    fn new(environment: &'a Environment, pass: &'a Pass, session: &'a str, iat: i64, exp: i64) -> Self {
        let user = &pass.user;
        // Stored as text; SDKs want an object, whatever somebody stored.
        let metadata = serde_json::from_str(&user.metadata).unwrap_or_default();
        Self {
            sub: user.id.as_str(),
            name: &user.name,
            email: user.email.as_deref(),
            email_verified: user.verified,
            metadata,
            roles: &pass.roles,
            permissions: &pass.permissions,
            tenant_id: pass.tenant.as_str(),
            tenant_ids: &pass.tenant_ids,
            profile_picture_url: user.profile_picture_url.as_deref(),
            external_id: user.external_id.as_deref(),
            phone_number: user.phone_number.as_deref(),
            sid: session,
            kind: USER_TOKEN,
            application_id: &pass.application.id,
            aud: environment.id.as_str(),
            iss: &environment.public_url,
            iat,
            exp,
        }
    }
}

#[cfg(test)]
mod tests;
