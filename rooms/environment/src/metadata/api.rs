//! Routes of the documents.

use blocks::audit::AuditRecord;
use web::{
    Body, Created, EnvironmentCaller, Guard, Json, Params, Problem, PublicCaller, Routes, State, routes,
};

use super::domain;
use super::model::{Entity, MetadataBody, MetadataRow, MetadataRows};
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    Routes::new()
        .on(Guard::anyone(), routes!(read_metadata))
        .on(Guard::environment(), routes!(write_metadata))
}

/// The documents of one name: none while nobody has written one. The environment's own token sees them as they were
/// written.
#[utoipa::path(get, path = "/metadata", tag = "Metadata",
    params(("entityName" = String, Query, description = "adminBox, saml or audits")),
    responses((status = 200, body = MetadataRows)))]
async fn read_metadata(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
    params: Params,
) -> Result<Json<MetadataRows>, Problem> {
    let name = params.required("entityName")?;
    if name == "audits" {
        let row = MetadataRow::audits(caller.environment.as_str());
        return Ok(Json(MetadataRows { rows: vec![row] }));
    }
    // Clients ask for pages that are not there as well; those have no document.
    let Some(entity) = Entity::named(name) else {
        return Ok(Json(MetadataRows { rows: Vec::new() }));
    };
    let environment = caller.environment.clone();
    let found = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &environment, entity).await)
        .await?;
    let row = found.map(|row| {
        if caller.by_environment {
            row
        } else {
            row.for_anyone()
        }
    });
    Ok(Json(MetadataRows {
        rows: row.into_iter().collect(),
    }))
}

/// Replaces a whole document.
#[utoipa::path(post, path = "/metadata", tag = "Metadata",
    params(("entityName" = Option<String>, Query, description = "adminBox or saml; goes before the body's")),
    request_body = MetadataBody, responses((status = 201, body = MetadataRow)))]
async fn write_metadata(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    params: Params,
    Body(body): Body<MetadataBody>,
) -> Result<Created<MetadataRow>, Problem> {
    let entity = domain::written_entity(params.text("entityName"), body.entity_name.as_deref())?;
    let by = AuditRecord::new("Metadata changed", "metadata", entity.name()).by_environment(&caller);
    let (ids, now, environment) = (room.app.ids().clone(), room.app.now(), caller.environment);
    room.app
        .db()
        .write(async move |tx| domain::write(tx, &ids, &environment, entity, &body, &by, now).await)
        .await
        .map(Created)
}
