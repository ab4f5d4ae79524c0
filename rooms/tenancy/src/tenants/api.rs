//! `/tenants/resources/tenants`: the tenants of an environment.

use blocks::audit::AuditRecord;
use blocks::listing::{Dialect, Order, Paged};
use kit::TenantId;
use web::{
    App, Body, Created, Done, EnvironmentCaller, Guard, HeaderValue, IntoResponse, Json, Need, Params, Path,
    Problem, Response, Routes, State, UserCaller, header, routes,
};

use super::domain::{self, Change, TenantError};
use super::list::{self, Wanted};
use super::model::{MetadataBody, NewTenant, Prefix, Sort, Tenant, TenantChanges};
use crate::room::Tenancy;

/// Largest body that may hold an embedded logo.
const WITH_LOGO: usize = 2 * 1024 * 1024;

const LIST: Dialect<Sort> = Dialect {
    most: 200,
    usual: 50,
    sorts: &[
        ("createdAt", Sort::CreatedAt),
        ("name", Sort::Name),
        ("tenantId", Sort::TenantId),
    ],
};

pub(crate) fn routes() -> Routes<Tenancy> {
    let delete_own = Guard::user(Need::Permission("fe.account-settings.delete.account")).on_behalf();
    Routes::new()
        .on_large(Guard::environment(), WITH_LOGO, routes!(create_tenant))
        .on(Guard::environment(), routes!(list_all_tenants))
        .on(delete_own, routes!(delete_current_tenant))
        .on(Guard::environment(), routes!(read_tenant_as_list))
        .on_large(Guard::environment(), WITH_LOGO, routes!(update_tenant))
        .on(Guard::environment(), routes!(delete_tenant))
        .on(Guard::environment(), routes!(add_tenant_metadata))
        .on(Guard::environment(), routes!(remove_tenant_metadata))
        .on(Guard::environment(), routes!(list_tenants))
        .on(Guard::environment(), routes!(read_tenant_by_alias))
        .on(Guard::environment(), routes!(read_tenant))
        .on_large(Guard::environment(), WITH_LOGO, routes!(update_tenant_v2))
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::Exists
            | TenantError::AliasTaken
            | TenantError::BeingRemoved
            | TenantError::BeingLeft => Self::conflict(error.to_string()),
            TenantError::NotFound => Self::not_found(error.to_string()),
            TenantError::NoParent | TenantError::TooDeep => Self::bad_request(error.to_string()),
            TenantError::Faults(sentences) => Self::faults(sentences),
            TenantError::Store(error) => error.into(),
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

/// Creates a tenant. The id may be chosen; that of a deleted tenant may be used again.
#[utoipa::path(post, path = "/tenants/resources/tenants/v1", tag = "Tenants", request_body = NewTenant,
    responses((status = 201, body = Tenant), (status = 409, description = "A tenant with this id exists")))]
async fn create_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(new): Body<NewTenant>,
) -> Result<Created<Tenant>, Problem> {
    let change = change(&room.app, &caller);
    let tenant = room
        .app
        .db()
        .write(async move |tx| domain::create(tx, &change, &new).await)
        .await?;
    Ok(Created(tenant))
}

/// How many tenants one snapshot of the whole list reads.
const PIECE: i64 = 500;

/// All tenants, in the order of their ids.
#[utoipa::path(get, path = "/tenants/resources/tenants/v1", tag = "Tenants", responses((status = 200, body = Vec<Tenant>)))]
async fn list_all_tenants(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
) -> Result<Response, Problem> {
    // Rendered piece by piece: the text of a hundred thousand tenants is held once, and no snapshot lasts long.
    let mut body = vec![b'['];
    let mut last = String::new();
    loop {
        let (environment, from) = (caller.environment.clone(), last.clone());
        let piece = room
            .app
            .db()
            .read(async move |tx| domain::after(tx, &environment, &from, PIECE).await)
            .await?;
        for tenant in &piece {
            if body.len() > 1 {
                body.push(b',');
            }
            serde_json::to_writer(&mut body, tenant).map_err(|error| Problem::internal(&error))?;
        }
        match piece.into_iter().next_back() {
            Some(tenant) => last = tenant.tenant_id,
            None => break,
        }
    }
    body.push(b']');
    let mut response = body.into_response();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// A list of the one tenant, empty when there is none.
#[utoipa::path(get, path = "/tenants/resources/tenants/v1/{tenantId}", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")),
    responses((status = 200, body = Vec<Tenant>)))]
async fn read_tenant_as_list(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Tenant>>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::find(tx, &caller.environment, &id).await)
        .await?;
    Ok(Json(found.into_iter().collect()))
}

/// The tenant.
#[utoipa::path(get, path = "/tenants/resources/tenants/v2/{tenantId}", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")),
    responses((status = 200, body = Tenant), (status = 404, description = "No such tenant")))]
async fn read_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Tenant>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::find(tx, &caller.environment, &id).await)
        .await?;
    found.map(Json).ok_or_else(|| TenantError::NotFound.into())
}

/// The tenant with this alias.
#[utoipa::path(get, path = "/tenants/resources/tenants/v2/alias/{alias}", tag = "Tenants",
    params(("alias" = String, Path, description = "Alias of the tenant's own login page")),
    responses((status = 200, body = Tenant), (status = 404, description = "No tenant has this alias")))]
async fn read_tenant_by_alias(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(alias): Path<String>,
) -> Result<Json<Tenant>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::find_by_alias(tx, &caller.environment, &alias).await)
        .await?;
    Ok(Json(found))
}

/// One page of the tenants.
#[utoipa::path(get, path = "/tenants/resources/tenants/v2", tag = "Tenants",
    params(
        ("_limit" = Option<f64>, Query, description = "Tenants per page, 1 to 200, otherwise 50"),
        ("_offset" = Option<f64>, Query, description = "Page number from 0"),
        ("_filter" = Option<String>, Query, description = "How the id, the name or a word of the name begins; case does not matter"),
        ("_sortBy" = Option<String>, Query, description = "createdAt (the default), name or tenantId"),
        ("_order" = Option<String>, Query, description = "ASC (the default) or DESC"),
        ("_tenantIds" = Option<Vec<String>>, Query, description = "Only these tenants, at most 500"),
    ),
    responses((status = 200, body = Paged<Tenant>)))]
async fn list_tenants(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<Paged<Tenant>>, Problem> {
    let page = LIST.read(&params)?;
    let wanted = Wanted {
        prefix: params.text_within("_filter", 255)?.and_then(Prefix::of),
        ids: params.list("_tenantIds", 500)?,
        sort: (
            page.sort.unwrap_or(Sort::CreatedAt),
            page.order.unwrap_or(Order::Ascending),
        ),
        offset: page.skipped(),
        limit: page.limit,
    };
    let finds = std::sync::Arc::clone(&room.finds);
    let (items, total) = room
        .app
        .db()
        .read(async move |tx| list::list(tx, &caller.environment, &finds, &wanted).await)
        .await?;
    Ok(Json(page.answer(items, total, &params)))
}

/// Changes a tenant; members left out stay as they are.
#[utoipa::path(put, path = "/tenants/resources/tenants/v1/{tenantId}", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")), request_body = TenantChanges,
    responses((status = 200, body = Tenant), (status = 404, description = "No such tenant")))]
async fn update_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(changes): Body<TenantChanges>,
) -> Result<Json<Tenant>, Problem> {
    let change = change(&room.app, &caller);
    let tenant = room
        .app
        .db()
        .write(async move |tx| domain::update(tx, &change, &id, &changes).await)
        .await?;
    Ok(Json(tenant))
}

/// Changes a tenant; members left out stay as they are.
#[utoipa::path(put, path = "/tenants/resources/tenants/v2/{tenantId}", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")), request_body = TenantChanges,
    responses((status = 200, body = Tenant), (status = 404, description = "No such tenant")))]
async fn update_tenant_v2(
    room: State<Tenancy>,
    caller: EnvironmentCaller,
    id: Path<String>,
    changes: Body<TenantChanges>,
) -> Result<Json<Tenant>, Problem> {
    update_tenant(room, caller, id, changes).await
}

/// Deletes a tenant with everything it owns; users without another tenant go with it.
#[utoipa::path(delete, path = "/tenants/resources/tenants/v1/{tenantId}", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")),
    responses((status = 200, description = "Deleted"), (status = 404, description = "No such tenant"),
        (status = 409, description = "Its users are being moved to another tenant")))]
async fn delete_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    delete(&room, change, id.into()).await
}

/// Deletes the tenant that the caller is signed in to.
#[utoipa::path(delete, path = "/tenants/resources/tenants/v1", tag = "Tenants", responses((status = 200, description = "Deleted"),
        (status = 409, description = "Its users are being moved to another tenant")))]
async fn delete_current_tenant(State(room): State<Tenancy>, caller: UserCaller) -> Result<Done, Problem> {
    let change = Change {
        environment: caller.environment.clone(),
        ids: room.app.ids().clone(),
        now: room.app.now(),
        by: AuditRecord::new("", "", "").by_user(&caller),
    };
    delete(&room, change, caller.tenant).await
}

async fn delete(room: &Tenancy, change: Change, id: TenantId) -> Result<Done, Problem> {
    let purges = std::sync::Arc::clone(&room.purges);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &purges, &id).await)
        .await?;
    Ok(Done::OK)
}

/// Sets members of a tenant's metadata and keeps the others.
#[utoipa::path(post, path = "/tenants/resources/tenants/v1/{tenantId}/metadata", tag = "Tenants",
    params(("tenantId" = String, Path, description = "Id of the tenant")), request_body = MetadataBody,
    responses((status = 201, body = Tenant), (status = 404, description = "No such tenant")))]
async fn add_tenant_metadata(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<MetadataBody>,
) -> Result<Created<Tenant>, Problem> {
    let members = body.members().map_err(Problem::faults)?;
    let change = change(&room.app, &caller);
    let tenant = room
        .app
        .db()
        .write(async move |tx| domain::add_metadata(tx, &change, &id, &members).await)
        .await?;
    Ok(Created(tenant))
}

/// Removes one member of a tenant's metadata.
#[utoipa::path(delete, path = "/tenants/resources/tenants/v1/{tenantId}/metadata/{key}", tag = "Tenants",
    params(
        ("tenantId" = String, Path, description = "Id of the tenant"),
        ("key" = String, Path, description = "Name of the member"),
    ),
    responses((status = 200, body = Tenant), (status = 404, description = "No such tenant")))]
async fn remove_tenant_metadata(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<Tenant>, Problem> {
    let change = change(&room.app, &caller);
    let tenant = room
        .app
        .db()
        .write(async move |tx| domain::remove_metadata(tx, &change, &id, &key).await)
        .await?;
    Ok(Json(tenant))
}
