//! Records as files.

use web::{
    AnyCaller, Attachment, Body, Guard, IntoResponse, Need, Params, Problem, Response, Routes, State,
    StatusCode, routes,
};

use super::api::{fetch, narrowed};
use crate::AuditRoom;
use crate::csv::ExportBody;
use crate::wanted::Wanted;

/// Most records in one file.
const MOST: i64 = 10_000;

pub(super) fn routes() -> Routes<AuditRoom> {
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.audits")).with_tenant();
    Routes::new()
        .on(read, routes!(export_csv))
        .on(read, routes!(export_csv_stream))
        .on(read, routes!(export_csv_v2))
}

/// Records as a CSV file: as many as `count` says, otherwise up to 10,000.
#[utoipa::path(post, path = "/audits/export/csv", tag = "Audits",
    params(
        ("vendorId" = Option<String>, Query, description = "Ignored: the token says which environment"),
        ("tenantId" = Option<String>, Query, description = "Only this tenant's; a user's token always means its own tenant"),
        ("limit" = Option<f64>, Query, description = "The same as count"),
        ("offset" = Option<f64>, Query, description = "How many records to skip"),
        ("count" = Option<f64>, Query, description = "How many records, at most 10000"),
        ("paginationMode" = Option<String>, Query, description = "Ignored"),
        ("filter" = Option<String>, Query, description = "Text that must occur, or a JSON object of columns and values"),
        ("sortBy" = Option<String>, Query, description = "A column, otherwise createdAt"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc"),
        ("outputFileName" = Option<String>, Query, description = "Name of the file"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant"),
    ),
    request_body = ExportBody,
    responses((status = 201, body = String, content_type = "text/csv")))]
async fn export_csv(
    State(room): State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
    Body(body): Body<ExportBody>,
) -> Result<Response, Problem> {
    body.check().map_err(Problem::faults)?;
    let mut wanted = Wanted::read(&params, MOST)?;
    if params.text("count").is_none() && params.text("limit").is_none() {
        wanted.count = MOST;
    }
    let file = file(&room, &caller, &params, wanted, &body).await?;
    Ok(with_status(StatusCode::CREATED, file))
}

/// The same file as `/audits/export/csv`.
#[utoipa::path(post, path = "/audits/export/csv/v2", tag = "Audits",
    params(
        ("vendorId" = Option<String>, Query, description = "Ignored: the token says which environment"),
        ("tenantId" = Option<String>, Query, description = "Only this tenant's; a user's token always means its own tenant"),
        ("limit" = Option<f64>, Query, description = "The same as count"),
        ("offset" = Option<f64>, Query, description = "How many records to skip"),
        ("count" = Option<f64>, Query, description = "How many records, at most 10000"),
        ("paginationMode" = Option<String>, Query, description = "Ignored"),
        ("filter" = Option<String>, Query, description = "Text that must occur, or a JSON object of columns and values"),
        ("sortBy" = Option<String>, Query, description = "A column, otherwise createdAt"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc"),
        ("outputFileName" = Option<String>, Query, description = "Name of the file"),
        ("frontegg-tenant-id" = String, Header, description = "The tenant"),
    ),
    request_body = ExportBody,
    responses((status = 201, body = String, content_type = "text/csv")))]
async fn export_csv_stream(
    room: State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
    body: Body<ExportBody>,
) -> Result<Response, Problem> {
    export_csv(room, caller, params, body).await
}

/// One page of records, at most 200, as a CSV file.
#[utoipa::path(post, path = "/audits/resources/audits/v2/export/csv", tag = "Audits",
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
        ("frontegg-tenant-id" = String, Header, description = "The tenant"),
    ),
    request_body = ExportBody,
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn export_csv_v2(
    State(room): State<AuditRoom>,
    caller: AnyCaller,
    params: Params,
    Body(body): Body<ExportBody>,
) -> Result<Response, Problem> {
    body.check().map_err(Problem::faults)?;
    let file = file(&room, &caller, &params, Wanted::read_v2(&params)?, &body).await?;
    Ok(file.into_response())
}

async fn file(
    room: &AuditRoom,
    caller: &AnyCaller,
    params: &Params,
    wanted: Wanted,
    body: &ExportBody,
) -> Result<Attachment, Problem> {
    let name = params.text_within("outputFileName", 200)?.unwrap_or("audits");
    let name = name.strip_suffix(".csv").unwrap_or(name);
    let (environment, wanted) = narrowed(caller, params.text_within("tenantId", 255)?, wanted);
    let (rows, _) = fetch(room, caller, environment, wanted).await?;
    Ok(Attachment {
        content_type: "text/csv; charset=utf-8",
        file_name: format!("{name}.csv"),
        bytes: body.render(&rows),
    })
}

fn with_status(status: StatusCode, file: Attachment) -> Response {
    let mut response = file.into_response();
    *response.status_mut() = status;
    response
}
