//! `/identity/resources/sub-tenants/users`, and the counting of members.

use std::sync::Arc;

use blocks::listing::{Dialect, Order};
use db::StoreError;
use web::{AnyCaller, Body, Created, Done, Guard, Json, Need, Params, Path, Problem, Routes, State, routes};

use super::domain::{self, OPEN, Roles};
use super::model::{
    AccessBody, CountBody, MemberCount, PeoplePage, PersonForTenants, PersonOfTenants, PersonsForTenant,
    RolesInTenants,
};
use crate::lists::{self, Search, Sort};
use crate::room::People;
use crate::search::{Needle, Phrase};
use crate::users::{Creation, Prepared, UserError};
use crate::views::{Audience, UserView};

const LIST: Dialect<Sort> = Dialect {
    most: 200,
    usual: 50,
    sorts: &[
        ("createdAt", Sort::CreatedAt),
        ("name", Sort::Name),
        ("email", Sort::Email),
        ("id", Sort::Id),
        ("verified", Sort::Verified),
        ("isLocked", Sort::IsLocked),
        ("provider", Sort::Provider),
    ],
};

pub(crate) fn routes() -> Routes<People> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key));
    let open = with(OPEN).with_tenant();
    let read = with("fe.account-hierarchy.read.subAccount").with_tenant();
    let write = with("fe.secure.write.userSubTenants").with_tenant();
    let delete = with("fe.secure.delete.userSubTenants").with_tenant();
    Routes::new()
        .on(open, routes!(set_sub_account_access))
        .on(read, routes!(list_people_of_sub_tenants))
        .on(write, routes!(add_person_to_sub_tenants))
        .on(delete, routes!(remove_person_from_sub_tenants))
        .on(write, routes!(add_people_to_sub_tenant))
        .on(write, routes!(give_roles_in_sub_tenants))
        .on(write, routes!(set_roles_in_sub_tenants))
        .on(delete, routes!(take_roles_in_sub_tenants))
        .on(with("fe.secure.read.users"), routes!(count_members))
}

/// Lets a member's roles hold in every tenant below as well, present and future, or no longer.
#[utoipa::path(put, path = "/identity/resources/sub-tenants/users/v1/{userId}/access", tag = "User management",
    request_body = AccessBody, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant of the membership; not needed with a user token")),
    responses((status = 200, description = "Changed; the body is empty"),
        (status = 403, description = "A member stronger than the caller"),
        (status = 404, description = "No such member"),
        (status = 409, description = "Every member of this tenant reaches down")))]
async fn set_sub_account_access(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<AccessBody>,
) -> Result<Done, Problem> {
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| domain::set_access(tx, &change, &id, body.allow_access).await)
        .await?;
    Ok(Done::OK)
}

/// One page of the people of the tenant in force and of all tenants below it, each once, with their roles there.
#[utoipa::path(get, path = "/identity/resources/sub-tenants/users/v1", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Users per page, 1 to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_filter" = Option<String>, Query, description = "Text that the name, the primary address, the username or the primary phone number contains"),
        ("_sortBy" = Option<String>, Query, description = "createdAt (when absent), name, email, id, verified, isLocked or provider"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, body = PeoplePage)))]
async fn list_people_of_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<PeoplePage>, Problem> {
    lists::may_see_below(&caller).map_err(UserError::NoPermission)?;
    let page = LIST.read(&params)?;
    let scope = caller.scope();
    let sort = (page.sort, page.order.unwrap_or(Order::Ascending));
    let search = Search {
        phrase: Phrase {
            all: params
                .text_within("_filter", 255)?
                .map(Needle::anywhere)
                .filter(|needle| !needle.is_empty())
                .into_iter()
                .collect(),
            ..Phrase::default()
        },
        visible_only: caller.user().is_some(),
        ..Search::of(&scope, sort, (page.skipped(), page.limit))
    };
    let audience = if caller.user().is_some() {
        Audience::Colleague
    } else {
        Audience::Environment
    };
    let (environment, columns) = (scope.environment.clone(), room.columns.clone());
    let (items, total, search) = room
        .app
        .db()
        .read::<_, StoreError, _>(async move |tx| {
            let mut search = search.clone();
            let (items, total) = domain::list(tx, &scope, &columns, audience, &mut search).await?;
            Ok((items, total, search))
        })
        .await?;
    lists::order(room.app.db(), &environment, &search, total).await?;
    let shown = page.answer(items, total, &params);
    Ok(Json(PeoplePage {
        items: shown.items,
        total_pages: shown.metadata.total_pages,
        total_items: shown.metadata.total_items,
    }))
}

async fn add(room: &People, caller: &AnyCaller, creations: Vec<Creation>) -> Result<Vec<UserView>, Problem> {
    let change = room.change_by(caller);
    let (credentials, mailer) = (Arc::clone(&room.credentials), room.mailer.clone());
    let people: Vec<Prepared> = creations
        .into_iter()
        .map(|creation| Prepared {
            creation,
            password: None,
            id: room.app.ids().ordered(change.now),
        })
        .collect();
    Ok(room
        .app
        .db()
        .write(async move |tx| domain::add(tx, &change, (&credentials, Some(&mailer)), &people).await)
        .await?)
}

/// Adds somebody to several tenants at or below the one in force: to all of them or to none.
#[utoipa::path(post, path = "/identity/resources/sub-tenants/users/v1", tag = "User management",
    request_body = PersonForTenants,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 201, body = Vec<UserView>), (status = 404, description = "A tenant that is not below"),
        (status = 409, description = "A member of one already")))]
async fn add_person_to_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<PersonForTenants>,
) -> Result<Created<Vec<UserView>>, Problem> {
    let creations = body.checked().map_err(UserError::Faults)?;
    add(&room, &caller, creations).await.map(Created)
}

/// Adds several people to a tenant at or below the one in force: all of them or none.
#[utoipa::path(post, path = "/identity/resources/sub-tenants/users/v2", tag = "User management",
    request_body = PersonsForTenant,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 201, body = Vec<UserView>), (status = 404, description = "A tenant that is not below"),
        (status = 409, description = "One is a member already")))]
async fn add_people_to_sub_tenant(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<PersonsForTenant>,
) -> Result<Created<Vec<UserView>>, Problem> {
    let creations = body.checked().map_err(UserError::Faults)?;
    add(&room, &caller, creations).await.map(Created)
}

/// Removes somebody from several tenants at or below the one in force: from all of them or from none. The last
/// membership takes the user along.
#[utoipa::path(delete, path = "/identity/resources/sub-tenants/users/v1", tag = "User management",
    request_body = PersonOfTenants,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, description = "Removed; the body is empty"), (status = 404, description = "No such member")))]
async fn remove_person_from_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<PersonOfTenants>,
) -> Result<Done, Problem> {
    let (id, tenants) = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    let credentials = Arc::clone(&room.credentials);
    room.app
        .db()
        .write(async move |tx| domain::remove(tx, &change, &credentials, &id, &tenants).await)
        .await?;
    Ok(Done::OK)
}

async fn change_roles(
    room: &People,
    caller: &AnyCaller,
    id: String,
    roles: Roles,
    body: RolesInTenants,
) -> Result<(), Problem> {
    let tenants = body.checked(roles == Roles::Set).map_err(UserError::Faults)?;
    let change = room.change_by(caller);
    room.app
        .db()
        .write(async move |tx| domain::change_roles(tx, &change, &id, roles, &tenants).await)
        .await?;
    Ok(())
}

/// Gives a user roles in several tenants, besides those held.
#[utoipa::path(post, path = "/identity/resources/sub-tenants/users/v1/{userId}/roles", tag = "User management",
    request_body = RolesInTenants, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 201, description = "Given; the body is empty"), (status = 404, description = "No such member")))]
async fn give_roles_in_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesInTenants>,
) -> Result<Done, Problem> {
    change_roles(&room, &caller, id, Roles::Give, body).await?;
    Ok(Done::CREATED)
}

/// Makes these the roles of a user in several tenants, and no others.
#[utoipa::path(patch, path = "/identity/resources/sub-tenants/users/v1/{userId}/roles", tag = "User management",
    request_body = RolesInTenants, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, description = "Changed; the body is empty"), (status = 404, description = "No such member")))]
async fn set_roles_in_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesInTenants>,
) -> Result<Done, Problem> {
    change_roles(&room, &caller, id, Roles::Set, body).await?;
    Ok(Done::OK)
}

/// Takes roles from a user in several tenants.
#[utoipa::path(delete, path = "/identity/resources/sub-tenants/users/v1/{userId}/roles", tag = "User management",
    request_body = RolesInTenants, params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, description = "Taken; the body is empty"), (status = 404, description = "No such member")))]
async fn take_roles_in_sub_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<RolesInTenants>,
) -> Result<Done, Problem> {
    change_roles(&room, &caller, id, Roles::Take, body).await?;
    Ok(Done::OK)
}

/// How many members tenants have. With a tenant in force only it and those below it are counted, and for users who may not
/// see people of the latter, only it.
#[utoipa::path(post, path = "/identity/resources/tenants/users/v1/count", tag = "User management",
    request_body = CountBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant in force")),
    responses((status = 201, body = Vec<MemberCount>)))]
async fn count_members(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<CountBody>,
) -> Result<Created<Vec<MemberCount>>, Problem> {
    // Users never learn of invisible members.
    let visible = caller.user().is_some() || body.exclude_invisible_users.unwrap_or(false);
    let tenants = body.checked().map_err(UserError::Faults)?;
    let (scope, below) = (caller.scope(), lists::may_see_below(&caller).is_ok());
    let counts = room
        .app
        .db()
        .read(async move |tx| domain::count(tx, &scope, &tenants, (visible, below)).await)
        .await?;
    Ok(Created(counts))
}
