//! `/audits`: posting and querying records, in the older and the newer dialect.

use blocks::audit::Severity;
use kit::{EnvironmentId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{
    Accepted, AnyCaller, Body, EnvironmentCaller, Guard, Json, Need, Params, Problem, Routes, State, routes,
};

use super::domain::{self, AuditError};
use super::export;
use crate::AuditRoom;
use crate::model::{Audit, Event};
use crate::wanted::Wanted;

/// Largest posted event, in bytes.
const EVENT_BYTES: usize = 64 * 1024;

pub(crate) fn routes() -> Routes<AuditRoom> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.audits"));
    Routes::new()
        .on_large(
            Guard::environment().with_tenant(),
            EVENT_BYTES,
            routes!(add_audit),
        )
        .on(read, routes!(list_audits))
        .on(read, routes!(read_stats))
        .on(read, routes!(list_audits_v2))
        .and(export::routes())
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::TooDeep => Self::bad_request(error.to_string()),
            AuditError::Store(error) => error.into(),
        }
    }
}

/// What documents say of a posted event: any members beside the severity.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read as a free object")]
struct AuditEvent {
    /// Info, Low, Medium, High, Critical or Error.
    #[schema(value_type = String)]
    severity: Severity,
}

/// One page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// The records: fixed members, and whatever else the sender posted.
    #[schema(value_type = Vec<Object>)]
    data: Vec<Map<String, Value>>,
    total: i64,
}

/// Counts of a tenant's records.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditStats {
    /// High, Critical and Error, of the last seven days.
    severe_this_week: i64,
    /// Since midnight UTC.
    total_today: i64,
}

/// Which tenants a caller's query is about.
pub(super) fn narrowed(
    caller: &AnyCaller,
    asked: Option<&str>,
    mut wanted: Wanted,
) -> (EnvironmentId, Wanted) {
    if let Some(tenant) = asked {
        wanted.tenants = vec![tenant.to_owned()];
    }
    let Scope { environment, tenant } = caller.scope();
    match (caller, &tenant) {
        (AnyCaller::User(_), Some(tenant)) => wanted.within(tenant),
        (AnyCaller::Environment(_), Some(tenant)) if wanted.tenants.is_empty() => {
            wanted.tenants = vec![tenant.to_string()];
        }
        _ => {}
    }
    (environment, wanted)
}

/// The rows of a query, and their total.
pub(super) async fn fetch(
    room: &AuditRoom,
    caller: &AnyCaller,
    environment: EnvironmentId,
    wanted: Wanted,
) -> Result<(Vec<Map<String, Value>>, i64), Problem> {
    let by = environment.clone();
    let (audits, total) = room
        .app
        .db()
        .read(async move |tx| domain::query(tx, &by, &wanted).await)
        .await?;
    let with_changes = caller.user().is_none();
    Ok((
        audits
            .iter()
            .map(|audit: &Audit| audit.row(&environment, with_changes))
            .collect(),
        total,
    ))
}

/// Adds a record of the product's own to a tenant's trail and answers it as stored.
#[utoipa::path(post, path = "/audits", tag = "Audits",
    params(("frontegg-tenant-id" = String, Header, description = "The tenant it happened in")),
    request_body = AuditEvent, responses((status = 202, body = Object)))]
async fn add_audit(
    State(room): State<AuditRoom>,
    caller: EnvironmentCaller,
    Body(members): Body<Map<String, Value>>,
) -> Result<Accepted<Map<String, Value>>, Problem> {
    let event = Event::read(members).map_err(Problem::faults)?;
    let now = room.app.now();
    let audit = event.into_audit(
        room.app.ids().v7(now),
        caller.tenant()?.as_str(),
        &caller.environment,
        now,
    );
    let row = audit.row(&caller.environment, false);
    room.app
        .db()
        .write(async move |tx| domain::add(tx, &caller.environment, &audit).await)
        .await?;
    Ok(Accepted(row))
}

/// Records, newest first unless asked otherwise. Any further parameter names a column and the value it must have.
#[utoipa::path(get, path = "/audits", tag = "Audits",
    params(
        ("vendorId" = Option<String>, Query, description = "Ignored: the token says which environment"),
        ("tenantId" = Option<String>, Query, description = "Only this tenant's; a user's token always means its own tenant"),
        ("limit" = Option<f64>, Query, description = "The same as count"),
        ("offset" = Option<f64>, Query, description = "How many records to skip"),
        ("count" = Option<f64>, Query, description = "How many records, at most 200, otherwise 50"),
        ("paginationMode" = Option<String>, Query, description = "Ignored"),
        ("filter" = Option<String>, Query, description = "Text that must occur, or a JSON object of columns and values"),
        ("sortBy" = Option<String>, Query, description = "A column, otherwise createdAt"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only this tenant's"),
    ),
    responses((status = 200, body = AuditPage)))]
async fn list_audits(
    State(room): State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<AuditPage>, Problem> {
    let wanted = Wanted::read(&params, 200)?;
    let (environment, wanted) = narrowed(&caller, params.text_within("tenantId", 255)?, wanted);
    let (data, total) = fetch(&room, &caller, environment, wanted).await?;
    Ok(Json(AuditPage { data, total }))
}

/// Records, newest first unless asked otherwise.
#[utoipa::path(get, path = "/audits/resources/audits/v2", tag = "Audits",
    params(
        ("created_from" = Option<String>, Query, description = "Not older, ISO 8601"),
        ("created_to" = Option<String>, Query, description = "Not newer, ISO 8601"),
        ("tenant_ids" = Option<Vec<String>>, Query, description = "Only of these tenants, at most 100"),
        ("users" = Option<Vec<String>>, Query, description = "Only about these users, at most 100"),
        ("email" = Option<Vec<String>>, Query, description = "Only about these addresses, at most 100"),
        ("count" = Option<f64>, Query, description = "How many records, 1 to 200, otherwise 50"),
        ("offset" = Option<f64>, Query, description = "How many records to skip"),
        ("sortBy" = Option<String>, Query, description = "A column, otherwise createdAt"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc"),
        ("filter" = Option<String>, Query, description = "Text that must occur, or a JSON object of columns and values"),
        ("featureFlagId" = Option<String>, Query, description = "Only about this feature flag"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "Only this tenant's"),
    ),
    responses((status = 200, body = AuditPage)))]
async fn list_audits_v2(
    State(room): State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<AuditPage>, Problem> {
    let (environment, wanted) = narrowed(&caller, None, Wanted::read_v2(&params)?);
    let (data, total) = fetch(&room, &caller, environment, wanted).await?;
    Ok(Json(AuditPage { data, total }))
}

/// How many records a tenant has of today, and how many severe ones of this week.
#[utoipa::path(get, path = "/audits/stats", tag = "Audits",
    params(
        ("tenantId" = Option<String>, Query, description = "The tenant, where no header names it"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant"),
    ),
    responses((status = 200, body = AuditStats)))]
async fn read_stats(
    State(room): State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<AuditStats>, Problem> {
    let asked = params.text_within("tenantId", 255)?;
    let tenant = match (&caller, asked) {
        // Published clients name the tenant in the query.
        (AnyCaller::Environment(_), Some(asked)) => asked.to_owned(),
        _ => caller.tenant()?.to_string(),
    };
    let (environment, now) = (caller.scope().environment, room.app.now());
    let (total_today, severe_this_week) = room
        .app
        .db()
        .read(async move |tx| domain::stats(tx, &environment, &tenant, now).await)
        .await?;
    Ok(Json(AuditStats {
        severe_this_week,
        total_today,
    }))
}
