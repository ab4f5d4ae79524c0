//! `/identity/resources/roles/v2`: roles in pages, what they can be narrowed by, and roles made on the base of others; and the
//! admin portal's own list.

use std::collections::BTreeMap;
use std::sync::Arc;

use blocks::listing::{Dialect, Order, Paged};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use thiserror::Error;
use web::{AnyCaller, Body, Guard, Json, Need, Params, Problem, Routes, State, routes};

use super::api::change;
use super::domain;
use super::model::{BasedRole, Role, RoleSearch, RoleSort, TeamRoles};
use super::store;
use crate::room::{Holder, RoleHolders, Tenancy};

const LIST: Dialect<RoleSort> = Dialect {
    most: 2_000,
    usual: 50,
    sorts: &[
        ("key", RoleSort::Key),
        ("name", RoleSort::Name),
        ("description", RoleSort::Description),
        ("isDefault", RoleSort::IsDefault),
        ("firstUserRole", RoleSort::FirstUserRole),
        ("level", RoleSort::Level),
        ("updatedAt", RoleSort::UpdatedAt),
        ("createdAt", RoleSort::CreatedAt),
        ("permissions", RoleSort::Permissions),
        ("userTenants", RoleSort::Members),
        ("groups", RoleSort::Groups),
    ],
};

/// Most tenants or levels that a list is narrowed to.
const FILTERS: usize = 500;
/// Most roles that are sorted by who holds them.
const COUNTED: i64 = 2_000;
/// Most tenants that are listed as having roles of their own.
const TENANTS: i64 = 10_000;

pub(super) fn routes() -> Routes<Tenancy> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.roles"));
    let write = Guard::environment_or_user(Need::Permission("fe.secure.write.roles"));
    Routes::new()
        .on(read, routes!(page_roles))
        .on(write, routes!(create_role))
        .on(read, routes!(list_levels))
        .on(read, routes!(list_tenants_with_roles))
        .on(read, routes!(list_team_roles))
}

/// Why a page was refused.
#[derive(Debug, Error)]
enum ListError {
    #[error(
        "More than {COUNTED} roles cannot be sorted by who holds them: narrow the list with _tenantIds, _levels or _filter"
    )]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooMany => Self::bad_request(error.to_string()),
            ListError::Store(error) => error.into(),
        }
    }
}

/// Which tenants' roles a list shows: those asked for that the scope may see.
fn tenants(scope: &Scope, asked: Vec<String>) -> Option<Vec<String>> {
    match (&scope.tenant, asked.is_empty()) {
        (None, true) => None,
        (None, false) => Some(asked),
        (Some(tenant), true) => Some(vec![String::new(), tenant.to_string()]),
        (Some(tenant), false) => Some(asked.into_iter().filter(|id| id == tenant.as_str()).collect()),
    }
}

async fn page(
    tx: &Tx,
    scope: &Scope,
    search: &RoleSearch,
    holders: &Arc<dyn RoleHolders>,
) -> Result<(Vec<Role>, i64), ListError> {
    let environment = &scope.environment;
    let total = store::count(tx, environment, search).await?;
    let items = match search.sort {
        RoleSort::Members => by_use(tx, scope, search, holders, Holder::Member).await?,
        RoleSort::Groups => by_use(tx, scope, search, holders, Holder::Group).await?,
        sort => store::page(tx, environment, search, sort).await?,
    };
    Ok((items, total))
}

/// Sorted by how many hold the roles, which another room knows.
async fn by_use(
    tx: &Tx,
    scope: &Scope,
    search: &RoleSearch,
    holders: &Arc<dyn RoleHolders>,
    by: Holder,
) -> Result<Vec<Role>, ListError> {
    let environment = &scope.environment;
    let mut ids = store::all_ids(tx, environment, search, COUNTED + 1).await?;
    if i64::try_from(ids.len()).unwrap_or(i64::MAX) > COUNTED {
        return Err(ListError::TooMany);
    }
    let uses: BTreeMap<String, i64> = holders.uses(tx, scope, &ids, by).await?.into_iter().collect();
    ids.sort_by_cached_key(|id| (uses.get(id).copied().unwrap_or(0), id.clone()));
    if search.order == Order::Descending {
        ids.reverse();
    }
    let (skip, take) = (
        usize::try_from(search.skip).unwrap_or(usize::MAX),
        usize::try_from(search.limit).unwrap_or(0),
    );
    let ids: Vec<String> = ids.into_iter().skip(skip).take(take).collect();
    in_order(tx, environment, &ids).await
}

async fn in_order(tx: &Tx, environment: &EnvironmentId, ids: &[String]) -> Result<Vec<Role>, ListError> {
    let mut by_id: BTreeMap<String, Role> = domain::roles_by_id(tx, environment, ids)
        .await?
        .into_iter()
        .map(|role| (role.id.clone(), role))
        .collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// Roles in pages: all of the environment, or with a tenant named, or a user's token, the environment's and that tenant's own.
#[utoipa::path(get, path = "/identity/resources/roles/v2", tag = "Account roles",
    params(("_limit" = Option<f64>, Query, minimum = 1, maximum = 2000, description = "Roles per page; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query,
            description = "key, name, description, isDefault, firstUserRole, level, updatedAt, createdAt, or the number of permissions, userTenants or groups; level and key when absent"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_levels" = Option<Vec<f64>>, Query, description = "Only roles of these levels"),
        ("_tenantIds" = Option<Vec<String>>, Query, description = "Only these tenants' own roles"),
        ("_filter" = Option<String>, Query, description = "Text that name, key or description contain, in any case"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Tenant whose roles are wanted")),
    responses((status = 200, body = Paged<Role>)))]
async fn page_roles(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<Role>>, Problem> {
    let page = LIST.read(&params)?;
    let mut levels = Vec::new();
    for text in params.list("_levels", FILTERS)? {
        let level: i64 = text
            .parse()
            .map_err(|_| Problem::bad_request("each value in _levels must be an integer number"))?;
        levels.push(level);
    }
    let scope = caller.scope();
    let search = RoleSearch {
        tenants: tenants(&scope, params.list("_tenantIds", FILTERS)?),
        levels,
        contains: params
            .text_within("_filter", 255)?
            .map(kit::search_key)
            .filter(|text| !text.is_empty()),
        sort: page.sort.unwrap_or(RoleSort::Level),
        order: page.order.unwrap_or(Order::Ascending),
        skip: page.skipped(),
        limit: page.limit,
    };
    let holders = Arc::clone(&room.holders);
    let (items, total) = room
        .app
        .db()
        .read(async move |tx| self::page(tx, &scope, &search, &holders).await)
        .await?;
    Ok(Json(page.answer(items, total, &params)))
}

/// Creates a role with its permissions, as strong as the role it is based on: the environment's, or with a tenant named, or a
/// user's token, that tenant's own.
#[utoipa::path(post, path = "/identity/resources/roles/v2", tag = "Account roles",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "Tenant whose own role it shall be")),
    request_body = BasedRole,
    responses((status = 200, body = Role), (status = 400, description = "No such base role, or no such permission"),
        (status = 403, description = "Beyond what the caller may give"), (status = 409, description = "The key is taken")))]
async fn create_role(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    Body(new): Body<BasedRole>,
) -> Result<Json<Role>, Problem> {
    let change = change(&room, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| domain::create_based(tx, &change, &new).await)
            .await?,
    ))
}

/// The levels that roles have, the strongest first.
#[utoipa::path(get, path = "/identity/resources/roles/v2/distinct-levels", tag = "Account roles",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "Tenant whose roles count beside the environment's")),
    responses((status = 200, body = Vec<f64>)))]
async fn list_levels(State(room): State<Tenancy>, caller: AnyCaller) -> Result<Json<Vec<i64>>, Problem> {
    let scope = caller.scope();
    let levels = room
        .app
        .db()
        .read(async move |tx| {
            Ok::<_, Problem>(if scope.tenant.is_some() {
                store::levels_in(tx, &scope).await?
            } else {
                store::levels(tx, &scope.environment).await?
            })
        })
        .await?;
    Ok(Json(levels))
}

/// The ids of tenants that have roles of their own, the first 10000 of them; a user's own tenant only.
#[utoipa::path(get, path = "/identity/resources/roles/v2/distinct-tenants", tag = "Account roles",
    responses((status = 200, body = Vec<String>)))]
async fn list_tenants_with_roles(
    State(room): State<Tenancy>,
    caller: AnyCaller,
) -> Result<Json<Vec<String>>, Problem> {
    let scope = caller.scope();
    let tenants = room
        .app
        .db()
        .read(async move |tx| {
            Ok::<_, Problem>(match &scope.tenant {
                None => store::tenants(tx, &scope.environment, TENANTS).await?,
                Some(_) if store::own_ids(tx, &scope, 1).await?.is_empty() => Vec::new(),
                Some(tenant) => vec![tenant.to_string()],
            })
        })
        .await?;
    Ok(Json(tenants))
}

/// The roles that may be given in the caller's tenant, as the admin portal reads them.
#[utoipa::path(get, path = "/team/resources/roles/v1", tag = "Roles",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = TeamRoles)))]
async fn list_team_roles(State(room): State<Tenancy>, caller: AnyCaller) -> Result<Json<TeamRoles>, Problem> {
    let scope = caller.scope();
    let items = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &scope).await)
        .await?;
    Ok(Json(TeamRoles { items }))
}
