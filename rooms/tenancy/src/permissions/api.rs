//! `/identity/resources/permissions/v1`: the permissions of an environment and their categories.

use blocks::audit::AuditRecord;
use web::{
    AnyCaller, App, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State,
    routes,
};

use super::categories;
use super::domain::{self, Change, PermissionError};
use super::model::{
    Category, CategoryChanges, Classification, NewCategory, NewPermission, Permission, PermissionChanges,
    PermissionRoles,
};
use crate::room::Tenancy;

pub(crate) fn routes() -> Routes<Tenancy> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.permissions"));
    Routes::new()
        .on(read, routes!(list_permissions))
        .on(Guard::environment(), routes!(create_permissions))
        .on(read, routes!(list_categories))
        .on(Guard::environment(), routes!(create_category))
        .on(Guard::environment(), routes!(update_category))
        .on(Guard::environment(), routes!(delete_category))
        .on(Guard::environment(), routes!(classify_permissions))
        .on(Guard::environment(), routes!(update_permission))
        .on(Guard::environment(), routes!(delete_permission))
        .on(Guard::environment(), routes!(give_permission_to_roles))
}

impl From<PermissionError> for Problem {
    fn from(error: PermissionError) -> Self {
        match error {
            PermissionError::KeyTaken(_) | PermissionError::CategoryTaken => {
                Self::conflict(error.to_string())
            }
            PermissionError::NotFound | PermissionError::NoCategory => Self::not_found(error.to_string()),
            PermissionError::BuiltIn | PermissionError::BuiltInCategory => Self::forbidden(error.to_string()),
            PermissionError::Unknown(_) | PermissionError::NoRoles(_) | PermissionError::InUse => {
                Self::bad_request(error.to_string())
            }
            PermissionError::Faults(sentences) => Self::faults(sentences),
            PermissionError::Store(error) => error.into(),
        }
    }
}

fn change(app: &App, caller: &EnvironmentCaller) -> Change {
    Change {
        environment: caller.environment.clone(),
        ids: app.ids().clone(),
        now: app.now(),
        by: AuditRecord::new("", "", "").by_environment(caller),
    }
}

/// Every permission of the environment.
#[utoipa::path(get, path = "/identity/resources/permissions/v1", tag = "Permissions",
    responses((status = 200, body = Vec<Permission>)))]
async fn list_permissions(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<Vec<Permission>>, Problem> {
    let (scope, as_user) = (caller.scope(), caller.user().is_some());
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::list(tx, &scope, as_user).await)
            .await?,
    ))
}

/// Creates every permission of the list or none.
#[utoipa::path(post, path = "/identity/resources/permissions/v1", tag = "Permissions", request_body = Vec<NewPermission>,
    responses((status = 201, body = Vec<Permission>), (status = 409, description = "One of the keys is taken")))]
async fn create_permissions(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(batch): Body<Vec<NewPermission>>,
) -> Result<Created<Vec<Permission>>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Created(
        room.app
            .db()
            .write(async move |tx| domain::create(tx, &change, &batch).await)
            .await?,
    ))
}

/// Changes a permission; members left out stay as they are.
#[utoipa::path(patch, path = "/identity/resources/permissions/v1/{permissionId}", tag = "Permissions",
    params(("permissionId" = String, Path, description = "Id of the permission")), request_body = PermissionChanges,
    responses((status = 200, body = Permission), (status = 403, description = "The permission is built in"),
        (status = 404, description = "No such permission")))]
async fn update_permission(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(changes): Body<PermissionChanges>,
) -> Result<Json<Permission>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| domain::update(tx, &change, &id, &changes).await)
            .await?,
    ))
}

/// Deletes a permission and takes it from the roles that hold it.
#[utoipa::path(delete, path = "/identity/resources/permissions/v1/{permissionId}", tag = "Permissions",
    params(("permissionId" = String, Path, description = "Id of the permission")),
    responses((status = 204, description = "Deleted"), (status = 403, description = "The permission is built in"),
        (status = 404, description = "No such permission")))]
async fn delete_permission(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &id).await)
        .await?;
    Ok(Done::NO_CONTENT)
}

/// Gives a permission to more roles.
#[utoipa::path(put, path = "/identity/resources/permissions/v1/{permissionId}/roles", tag = "Permissions",
    params(("permissionId" = String, Path, description = "Id of the permission")), request_body = PermissionRoles,
    responses((status = 200, body = Permission), (status = 404, description = "No such permission")))]
async fn give_permission_to_roles(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<PermissionRoles>,
) -> Result<Json<Permission>, Problem> {
    let change = change(&room.app, &caller);
    let permission = room
        .app
        .db()
        .write(async move |tx| domain::give_to_roles(tx, &change, &id, &body.role_ids).await)
        .await?;
    Ok(Json(permission))
}

/// Says what tenants may do with permissions when they build roles.
#[utoipa::path(put, path = "/identity/resources/permissions/v1/classification", tag = "Permissions",
    request_body = Classification,
    responses((status = 200, body = Permission, description = "The first of the permissions named")))]
async fn classify_permissions(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(body): Body<Classification>,
) -> Result<Json<Permission>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| domain::classify(tx, &change, &body).await)
            .await?,
    ))
}

/// Every category of permissions.
#[utoipa::path(get, path = "/identity/resources/permissions/v1/categories", tag = "Permissions",
    responses((status = 200, body = Vec<Category>)))]
async fn list_categories(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<Vec<Category>>, Problem> {
    let environment = caller.scope().environment;
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| categories::list(tx, &environment).await)
            .await?,
    ))
}

/// Creates a category.
#[utoipa::path(post, path = "/identity/resources/permissions/v1/categories", tag = "Permissions",
    request_body = NewCategory,
    responses((status = 201, body = Category), (status = 409, description = "The name is taken")))]
async fn create_category(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(new): Body<NewCategory>,
) -> Result<Created<Category>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Created(
        room.app
            .db()
            .write(async move |tx| categories::create(tx, &change, &new).await)
            .await?,
    ))
}

/// Changes a category; members left out stay as they are.
#[utoipa::path(patch, path = "/identity/resources/permissions/v1/categories/{categoryId}", tag = "Permissions",
    params(("categoryId" = String, Path, description = "Id of the category")), request_body = CategoryChanges,
    responses((status = 200, body = Category), (status = 404, description = "No such category")))]
async fn update_category(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(changes): Body<CategoryChanges>,
) -> Result<Json<Category>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| categories::update(tx, &change, &id, &changes).await)
            .await?,
    ))
}

/// Deletes a category that has no permissions in it.
#[utoipa::path(delete, path = "/identity/resources/permissions/v1/categories/{categoryId}", tag = "Permissions",
    params(("categoryId" = String, Path, description = "Id of the category")),
    responses((status = 200, description = "Deleted"), (status = 400, description = "It has permissions in it"),
        (status = 404, description = "No such category")))]
async fn delete_category(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| categories::delete(tx, &change, &id).await)
        .await?;
    Ok(Done::OK)
}
