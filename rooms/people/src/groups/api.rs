//! `/identity/resources/groups`: groups of a tenant, their roles and members, and whether the environment has groups.

use blocks::listing::{Dialect, Order, Paged};
use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Params, Path, Problem, Routes,
    State, routes,
};

use super::domain::{self, GroupError};
use super::lists::{self, Relations};
use super::model::{
    ConfigurationBody, GroupBody, GroupChanges, GroupConfiguration, GroupIds, GroupSort, GroupView, Groups,
    NewGroup, Page, UserIds,
};
use crate::members::RolesBody;
use crate::room::People;

const LIST: Dialect<GroupSort> = Dialect {
    most: 200,
    usual: 50,
    sorts: &[
        ("id", GroupSort::Id),
        ("name", GroupSort::Name),
        ("createdAt", GroupSort::CreatedAt),
        ("updatedAt", GroupSort::UpdatedAt),
    ],
};

pub(crate) fn routes() -> Routes<People> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key)).with_tenant();
    let configuration = Guard::environment_or_user(Need::Permission("fe.secure.read.groups"));
    Routes::new()
        .on(with("fe.secure.read.groups"), routes!(list_groups))
        .on(with("fe.secure.write.groups"), routes!(create_group))
        .on(with("fe.secure.read.groups"), routes!(page_groups))
        .on(with("fe.secure.read.groups"), routes!(list_groups_by_id))
        .on(configuration, routes!(read_group_configuration))
        .on(Guard::environment(), routes!(write_group_configuration))
        .on(with("fe.secure.read.groups"), routes!(read_group))
        .on(with("fe.secure.write.groups"), routes!(update_group))
        .on(with("fe.secure.delete.groups"), routes!(delete_group))
        .on(with("fe.secure.write.groupsRoles"), routes!(add_roles_to_group))
        // There is no key of its own for taking roles from groups.
        .on(
            with("fe.secure.write.groupsRoles"),
            routes!(remove_roles_from_group),
        )
        .on(with("fe.secure.write.groupsUsers"), routes!(add_users_to_group))
        .on(
            with("fe.secure.delete.groupsUsers"),
            routes!(remove_users_from_group),
        )
}

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::NotFound | GroupError::UnknownRoles(_) | GroupError::UnknownUsers(_) => {
                Self::not_found(error.to_string())
            }
            GroupError::NameTaken => Self::conflict(error.to_string()),
            GroupError::TooStrong
            | GroupError::MemberTooStrong
            | GroupError::Foreign
            | GroupError::ForeignDeletion
            | GroupError::Disabled
            | GroupError::RolesDisabled => Self::forbidden(error.to_string()),
            GroupError::Faults(sentences) => Self::faults(sentences),
            GroupError::Store(error) => error.into(),
        }
    }
}

fn relations(params: &Params, caller: &AnyCaller) -> Result<Relations, Problem> {
    Relations::read(params, caller.user().is_some())
}

/// All groups of the tenant, by name; the first 10000 of them. Members are shown up to 10000 in all.
#[utoipa::path(get, path = "/identity/resources/groups/v1", tag = "User groups",
    params(("_groupsRelations" = Option<String>, Query, description = "roles, users, or rolesAndUsers (when absent)"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = Groups)))]
async fn list_groups(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Groups>, Problem> {
    let (relations, scope) = (relations(&params, &caller)?, caller.scope());
    let page = Page {
        sort: GroupSort::Name,
        order: Order::Ascending,
        skip: 0,
        limit: lists::MOST_GROUPS,
    };
    let (groups, _) = room
        .app
        .db()
        .read(async move |tx| lists::page(tx, &scope, page, relations).await)
        .await?;
    Ok(Json(Groups { groups }))
}

/// Groups of the tenant in pages. Members are shown up to 10000 on a page.
#[utoipa::path(get, path = "/identity/resources/groups/v2", tag = "User groups",
    params(("_groupsRelations" = Option<String>, Query, description = "roles, users, or rolesAndUsers (when absent)"),
        ("_limit" = Option<f64>, Query, minimum = 1, description = "Groups per page, up to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "id, name (when absent), createdAt or updatedAt"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = Paged<GroupView>)))]
async fn page_groups(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<GroupView>>, Problem> {
    let page = LIST.read(&params)?;
    let (relations, scope) = (relations(&params, &caller)?, caller.scope());
    let wanted = Page {
        sort: page.sort.unwrap_or(GroupSort::Name),
        order: page.order.unwrap_or(Order::Ascending),
        skip: page.skipped(),
        limit: page.limit,
    };
    let (items, total) = room
        .app
        .db()
        .read(async move |tx| lists::page(tx, &scope, wanted, relations).await)
        .await?;
    Ok(Json(page.answer(items, total, &params)))
}

/// Those of the groups named that the tenant has.
#[utoipa::path(post, path = "/identity/resources/groups/v1/bulkGet", tag = "User groups", request_body = GroupIds,
    params(("_groupsRelations" = Option<String>, Query, description = "roles, users, or rolesAndUsers (when absent)"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, body = Groups)))]
async fn list_groups_by_id(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
    Body(body): Body<GroupIds>,
) -> Result<Created<Groups>, Problem> {
    let (relations, scope) = (relations(&params, &caller)?, caller.scope());
    let ids = body.checked().map_err(GroupError::Faults)?;
    let groups = room
        .app
        .db()
        .read(async move |tx| lists::named(tx, &scope, &ids, relations).await)
        .await?;
    Ok(Created(Groups { groups }))
}

/// Whether the environment has groups, and whether these bring roles.
#[utoipa::path(get, path = "/identity/resources/groups/v1/config", tag = "User groups",
    responses((status = 200, body = GroupConfiguration)))]
async fn read_group_configuration(
    State(room): State<People>,
    caller: AnyCaller,
) -> Result<Json<GroupConfiguration>, Problem> {
    let environment = caller.scope().environment;
    let configuration = room
        .app
        .db()
        .read(async move |tx| Ok::<_, Problem>(lists::configuration(tx, &environment).await?))
        .await?;
    Ok(Json(configuration))
}

/// Switches groups, or the roles of groups, on or off for the environment; a member left out stays.
#[utoipa::path(post, path = "/identity/resources/groups/v1/config", tag = "User groups", request_body = ConfigurationBody,
    responses((status = 201, description = "Written; the body is empty")))]
async fn write_group_configuration(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<ConfigurationBody>,
) -> Result<Done, Problem> {
    let change = room.change_by_environment(&caller);
    room.app
        .db()
        .write(async move |tx| Ok::<_, Problem>(domain::configure(tx, &change, body).await?))
        .await?;
    Ok(Done::CREATED)
}

/// One group.
#[utoipa::path(get, path = "/identity/resources/groups/v1/{id}", tag = "User groups",
    params(("id" = String, Path, description = "Id of the group"),
        ("_groupsRelations" = Option<String>, Query, description = "roles, users, or rolesAndUsers (when absent)"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = GroupView), (status = 404, description = "No such group")))]
async fn read_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<GroupView>, Problem> {
    let (relations, scope) = (relations(&params, &caller)?, caller.scope());
    let group = room
        .app
        .db()
        .read(async move |tx| lists::read(tx, &scope, &id, relations).await)
        .await?;
    Ok(Json(group))
}

/// Creates a group without roles and members.
#[utoipa::path(post, path = "/identity/resources/groups/v1", tag = "User groups", request_body = NewGroup,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, body = GroupView), (status = 409, description = "The name is taken")))]
async fn create_group(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<GroupBody>,
) -> Result<Created<GroupView>, Problem> {
    let wanted = body.checked_new().map_err(GroupError::Faults)?;
    let (change, id) = (room.change_by(&caller), room.app.ids().v4());
    let group = room
        .app
        .db()
        .write(async move |tx| domain::create(tx, &change, &id, &wanted).await)
        .await?;
    Ok(Created(group))
}

/// Changes a group; members left out stay as they are. The name of a group from a directory cannot be changed.
#[utoipa::path(patch, path = "/identity/resources/groups/v1/{id}", tag = "User groups", request_body = GroupChanges,
    params(("id" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = GroupView), (status = 404, description = "No such group"),
        (status = 409, description = "The name is taken")))]
async fn update_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<GroupBody>,
) -> Result<Json<GroupView>, Problem> {
    let wanted = body.checked().map_err(GroupError::Faults)?;
    let change = room.change_by(&caller);
    let group = room
        .app
        .db()
        .write(async move |tx| domain::update(tx, &change, &id, &wanted).await)
        .await?;
    Ok(Json(group))
}

/// Deletes a group; its members lose what it granted.
#[utoipa::path(delete, path = "/identity/resources/groups/v1/{id}", tag = "User groups",
    params(("id" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 404, description = "No such group")))]
async fn delete_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &id).await)
        .await?;
    Ok(Done::OK)
}

/// Gives a group roles, besides those it has. Users give only roles that are not stronger than their own.
#[utoipa::path(post, path = "/identity/resources/groups/v1/{groupId}/roles", tag = "User groups", request_body = RolesBody,
    params(("groupId" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, description = "Added; the body is empty"),
        (status = 403, description = "A role stronger than the caller"),
        (status = 404, description = "No such group, or no such role")))]
async fn add_roles_to_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesBody>,
) -> Result<Done, Problem> {
    let role_ids = body.checked().map_err(GroupError::Faults)?;
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::add_roles(tx, &change, &id, &role_ids).await)
        .await?;
    Ok(Done::CREATED)
}

/// Takes roles from a group.
#[utoipa::path(delete, path = "/identity/resources/groups/v1/{groupId}/roles", tag = "User groups", request_body = RolesBody,
    params(("groupId" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Removed; the body is empty"),
        (status = 404, description = "No such group, or no such role")))]
async fn remove_roles_from_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesBody>,
) -> Result<Done, Problem> {
    let role_ids = body.checked().map_err(GroupError::Faults)?;
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::remove_roles(tx, &change, &id, &role_ids).await)
        .await?;
    Ok(Done::OK)
}

/// Puts members of the tenant into a group. Users do so only where the group's roles are not stronger than their own.
#[utoipa::path(post, path = "/identity/resources/groups/v1/{groupId}/users", tag = "User groups", request_body = UserIds,
    params(("groupId" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, description = "Added; the body is empty"),
        (status = 403, description = "Roles stronger than the caller, or a group from a directory"),
        (status = 404, description = "No such group, or not a member of the tenant")))]
async fn add_users_to_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<UserIds>,
) -> Result<Done, Problem> {
    let users = body.checked().map_err(GroupError::Faults)?;
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::add_users(tx, &change, &id, &users).await)
        .await?;
    Ok(Done::CREATED)
}

/// Takes users out of a group.
#[utoipa::path(delete, path = "/identity/resources/groups/v1/{groupId}/users", tag = "User groups", request_body = UserIds,
    params(("groupId" = String, Path, description = "Id of the group"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Removed; the body is empty"),
        (status = 404, description = "No such group, or not a member of the tenant")))]
async fn remove_users_from_group(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<UserIds>,
) -> Result<Done, Problem> {
    let users = body.checked().map_err(GroupError::Faults)?;
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::remove_users(tx, &change, &id, &users).await)
        .await?;
    Ok(Done::OK)
}
