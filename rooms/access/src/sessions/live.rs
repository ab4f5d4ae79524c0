//! `/identity/resources/users/sessions/v1/me`: one's own sessions.

use blocks::audit::AuditRecord;
use db::StoreError;
use kit::Millis;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;
use web::{Done, Guard, Json, Need, Path, Problem, Routes, State, UserCaller, routes};

use super::domain;
use super::model::{EndReason, LiveSession};
use super::store;
use crate::room::Access;

/// The most sessions that are listed, newest first.
const MOST: i64 = 500;

pub(super) fn routes() -> Routes<Access> {
    let own = Guard::user(Need::SignedIn).on_behalf();
    Routes::new()
        .on(own, routes!(list_own))
        .on(Guard::user(Need::SignedIn), routes!(read_current))
        .on(own, routes!(end_all_own))
        .on(own, routes!(end_own))
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

/// Why sessions were not ended.
#[derive(Debug, Error)]
enum SessionError {
    #[error("Session not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let sentence = error.to_string();
        match error {
            SessionError::NotFound => Self::not_found(sentence),
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
