//! `/identity/resources/users/sessions/v1`: one's own sessions, and the end of others'.

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope, UserId};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use web::{AnyCaller, Body, Done, Guard, Json, Need, Path, Problem, Routes, State, UserCaller, routes};

use super::domain;
use super::model::{EndReason, LiveSession};
use super::store;
use crate::room::Access;

/// The most sessions that are listed, newest first.
const MOST: i64 = 500;

pub(super) fn routes() -> Routes<Access> {
    let own = Guard::user(Need::SignedIn).on_behalf();
    let others = Guard::environment_or_user(Need::Permission("fe.secure.delete.sessions"));
    Routes::new()
        .on(own, routes!(list_own))
        .on(Guard::user(Need::SignedIn), routes!(read_current))
        .on(own, routes!(end_all_own))
        .on(own, routes!(end_own))
        .on(others, routes!(revoke))
}

/// A session that lives.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserSession {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    /// When it ends unless it is refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires: Millis,
    /// Where it was opened from.
    ip_address: String,
    /// What it was opened with.
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
    /// Whether somebody else acts in it.
    impersonated: bool,
}

impl UserSession {
    fn of(session: LiveSession, caller: &UserCaller) -> Self {
        Self {
            current: caller.session.as_deref() == Some(session.id.as_str()),
            id: session.id,
            created_at: session.created_at,
            expires: session.expires_at,
            ip_address: session.ip,
            user_agent: session.user_agent,
            impersonated: session.impersonated,
        }
    }
}

/// Whose sessions to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Revocation {
    user_id: String,
}

/// Why sessions were not ended.
#[derive(Debug, Error)]
enum SessionError {
    #[error("Session not found")]
    NotFound,
    #[error("User not found")]
    NoUser,
    #[error("Sessions of somebody with roles above your own level cannot be ended")]
    TooStrong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let sentence = error.to_string();
        match error {
            SessionError::NotFound | SessionError::NoUser => Self::not_found(sentence),
            SessionError::TooStrong => Self::forbidden(sentence),
            SessionError::Store(error) => error.into(),
        }
    }
}

/// The caller's sessions that live, in every tenant, newest first.
#[utoipa::path(get, path = "/identity/resources/users/sessions/v1/me", tag = "User sessions",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; required with an environment token")),
    responses((status = 200, body = [UserSession])))]
async fn list_own(State(room): State<Access>, caller: UserCaller) -> Result<Json<Vec<UserSession>>, Problem> {
    let (environment, user, now) = (caller.environment.clone(), caller.user.clone(), room.app.now());
    let found = room
        .app
        .db()
        .read(async move |tx| store::live_of_user(tx, environment.as_str(), user.as_str(), now, MOST).await)
        .await?;
    let sessions = found.into_iter().map(|one| UserSession::of(one, &caller));
    Ok(Json(sessions.collect()))
}

/// The session that the caller's token belongs to.
#[utoipa::path(get, path = "/identity/resources/users/sessions/v1/me/current", tag = "User sessions",
    responses((status = 200, body = UserSession), (status = 404, description = "It has ended")))]
async fn read_current(State(room): State<Access>, caller: UserCaller) -> Result<Json<UserSession>, Problem> {
    let (environment, user, now) = (caller.environment.clone(), caller.user.clone(), room.app.now());
    let session = caller.session.clone().ok_or(SessionError::NotFound)?;
    let found = room
        .app
        .db()
        .read(async move |tx| store::live(tx, environment.as_str(), user.as_str(), &session, now).await)
        .await?;
    let found = found.ok_or(SessionError::NotFound)?;
    Ok(Json(UserSession::of(found, &caller)))
}

/// Ends all of the caller's sessions, the current one included.
#[utoipa::path(delete, path = "/identity/resources/users/sessions/v1/me/all", tag = "User sessions",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; required with an environment token")),
    responses((status = 200, description = "They have ended")))]
async fn end_all_own(State(room): State<Access>, caller: UserCaller) -> Result<Done, Problem> {
    let by = AuditRecord::new("All sessions ended", "user", caller.user.as_str()).by_user(&caller);
    let (ids, now, scope, user) = (
        room.app.ids().clone(),
        room.app.now(),
        caller.scope(),
        caller.user,
    );
    room.app
        .db()
        .write(async move |tx| {
            domain::end_of_user(tx, &scope.environment, &user, None, now).await?;
            by.write(tx, &ids, &scope, now).await
        })
        .await?;
    Ok(Done::OK)
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/identity/resources/users/sessions/v1/me/{id}", tag = "User sessions",
    params(
        ("id" = String, Path, description = "The session's id"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; required with an environment token"),
    ),
    responses((status = 200, description = "It has ended"), (status = 404, description = "There is none")))]
async fn end_own(
    State(room): State<Access>,
    caller: UserCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let by = AuditRecord::new("Session ended", "session", &id).by_user(&caller);
    let (ids, now, scope, user) = (
        room.app.ids().clone(),
        room.app.now(),
        caller.scope(),
        caller.user,
    );
    room.app
        .db()
        .write(async move |tx| {
            let environment = scope.environment_id();
            if store::live(tx, environment, user.as_str(), &id, now)
                .await?
                .is_none()
                || store::end(tx, environment, &id, EndReason::Revoked, now)
                    .await?
                    .is_none()
            {
                return Err(SessionError::NotFound);
            }
            by.write(tx, &ids, &scope, now).await?;
            Ok(())
        })
        .await?;
    Ok(Done::OK)
}

/// Ends somebody's sessions: those in the caller's tenant, or all where an environment token names no tenant. Tokens that
/// are out count until they expire.
#[utoipa::path(post, path = "/identity/resources/users/sessions/v1/revoke", tag = "User sessions",
    request_body = Revocation, responses((status = 201, description = "They have ended")))]
async fn revoke(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<Revocation>,
) -> Result<Done, Problem> {
    let user = UserId::from(body.user_id);
    let revoked = Revoke {
        by: AuditRecord::new("User sessions revoked", "user", user.as_str()).by(&caller),
        bounded_by: caller.user().map(|caller| caller.user.clone()),
        scope: caller.scope(),
        ids: room.app.ids().clone(),
        now: room.app.now(),
        user,
    };
    room.app
        .db()
        .write(async move |tx| revoked.write(tx).await)
        .await?;
    Ok(Done::CREATED)
}

/// The end of somebody's sessions.
struct Revoke {
    scope: Scope,
    user: UserId,
    /// The user whose own level bounds what may be done.
    bounded_by: Option<UserId>,
    by: AuditRecord,
    ids: Ids,
    now: Millis,
}

impl Revoke {
    async fn write(&self, tx: &Tx) -> Result<(), SessionError> {
        let known = match self.scope.tenant {
            Some(_) => people::membership(tx, &self.scope, &self.user).await?.is_some(),
            None => people::user_by_id(tx, &self.scope.environment, self.user.as_str())
                .await?
                .is_some(),
        };
        if !known {
            return Err(SessionError::NoUser);
        }
        if let Some(caller) = self.bounded_by.as_ref().filter(|caller| **caller != self.user) {
            let (own, theirs) = (self.level(tx, caller).await?, self.level(tx, &self.user).await?);
            if theirs.is_some_and(|theirs| own.is_none_or(|own| theirs < own)) {
                return Err(SessionError::TooStrong);
            }
        }
        let tenant = self.scope.tenant.as_ref();
        domain::end_of_user(tx, &self.scope.environment, &self.user, tenant, self.now).await?;
        self.by.write(tx, &self.ids, &self.scope, self.now).await?;
        Ok(())
    }

    /// The level of the strongest role, the lowest number.
    async fn level(&self, tx: &Tx, user: &UserId) -> Result<Option<i64>, StoreError> {
        let held = people::authorization(tx, &self.scope, user).await?;
        Ok(held.roles.iter().map(|role| role.level).min())
    }
}
