//! How sessions begin and end.

use blocks::audit::{Actor, AuditRecord};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, TenantId, UserId};
use web::CallOrigin;

use super::cookies::CookieStyle;
use super::model::{EndReason, NewSession};
use super::store;
use crate::gate::{Minted, Pass};
use crate::room::Access;

/// A token and what continues it.
pub(crate) struct SignedIn {
    pub(crate) pass: Pass,
    pub(crate) minted: Minted,
    pub(crate) refresh_token: String,
    /// How long the refresh token lives.
    pub(crate) refresh_seconds: i64,
    /// How the environment sets its cookies.
    pub(crate) cookies: CookieStyle,
    /// What the device cookie is set to.
    pub(crate) device: String,
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
    /// The browser, by its device cookie.
    pub(crate) device: &'a str,
    /// How many sessions the user may have.
    pub(crate) most: Option<i64>,
    pub(crate) from: &'a CallOrigin,
}

/// Stores a session and its first refresh token, and ends the oldest of too many. The caller holds the user, so that two
/// sign-ins at once count one another.
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
        device: opening.device.to_owned(),
    };
    store::insert(tx, environment, &session).await?;
    let hash = crypto::sha256_hex(opening.refresh_token);
    store::insert_token(tx, environment, &hash, opening.id, now, expires_at).await?;
    if let Some(most) = opening.most {
        store::trim(tx, environment, opening.user.as_str(), opening.id, most - 1, now).await?;
    }
    Ok(())
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

/// Ends a session that lives, and records who it was of.
///
/// # Errors
/// When storage fails.
pub(super) async fn end(
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

/// Ends every session of a user but the one that goes on.
///
/// # Errors
/// When storage fails.
pub(crate) async fn end_others(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
    kept: Option<&str>,
    now: Millis,
) -> Result<(), StoreError> {
    store::end_others(
        tx,
        environment.as_str(),
        user.as_str(),
        kept.unwrap_or_default(),
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
