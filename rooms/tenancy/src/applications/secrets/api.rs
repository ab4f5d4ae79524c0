//! `/applications/resources/applications/v1/credentials`: reading and replacing the secrets of an application.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Body, Done, EnvironmentCaller, Guard, Json, Path, Problem, Routes, State, routes};

use super::domain::{self, Which};
use crate::applications::api::change;
use crate::applications::domain::ApplicationError;
use crate::room::Tenancy;

pub(in crate::applications) fn routes() -> Routes<Tenancy> {
    Routes::new()
        .on(Guard::environment(), routes!(read_credentials))
        .on(Guard::environment(), routes!(regenerate_client_secret))
        .on(Guard::environment(), routes!(regenerate_shared_secret))
}

/// The secrets of an application. No Debug: they are never printed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    /// What the application proves itself with; its client id is its own id.
    client_secret: String,
    /// What it signs with when it speaks for its users, such as about their addresses.
    shared_secret: String,
}

/// Whose secret is to be replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Regeneration {
    app_id: String,
}

/// The secrets of an application.
#[utoipa::path(get, path = "/applications/resources/applications/v1/credentials/{appId}", tag = "Applications settings",
    params(("appId" = String, Path, description = "Id of the application")),
    responses((status = 200, body = Credentials), (status = 404, description = "No such application")))]
async fn read_credentials(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Credentials>, Problem> {
    let environment = caller.environment.clone();
    let asked = id.clone();
    let stored = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &environment, &asked).await)
        .await?;
    let pair = match stored {
        Some(pair) => pair,
        None => {
            let change = change(&room.app, &caller);
            let first = domain::fresh(&room.directory, room.app.ids(), &caller.environment, &id);
            let asked = id.clone();
            room.app
                .db()
                .write(async move |tx| domain::begin(tx, &change, &asked, &first).await)
                .await?
        }
    };
    let open = |sealed: &str, which: Which| -> Result<String, Problem> {
        let context = which.context(&caller.environment, &id);
        let secret = room
            .directory
            .unseal(sealed, &context)
            .map_err(ApplicationError::Sealed)?;
        Ok(secret.reveal().reveal().to_owned())
    };
    Ok(Json(Credentials {
        client_secret: open(&pair.client, Which::Client)?,
        shared_secret: open(&pair.shared, Which::Shared)?,
    }))
}

async fn regenerate(
    room: &Tenancy,
    caller: &EnvironmentCaller,
    which: Which,
    id: String,
) -> Result<Done, Problem> {
    let change = change(&room.app, caller);
    let pair = domain::fresh(&room.directory, room.app.ids(), &caller.environment, &id);
    room.app
        .db()
        .write(async move |tx| domain::replace(tx, &change, which, &id, &pair).await)
        .await?;
    Ok(Done::CREATED)
}

/// Replaces the client secret of an application; the old one counts no more.
#[utoipa::path(post, path = "/applications/resources/applications/v1/credentials/regenerate", tag = "Applications settings",
    request_body = Regeneration,
    responses((status = 201, description = "Replaced"), (status = 404, description = "No such application")))]
async fn regenerate_client_secret(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(body): Body<Regeneration>,
) -> Result<Done, Problem> {
    regenerate(&room, &caller, Which::Client, body.app_id).await
}

/// Replaces the shared secret of an application; the old one counts no more.
#[utoipa::path(post, path = "/applications/resources/applications/v1/credentials/shared/regenerate",
    tag = "Applications settings", request_body = Regeneration,
    responses((status = 201, description = "Replaced"), (status = 404, description = "No such application")))]
async fn regenerate_shared_secret(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(body): Body<Regeneration>,
) -> Result<Done, Problem> {
    regenerate(&room, &caller, Which::Shared, body.app_id).await
}
