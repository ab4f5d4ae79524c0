//! `users/v1/{userId}/roles` and `tenants/users/v1/{userId}/enable|disable`.

use std::sync::Arc;

use web::{AnyCaller, Body, Created, Done, Guard, Json, Need, Path, Problem, Routes, State, routes};

use super::domain;
use super::model::{MemberRoles, RolesBody};
use crate::room::People;
use crate::users::UserError;

pub(crate) fn routes() -> Routes<People> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key)).with_tenant();
    Routes::new()
        .on(with("fe.secure.write.usersRoles"), routes!(assign_roles))
        .on(with("fe.secure.delete.usersRoles"), routes!(unassign_roles))
        .on(with("fe.secure.write.enableDisable"), routes!(disable_user))
        .on(with("fe.secure.write.enableDisable"), routes!(enable_user))
}

/// Gives the user roles in the tenant, besides those held.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/roles", tag = "User management",
    request_body = RolesBody, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant the roles count in")),
    responses((status = 201, body = MemberRoles), (status = 400, description = "A role that cannot be given here"),
        (status = 403, description = "A role stronger than the caller"), (status = 404, description = "No such member")))]
async fn assign_roles(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesBody>,
) -> Result<Created<MemberRoles>, Problem> {
    let role_ids = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    let roles = room
        .app
        .db()
        .write(async move |tx| domain::give(tx, &change, &id, &role_ids).await)
        .await?;
    Ok(Created(roles))
}

/// Takes roles from the user in the tenant.
#[utoipa::path(delete, path = "/identity/resources/users/v1/{userId}/roles", tag = "User management",
    request_body = RolesBody, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant the roles count in")),
    responses((status = 200, body = MemberRoles), (status = 404, description = "No such member")))]
async fn unassign_roles(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesBody>,
) -> Result<Json<MemberRoles>, Problem> {
    let role_ids = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    let roles = room
        .app
        .db()
        .write(async move |tx| domain::take(tx, &change, &id, &role_ids).await)
        .await?;
    Ok(Json(roles))
}

async fn set_disabled(
    room: &People,
    caller: &AnyCaller,
    id: String,
    disabled: bool,
) -> Result<Done, Problem> {
    let (change, credentials) = (room.change_by(caller), Arc::clone(&room.credentials));
    room.app
        .db()
        .write(async move |tx| domain::set_disabled(tx, &change, &credentials, &id, disabled).await)
        .await?;
    Ok(Done::OK)
}

/// Keeps the user out of the tenant; other tenants are not affected.
#[utoipa::path(post, path = "/identity/resources/tenants/users/v1/{userId}/disable", tag = "User management",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant to keep the user out of")),
    responses((status = 200, description = "Disabled; the body is empty"), (status = 404, description = "No such member")))]
async fn disable_user(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    set_disabled(&room, &caller, id, true).await
}

/// Lets the user into the tenant again.
#[utoipa::path(post, path = "/identity/resources/tenants/users/v1/{userId}/enable", tag = "User management",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant to let the user into")),
    responses((status = 200, description = "Enabled; the body is empty"), (status = 404, description = "No such member")))]
async fn enable_user(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    set_disabled(&room, &caller, id, false).await
}
