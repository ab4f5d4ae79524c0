//! `users/v2/me`, `users/v3/me` and their relatives: what a user may see and change about themselves.

use kit::TenantId;
use web::{Body, Guard, Json, Need, Params, Problem, Routes, State, UserCaller, routes};

use super::domain::{self, MeError, own};
use super::model::{OwnTenant, OwnTenants, PlacedTenant, SwitchBody};
use crate::records::{self, Authorization};
use crate::room::People;
use crate::users::{self, ProfileBody, UserError};
use crate::views::{Detail, UserView};

pub(crate) fn routes() -> Routes<People> {
    let me = Guard::user(Need::SignedIn).on_behalf();
    Routes::new()
        .on(me, routes!(read_profile))
        .on(me, routes!(update_profile))
        .on(me, routes!(read_bare_profile))
        .on(me, routes!(list_own_tenants))
        .on(me, routes!(list_own_tenants_with_active))
        .on(me, routes!(list_own_tenants_with_active_v3))
        .on(me, routes!(list_own_hierarchy))
        .on(me, routes!(read_authorization))
        .on(me, routes!(switch_tenant))
        .on(me, routes!(update_user))
}

impl From<MeError> for Problem {
    fn from(error: MeError) -> Self {
        match error {
            MeError::NotFound => Self::not_found(error.to_string()),
            MeError::Enter(error) => error.into(),
            MeError::Store(error) => error.into(),
        }
    }
}

/// The caller's profile with roles and permissions in the tenant in force.
#[utoipa::path(get, path = "/identity/resources/users/v2/me", tag = "User management",
    params(("addRoles" = Option<bool>, Query, description = "Taken for older clients; the roles are always there")),
    responses((status = 200, body = UserView)))]
async fn read_profile(
    State(room): State<People>,
    caller: UserCaller,
    params: Params,
) -> Result<Json<UserView>, Problem> {
    params.flag("addRoles")?;
    let now = room.app.now();
    let user = room
        .app
        .db()
        .read(async move |tx| domain::profile(tx, &caller, Detail::Full, now).await)
        .await?;
    Ok(Json(user))
}

/// The caller's profile without roles and permissions at its top.
#[utoipa::path(get, path = "/identity/resources/users/v3/me", tag = "User management",
    responses((status = 200, body = UserView)))]
async fn read_bare_profile(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<UserView>, Problem> {
    let now = room.app.now();
    let user = room
        .app
        .db()
        .read(async move |tx| domain::profile(tx, &caller, Detail::Bare, now).await)
        .await?;
    Ok(Json(user))
}

async fn update(room: &People, caller: UserCaller, body: ProfileBody) -> Result<Json<UserView>, Problem> {
    let changes = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_user(&caller);
    let user = room
        .app
        .db()
        .write(async move |tx| {
            let lens = own(&caller.tenant, Detail::Full, change.now);
            users::change_profile(tx, &change, caller.user.as_str(), changes.clone(), lens).await
        })
        .await?;
    Ok(Json(user))
}

/// Changes the caller's profile.
#[utoipa::path(put, path = "/identity/resources/users/v2/me", tag = "User management", request_body = ProfileBody,
    responses((status = 200, body = UserView)))]
async fn update_profile(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<ProfileBody>,
) -> Result<Json<UserView>, Problem> {
    update(&room, caller, body).await
}

/// Changes the profile of the user named by header, or the caller's own.
#[utoipa::path(put, path = "/identity/resources/users/v1", tag = "User management", request_body = ProfileBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = UserView)))]
async fn update_user(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<ProfileBody>,
) -> Result<Json<UserView>, Problem> {
    update(&room, caller, body).await
}

async fn own_tenants(room: &People, caller: UserCaller) -> Result<OwnTenants, Problem> {
    let now = room.app.now();
    Ok(room
        .app
        .db()
        .read(async move |tx| domain::tenants(tx, &caller, now).await)
        .await?)
}

/// The tenants the caller may choose between.
#[utoipa::path(get, path = "/identity/resources/users/v2/me/tenants", tag = "User management",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = Vec<OwnTenant>)))]
async fn list_own_tenants(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<Vec<OwnTenant>>, Problem> {
    Ok(Json(own_tenants(&room, caller).await?.tenants))
}

/// The tenants the caller may choose between, and the one in force.
#[utoipa::path(get, path = "/identity/resources/users/v1/me/tenants", tag = "User management",
    responses((status = 200, body = OwnTenants)))]
async fn list_own_tenants_with_active(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<OwnTenants>, Problem> {
    own_tenants(&room, caller).await.map(Json)
}

/// The same for newer clients.
#[utoipa::path(get, path = "/identity/resources/users/v3/me/tenants", tag = "User management",
    responses((status = 200, body = OwnTenants)))]
async fn list_own_tenants_with_active_v3(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<OwnTenants>, Problem> {
    own_tenants(&room, caller).await.map(Json)
}

/// The caller's tenants with their places in hierarchies; what is reached through one of them is left out.
#[utoipa::path(get, path = "/identity/resources/users/v2/me/hierarchy", tag = "User management",
    responses((status = 200, body = Vec<PlacedTenant>)))]
async fn list_own_hierarchy(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<Vec<PlacedTenant>>, Problem> {
    let now = room.app.now();
    let placed = room
        .app
        .db()
        .read(async move |tx| domain::hierarchy(tx, &caller, now).await)
        .await?;
    Ok(Json(placed))
}

/// The caller's roles and permissions in the tenant in force.
#[utoipa::path(get, path = "/identity/resources/users/v1/me/authorization", tag = "User management",
    responses((status = 200, body = Authorization)))]
async fn read_authorization(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<Authorization>, Problem> {
    let now = room.app.now();
    let held = room
        .app
        .db()
        .read(async move |tx| records::authorization(tx, &caller.scope(), &caller.user, now).await)
        .await?;
    Ok(Json(held))
}

/// Makes another of the caller's tenants the one in force; the next token is for it.
#[utoipa::path(put, path = "/identity/resources/users/v1/tenant", tag = "User management", request_body = SwitchBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = UserView), (status = 403, description = "No confirmed member of that tenant")))]
async fn switch_tenant(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<SwitchBody>,
) -> Result<Json<UserView>, Problem> {
    let (change, tenant) = (room.change_by_user(&caller), TenantId::from(body.tenant_id));
    let user = room
        .app
        .db()
        .write(async move |tx| domain::switch(tx, &change, &caller, &tenant).await)
        .await?;
    Ok(Json(user))
}
