//! `/applications/resources/applications/tenant-assignments`: which tenants have which applications.

use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, HeaderMap, Json, Need, Params, Path, Problem,
    Routes, State, WithHeaders, routes,
};

use super::domain::{self, Walk, Wanted};
use super::model::{
    ApplicationTenants, AssignmentChange, NewAssignment, TenantApplications, TenantAssignments,
};
use crate::applications::api::{access_type, change};
use crate::room::Tenancy;

/// Most ids in one answer.
const IDS: i64 = 100_000;
/// Most tenants with their applications in one answer.
const ROWS: i64 = 10_000;

pub(in crate::applications) fn routes() -> Routes<Tenancy> {
    let read = Guard::environment_or_user(Need::Permission("fe.account-settings.read.app"));
    Routes::new()
        .on(read, routes!(list_assignments))
        .on(read, routes!(list_assignments_v2))
        .on(Guard::environment(), routes!(list_tenants_of_application))
        .on(Guard::environment(), routes!(assign_tenant))
        .on(Guard::environment(), routes!(edit_assignment))
        .on(Guard::environment(), routes!(unassign_tenant))
}

fn walk(params: &Params, most: i64) -> Result<Walk, Problem> {
    Ok(Walk {
        after: params.text("_after").unwrap_or_default().to_owned(),
        most: params.integer("_limit", 1, most)?.unwrap_or(most),
    })
}

/// Users see their own tenant. The environment sees the tenants it lists, else the one of the header, else all.
fn wanted(caller: &AnyCaller, params: &Params) -> Result<Wanted, Problem> {
    let named = params.list("tenantIds", 1000)?;
    let tenants = match caller {
        AnyCaller::User(caller) => {
            let mut own = vec![caller.tenant.to_string()];
            own.retain(|own| named.is_empty() || named.contains(own));
            Some(own)
        }
        AnyCaller::Environment(_) if !named.is_empty() => Some(named),
        AnyCaller::Environment(caller) => caller.tenant.as_ref().map(|tenant| vec![tenant.to_string()]),
    };
    Ok(Wanted {
        applications: params.list("appIds", 100)?,
        tenants,
        access_type: access_type(params, "accessType")?,
        walk: walk(params, ROWS)?,
    })
}

async fn list(
    room: &Tenancy,
    caller: AnyCaller,
    params: &Params,
    path: &str,
) -> Result<(HeaderMap, Vec<TenantAssignments>), Problem> {
    let wanted = wanted(&caller, params)?;
    let environment = caller.scope().environment;
    let (rows, next) = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &environment, &wanted).await)
        .await?;
    Ok((params.next_page(path, next.as_deref()), rows))
}

/// The applications of tenants. Where the answer does not hold everything, its `Link` header names the next part.
#[utoipa::path(get, path = "/applications/resources/applications/tenant-assignments/v1", tag = "Applications settings",
    params(
        ("appIds" = Option<String>, Query, description = "Only these applications, parted by commas"),
        ("tenantIds" = Option<String>, Query, description = "Only these tenants, parted by commas"),
        ("accessType" = Option<String>, Query, description = "FREE_ACCESS or MANAGED_ACCESS"),
        ("_limit" = Option<i64>, Query, description = "Most tenants in the answer"),
        ("_after" = Option<String>, Query, description = "Only tenants whose id comes after this one"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only this tenant, unless others are listed"),
    ),
    responses((status = 200, body = Vec<TenantApplications>)))]
async fn list_assignments(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<WithHeaders<Json<Vec<TenantApplications>>>, Problem> {
    let path = "/applications/resources/applications/tenant-assignments/v1";
    let (headers, rows) = list(&room, caller, &params, path).await?;
    let bare = |row: TenantAssignments| TenantApplications {
        tenant_id: row.tenant_id,
        app_ids: row.assignments.into_iter().map(|one| one.app_id).collect(),
    };
    Ok(WithHeaders(headers, Json(rows.into_iter().map(bare).collect())))
}

/// The applications of tenants, each with who may use it. Where the answer does not hold everything, its `Link` header names
/// the next part.
#[utoipa::path(get, path = "/applications/resources/applications/tenant-assignments/v2", tag = "Applications settings",
    params(
        ("appIds" = Option<String>, Query, description = "Only these applications, parted by commas"),
        ("tenantIds" = Option<String>, Query, description = "Only these tenants, parted by commas"),
        ("accessType" = Option<String>, Query, description = "FREE_ACCESS or MANAGED_ACCESS"),
        ("_limit" = Option<i64>, Query, description = "Most tenants in the answer"),
        ("_after" = Option<String>, Query, description = "Only tenants whose id comes after this one"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only this tenant, unless others are listed"),
    ),
    responses((status = 200, body = Vec<TenantAssignments>)))]
async fn list_assignments_v2(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<WithHeaders<Json<Vec<TenantAssignments>>>, Problem> {
    let path = "/applications/resources/applications/tenant-assignments/v2";
    let (headers, rows) = list(&room, caller, &params, path).await?;
    Ok(WithHeaders(headers, Json(rows)))
}

/// The tenants that have an application. Where the answer does not hold all of them, its `Link` header names the next part.
#[utoipa::path(get, path = "/applications/resources/applications/tenant-assignments/v1/{appId}", tag = "Applications settings",
    params(
        ("appId" = String, Path, description = "Id of the application"),
        ("_limit" = Option<i64>, Query, description = "Most tenants in the answer"),
        ("_after" = Option<String>, Query, description = "Only tenants whose id comes after this one"),
    ),
    responses((status = 200, body = ApplicationTenants), (status = 404, description = "No such application")))]
async fn list_tenants_of_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    params: Params,
) -> Result<WithHeaders<Json<ApplicationTenants>>, Problem> {
    let walk = walk(&params, IDS)?;
    let path = format!("/applications/resources/applications/tenant-assignments/v1/{id}");
    let length = usize::try_from(walk.most).unwrap_or(usize::MAX);
    let mut tenant_ids = room
        .app
        .db()
        .read(async move |tx| {
            let one_more = Walk {
                most: walk.most + 1,
                ..walk.clone()
            };
            domain::tenants_of(tx, &caller.environment, &id, &one_more).await
        })
        .await?;
    let more = tenant_ids.len() > length;
    tenant_ids.truncate(length);
    let next = tenant_ids.last().filter(|_| more);
    let headers = params.next_page(&path, next.map(String::as_str));
    Ok(WithHeaders(headers, Json(ApplicationTenants { tenant_ids })))
}

/// Gives an application to a tenant; one that has it already keeps it. Answers all that the tenant has.
#[utoipa::path(post, path = "/applications/resources/applications/tenant-assignments/v1/{appId}", tag = "Applications settings",
    params(("appId" = String, Path, description = "Id of the application")), request_body = NewAssignment,
    responses((status = 201, body = TenantApplications), (status = 404, description = "No such application or tenant")))]
async fn assign_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(new): Body<NewAssignment>,
) -> Result<Created<TenantApplications>, Problem> {
    let change = change(&room.app, &caller);
    let tenant_id = new.tenant_id.clone();
    let app_ids = room
        .app
        .db()
        .write(async move |tx| domain::assign(tx, &change, &id, &new).await)
        .await?;
    Ok(Created(TenantApplications { tenant_id, app_ids }))
}

/// Says who of a tenant may use an application that it has.
#[utoipa::path(put, path = "/applications/resources/applications/tenant-assignments/v1/{appId}/{tenantId}",
    tag = "Applications settings",
    params(
        ("appId" = String, Path, description = "Id of the application"),
        ("tenantId" = String, Path, description = "Id of the tenant"),
    ),
    request_body = AssignmentChange,
    responses((status = 200, description = "Changed"),
        (status = 404, description = "No such application or tenant, or the tenant does not have it")))]
async fn edit_assignment(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path((id, tenant)): Path<(String, String)>,
    Body(body): Body<AssignmentChange>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| domain::edit(tx, &change, &id, &tenant, body.access_type).await)
        .await?;
    Ok(Done::OK)
}

/// Takes an application from a tenant: its members do not get in through it any more.
#[utoipa::path(delete, path = "/applications/resources/applications/tenant-assignments/v1/{appId}/{tenantId}",
    tag = "Applications settings",
    params(
        ("appId" = String, Path, description = "Id of the application"),
        ("tenantId" = String, Path, description = "Id of the tenant"),
    ),
    responses((status = 200, description = "Taken"),
        (status = 404, description = "No such application or tenant, or the tenant does not have it")))]
async fn unassign_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path((id, tenant)): Path<(String, String)>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| domain::unassign(tx, &change, &id, &tenant).await)
        .await?;
    Ok(Done::OK)
}
