//! `/tenants/resources/migrations/v1/tenants`.

use web::{Accepted, AnyCaller, Body, EnvironmentCaller, Guard, Json, Path, Problem, Routes, State, routes};

use super::domain;
use super::model::{MigrateTenants, Started, Status};
use crate::room::Tenancy;
use crate::tenants::Change;

pub(crate) fn routes() -> Routes<Tenancy> {
    Routes::new()
        .on(Guard::environment(), routes!(migrate_tenants))
        .on(Guard::environment(), routes!(read_tenant_migration))
}

/// Brings tenants in under the ids they have elsewhere. The work goes on after the answer.
#[utoipa::path(post, path = "/tenants/resources/migrations/v1/tenants", tag = "Migrations", request_body = MigrateTenants,
    responses((status = 202, body = Started)))]
async fn migrate_tenants(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(body): Body<MigrateTenants>,
) -> Result<Accepted<Started>, Problem> {
    let ids = body.checked().map_err(Problem::faults)?;
    let change = Change::by(&room.app, &AnyCaller::Environment(caller));
    let migration_id = room
        .app
        .db()
        .write(async move |tx| domain::begin(tx, &change, &ids).await)
        .await?;
    Ok(Accepted(Started { migration_id }))
}

/// How far a migration is, and which tenants could not be brought in.
#[utoipa::path(get, path = "/tenants/resources/migrations/v1/tenants/status/{migrationId}", tag = "Migrations",
    params(("migrationId" = String, Path, description = "Id of the migration")),
    responses((status = 200, body = Status), (status = 404, description = "No such migration")))]
async fn read_tenant_migration(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Status>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::find(tx, &caller.environment, &id).await)
        .await?;
    let task = found.ok_or_else(|| Problem::not_found("Migration not found"))?;
    Ok(Json(task.into()))
}
