//! `/identity/resources/applications`: members and the applications they use.

use kit::{Scope, TenantId, UserId};
use web::{
    AnyCaller, Body, Created, Done, Guard, Json, Need, Params, Path, Problem, Routes, State, WithHeaders,
    routes,
};

use super::domain::{self, AppError, Pairs, Walk};
use super::model::{ActiveTenants, AppUsers, AppsOfUser, Given, SwitchActiveTenants, UserApps, UsersOfApp};
use crate::room::{Change, People};

/// Most ids in one body or query.
const BATCH: usize = 500;
/// Most users in one answer about an application.
const IDS: i64 = 100_000;
/// Most users of each application in an answer about several.
const EACH: i64 = 10_000;

pub(crate) fn routes() -> Routes<People> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.users"));
    let write = Guard::environment_or_user(Need::Permission("fe.secure.write.appsUsers"));
    let delete = Guard::environment_or_user(Need::Permission("fe.secure.delete.appsUsers"));
    let own = Guard::environment_or_user(Need::SignedIn);
    Routes::new()
        .on(read, routes!(list_users_of_app))
        .on(read, routes!(list_apps_of_user))
        .on(read, routes!(list_apps_of_users))
        .on(read, routes!(list_users_of_apps))
        .on(write, routes!(assign_users))
        .on(delete, routes!(unassign_users))
        .on(write, routes!(assign_apps))
        .on(delete, routes!(unassign_apps))
        .on(own, routes!(read_active_tenants))
        .on(own, routes!(switch_active_tenants))
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Application(error) => error.into(),
            AppError::User(error) => error.into(),
            AppError::Enter(error) => error.into(),
            AppError::Faults(sentences) => Self::faults(sentences),
        }
    }
}

/// The users that were given an application. Where the answer does not hold all of them, its `Link` header names the next
/// part.
#[utoipa::path(get, path = "/identity/resources/applications/v1/{id}/users", tag = "Users-applications management",
    params(
        ("id" = String, Path, description = "Id of the application"),
        ("_limit" = Option<i64>, Query, description = "Most users in the answer"),
        ("_after" = Option<String>, Query, description = "Only users whose id comes after this one"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant, which must have the application"),
    ),
    responses((status = 200, body = Vec<String>), (status = 404, description = "No such application")))]
async fn list_users_of_app(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
    params: Params,
) -> Result<WithHeaders<Json<Vec<String>>>, Problem> {
    let most = params.integer("_limit", 1, IDS)?.unwrap_or(IDS);
    let after = params.text("_after").unwrap_or_default().to_owned();
    let path = format!("/identity/resources/applications/v1/{id}/users");
    let (scope, visible_only) = (caller.scope(), caller.user().is_some());
    let mut users = room
        .app
        .db()
        .read(async move |tx| {
            // One more than asked for tells that there are more.
            let walk = Walk {
                after: after.clone(),
                most: most + 1,
                visible_only,
            };
            domain::users_of(tx, &scope, &id, &walk).await
        })
        .await?;
    let length = usize::try_from(most).unwrap_or(usize::MAX);
    let more = users.len() > length;
    users.truncate(length);
    let next = users.last().filter(|_| more);
    let headers = params.next_page(&path, next.map(String::as_str));
    Ok(WithHeaders(headers, Json(users)))
}

/// The applications that a user was given.
#[utoipa::path(get, path = "/identity/resources/applications/v1/{id}/apps", tag = "Users-applications management",
    params(
        ("id" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only as a member of this tenant"),
    ),
    responses((status = 200, body = Vec<String>), (status = 404, description = "No such user")))]
async fn list_apps_of_user(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<String>>, Problem> {
    let scope = caller.scope();
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::apps_of(tx, &scope, &id).await)
            .await?,
    ))
}

/// The applications that each of these users was given. Users who are not there are left out.
#[utoipa::path(get, path = "/identity/resources/applications/v1/users-apps", tag = "Users-applications management",
    params(("userIds" = String, Query, description = "Ids of users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Vec<UserApps>)))]
async fn list_apps_of_users(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<UserApps>>, Problem> {
    params.required("userIds")?;
    let (scope, users) = (caller.scope(), params.list("userIds", BATCH)?);
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::apps_of_each(tx, &scope, &users).await)
            .await?,
    ))
}

/// The users that were given each of these applications, the first 10,000 of each. Applications that are not there are left
/// out.
#[utoipa::path(get, path = "/identity/resources/applications/v1/apps-users", tag = "Users-applications management",
    params(("appIds" = String, Query, description = "Ids of applications, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Vec<AppUsers>)))]
async fn list_users_of_apps(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<AppUsers>>, Problem> {
    params.required("appIds")?;
    let (scope, applications) = (caller.scope(), params.list("appIds", 100)?);
    let walk = Walk {
        after: String::new(),
        most: EACH,
        visible_only: caller.user().is_some(),
    };
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::users_of_each(tx, &scope, &applications, &walk).await)
            .await?,
    ))
}

/// A change in the tenant that a body names, which must be that of the call where the call has one.
fn change_in(room: &People, caller: &AnyCaller, tenant: &str) -> Result<Change, Problem> {
    let mut change = room.change_by(caller);
    if change
        .scope
        .tenant
        .as_ref()
        .is_some_and(|own| own.as_str() != tenant)
    {
        return Err(crate::users::UserError::NoTenant.into());
    }
    change.scope = Scope::tenant(change.scope.environment.clone(), TenantId::from(tenant));
    Ok(change)
}

fn batch(field: &str, ids: &[String]) -> Result<(), AppError> {
    if ids.is_empty() {
        return Err(AppError::Faults(vec![format!("{field} should not be empty")]));
    }
    if ids.len() > BATCH {
        let sentence = format!("{field} must contain no more than {BATCH} elements");
        return Err(AppError::Faults(vec![sentence]));
    }
    Ok(())
}

async fn give(room: &People, change: Change, pairs: Pairs) -> Result<Vec<Given>, Problem> {
    Ok(room
        .app
        .db()
        .write(async move |tx| domain::give(tx, &change, &pairs).await)
        .await?)
}

async fn take(room: &People, change: Change, pairs: Pairs) -> Result<Done, Problem> {
    room.app
        .db()
        .write(async move |tx| domain::take(tx, &change, &pairs).await)
        .await?;
    Ok(Done::OK)
}

/// Gives members of a tenant an application that the tenant has: all of them or, by failing, none.
#[utoipa::path(post, path = "/identity/resources/applications/v1", tag = "Users-applications management",
    request_body = UsersOfApp,
    responses((status = 201, body = Vec<Given>),
        (status = 404, description = "No such application, tenant or member, or the tenant does not have the application")))]
async fn assign_users(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<UsersOfApp>,
) -> Result<Created<Vec<Given>>, Problem> {
    batch("userIds", &body.user_ids)?;
    let change = change_in(&room, &caller, &body.tenant_id)?;
    let pairs = Pairs::new(body.user_ids, vec![body.app_id]);
    give(&room, change, pairs).await.map(Created)
}

/// Takes an application from members of a tenant.
#[utoipa::path(delete, path = "/identity/resources/applications/v1", tag = "Users-applications management",
    request_body = UsersOfApp,
    responses((status = 200, description = "Taken"), (status = 404, description = "No such application, tenant or member")))]
async fn unassign_users(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<UsersOfApp>,
) -> Result<Done, Problem> {
    batch("userIds", &body.user_ids)?;
    let change = change_in(&room, &caller, &body.tenant_id)?;
    take(&room, change, Pairs::new(body.user_ids, vec![body.app_id])).await
}

/// Gives a member of a tenant applications that the tenant has.
#[utoipa::path(post, path = "/identity/resources/applications/v1/apps-user", tag = "Users-applications management",
    request_body = AppsOfUser,
    responses((status = 201, description = "Given"),
        (status = 404, description = "No such application, tenant or member, or the tenant does not have the application")))]
async fn assign_apps(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<AppsOfUser>,
) -> Result<Done, Problem> {
    batch("appIds", &body.app_ids)?;
    let change = change_in(&room, &caller, &body.tenant_id)?;
    give(&room, change, Pairs::new(vec![body.user_id], body.app_ids)).await?;
    Ok(Done::CREATED)
}

/// Takes applications from a member of a tenant.
#[utoipa::path(delete, path = "/identity/resources/applications/v1/user-apps", tag = "Users-applications management",
    request_body = AppsOfUser,
    responses((status = 200, description = "Taken"), (status = 404, description = "No such application, tenant or member")))]
async fn unassign_apps(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<AppsOfUser>,
) -> Result<Done, Problem> {
    batch("appIds", &body.app_ids)?;
    let change = change_in(&room, &caller, &body.tenant_id)?;
    take(&room, change, Pairs::new(vec![body.user_id], body.app_ids)).await
}

/// Whom a call about active tenants is about: the user of the header, or the caller.
fn concerned(caller: &AnyCaller) -> Result<UserId, Problem> {
    match caller {
        AnyCaller::User(caller) => Ok(caller.user.clone()),
        AnyCaller::Environment(caller) => caller
            .user
            .clone()
            .ok_or_else(|| Problem::forbidden("User ID is not specified")),
    }
}

/// The tenant that the user works in, per application: in the default one always, in others once that was told.
#[utoipa::path(get, path = "/identity/resources/applications/user-tenants/active/v1", tag = "Users-applications management",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = ActiveTenants)))]
async fn read_active_tenants(
    State(room): State<People>,
    caller: AnyCaller,
) -> Result<Json<ActiveTenants>, Problem> {
    let (user, scope) = (concerned(&caller)?, caller.scope());
    let application_active_tenants = room
        .app
        .db()
        .read(async move |tx| domain::active(tx, &scope, &user).await)
        .await?;
    Ok(Json(ActiveTenants {
        application_active_tenants,
    }))
}

/// Makes the user work in other tenants from the next token of each application on.
#[utoipa::path(put, path = "/identity/resources/applications/user-tenants/active/v1", tag = "Users-applications management",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    request_body = SwitchActiveTenants,
    responses((status = 200, description = "Switched"), (status = 403, description = "No confirmed member of that tenant"),
        (status = 404, description = "No such application, or the tenant does not have it")))]
async fn switch_active_tenants(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<SwitchActiveTenants>,
) -> Result<Done, Problem> {
    let (user, change) = (concerned(&caller)?, room.change_by(&caller));
    let mut wanted = body.active_application_tenants;
    if wanted.is_empty() || wanted.len() > BATCH {
        return Err(Problem::bad_request(format!(
            "activeApplicationTenants must contain between 1 and {BATCH} elements"
        )));
    }
    wanted.sort_by(|a, b| a.application_id.cmp(&b.application_id));
    let named = wanted.len();
    wanted.dedup_by(|a, b| a.application_id == b.application_id);
    if wanted.len() < named {
        return Err(Problem::bad_request("each applicationId must be given only once"));
    }
    room.app
        .db()
        .write(async move |tx| domain::switch(tx, &change, &user, &wanted).await)
        .await?;
    Ok(Done::OK)
}
