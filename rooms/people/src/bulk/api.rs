//! `users/bulk/v1` and `vendor-only/users/v1/{userId}/roles/bulk`.

use blocks::tasks;
use kit::Secret;
use web::{
    Accepted, AnyCaller, Body, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State, routes,
};

use super::invite::{self, Invitation};
use super::model::{Begun, BulkInviteBody, BulkRolesBody, BulkStatus, RolesStatus, RolesUpdated};
use super::roles::{self, BulkRoles};
use crate::room::People;
use crate::users::UserError;

/// Largest body of an invitation in bulk, in bytes.
const LARGE: usize = 4 * 1024 * 1024;

pub(crate) fn routes() -> Routes<People> {
    let invite = Guard::environment_or_user(Need::Permission("fe.secure.write.users"));
    Routes::new()
        .on_large(invite.with_tenant(), LARGE, routes!(invite_users))
        .on(invite, routes!(read_invite_status))
        .on(Guard::environment(), routes!(update_roles))
        .on(Guard::environment(), routes!(read_roles_status))
}

/// Invites up to 1,000 users into the tenant. Each is treated as a single invitation would be, after the answer; one that is
/// refused does not stop the others.
#[utoipa::path(post, path = "/identity/resources/users/bulk/v1/invite", tag = "Users", request_body = BulkInviteBody,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant to invite into")),
    responses((status = 202, body = Begun), (status = 400, description = "An entry that is no invitation; nobody is invited")))]
async fn invite_users(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<BulkInviteBody>,
) -> Result<Accepted<Begun>, Problem> {
    let vouches = caller.user().is_none();
    let creations = body.checked(vouches).map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    let mut users = Vec::with_capacity(creations.len());
    for mut creation in creations {
        let password: Option<Secret> = creation.password.take();
        let password = match password {
            Some(password) => Some(room.credentials.prepare(&change.scope, password).await?),
            None => None,
        };
        let id = room.app.ids().ordered(change.now);
        users.push(Invitation {
            creation,
            password,
            id,
        });
    }
    let id = room
        .app
        .db()
        .write(async move |tx| invite::submit(tx, &change, &users).await)
        .await?;
    Ok(Accepted(Begun { id }))
}

/// How far an invitation in bulk is. It can be asked about for a week after its end.
#[utoipa::path(get, path = "/identity/resources/users/bulk/v1/status/{id}", tag = "Users",
    params(("id" = String, Path, description = "Id that the invitation was answered with")),
    responses((status = 200, body = BulkStatus), (status = 404, description = "No such task")))]
async fn read_invite_status(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Json<BulkStatus>, Problem> {
    let scope = caller.scope();
    let found = room
        .app
        .db()
        .read(async move |tx| invite::status(tx, &scope, &id).await)
        .await?;
    Ok(Json(found))
}

/// Gives the user roles and takes others in many tenants. A few tenants are done when this is answered; more are done
/// afterwards. The task tells about both.
#[utoipa::path(patch, path = "/identity/resources/vendor-only/users/v1/{userId}/roles/bulk", tag = "Users",
    request_body = BulkRolesBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = RolesUpdated), (status = 400, description = "An unknown role, or a tenant the user does not belong to"),
        (status = 404, description = "No such user")))]
async fn update_roles(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<BulkRolesBody>,
) -> Result<Json<RolesUpdated>, Problem> {
    let order = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let runner = BulkRoles::new(room.app.ids().clone());
    let updated = room
        .app
        .db()
        .write(async move |tx| roles::begin(tx, &change, &runner, &id, &order).await)
        .await?;
    Ok(Json(updated))
}

/// How far a change of roles in many tenants is.
#[utoipa::path(get, path = "/identity/resources/vendor-only/users/v1/bulk-roles/status/{taskId}", tag = "Users",
    params(("taskId" = String, Path, description = "Id that the change was answered with")),
    responses((status = 200, body = RolesStatus), (status = 404, description = "No such task")))]
async fn read_roles_status(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<RolesStatus>, Problem> {
    let task = room
        .app
        .db()
        .read(async move |tx| tasks::find(tx, &caller.environment, &id).await)
        .await?;
    let status = match task {
        Some(task) => roles::status(task)?,
        None => None,
    };
    Ok(Json(status.ok_or(UserError::NoTask)?))
}
