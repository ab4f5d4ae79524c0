//! `/identity/resources/users/temporary/v1`.

use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State,
    routes,
};

use super::domain;
use super::model::{Lasting, TemporaryUsers};
use crate::room::People;
use crate::users::UserError;

pub(crate) fn routes() -> Routes<People> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key));
    Routes::new()
        .on(with("fe.secure.read.users"), routes!(read_configuration))
        .on(Guard::environment(), routes!(configure))
        .on(
            with("fe.secure.write.users").with_tenant(),
            routes!(make_temporary),
        )
        .on(
            with("fe.secure.write.users").with_tenant(),
            routes!(make_permanent),
        )
}

/// Whether temporary access may be given.
#[utoipa::path(get, path = "/identity/resources/users/temporary/v1/configuration", tag = "User management",
    responses((status = 200, body = TemporaryUsers)))]
async fn read_configuration(
    State(room): State<People>,
    caller: AnyCaller,
) -> Result<Json<TemporaryUsers>, Problem> {
    let scope = caller.scope();
    let found = room
        .app
        .db()
        .read(async move |tx| domain::configuration(tx, &scope).await)
        .await?;
    Ok(Json(found))
}

/// Lets temporary access be given in the environment, or not. What was given stays and ends in its time.
#[utoipa::path(put, path = "/identity/resources/users/temporary/v1/configuration", tag = "Users",
    request_body = TemporaryUsers, responses((status = 200, body = TemporaryUsers)))]
async fn configure(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<TemporaryUsers>,
) -> Result<Json<TemporaryUsers>, Problem> {
    let change = room.change_by_environment(&caller);
    let found = room
        .app
        .db()
        .write(async move |tx| domain::configure(tx, &change, body).await)
        .await?;
    Ok(Json(found))
}

/// Makes the member's access to the tenant end this many seconds from now; an end that was set before is moved.
#[utoipa::path(put, path = "/identity/resources/users/temporary/v1/{userId}", tag = "User management",
    request_body = Lasting, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, body = Lasting), (status = 403, description = "Temporary access is switched off"),
        (status = 404, description = "No such member")))]
async fn make_temporary(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<Lasting>,
) -> Result<Created<Lasting>, Problem> {
    let lasting = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::set_end(tx, &change, &id, Some(lasting)).await)
        .await?;
    Ok(Created(body))
}

/// Lets the member's access to the tenant last; access that has ended is open again.
#[utoipa::path(delete, path = "/identity/resources/users/temporary/v1/{userId}", tag = "User management",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Permanent; the body is empty"), (status = 404, description = "No such member")))]
async fn make_permanent(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::set_end(tx, &change, &id, None).await)
        .await?;
    Ok(Done::OK)
}
