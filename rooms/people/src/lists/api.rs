//! `users/v3`, and the older lists beside it.

use std::collections::BTreeSet;

use blocks::listing::{Dialect, Order, Page, Paged};
use kit::TenantId;
use web::{AnyCaller, Guard, Json, Need, Params, Problem, Routes, State, routes};

use super::domain;
use super::model::{Field, RolesOfUser, Search, Sort};
use crate::groups::GroupsOfUser;
use crate::identifiers;
use crate::room::People;
use crate::search::{Needle, Phrase};
use crate::views::{self, Audience, Detail, Lens, UserView};

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
        ("tenantId", Sort::TenantId),
    ],
};

/// Most ids in one filter.
const MOST_IDS: usize = 500;
/// Most characters of a text to search for.
const TEXT: usize = 255;
/// Most phrases of one kind in a search, and most characters of one.
const MOST_PHRASES: usize = 10;
const PHRASE: usize = 100;

pub(crate) fn routes() -> Routes<People> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.users"));
    Routes::new()
        .on(read, routes!(list_users))
        .on(read, routes!(list_users_v1))
        .on(read, routes!(list_users_v2))
        .on(read, routes!(search_users))
        .on(read.with_tenant(), routes!(list_roles_of_users))
        .on(read.with_tenant(), routes!(list_groups_of_users))
}

fn search(page: &Page<Sort>, caller: &AnyCaller) -> Search {
    let sort = (page.sort, page.order.unwrap_or(Order::Ascending));
    Search {
        visible_only: caller.user().is_some(),
        ..Search::of(&caller.scope(), sort, (page.skipped(), page.limit))
    }
}

/// Whether members of the tenants below are wanted too, and the caller may see them.
fn with_sub_tenants(caller: &AnyCaller, params: &Params, usual: bool) -> Result<bool, Problem> {
    let wanted = params.flag("_includeSubTenants")?.unwrap_or(usual);
    Ok(wanted && super::may_see_below(caller).is_ok())
}

/// A list of ids; absent and empty are not the same, but an empty parameter is an absent one.
fn id_list(params: &Params, name: &str) -> Result<Option<Vec<String>>, Problem> {
    let ids = params.list(name, MOST_IDS)?;
    Ok((!ids.is_empty()).then_some(ids))
}

async fn answer(
    room: &People,
    caller: &AnyCaller,
    params: &Params,
    page: Page<Sort>,
    search: Search,
    (detail, family): (Detail, bool),
) -> Result<Json<Paged<UserView>>, Problem> {
    let audience = if caller.user().is_some() {
        Audience::Colleague
    } else {
        Audience::Environment
    };
    let environment = caller.scope().environment;
    let (of, columns) = (environment.clone(), room.columns.clone());
    let (items, total, search) = room
        .app
        .db()
        .read(async move |tx| {
            let mut search = search.clone();
            if family {
                super::widen(tx, &environment, &mut search).await?;
            }
            let found = domain::find(tx, &environment, &columns, &search).await?;
            let below = super::shown(tx, &environment, &search, &found.items).await?;
            let lens = Lens {
                tenant: search.tenant.as_ref(),
                audience,
                detail,
                below: (!below.is_empty()).then_some(&below),
            };
            let items = views::views(tx, &environment, found.items, lens).await?;
            Ok::<_, Problem>((items, found.total, search))
        })
        .await?;
    super::order(room.app.db(), &of, &search, total).await?;
    Ok(Json(page.answer(items, total, params)))
}

/// The prefixes that a call searches for, in the form the fields are stored in.
fn prefixes(params: &Params) -> Result<Vec<(Field, String)>, Problem> {
    let mut prefixes = Vec::new();
    if let Some(text) = params.text_within("_email", TEXT)? {
        prefixes.push((Field::Email, kit::search_key(text)));
    }
    if let Some(text) = params.text_within("_namePrefix", TEXT)? {
        prefixes.push((Field::Name, kit::search_key(text)));
    }
    let kind = match params.text("_identifierType") {
        None | Some("email") => Field::Email,
        Some("phoneNumber") => Field::Phone,
        Some("username") => Field::Username,
        Some(_) => {
            return Err(Problem::bad_request(
                "_identifierType must be one of the following values: email, phoneNumber, username",
            ));
        }
    };
    if let Some(text) = params.text_within("_identifier", TEXT)? {
        let key = match kind {
            Field::Phone => identifiers::phone_prefix(text),
            Field::Email | Field::Name | Field::Username => kit::search_key(text),
        };
        prefixes.push((kind, key));
    }
    prefixes.retain(|(_, prefix)| !prefix.is_empty());
    Ok(prefixes)
}

/// Users of the environment or of one tenant. Texts are searched from their beginning, in any case.
#[utoipa::path(get, path = "/identity/resources/users/v3", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Users per page, 1 to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_email" = Option<String>, Query, description = "What the address begins with"),
        ("_namePrefix" = Option<String>, Query, description = "What the name begins with"),
        ("_identifier" = Option<String>, Query, description = "What the identifier begins with"),
        ("_identifierType" = Option<String>, Query, description = "Which one: email (when absent), phoneNumber, username"),
        ("_includeSubTenants" = Option<bool>, Query, description = "Whether members of tenants below count as well; true when absent"),
        ("_tenantId" = Option<String>, Query, description = "Only members of this tenant"),
        ("ids" = Option<String>, Query, description = "Only these users, parted by commas"),
        ("_externalIds" = Option<String>, Query, description = "Only users with these external ids, parted by commas"),
        ("_sortBy" = Option<String>, Query,
            description = "createdAt, name, email, id, verified, isLocked, provider or tenantId; when absent what is searched by, else createdAt"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Paged<UserView>)))]
async fn list_users(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<UserView>>, Problem> {
    let page = LIST.read(&params)?;
    let family = with_sub_tenants(&caller, &params, true)?;
    let Some(search) = standard(&room, &params, &page, (&caller, family)).await? else {
        return Ok(Json(page.answer(Vec::new(), 0, &params)));
    };
    answer(&room, &caller, &params, page, search, (Detail::Listed, family)).await
}

/// Users whose name, primary address, username or primary phone number hold phrases. All other filters of the list may be added.
///
/// Phrases of one to three characters and searches with few results are counted and sorted exactly. Where many users come into
/// question, `totalItems` may count some who then turn out not to hold a longer phrase. An approximate search forgives one
/// character in phrases of three to five, two in longer ones, and finds the users most like what was asked for, some thousand at most.
#[utoipa::path(get, path = "/identity/resources/users/v1/query/phrase", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Users per page, 1 to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_phraseSearchContains" = Option<Vec<String>>, Query, description = "Texts that must all be there, parted by commas"),
        ("_phraseSearchExcludes" = Option<Vec<String>>, Query, description = "Texts none of which may be there"),
        ("_phraseSearchOptional" = Option<Vec<String>>, Query, description = "Texts one of which must be there"),
        ("_phraseSearchApproximate" = Option<bool>, Query, description = "Whether texts may be misspelt; those excluded may not"),
        ("_email" = Option<String>, Query, description = "What the address begins with"),
        ("_namePrefix" = Option<String>, Query, description = "What the name begins with"),
        ("_identifier" = Option<String>, Query, description = "What the identifier begins with"),
        ("_identifierType" = Option<String>, Query, description = "Which one: email (when absent), phoneNumber, username"),
        ("_includeSubTenants" = Option<bool>, Query, description = "Whether members of tenants below count as well; true when absent"),
        ("_tenantId" = Option<String>, Query, description = "Only members of this tenant"),
        ("ids" = Option<String>, Query, description = "Only these users, parted by commas"),
        ("_externalIds" = Option<String>, Query, description = "Only users with these external ids, parted by commas"),
        ("_sortBy" = Option<String>, Query,
            description = "createdAt (when absent), name, email, id, verified, isLocked, provider or tenantId"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Paged<UserView>)))]
async fn search_users(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<UserView>>, Problem> {
    let page = LIST.read(&params)?;
    let family = with_sub_tenants(&caller, &params, true)?;
    let phrase = phrase(&params)?;
    let Some(mut search) = standard(&room, &params, &page, (&caller, family)).await? else {
        return Ok(Json(page.answer(Vec::new(), 0, &params)));
    };
    search.phrase = phrase;
    answer(&room, &caller, &params, page, search, (Detail::Listed, family)).await
}

/// The texts that a phrase search is for.
fn phrase(params: &Params) -> Result<Phrase, Problem> {
    let approximate = params.flag("_phraseSearchApproximate")?.unwrap_or(false);
    let needles = |name: &str, rough: bool| -> Result<Vec<Needle>, Problem> {
        let texts = params.list(name, MOST_PHRASES)?;
        if let Some(long) = texts.iter().find(|text| text.chars().count() > PHRASE) {
            return Err(Problem::bad_request(format!(
                "each value in {name} must be shorter than or equal to {PHRASE} characters, and one has {}",
                long.chars().count()
            )));
        }
        Ok(texts
            .iter()
            .map(|text| {
                if rough {
                    Needle::about(text)
                } else {
                    Needle::anywhere(text)
                }
            })
            .filter(|needle| !needle.is_empty())
            .collect())
    };
    Ok(Phrase {
        all: needles("_phraseSearchContains", approximate)?,
        any: needles("_phraseSearchOptional", approximate)?,
        none: needles("_phraseSearchExcludes", false)?,
    })
}

/// What all lists of this family may be asked for; `None` when it is about a tenant that the caller does not speak for,
/// which has no users to see: neither the one in force nor, in a list `with_below`, one below it.
async fn standard(
    room: &People,
    params: &Params,
    page: &Page<Sort>,
    (caller, with_below): (&AnyCaller, bool),
) -> Result<Option<Search>, Problem> {
    let mut search = search(page, caller);
    search.prefixes = prefixes(params)?;
    search.ids = id_list(params, "ids")?;
    search.external_ids = id_list(params, "_externalIds")?;
    if let Some(wanted) = params.text_within("_tenantId", TEXT)? {
        if let Some(own) = search.tenant.take().filter(|own| own.as_str() != wanted) {
            let (environment, below) = (caller.scope().environment, wanted.to_owned());
            let within = room
                .app
                .db()
                .read(async move |tx| tenancy::is_within(tx, &environment, &below, own.as_str()).await);
            if !with_below || !within.await? {
                return Ok(None);
            }
        }
        search.tenant = Some(TenantId::from(wanted));
    }
    Ok(Some(search))
}

/// Users with their roles, as one client reads them: of all tenants, or of the one named by header.
#[utoipa::path(get, path = "/identity/resources/users/v1", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Users per page, 1 to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "As in users/v3"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("ids" = Option<String>, Query, description = "Only these users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Paged<UserView>)))]
async fn list_users_v1(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<UserView>>, Problem> {
    let page = LIST.read(&params)?;
    let mut search = search(&page, &caller);
    search.ids = id_list(&params, "ids")?;
    answer(&room, &caller, &params, page, search, (Detail::Full, false)).await
}

/// Users with their roles, searched for a text anywhere in name, primary address, username or primary phone number.
#[utoipa::path(get, path = "/identity/resources/users/v2", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Users per page, 1 to 200; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_filter" = Option<String>, Query, description = "Text that the name, the primary address, the username or the primary phone number contains"),
        ("_sortBy" = Option<String>, Query, description = "As in users/v3"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_includeSubTenants" = Option<bool>, Query, description = "Whether members of tenants below count as well; false when absent"),
        ("ids" = Option<String>, Query, description = "Only these users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only members of this tenant")),
    responses((status = 200, body = Paged<UserView>)))]
async fn list_users_v2(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<UserView>>, Problem> {
    let page = LIST.read(&params)?;
    let family = with_sub_tenants(&caller, &params, false)?;
    let mut search = search(&page, &caller);
    search.ids = id_list(&params, "ids")?;
    search.phrase.all = params
        .text_within("_filter", TEXT)?
        .map(Needle::anywhere)
        .filter(|needle| !needle.is_empty())
        .into_iter()
        .collect();
    answer(&room, &caller, &params, page, search, (Detail::Full, family)).await
}

/// Which users `ids` asks about.
fn asked(params: &Params) -> Result<Vec<String>, Problem> {
    let mut ids = params.list("ids", MOST_IDS)?;
    if ids.is_empty() {
        return Err(Problem::bad_request("ids should not be empty"));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

/// The ids of the roles that users hold in the tenant themselves; what groups bring is told by their groups.
#[utoipa::path(get, path = "/identity/resources/users/v3/roles", tag = "User management",
    params(("ids" = Vec<String>, Query, description = "Ids of users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant in question")),
    responses((status = 200, body = Vec<RolesOfUser>)))]
async fn list_roles_of_users(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<RolesOfUser>>, Problem> {
    let (ids, scope) = (asked(&params)?, caller.scope());
    let rows = room
        .app
        .db()
        .read(async move |tx| Ok::<_, Problem>(domain::roles(tx, &scope, &ids).await?))
        .await?;
    Ok(Json(rows))
}

/// The ids of the groups that users are in.
#[utoipa::path(get, path = "/identity/resources/users/v3/groups", tag = "User management",
    params(("ids" = Vec<String>, Query, description = "Ids of users, parted by commas"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant in question")),
    responses((status = 200, body = Vec<GroupsOfUser>)))]
async fn list_groups_of_users(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<GroupsOfUser>>, Problem> {
    let (ids, scope) = (asked(&params)?, caller.scope());
    let rows = room
        .app
        .db()
        .read(async move |tx| Ok::<_, Problem>(domain::groups(tx, &scope, &ids).await?))
        .await?;
    Ok(Json(rows))
}
