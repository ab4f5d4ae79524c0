//! `/identity/resources/configurations/restrictions/v1/email-domain`: whose addresses may sign up or be invited.

use blocks::listing::{Dialect, Paged};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AnyCaller, Body, Created, Done, Guard, Json, Need, Params, Path, Problem, Routes, State, routes};

use super::domain::{self, Change};
use super::model::{Entry, Kind, List, MOST, Strategy, domain_key};
use crate::room::Access;

const LIST: Dialect<()> = Dialect {
    most: 1_000,
    usual: 1_000,
    sorts: &[],
};

pub(super) fn routes() -> Routes<Access> {
    let guard = |key| Guard::environment_or_user(Need::Permission(key));
    let read = guard("fe.secure.read.emailDomainRestrictions");
    let write = guard("fe.secure.write.emailDomainRestrictions");
    let delete = guard("fe.secure.delete.emailDomainRestrictions");
    Routes::new()
        .on(read, routes!(list_domains))
        .on(write, routes!(create_domain))
        .on(write, routes!(replace_domains))
        .on(delete, routes!(remove_domain))
        .on(read, routes!(read_domain_config))
        .on(write, routes!(change_domain_config))
}

/// A domain that is let in or kept out.
#[derive(Debug, Serialize, ToSchema)]
struct DomainRestriction {
    id: String,
    domain: String,
    #[serde(rename = "type")]
    kind: Strategy,
}

impl From<Entry> for DomainRestriction {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            domain: entry.value,
            kind: entry.strategy,
        }
    }
}

/// A domain to put on the list.
#[derive(Debug, Deserialize, ToSchema)]
struct NewDomainRestriction {
    /// The whole domain after the `@`; each sub-domain is one of its own.
    domain: String,
    #[serde(rename = "type")]
    kind: Strategy,
}

/// All domains of one type.
#[derive(Debug, Deserialize, ToSchema)]
struct DomainRestrictions {
    #[serde(rename = "type")]
    kind: Strategy,
    domains: Vec<String>,
}

/// Whether the list counts, and which of its entries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DomainConfig {
    active: bool,
    list_type: Strategy,
    /// Whether domains of free mail services stay out as well.
    block_public_domains: bool,
}

impl From<List> for DomainConfig {
    fn from(list: List) -> Self {
        Self {
            active: list.is_active,
            list_type: list.strategy,
            block_public_domains: list.block_public_domains,
        }
    }
}

/// What to change of that; what is left out stays.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DomainConfigChanges {
    active: bool,
    #[serde(default)]
    block_public_domains: Option<bool>,
    #[serde(default, rename = "type")]
    kind: Option<Strategy>,
}

fn entry(change: &Change, domain: &str, kind: Strategy) -> Result<Entry, Problem> {
    let domain = domain_key(domain)
        .ok_or_else(|| Problem::bad_request("domain must be a domain name such as example.com"))?;
    Ok(change.entry(kind, domain))
}

/// The list: the environment's own, or with a tenant that tenant's.
#[utoipa::path(get, path = "/identity/resources/configurations/restrictions/v1/email-domain", tag = "Domain restrictions",
    responses((status = 200, body = Paged<DomainRestriction>)))]
async fn list_domains(
    State(room): State<Access>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<DomainRestriction>>, Problem> {
    let page = LIST.read(&params)?;
    let scope = caller.scope();
    let all = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &scope, Kind::EmailDomain).await)
        .await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(page.skipped()).unwrap_or(usize::MAX);
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(skipped).take(most).map(Into::into).collect();
    Ok(Json(page.answer(items, total, &params)))
}

/// Puts a domain on the list.
#[utoipa::path(post, path = "/identity/resources/configurations/restrictions/v1/email-domain", tag = "Domain restrictions",
    request_body = NewDomainRestriction,
    responses((status = 201, body = DomainRestriction), (status = 409, description = "It is on the list")))]
async fn create_domain(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<NewDomainRestriction>,
) -> Result<Created<DomainRestriction>, Problem> {
    let change = Change::by(&room.app, &caller, Kind::EmailDomain);
    let entry = entry(&change, &body.domain, body.kind)?;
    let made = entry.clone();
    room.app
        .db()
        .write(async move |tx| change.add(tx, &entry).await)
        .await?;
    Ok(Created(made.into()))
}

/// Replaces all domains of one type.
#[utoipa::path(post, path = "/identity/resources/configurations/restrictions/v1/email-domain/replace-bulk",
    tag = "Domain restrictions", request_body = DomainRestrictions,
    responses((status = 201, body = [DomainRestriction])))]
async fn replace_domains(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<DomainRestrictions>,
) -> Result<Created<Vec<DomainRestriction>>, Problem> {
    if body.domains.len() > MOST {
        return Err(Problem::bad_request(format!(
            "domains must contain no more than {MOST} elements"
        )));
    }
    let change = Change::by(&room.app, &caller, Kind::EmailDomain);
    let kind = body.kind;
    let entries = body
        .domains
        .iter()
        .map(|domain| entry(&change, domain, kind))
        .collect::<Result<Vec<_>, _>>()?;
    let scope = caller.scope();
    let all = room
        .app
        .db()
        .write(async move |tx| {
            change.replace(tx, kind, &entries).await?;
            let mut all = domain::read(tx, &scope, Kind::EmailDomain).await?;
            all.retain(|entry| entry.strategy == kind);
            Ok::<_, domain::RestrictionError>(all)
        })
        .await?;
    Ok(Created(all.into_iter().map(Into::into).collect()))
}

/// Takes a domain off the list.
#[utoipa::path(delete, path = "/identity/resources/configurations/restrictions/v1/email-domain/{id}",
    tag = "Domain restrictions", params(("id" = String, Path, description = "The entry's id")),
    responses((status = 200, description = "It is off the list")))]
async fn remove_domain(
    State(room): State<Access>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = Change::by(&room.app, &caller, Kind::EmailDomain);
    room.app
        .db()
        .write(async move |tx| change.remove(tx, &id).await)
        .await?;
    Ok(Done::OK)
}

/// Whether the list counts, and which of its entries.
#[utoipa::path(get, path = "/identity/resources/configurations/restrictions/v1/email-domain/config",
    tag = "Domain restrictions", responses((status = 200, body = DomainConfig)))]
async fn read_domain_config(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<DomainConfig>, Problem> {
    let scope = caller.scope();
    let list = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &scope, Kind::EmailDomain).await)
        .await?;
    Ok(Json(list.into()))
}

/// Changes whether the list counts, and which of its entries.
#[utoipa::path(post, path = "/identity/resources/configurations/restrictions/v1/email-domain/config",
    tag = "Domain restrictions", request_body = DomainConfigChanges, responses((status = 201, body = DomainConfig)))]
async fn change_domain_config(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<DomainConfigChanges>,
) -> Result<Created<DomainConfig>, Problem> {
    let change = Change::by(&room.app, &caller, Kind::EmailDomain);
    let laid_over = move |old: List| List {
        is_active: body.active,
        strategy: body.kind.unwrap_or(old.strategy),
        block_public_domains: body.block_public_domains.unwrap_or(old.block_public_domains),
    };
    let list = room
        .app
        .db()
        .write(async move |tx| change.set(tx, laid_over).await)
        .await?;
    Ok(Created(list.into()))
}
