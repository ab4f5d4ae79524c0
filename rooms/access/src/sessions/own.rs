//! `POST users/v3/me/token` and `POST users/sessions/v1/revoke`.

use blocks::audit::AuditRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AnyCaller, Body, Done, Guard, Json, Need, Problem, Routes, State, UserCaller, routes};

use super::domain;
use crate::gate::{self, Goal, Refusal, SessionRef, Wish};
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    let revoke = Guard::environment_or_user(Need::Permission("fe.secure.delete.sessions")).with_tenant();
    Routes::new()
        .on(Guard::user(Need::SignedIn), routes!(token_for_tenant))
        .on(revoke, routes!(revoke_sessions))
}

/// The tenant a token is wanted for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TokenBody {
    tenant_id: String,
}

/// A token of the same session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer {
    /// The user token, a JWT.
    access_token: String,
    /// When it expires, as an HTTP date.
    expires: String,
    /// Seconds until then.
    expires_in: i64,
}

/// A user token for another tenant of the caller. The session goes on, and the tenant in force stays.
#[utoipa::path(post, path = "/identity/resources/users/v3/me/token", tag = "User management",
    request_body = TokenBody, responses((status = 200, body = TokenAnswer),
        (status = 401, description = "The session has ended"),
        (status = 403, description = "The caller may not enter this tenant")))]
async fn token_for_tenant(
    State(room): State<Access>,
    caller: UserCaller,
    Body(body): Body<TokenBody>,
) -> Result<Json<TokenAnswer>, Problem> {
    if body.tenant_id.trim().is_empty() {
        return Err(Problem::bad_request("tenantId should not be empty"));
    }
    let session = caller
        .session
        .clone()
        .ok_or_else(|| Problem::unauthorized("Unauthorized"))?;
    let environment = room.environment(&caller.environment).await?;
    let configuration = room.configuration(&environment.id).await?;
    let now = room.app.now();
    let (application, ip) = (caller.from.application.clone(), caller.from.ip);
    let (settings, alive, id) = (configuration.clone(), session.clone(), caller.environment.clone());
    let pass = room
        .app
        .db()
        .read(async move |tx| {
            let Some(began) = domain::alive_since(tx, &id, &alive).await? else {
                return Ok(None);
            };
            let Some(user) = people::user_by_id(tx, &id, caller.user.as_str()).await? else {
                return Ok(None);
            };
            let goal = Goal {
                tenant: Wish::Exactly(&body.tenant_id),
                application: application.as_deref(),
                ip,
            };
            let pass = gate::admit(tx, &id, user, &settings, goal, now).await?;
            // It may outlast what the other tenant allows; whether it idles is for its refresh to say.
            let counts = pass.admits_from(began) && pass.limits.over(began, now, now).is_none();
            Ok::<_, Refusal>(counts.then_some((pass, began)))
        })
        .await?;
    let (pass, began) = pass.ok_or_else(|| Problem::unauthorized("Unauthorized"))?;
    let minted = gate::mint(
        &room.directory,
        &environment,
        &configuration,
        &pass,
        SessionRef { id: &session, began },
        now,
    )
    .await?;
    Ok(Json(TokenAnswer {
        access_token: minted.token,
        expires: minted.expires.rfc1123(),
        expires_in: minted.expires_in,
    }))
}

/// Whose sessions are to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RevokeBody {
    user_id: String,
}

/// Ends the sessions of a member in the tenant, and lets no token from before count there any more.
#[utoipa::path(post, path = "/identity/resources/users/sessions/v1/revoke", tag = "User sessions",
    request_body = RevokeBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Ended; the body is empty"),
        (status = 403, description = "A member stronger than the caller"), (status = 404, description = "No such member")))]
async fn revoke_sessions(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<RevokeBody>,
) -> Result<Done, Problem> {
    if body.user_id.trim().is_empty() {
        return Err(Problem::bad_request("userId should not be empty"));
    }
    let (scope, ids, now) = (caller.scope(), room.app.ids().clone(), room.app.now());
    let acting = caller.user().map(|caller| caller.user.clone());
    let record = AuditRecord::new("Sessions of user ended", "user", &body.user_id).by(&caller);
    room.app
        .db()
        .write(async move |tx| {
            let user = people::shut_out(tx, &scope, &body.user_id, acting.as_ref(), now).await?;
            domain::end_of_user(tx, &scope.environment, &user.id, scope.tenant.as_ref(), now).await?;
            let mut record = record.clone().about_user(user.id.as_str(), user.email.as_deref());
            if let Some(acting) = &acting {
                record.user_id = Some(acting.to_string());
            }
            record.write(tx, &ids, &scope, now).await?;
            Ok::<_, people::ShutOutError>(())
        })
        .await
        .map_err(|error| match error {
            people::ShutOutError::NotFound => Problem::not_found(error.to_string()),
            people::ShutOutError::TooStrong => Problem::forbidden(error.to_string()),
            people::ShutOutError::Store(error) => error.into(),
        })?;
    Ok(Done::OK)
}
