//! How sessions begin, continue and end.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::settings;
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment, TokenError};
use kit::{EnvironmentId, Ids, Millis, Scope, TenantId, UserId};
use thiserror::Error;
use web::CallOrigin;

use super::cookies::CookieStyle;
use super::model::{EndReason, MEMORY_SECONDS, NewSession, Presented, Standing};
use super::store;
use crate::gate::{self, Minted, Pass, Refusal, Wish};
use crate::room::Access;

/// A refresh was refused. None of these but the last two is a fault of ours.
#[derive(Debug, Error)]
pub(crate) enum RefreshError {
    /// Unknown, expired, ended, reused, or of a user who may not sign in any more.
    #[error("Session not found")]
    NoSession,
    /// An older value within the grace, but further back than the environment honours. The browser may hold a newer
    /// one, so its cookie is left alone.
    #[error("Session not found")]
    Straggler,
    #[error("You are not a member of this account")]
    NotAMember,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A token and what continues it.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) pass: Pass,
    pub(crate) minted: Minted,
    pub(crate) refresh_token: String,
    /// How long the refresh token lives.
    pub(crate) refresh_seconds: i64,
    /// How the environment sets its cookies.
    pub(crate) cookies: CookieStyle,
}

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) id: &'a str,
    pub(crate) user: &'a UserId,
    /// The environment, and the tenant signed in to.
    pub(crate) scope: &'a Scope,
    pub(crate) refresh_token: &'a str,
    pub(crate) refresh_seconds: i64,
    pub(crate) from: &'a CallOrigin,
}

/// Stores a session and its first refresh token.
///
/// # Errors
/// When storage fails.
pub(crate) async fn open(tx: &Tx, opening: &Opening<'_>, now: Millis) -> Result<(), StoreError> {
    let environment = opening.scope.environment_id();
    let expires_at = now.plus_seconds(opening.refresh_seconds);
    let session = NewSession {
        id: opening.id.to_owned(),
        user: opening.user.clone(),
        tenant: opening.scope.tenant_id().to_owned(),
        created_at: now,
        expires_at,
        ip: opening.from.ip.to_string(),
        user_agent: opening.from.user_agent.clone(),
    };
    store::insert(tx, environment, &session).await?;
    let hash = crypto::sha256_hex(opening.refresh_token);
    store::insert_token(tx, environment, &hash, opening.id, now, expires_at).await?;
    Ok(())
}

/// What a refresh learnt by reading.
struct Seen {
    presented: Presented,
    standing: Standing,
    /// Within the grace: whether the environment still honours a value this far back.
    honoured: bool,
    configuration: AuthConfiguration,
    pass: Result<Pass, Refusal>,
}

/// Continues a session (server-sdk-contract.md section 4): a new access token, and the one successor of `token`. Two
/// callers with one value get one successor, because it is derived from the value.
///
/// # Errors
/// [`RefreshError`].
pub(crate) async fn refresh(
    room: &Access,
    environment: &Environment,
    token: &str,
    wish: Option<String>,
    from: &CallOrigin,
) -> Result<SignedIn, RefreshError> {
    let now = room.app.now();
    let secret = room.directory.refresh_secret(&environment.id).await?;
    let successor = crypto::derived_uuid(&*secret, token);
    let hash = crypto::sha256_hex(token);

    let reading = (
        environment.id.clone(),
        hash.clone(),
        successor.clone(),
        wish.clone(),
    );
    let seen = room
        .app
        .db()
        .read(async move |tx| {
            let (environment, hash, successor, wish) = &reading;
            see(tx, environment, hash, successor, &*secret, wish.as_deref(), now).await
        })
        .await?;
    let Some(seen) = seen else {
        return Err(RefreshError::NoSession);
    };
    match seen.standing {
        Standing::Over => return Err(RefreshError::NoSession),
        Standing::Reused => {
            end_reused(room, environment, &seen.presented, from, now).await?;
            return Err(RefreshError::NoSession);
        }
        Standing::InGrace if !seen.honoured => return Err(RefreshError::Straggler),
        Standing::Current | Standing::InGrace => {}
    }
    let pass = match seen.pass {
        Ok(pass) => pass,
        Err(Refusal::Store(error)) => return Err(error.into()),
        Err(Refusal::NotAMember) => return Err(RefreshError::NotAMember),
        Err(_) => return Err(RefreshError::NoSession),
    };
    if seen.presented.session_created_at < pass.user.valid_after {
        return Err(RefreshError::NoSession);
    }
    let configuration = seen.configuration;
    let session = seen.presented.session.as_str();
    let minted = gate::mint(&room.directory, environment, &configuration, &pass, session, now).await?;
    let refresh_seconds = configuration.default_refresh_token_expiration;
    let rotates = configuration.rotate_refresh_tokens || seen.standing == Standing::InGrace;
    if seen.standing == Standing::Current {
        let step = Step {
            session: session.to_owned(),
            hash,
            successor: rotates.then(|| crypto::sha256_hex(&successor)),
            honours: configuration.refresh_tokens_rotation_limit > 0,
            // A tenant wished for is for this token only: one browser may hold a tenant per tab.
            tenant: Some(pass.tenant.to_string())
                .filter(|tenant| wish.is_none() && *tenant != seen.presented.tenant),
            expires_at: now.plus_seconds(refresh_seconds),
        };
        let environment = environment.id.clone();
        room.app
            .db()
            .write(async move |tx| advance(tx, &environment, &step, now).await)
            .await?;
    }
    let refresh_token = if rotates { successor } else { token.to_owned() };
    let cookies = CookieStyle::of(environment, &configuration);
    Ok(SignedIn {
        pass,
        minted,
        refresh_token,
        refresh_seconds,
        cookies,
    })
}

async fn see(
    tx: &Tx,
    environment: &EnvironmentId,
    hash: &str,
    successor: &str,
    secret: &[u8],
    wish: Option<&str>,
    now: Millis,
) -> Result<Option<Seen>, StoreError> {
    let Some(presented) = store::presented(tx, environment.as_str(), hash).await? else {
        return Ok(None);
    };
    let Some(user) = people::user_by_id(tx, environment, presented.user.as_str()).await? else {
        return Ok(None);
    };
    let scope = Scope::environment(environment.clone());
    let configuration: AuthConfiguration = settings::effective(tx, &scope).await?;
    let standing = presented.standing(now);
    let honoured = match standing {
        Standing::InGrace => {
            let most = configuration.refresh_tokens_rotation_limit;
            is_honoured(tx, environment, successor, secret, most, now).await?
        }
        _ => true,
    };
    let wish = wish.map_or(Wish::Prefer(None), Wish::Exactly);
    let pass = gate::admit(tx, environment, user, &configuration, wish, now).await;
    Ok(Some(Seen {
        presented,
        standing,
        honoured,
        configuration,
        pass,
    }))
}

/// The furthest back that is ever looked, whatever the environment says.
const FURTHEST: i64 = 100;

/// Whether the current value is at most `most` rotations after the one whose successor is given.
async fn is_honoured(
    tx: &Tx,
    environment: &EnvironmentId,
    successor: &str,
    secret: &[u8],
    most: i64,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut value = successor.to_owned();
    for _ in 0..most.min(FURTHEST) {
        let hash = crypto::sha256_hex(&value);
        match store::presented(tx, environment.as_str(), &hash).await? {
            Some(next) if next.standing(now) == Standing::Current => return Ok(true),
            Some(next) if next.standing(now) == Standing::InGrace => {
                value = crypto::derived_uuid(secret, &value);
            }
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// One step of a session, made before its transaction begins.
struct Step {
    session: String,
    hash: String,
    /// Hash of the value that follows; `None` where values are not rotated.
    successor: Option<String>,
    /// Whether another caller's rotation of the same value, a moment ago, is as good as ours.
    honours: bool,
    tenant: Option<String>,
    expires_at: Millis,
}

/// Takes the step, or finds that another caller with the same value has just taken it.
async fn advance(tx: &Tx, environment: &EnvironmentId, step: &Step, now: Millis) -> Result<(), RefreshError> {
    let id = environment.as_str();
    let ours = match &step.successor {
        Some(_) => store::rotate(tx, id, &step.hash, now, now.plus_seconds(MEMORY_SECONDS)).await?,
        None => store::extend(tx, id, &step.hash, now, step.expires_at).await?,
    };
    if !ours {
        return match store::presented(tx, id, &step.hash).await? {
            Some(presented) if step.honours && presented.standing(now) == Standing::InGrace => Ok(()),
            _ => Err(RefreshError::NoSession),
        };
    }
    if let Some(successor) = &step.successor {
        store::insert_token(tx, id, successor, &step.session, now, step.expires_at).await?;
    }
    if store::touch(
        tx,
        id,
        &step.session,
        step.tenant.as_deref(),
        now,
        step.expires_at,
    )
    .await?
    {
        Ok(())
    } else {
        Err(RefreshError::NoSession) // ended meanwhile; nothing of this transaction is kept
    }
}

/// A value that was replaced long ago came back: one of its two holders is a thief, so the session ends for both.
async fn end_reused(
    room: &Access,
    environment: &Environment,
    presented: &Presented,
    from: &CallOrigin,
    now: Millis,
) -> Result<(), StoreError> {
    let record = AuditRecord::new("Refresh token reused", "session", &presented.session)
        .severity(Severity::High)
        .from(from)
        .described("A refresh token that had been replaced was presented again; its session was ended");
    let ids = room.app.ids().clone();
    let (environment, session) = (environment.id.clone(), presented.session.clone());
    room.app
        .db()
        .write(async move |tx| {
            end(
                tx,
                &ids,
                &environment,
                &session,
                EndReason::Reuse,
                record.clone(),
                now,
            )
            .await
        })
        .await
}

/// Ends the session that a request's refresh token or user token belongs to; nothing happens when there is none.
///
/// # Errors
/// When storage fails.
pub(crate) async fn log_out(
    room: &Access,
    environment: &EnvironmentId,
    refresh_token: Option<&str>,
    session: Option<String>,
    from: &CallOrigin,
) -> Result<(), StoreError> {
    let hash = refresh_token.map(crypto::sha256_hex);
    if hash.is_none() && session.is_none() {
        return Ok(());
    }
    let now = room.app.now();
    let ids = room.app.ids().clone();
    let environment = environment.clone();
    let record = AuditRecord::new("User logged out", "user", "").from(from);
    room.app
        .db()
        .write(async move |tx| {
            let mut found = None;
            if let Some(hash) = &hash {
                found = store::presented(tx, environment.as_str(), hash).await?;
            }
            let Some(session) = found.map(|one| one.session).or_else(|| session.clone()) else {
                return Ok(());
            };
            end(
                tx,
                &ids,
                &environment,
                &session,
                EndReason::Logout,
                record.clone(),
                now,
            )
            .await
        })
        .await
}

/// Ends a session that lives, and records it as its user's doing.
async fn end(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    session: &str,
    reason: EndReason,
    mut record: AuditRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let Some((user, tenant)) = store::end(tx, environment.as_str(), session, reason, now).await? else {
        return Ok(());
    };
    let email = people::user_by_id(tx, environment, &user)
        .await?
        .and_then(|user| user.email);
    if record.resource_id.is_empty() {
        record.resource_id.clone_from(&user);
    }
    record = record.about_user(&user, email.as_deref());
    if reason == EndReason::Logout {
        record.actor = Actor::User(user);
    }
    let scope = Scope::tenant(environment.clone(), tenant.into());
    record.write(tx, ids, &scope, now).await
}

/// How the environment wants its users to sign in.
///
/// # Errors
/// When storage fails.
pub(crate) async fn configuration(
    room: &Access,
    environment: &EnvironmentId,
) -> Result<AuthConfiguration, StoreError> {
    let scope = Scope::environment(environment.clone());
    room.app
        .db()
        .read(async move |tx| settings::effective(tx, &scope).await)
        .await
}

/// When a session began, unless it has ended or was never there.
///
/// # Errors
/// When storage fails.
pub(crate) async fn alive_since(
    tx: &Tx,
    environment: &EnvironmentId,
    session: &str,
) -> Result<Option<Millis>, StoreError> {
    store::alive_since(tx, environment.as_str(), session).await
}

/// Ends every session of a user, or those active in one tenant.
///
/// # Errors
/// When storage fails.
pub(crate) async fn end_of_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
    tenant: Option<&TenantId>,
    now: Millis,
) -> Result<(), StoreError> {
    store::end_of_user(
        tx,
        environment.as_str(),
        user.as_str(),
        tenant.map(TenantId::as_str),
        now,
    )
    .await
}

/// Removes every session of a user.
///
/// # Errors
/// When storage fails.
pub(crate) async fn remove_of_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
) -> Result<(), StoreError> {
    store::remove_of_user(tx, environment.as_str(), user.as_str()).await
}

/// Removes up to `most` sessions active in the tenant of the scope; true when none is left.
///
/// # Errors
/// When storage fails.
pub(crate) async fn remove_of_tenant(tx: &Tx, scope: &Scope, most: i64) -> Result<bool, StoreError> {
    store::remove_of_tenant(tx, scope.environment_id(), scope.tenant_id(), most).await
}
