//! `/identity/resources/roles/v1`: the roles of an environment, or of one tenant when the call names one.

use std::sync::Arc;

use blocks::audit::AuditRecord;
use kit::Patch;
use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State,
    routes,
};

use super::domain::{self, Change, RoleError};
use super::model::{NewRole, Role, RoleChanges, RolePermissions, RoleTenant};
use crate::room::Tenancy;

pub(crate) fn routes() -> Routes<Tenancy> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key));
    Routes::new()
        .on(with("fe.secure.read.roles"), routes!(list_roles))
        .on(with("fe.secure.write.roles"), routes!(create_roles))
        .on(with("fe.secure.write.updateRole"), routes!(update_role))
        .on(with("fe.secure.delete.role"), routes!(delete_role))
        .on(with("fe.secure.write.updateRole"), routes!(set_role_permissions))
        .on(Guard::environment(), routes!(set_role_tenant))
}

impl From<RoleError> for Problem {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::KeyTaken => Self::conflict(error.to_string()),
            RoleError::NotFound | RoleError::NoTenant => Self::not_found(error.to_string()),
            RoleError::NoPermissions(_) | RoleError::NoBase => Self::bad_request(error.to_string()),
            RoleError::NotOwn | RoleError::TooStrong | RoleError::NotForUsers | RoleError::NotHeld(_) => {
                Self::forbidden(error.to_string())
            }
            RoleError::Faults(sentences) => Self::faults(sentences),
            RoleError::Store(error) => error.into(),
        }
    }
}

pub(super) fn change(room: &Tenancy, caller: &AnyCaller) -> Change {
    Change {
        scope: caller.scope(),
        ids: room.app.ids().clone(),
        now: room.app.now(),
        by: AuditRecord::new("", "", "").by(caller),
        bounded_by: caller.user().cloned(),
        holders: Arc::clone(&room.holders),
    }
}

/// The environment's roles; with a tenant named, or a user's token, that tenant's own beside them.
#[utoipa::path(get, path = "/identity/resources/roles/v1", tag = "Roles",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "Tenant whose own roles are wanted too")),
    responses((status = 200, body = Vec<Role>)))]
async fn list_roles(State(room): State<Tenancy>, caller: AnyCaller) -> Result<Json<Vec<Role>>, Problem> {
    let scope = caller.scope();
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::list(tx, &scope).await)
            .await?,
    ))
}

/// Creates every role of the list or none; with a tenant named, or a user's token, they are that tenant's own.
#[utoipa::path(post, path = "/identity/resources/roles/v1", tag = "Roles",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "Tenant whose own roles they shall be")),
    request_body = Vec<NewRole>,
    responses((status = 201, body = Vec<Role>), (status = 409, description = "One of the keys is taken")))]
async fn create_roles(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Body(batch): Body<Vec<NewRole>>,
) -> Result<Created<Vec<Role>>, Problem> {
    let change = change(&room, &caller);
    Ok(Created(
        room.app
            .db()
            .write(async move |tx| domain::create(tx, &change, &batch).await)
            .await?,
    ))
}

/// Changes a role; members left out stay as they are. Users change their tenant's own roles only.
#[utoipa::path(patch, path = "/identity/resources/roles/v1/{roleId}", tag = "Roles",
    params(
        ("roleId" = String, Path, description = "Id of the role"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Tenant that must be able to see the role"),
    ),
    request_body = RoleChanges,
    responses((status = 200, body = Role), (status = 404, description = "No such role"),
        (status = 409, description = "The key is taken")))]
async fn update_role(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(changes): Body<RoleChanges>,
) -> Result<Json<Role>, Problem> {
    let change = change(&room, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| domain::update(tx, &change, &id, &changes).await)
            .await?,
    ))
}

/// Deletes a role and takes it from everybody who holds it, groups included. Users delete their tenant's own roles only.
#[utoipa::path(delete, path = "/identity/resources/roles/v1/{roleId}", tag = "Roles",
    params(
        ("roleId" = String, Path, description = "Id of the role"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Tenant that must be able to see the role"),
    ),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such role")))]
async fn delete_role(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room, &caller);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &id).await)
        .await?;
    Ok(Done::NO_CONTENT)
}

/// Gives the role exactly the permissions listed. Users change their tenant's own roles only; what they may neither give nor
/// take stays as it is.
#[utoipa::path(put, path = "/identity/resources/roles/v1/{roleId}/permissions", tag = "Roles",
    params(
        ("roleId" = String, Path, description = "Id of the role"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Tenant that must be able to see the role"),
    ),
    request_body = RolePermissions,
    responses((status = 200, body = Role), (status = 404, description = "No such role")))]
async fn set_role_permissions(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolePermissions>,
) -> Result<Json<Role>, Problem> {
    let change = change(&room, &caller);
    let role = room
        .app
        .db()
        .write(async move |tx| domain::set_permissions(tx, &change, &id, &body.permission_ids).await)
        .await?;
    Ok(Json(role))
}

/// Makes the role one of a tenant, or with null one of the environment.
#[utoipa::path(put, path = "/identity/resources/roles/v1/{roleId}/tenant", tag = "Roles",
    params(("roleId" = String, Path, description = "Id of the role")), request_body = RoleTenant,
    responses((status = 200, body = Role), (status = 404, description = "No such role or tenant"),
        (status = 409, description = "The key is taken")))]
async fn set_role_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<RoleTenant>,
) -> Result<Json<Role>, Problem> {
    let change = change(&room, &AnyCaller::Environment(caller));
    // Leaving the member out by mistake would hand the role to every tenant.
    if matches!(body.tenant_id, Patch::Absent) {
        return Err(Problem::bad_request("tenantId should not be empty"));
    }
    let tenant = body.tenant_id.over(None);
    let role = room
        .app
        .db()
        .write(async move |tx| domain::set_tenant(tx, &change, &id, tenant.as_deref()).await)
        .await?;
    Ok(Json(role))
}
