//! `/tenants/resources/account-settings/v1`, and the same under the path that older clients know.

use web::{AnyCaller, Body, Guard, HeaderMap, Json, Need, Problem, PublicCaller, Routes, State, routes};

use super::domain::{self, Named};
use super::model::{AccountChanges, AccountSettings, PublicSettings};
use crate::room::Tenancy;
use crate::tenants::{self, Change, TenantError};

/// Largest body that may hold an embedded logo.
const WITH_LOGO: usize = 2 * 1024 * 1024;

pub(crate) fn routes() -> Routes<Tenancy> {
    // The login box reads it for everybody who has signed in, to know where the application is.
    let read = Guard::environment_or_user(Need::SignedIn).with_tenant();
    let write = Guard::environment_or_user(Need::Permission("fe.secure.write.accountSettings")).with_tenant();
    Routes::new()
        .on(read, routes!(read_account_settings))
        .on_large(write, WITH_LOGO, routes!(update_account_settings))
        .on(Guard::anyone(), routes!(read_public_account_settings))
        .on(read, routes!(read_account_settings_as_before))
        .on_large(write, WITH_LOGO, routes!(update_account_settings_as_before))
}

async fn read(room: &Tenancy, caller: &AnyCaller) -> Result<Json<AccountSettings>, Problem> {
    let scope = caller.scope();
    let tenant = room
        .app
        .db()
        .read(async move |tx| tenants::tenant(tx, &scope).await)
        .await?;
    Ok(Json(tenant.ok_or(TenantError::NotFound)?.into()))
}

async fn update(
    room: &Tenancy,
    caller: &AnyCaller,
    changes: AccountChanges,
) -> Result<Json<AccountSettings>, Problem> {
    let (change, scope) = (Change::by(&room.app, caller), caller.scope());
    let changes = changes.into_changes();
    let tenant = room
        .app
        .db()
        .write(async move |tx| tenants::update(tx, &change, scope.tenant_id(), &changes).await)
        .await?;
    Ok(Json(tenant.into()))
}

/// The details of the tenant in force.
#[utoipa::path(get, path = "/tenants/resources/account-settings/v1", tag = "Account settings",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    responses((status = 200, body = AccountSettings), (status = 404, description = "No such tenant")))]
async fn read_account_settings(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<AccountSettings>, Problem> {
    read(&room, &caller).await
}

/// Changes details of the tenant in force.
#[utoipa::path(put, path = "/tenants/resources/account-settings/v1", tag = "Account settings",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    request_body = AccountChanges,
    responses((status = 200, body = AccountSettings), (status = 400, description = "A wrong value, or none at all"),
        (status = 404, description = "No such tenant")))]
async fn update_account_settings(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Body(changes): Body<AccountChanges>,
) -> Result<Json<AccountSettings>, Problem> {
    update(&room, &caller, changes).await
}

/// The details of the tenant in force, for older clients.
#[utoipa::path(get, path = "/tenants/resources/tenants/account-settings/v1", tag = "Account settings",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    responses((status = 200, body = AccountSettings), (status = 404, description = "No such tenant")))]
async fn read_account_settings_as_before(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<AccountSettings>, Problem> {
    read(&room, &caller).await
}

/// Changes details of the tenant in force, for older clients.
#[utoipa::path(put, path = "/tenants/resources/tenants/account-settings/v1", tag = "Account settings",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    request_body = AccountChanges,
    responses((status = 200, body = AccountSettings), (status = 400, description = "A wrong value, or none at all"),
        (status = 404, description = "No such tenant")))]
async fn update_account_settings_as_before(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Body(changes): Body<AccountChanges>,
) -> Result<Json<AccountSettings>, Problem> {
    update(&room, &caller, changes).await
}

/// What a login page shows of a tenant: the one that the token is for, or that a header names by id or by alias.
#[utoipa::path(get, path = "/tenants/resources/account-settings/v1/public", tag = "Account settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant"),
        ("frontegg-login-alias" = Option<String>, Header, description = "Or the alias of its login page")),
    responses((status = 200, body = PublicSettings), (status = 404, description = "No such tenant")))]
async fn read_public_account_settings(
    State(room): State<Tenancy>,
    caller: PublicCaller,
    headers: HeaderMap,
) -> Result<Json<PublicSettings>, Problem> {
    let header = |name: &str| web::header_text(&headers, name);
    let named = match (
        &caller.tenant,
        header("frontegg-tenant-id"),
        header("frontegg-login-alias"),
    ) {
        (Some(own), _, _) => Named::Id(own.to_string()),
        (None, Some(id), _) => Named::Id(id),
        (None, None, Some(alias)) => Named::Alias(alias),
        (None, None, None) => return Err(Problem::no_tenant()),
    };
    let tenant = room
        .app
        .db()
        .read(async move |tx| domain::named(tx, &caller.environment, &named).await)
        .await?;
    Ok(Json(tenant.into()))
}
