//! `/identity/resources/configurations/v1/restrictions/ip`: from which network addresses a tenant's users come in.

use blocks::listing::{Dialect, Paged};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AnyCaller, Body, Created, Done, Guard, Json, Need, Params, Path, Problem, Routes, State, routes};

use super::domain::{self, Change};
use super::model::{Entry, Kind, LONGEST, List, MOST, Strategy, network, spelled};
use crate::room::Access;

const LIST: Dialect<()> = Dialect {
    most: 200,
    usual: 50,
    sorts: &[],
};
/// The longest filter, in characters.
const LONGEST_FILTER: usize = 255;

pub(super) fn routes() -> Routes<Access> {
    let guard = |key| Guard::environment_or_user(Need::Permission(key)).with_tenant();
    let read = guard("fe.secure.read.ipRestrictions");
    let write = guard("fe.secure.write.ipRestrictions");
    let delete = guard("fe.secure.delete.ipRestrictions");
    Routes::new()
        .on(read, routes!(list_restrictions))
        .on(write, routes!(create_restriction))
        .on(write, routes!(create_restrictions))
        .on(delete, routes!(remove_restriction))
        .on(read, routes!(read_config))
        .on(write, routes!(change_config))
        .on(read, routes!(verify_address))
        .on(read, routes!(verify_address_allowed))
}

/// A network address, or a network, that is let in or kept out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IpRestriction {
    id: String,
    /// An address or a network in CIDR notation.
    ip: String,
    strategy: Strategy,
    is_active: bool,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: kit::Millis,
}

impl From<Entry> for IpRestriction {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            ip: entry.value,
            strategy: entry.strategy,
            is_active: entry.is_active,
            description: entry.description,
            created_at: entry.created_at,
        }
    }
}

/// An address or a network to put on the list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewIpRestriction {
    /// An address, or a network in CIDR notation.
    ip: String,
    #[serde(default)]
    description: Option<String>,
    #[schema(required)]
    strategy: Option<Strategy>,
    /// Left out: yes.
    #[serde(default)]
    is_active: Option<bool>,
}

/// Several of them.
#[derive(Debug, Deserialize, ToSchema)]
struct NewIpRestrictions {
    ips: Vec<NewIpRestriction>,
}

/// Whether the list counts, and which of its entries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IpConfig {
    strategy: Strategy,
    is_active: bool,
}

impl From<List> for IpConfig {
    fn from(list: List) -> Self {
        Self {
            strategy: list.strategy,
            is_active: list.is_active,
        }
    }
}

/// What to change of that; what is left out stays.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IpConfigChanges {
    #[serde(default)]
    strategy: Option<Strategy>,
    #[serde(default)]
    is_active: Option<bool>,
}

/// Whether the caller's own address would be let in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    /// The address that the request came from.
    ip: String,
    is_valid: bool,
}

impl NewIpRestriction {
    fn entry(self, change: &Change, usual: Option<Strategy>) -> Result<Entry, Problem> {
        let value = network(&self.ip)
            .map(spelled)
            .ok_or_else(|| Problem::bad_request("ip must be an address or a network such as 10.0.0.0/8"))?;
        let strategy = self.strategy.or(usual).ok_or_else(|| {
            Problem::bad_request("strategy must be one of the following values: ALLOW, BLOCK")
        })?;
        let description = self.description.unwrap_or_default();
        if description.chars().count() > LONGEST {
            return Err(Problem::bad_request(format!(
                "description must be shorter than or equal to {LONGEST} characters"
            )));
        }
        Ok(Entry {
            is_active: self.is_active.unwrap_or(true),
            description,
            ..change.entry(strategy, value)
        })
    }
}

/// The tenant's list.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/restrictions/ip", tag = "IP restrictions",
    params(
        ("_limit" = Option<i64>, Query, description = "Entries per page, at most 200"),
        ("_offset" = Option<i64>, Query, description = "Number of the page, from 0"),
        ("_filter" = Option<String>, Query, description = "Part of an address or a description"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token"),
    ),
    responses((status = 200, body = Paged<IpRestriction>)))]
async fn list_restrictions(
    State(room): State<Access>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Paged<IpRestriction>>, Problem> {
    let page = LIST.read(&params)?;
    let filter = params
        .text_within("_filter", LONGEST_FILTER)?
        .map(str::to_lowercase);
    let scope = caller.scope();
    let mut all = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &scope, Kind::Ip).await)
        .await?;
    if let Some(filter) = filter {
        all.retain(|entry| {
            entry.value.contains(&filter) || entry.description.to_lowercase().contains(&filter)
        });
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(page.skipped()).unwrap_or(usize::MAX);
    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(skipped).take(most).map(Into::into).collect();
    Ok(Json(page.answer(items, total, &params)))
}

/// Puts an address or a network on the list.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/restrictions/ip", tag = "IP restrictions",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token")),
    request_body = NewIpRestriction,
    responses((status = 201, body = IpRestriction), (status = 400, description = "The caller would be locked out"),
        (status = 409, description = "It is on the list")))]
async fn create_restriction(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<NewIpRestriction>,
) -> Result<Created<IpRestriction>, Problem> {
    let change = Change::by(&room.app, &caller, Kind::Ip);
    let entry = body.entry(&change, None)?;
    let made = entry.clone();
    room.app
        .db()
        .write(async move |tx| change.add(tx, &entry).await)
        .await?;
    Ok(Created(made.into()))
}

/// Puts several on the list, all or none. Those that are there already stay as they are.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/restrictions/ip/bulk", tag = "IP restrictions",
    request_body = NewIpRestrictions, responses((status = 201, body = [IpRestriction])))]
async fn create_restrictions(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<NewIpRestrictions>,
) -> Result<Created<Vec<IpRestriction>>, Problem> {
    if body.ips.is_empty() {
        return Err(Problem::bad_request("ips should not be empty"));
    }
    if body.ips.len() > MOST {
        return Err(Problem::bad_request(format!(
            "ips must contain no more than {MOST} elements"
        )));
    }
    let change = Change::by(&room.app, &caller, Kind::Ip);
    let scope = caller.scope();
    let list = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &scope, Kind::Ip).await)
        .await?;
    let entries = body
        .ips
        .into_iter()
        .map(|one| one.entry(&change, Some(list.strategy)))
        .collect::<Result<Vec<_>, _>>()?;
    let scope = caller.scope();
    let all = room
        .app
        .db()
        .write(async move |tx| {
            change.add_all(tx, &entries).await?;
            let wanted = |entry: &Entry| {
                entries
                    .iter()
                    .any(|one| one.strategy == entry.strategy && one.value == entry.value)
            };
            let mut all = domain::read(tx, &scope, Kind::Ip).await?;
            all.retain(wanted);
            Ok::<_, domain::RestrictionError>(all)
        })
        .await?;
    Ok(Created(all.into_iter().map(Into::into).collect()))
}

/// Takes an entry off the list.
#[utoipa::path(delete, path = "/identity/resources/configurations/v1/restrictions/ip/{id}", tag = "IP restrictions",
    params(
        ("id" = String, Path, description = "The entry's id"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token"),
    ),
    responses((status = 200, description = "It is off the list")))]
async fn remove_restriction(
    State(room): State<Access>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = Change::by(&room.app, &caller, Kind::Ip);
    room.app
        .db()
        .write(async move |tx| change.remove(tx, &id).await)
        .await?;
    Ok(Done::OK)
}

/// Whether the list counts, and which of its entries.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/restrictions/ip/config", tag = "IP restrictions",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token")),
    responses((status = 200, body = IpConfig)))]
async fn read_config(State(room): State<Access>, caller: AnyCaller) -> Result<Json<IpConfig>, Problem> {
    let scope = caller.scope();
    let list = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &scope, Kind::Ip).await)
        .await?;
    Ok(Json(list.into()))
}

/// Changes whether the list counts, and which of its entries. Refused where it would lock the caller out.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/restrictions/ip/config", tag = "IP restrictions",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token")),
    request_body = IpConfigChanges,
    responses((status = 201, body = IpConfig), (status = 400, description = "The caller would be locked out")))]
async fn change_config(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<IpConfigChanges>,
) -> Result<Created<IpConfig>, Problem> {
    let change = Change::by(&room.app, &caller, Kind::Ip);
    let laid_over = move |old: List| List {
        is_active: body.is_active.unwrap_or(old.is_active),
        strategy: body.strategy.unwrap_or(old.strategy),
        ..old
    };
    let list = room
        .app
        .db()
        .write(async move |tx| change.set(tx, laid_over).await)
        .await?;
    Ok(Created(list.into()))
}

/// Whether the caller's own address stays off the list of those kept out.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/restrictions/ip/verify", tag = "IP restrictions",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token")),
    responses((status = 201, body = Verdict)))]
async fn verify_address(State(room): State<Access>, caller: AnyCaller) -> Result<Created<Verdict>, Problem> {
    verdict(&room, &caller, Strategy::Block).await
}

/// Whether the caller's own address is on the list of those let in.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/restrictions/ip/verify/allow", tag = "IP restrictions",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; required with an environment token")),
    responses((status = 201, body = Verdict)))]
async fn verify_address_allowed(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Created<Verdict>, Problem> {
    verdict(&room, &caller, Strategy::Allow).await
}

async fn verdict(room: &Access, caller: &AnyCaller, strategy: Strategy) -> Result<Created<Verdict>, Problem> {
    let ip = caller.from().ip.to_canonical();
    let scope = caller.scope();
    let listed = room
        .app
        .db()
        .read(async move |tx| domain::listed(tx, &scope, strategy, ip).await)
        .await?;
    Ok(Created(Verdict {
        ip: ip.to_string(),
        is_valid: strategy.admits(listed),
    }))
}
