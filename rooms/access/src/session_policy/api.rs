//! Routes of the document.

use blocks::audit::AuditRecord;
use kit::Scope;
use serde_json::{Map, Value};
use web::{AnyCaller, Body, Done, Guard, Json, Need, Problem, Routes, State, routes};

use super::domain;
use super::model::SessionConfiguration;
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    // Clients read it right after every sign-in, whoever signed in.
    let read = Guard::environment_or_user(Need::SignedIn);
    let write = Guard::environment_or_user(Need::Permission("fe.secure.write.securityPolicy"));
    Routes::new()
        .on(read, routes!(read_configuration))
        .on(write, routes!(change_configuration))
        .on(read, routes!(read_environment_configuration))
}

/// What holds for sessions in the tenant, or in the environment when none is named.
#[utoipa::path(get, path = "/identity/resources/configurations/sessions/v1", tag = "Sessions management",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose sessions are meant")),
    responses((status = 200, body = SessionConfiguration)))]
async fn read_configuration(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<SessionConfiguration>, Problem> {
    read(&room, caller.scope()).await
}

/// What holds for sessions in tenants that have nothing of their own.
#[utoipa::path(get, path = "/identity/resources/configurations/sessions/v1/vendor", tag = "Sessions configuration",
    responses((status = 200, body = SessionConfiguration)))]
async fn read_environment_configuration(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<SessionConfiguration>, Problem> {
    read(&room, Scope::environment(caller.scope().environment)).await
}

/// Changes the parts that are given, for the tenant or for the environment. Sessions that are open follow at their next
/// refresh.
#[utoipa::path(post, path = "/identity/resources/configurations/sessions/v1", tag = "Sessions management",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose sessions are meant")),
    request_body = SessionConfiguration, responses((status = 201, description = "Changed")))]
async fn change_configuration(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(changes): Body<Map<String, Value>>,
) -> Result<Done, Problem> {
    let by = AuditRecord::new("Session policy changed", "policy", "session-configuration").by(&caller);
    let (scope, ids, now) = (caller.scope(), room.app.ids().clone(), room.app.now());
    room.app
        .db()
        .write(async move |tx| domain::change(tx, &ids, &scope, &changes, &by, now).await)
        .await?;
    Ok(Done::CREATED)
}

async fn read(room: &Access, scope: Scope) -> Result<Json<SessionConfiguration>, Problem> {
    let read = room.app.db().read(async move |tx| domain::read(tx, &scope).await);
    Ok(Json(read.await?))
}
