//! `users/v1/{userId}/tenant`, `users/v1/tenants/migrate` and `tenants/users/v1/statuses`.

use std::sync::Arc;

use web::{
    Body, Created, Done, EnvironmentCaller, Guard, HeaderMap, HeaderValue, Json, Params, Path, Problem,
    Routes, State, WithHeaders, header, routes,
};

use super::domain;
use super::model::{ActiveTenantBody, MoveBody, NewTenantBody, StatusesOfUser, status};
use super::moving::{self, MemberMove};
use crate::room::People;
use crate::users::UserError;
use crate::views::UserView;

/// Most users that are asked about at once.
const MOST_USERS: usize = 200;

pub(crate) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::environment(), routes!(set_active_tenant))
        .on(Guard::environment(), routes!(add_to_tenant))
        .on(Guard::environment(), routes!(move_members))
        .on(Guard::environment(), routes!(list_statuses))
}

/// Makes a tenant the one the user works in. A tenant that does not exist is made, and the user becomes a member where
/// that is missing.
#[utoipa::path(put, path = "/identity/resources/users/v1/{userId}/tenant", tag = "Users",
    request_body = ActiveTenantBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user, or no such tenant")))]
async fn set_active_tenant(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<ActiveTenantBody>,
) -> Result<Json<UserView>, Problem> {
    let entry = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let user = room
        .app
        .db()
        .write(async move |tx| domain::set_active(tx, &change, &id, &entry).await)
        .await?;
    Ok(Json(user))
}

/// Makes the user a member of one more tenant, with its default roles. A tenant that does not exist is made.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/tenant", tag = "Users",
    request_body = NewTenantBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 201, body = UserView), (status = 404, description = "No such user, or no such tenant"),
        (status = 409, description = "A member already")))]
async fn add_to_tenant(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<NewTenantBody>,
) -> Result<Created<UserView>, Problem> {
    let entry = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let (credentials, mailer) = (Arc::clone(&room.credentials), room.mailer.clone());
    let user = room
        .app
        .db()
        .write(async move |tx| domain::add(tx, &change, (&credentials, &mailer), &id, &entry).await)
        .await?;
    Ok(Created(user))
}

/// Moves every member of one tenant to another, with the roles that count there. Members of both stay in the target as
/// they are. Many of them move in the background after the answer; `Location` then names where the progress is told.
#[utoipa::path(put, path = "/identity/resources/users/v1/tenants/migrate", tag = "Users", request_body = MoveBody,
    responses((status = 200, description = "Moved, or on the way; the body is empty"),
        (status = 404, description = "One of the tenants does not exist")))]
async fn move_members(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<MoveBody>,
) -> Result<WithHeaders<Done>, Problem> {
    let body = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let runner = MemberMove::new(room.app.ids().clone(), Arc::clone(&room.credentials));
    let task = room
        .app
        .db()
        .write(async move |tx| moving::begin(tx, &change, &runner, &body).await)
        .await?;
    let mut headers = HeaderMap::new();
    if let Some(id) = task
        && let Ok(value) = HeaderValue::from_str(&format!("/identity/resources/users/bulk/v1/status/{id}"))
    {
        headers.insert(header::LOCATION, value);
    }
    Ok(WithHeaders(headers, Done::OK))
}

/// Where users stand in their tenants: up to 200 users, up to 2000 tenants of each.
#[utoipa::path(get, path = "/identity/resources/tenants/users/v1/statuses", tag = "Users",
    params(("userIds" = Vec<String>, Query, description = "Ids of users, parted by commas; unknown ones are left out"),
        ("userTenantStatuses" = Option<Vec<String>>, Query,
            description = "Only these: PendingInvitation, PendingLogin, Activated, NotActivated")),
    responses((status = 200, body = Vec<StatusesOfUser>)))]
async fn list_statuses(
    State(room): State<People>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<Vec<StatusesOfUser>>, Problem> {
    let ids = params.list("userIds", MOST_USERS)?;
    if ids.is_empty() {
        return Err(Problem::bad_request("userIds should not be empty"));
    }
    let only = params
        .list("userTenantStatuses", 10)?
        .iter()
        .map(|name| status(name))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            Problem::bad_request(
                "each value in userTenantStatuses must be one of the following values: PendingInvitation, PendingLogin, Activated, NotActivated",
            )
        })?;
    let found = room
        .app
        .db()
        .read(async move |tx| domain::statuses(tx, &caller.environment, &ids, &only).await)
        .await?;
    Ok(Json(found))
}
