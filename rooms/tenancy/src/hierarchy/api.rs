//! `/tenants/resources/hierarchy` and `/tenants/resources/sub-tenants`.

use std::sync::Arc;

use blocks::listing::{Dialect, Order, Paged};
use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Params, Path, Problem, Routes,
    State, routes,
};

use super::domain::{self, HierarchyError};
use super::lists::{self, Wanted};
use super::model::{
    FamilySize, HierarchySettings, Listed, Management, NewSubTenant, Pair, Relative, SubTenantName, Tree,
};
use super::reads;
use crate::room::Tenancy;
use crate::tenants::{self, Change, Prefix, Sort, Tenant, TenantChanges, TenantError};

/// Largest body that may hold an embedded logo.
const WITH_LOGO: usize = 2 * 1024 * 1024;
/// Most ids in one question.
const MOST_IDS: usize = 200;

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
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key));
    let read = with("fe.account-hierarchy.read.subAccount").with_tenant();
    let write = with("fe.account-hierarchy.write.subAccount");
    let manage = with("fe.account-hierarchy.write.subAccountManagement");
    let open = with("fe.account-hierarchy.write.subAccountAccess");
    Routes::new()
        .on(read, routes!(list_descendants))
        .on(Guard::environment(), routes!(assign_sub_tenant))
        .on(Guard::environment(), routes!(unassign_sub_tenant))
        .on(read, routes!(list_parents))
        .on(read, routes!(list_parents_of_tenant))
        .on(read, routes!(read_tree))
        .on(read, routes!(list_sub_tenants))
        .on(read, routes!(count_sub_tenants))
        .on_large(write, WITH_LOGO, routes!(create_sub_tenant))
        .on(write, routes!(rename_sub_tenant))
        .on(
            with("fe.account-hierarchy.delete.subAccount"),
            routes!(delete_sub_tenant),
        )
        .on(manage, routes!(set_sub_tenant_management))
        .on(open, routes!(set_sub_tenant_hierarchy_settings))
}

impl From<HierarchyError> for Problem {
    fn from(error: HierarchyError) -> Self {
        match error {
            HierarchyError::Itself
            | HierarchyError::Loop
            | HierarchyError::Elsewhere
            | HierarchyError::NoParentNamed => Self::bad_request(error.to_string()),
            HierarchyError::NotParentAndChild | HierarchyError::NoSuchTenant(_) => {
                Self::not_found(error.to_string())
            }
            HierarchyError::NotReseller | HierarchyError::NotPermitted(_) => {
                Self::forbidden(error.to_string())
            }
            HierarchyError::Tenant(error) => error.into(),
        }
    }
}

/// Every tenant below the tenant in force, level by level.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v1", tag = "Hierarchy",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in question; not needed with a user token")),
    responses((status = 200, body = Vec<Relative>)))]
async fn list_descendants(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<Vec<Relative>>, Problem> {
    let scope = caller.scope();
    let below = reads::everything_below(room.app.db(), &scope.environment, scope.tenant_id()).await?;
    Ok(Json(
        below
            .into_iter()
            .map(|(node, level)| Relative::new(node, level))
            .collect(),
    ))
}

/// Puts an existing tenant under another, with everything below it. Within one hierarchy this moves it; a tenant of
/// another hierarchy must be taken out of there first.
#[utoipa::path(post, path = "/tenants/resources/hierarchy/v1", tag = "Hierarchy", request_body = Pair,
    responses((status = 201, description = "Assigned; the body is empty"),
        (status = 400, description = "The same tenant twice, a loop, or a tenant of another hierarchy"),
        (status = 404, description = "No such tenant")))]
async fn assign_sub_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(pair): Body<Pair>,
) -> Result<Done, Problem> {
    let pair = pair.checked().map_err(Problem::faults)?;
    let change = Change::by(&room.app, &AnyCaller::Environment(caller));
    room.app
        .db()
        .write(async move |tx| {
            domain::place(tx, &change, &pair.parent_tenant_id, &pair.child_tenant_id).await
        })
        .await?;
    Ok(Done::CREATED)
}

/// Takes a sub-tenant out from under its parent. What stands below it stays there.
#[utoipa::path(delete, path = "/tenants/resources/hierarchy/v1", tag = "Hierarchy", request_body = Pair,
    responses((status = 200, description = "Unassigned; the body is empty"),
        (status = 404, description = "They are not parent and child")))]
async fn unassign_sub_tenant(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(pair): Body<Pair>,
) -> Result<Done, Problem> {
    let pair = pair.checked().map_err(Problem::faults)?;
    let change = Change::by(&room.app, &AnyCaller::Environment(caller));
    room.app
        .db()
        .write(async move |tx| domain::part(tx, &change, &pair.parent_tenant_id, &pair.child_tenant_id).await)
        .await?;
    Ok(Done::OK)
}

/// The tenants above the tenant in force, the nearest first.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v1/parents", tag = "Hierarchy",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in question; not needed with a user token")),
    responses((status = 200, body = Vec<Relative>)))]
async fn list_parents(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<Vec<Relative>>, Problem> {
    let scope = caller.scope();
    let above = room
        .app
        .db()
        .read(async move |tx| reads::parents(tx, &scope.environment, scope.tenant_id()).await)
        .await?;
    Ok(Json(above))
}

/// The tenants above a sub-tenant, the nearest first.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v1/parents/{tenantId}", tag = "Hierarchy",
    params(("tenantId" = String, Path, description = "The tenant in force or one below it"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, body = Vec<Relative>), (status = 404, description = "No such tenant")))]
async fn list_parents_of_tenant(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<Relative>>, Problem> {
    let scope = caller.scope();
    let above = room
        .app
        .db()
        .read(async move |tx| {
            if !domain::is_within(tx, &scope.environment, &id, scope.tenant_id()).await? {
                return Err(Problem::from(TenantError::NotFound));
            }
            Ok(reads::parents(tx, &scope.environment, &id).await?)
        })
        .await?;
    Ok(Json(above))
}

/// The tenant in force with everything below it, as a tree.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v1/tree", tag = "Hierarchy",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant in question; not needed with a user token")),
    responses((status = 200, body = Tree)))]
async fn read_tree(State(room): State<Tenancy>, caller: AnyCaller) -> Result<Json<Tree>, Problem> {
    let scope = caller.scope();
    let (environment, id) = (scope.environment.clone(), scope.tenant_id().to_owned());
    let top = room
        .app
        .db()
        .read(async move |tx| reads::node(tx, &environment, &id).await)
        .await?
        .ok_or(TenantError::NotFound)?;
    let below = reads::everything_below(room.app.db(), &scope.environment, scope.tenant_id()).await?;
    Ok(Json(Tree::grow(top, below)))
}

/// One page of the children of a tenant; with a filter, of everything below it.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v2", tag = "Hierarchy",
    params(
        ("_limit" = Option<f64>, Query, description = "Tenants per page, 1 to 200, otherwise 50"),
        ("_offset" = Option<f64>, Query, description = "Page number from 0"),
        ("_filter" = Option<String>, Query, description = "How the id, the name or a word of the name begins; case does not matter"),
        ("_subTenantId" = Option<String>, Query, description = "Where to look: a tenant below the one in force, which it is when absent"),
        ("_sortBy" = Option<String>, Query, description = "createdAt (the default), name or tenantId"),
        ("_order" = Option<String>, Query, description = "ASC (the default) or DESC"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token"),
    ),
    responses((status = 200, body = Paged<Listed>), (status = 404, description = "No such tenant")))]
async fn list_sub_tenants(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<Listed>>, Problem> {
    let page = LIST.read(&params)?;
    let scope = caller.scope();
    let named = params
        .text_within("_subTenantId", 255)?
        .filter(|id| !id.is_empty());
    let wanted = Wanted {
        top: named.unwrap_or(scope.tenant_id()).to_owned(),
        prefix: params.text_within("_filter", 255)?.and_then(Prefix::of),
        sort: (
            page.sort.unwrap_or(Sort::CreatedAt),
            page.order.unwrap_or(Order::Ascending),
        ),
        offset: page.skipped(),
        limit: page.limit,
    };
    let (items, total) = room
        .app
        .db()
        .read(async move |tx| {
            if !domain::is_within(tx, &scope.environment, &wanted.top, scope.tenant_id()).await? {
                return Err(Problem::from(TenantError::NotFound));
            }
            Ok(lists::page(tx, &scope.environment, &wanted).await?)
        })
        .await?;
    Ok(Json(page.answer(items, total, &params)))
}

/// How many tenants stand below each of some. Tenants that are not below the tenant in force are left out.
#[utoipa::path(get, path = "/tenants/resources/hierarchy/v2/metadata", tag = "Hierarchy",
    params(("_tenantIds" = Vec<String>, Query, description = "Ids of tenants, at most 200"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant in force; not needed with a user token")),
    responses((status = 200, body = Vec<FamilySize>)))]
async fn count_sub_tenants(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<FamilySize>>, Problem> {
    let ids = params.list("_tenantIds", MOST_IDS)?;
    let scope = caller.scope();
    let sizes = room
        .app
        .db()
        .read(async move |tx| {
            let own = scope.tenant_id();
            let (here, others): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| id == own);
            let mut wanted = reads::below_among(tx, &scope.environment, own, others).await?;
            wanted.extend(here.into_iter().take(1));
            reads::sizes(tx, &scope.environment, &wanted).await
        })
        .await?;
    Ok(Json(sizes))
}

/// Creates a tenant below another. The id may be chosen; that of a deleted tenant may be used again.
#[utoipa::path(post, path = "/tenants/resources/sub-tenants/v1", tag = "Sub-accounts", request_body = NewSubTenant,
    responses((status = 201, body = Tenant), (status = 400, description = "A wrong value, or no such parent"),
        (status = 403, description = "The parent may not have sub-accounts"),
        (status = 409, description = "A tenant with this id exists")))]
async fn create_sub_tenant(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Body(new): Body<NewSubTenant>,
) -> Result<Created<Tenant>, Problem> {
    let change = Change::by(&room.app, &caller);
    let members = Arc::clone(&room.members);
    let tenant = room
        .app
        .db()
        .write(async move |tx| domain::create(tx, &change, members.as_ref(), &caller, &new).await)
        .await?;
    Ok(Created(tenant))
}

async fn change(
    room: &Tenancy,
    caller: &AnyCaller,
    id: String,
    changes: TenantChanges,
) -> Result<Tenant, Problem> {
    let (change, caller) = (Change::by(&room.app, caller), caller.clone());
    Ok(room
        .app
        .db()
        .write(async move |tx| domain::change(tx, &change, &caller, &id, &changes).await)
        .await?)
}

/// Gives a sub-tenant another name.
#[utoipa::path(patch, path = "/tenants/resources/sub-tenants/v1/{tenantId}", tag = "Sub-accounts",
    params(("tenantId" = String, Path, description = "Id of the sub-tenant")), request_body = SubTenantName,
    responses((status = 200, body = Tenant), (status = 404, description = "No such sub-tenant")))]
async fn rename_sub_tenant(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<SubTenantName>,
) -> Result<Json<Tenant>, Problem> {
    let changes = TenantChanges::name(body.name);
    change(&room, &caller, id, changes).await.map(Json)
}

/// Deletes a sub-tenant with everything it owns. Its own sub-tenants move up to its parent.
#[utoipa::path(delete, path = "/tenants/resources/sub-tenants/v1/{tenantId}", tag = "Sub-accounts",
    params(("tenantId" = String, Path, description = "Id of the sub-tenant")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 404, description = "No such sub-tenant"),
        (status = 409, description = "Its users are being moved to another tenant")))]
async fn delete_sub_tenant(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let (change, scope, purges) = (
        Change::by(&room.app, &caller),
        caller.scope(),
        Arc::clone(&room.purges),
    );
    room.app
        .db()
        .write(async move |tx| {
            domain::deletable(tx, &change, &scope, &id).await?;
            tenants::delete(tx, &change, &purges, &id.as_str().into())
                .await
                .map_err(HierarchyError::from)
        })
        .await?;
    Ok(Done::OK)
}

/// Says whether a sub-tenant may have sub-tenants of its own making.
#[utoipa::path(put, path = "/tenants/resources/sub-tenants/v1/{tenantId}/management", tag = "Sub-accounts",
    params(("tenantId" = String, Path, description = "Id of the sub-tenant")), request_body = Management,
    responses((status = 200, description = "Changed; the body is empty"),
        (status = 403, description = "The caller's own tenant may not have sub-tenants of its making"),
        (status = 404, description = "No such sub-tenant")))]
async fn set_sub_tenant_management(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<Management>,
) -> Result<Done, Problem> {
    change(&room, &caller, id, TenantChanges::reseller(body.is_reseller)).await?;
    Ok(Done::OK)
}

/// Says whether the members of a tenant reach the tenants below it: by default not, by default, or always.
#[utoipa::path(put, path = "/tenants/resources/sub-tenants/v1/{tenantId}/hierarchy-settings", tag = "Sub-accounts",
    params(("tenantId" = String, Path, description = "Id of a tenant below the one in force; of any tenant where an environment token names none")),
    request_body = HierarchySettings,
    responses((status = 200, description = "Changed; the body is empty"), (status = 404, description = "No such tenant")))]
async fn set_sub_tenant_hierarchy_settings(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Path(id): Path<String>,
    Body(body): Body<HierarchySettings>,
) -> Result<Done, Problem> {
    let (change, scope, members) = (
        Change::by(&room.app, &caller),
        caller.scope(),
        Arc::clone(&room.members),
    );
    let access = body.sub_account_access_type;
    room.app
        .db()
        .write(async move |tx| domain::set_access(tx, &change, members.as_ref(), &scope, &id, access).await)
        .await?;
    Ok(Done::OK)
}
