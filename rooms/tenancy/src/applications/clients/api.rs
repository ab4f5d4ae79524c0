//! `/applications/application-clients`: clients that act for an application.

use kit::Secret;
use web::{Body, Created, Done, EnvironmentCaller, Guard, Json, Path, Problem, Routes, State, routes};

use super::domain::{self, Prepared};
use super::model::{ApplicationClient, ClientChanges, NewClient};
use crate::applications::api::change;
use crate::room::Tenancy;

pub(in crate::applications) fn routes() -> Routes<Tenancy> {
    Routes::new()
        .on(Guard::environment(), routes!(create_client))
        .on(Guard::environment(), routes!(list_clients))
        .on(Guard::environment(), routes!(read_client))
        .on(Guard::environment(), routes!(update_client))
        .on(Guard::environment(), routes!(delete_client))
}

/// Makes a client of an application. Its secret is shown in this answer and never again.
#[utoipa::path(post, path = "/applications/application-clients", tag = "Applications settings",
    params(("frontegg-application-id" = Option<String>, Header, description = "The application, where the body names none")),
    request_body = NewClient,
    responses((status = 201, body = ApplicationClient), (status = 404, description = "No such application")))]
async fn create_client(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(new): Body<NewClient>,
) -> Result<Created<ApplicationClient>, Problem> {
    let change = change(&room.app, &caller);
    let prepared = Prepared {
        id: room.app.ids().v4(),
        secret: Secret::new(room.app.ids().v4()),
        application: new
            .app_id
            .clone()
            .filter(|id| !id.is_empty())
            .or_else(|| caller.from.application.clone()),
        new,
    };
    Ok(Created(
        room.app
            .db()
            .write(async move |tx| domain::create(tx, &change, &prepared).await)
            .await?,
    ))
}

/// The clients of an application, the oldest first.
#[utoipa::path(get, path = "/applications/application-clients/app/{appId}", tag = "Applications settings",
    params(("appId" = String, Path, description = "Id of the application")),
    responses((status = 200, body = Vec<ApplicationClient>), (status = 404, description = "No such application")))]
async fn list_clients(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Vec<ApplicationClient>>, Problem> {
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::list(tx, &caller.environment, &id).await)
            .await?,
    ))
}

/// A client.
#[utoipa::path(get, path = "/applications/application-clients/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the client")),
    responses((status = 200, body = ApplicationClient), (status = 404, description = "No such client")))]
async fn read_client(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<ApplicationClient>, Problem> {
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::find(tx, &caller.environment, &id).await)
            .await?,
    ))
}

/// Changes a client; members left out stay as they are.
#[utoipa::path(patch, path = "/applications/application-clients/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the client")), request_body = ClientChanges,
    responses((status = 200, body = ApplicationClient), (status = 404, description = "No such client")))]
async fn update_client(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(changes): Body<ClientChanges>,
) -> Result<Json<ApplicationClient>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Json(
        room.app
            .db()
            .write(async move |tx| domain::update(tx, &change, &id, &changes).await)
            .await?,
    ))
}

/// Deletes a client; its secret counts no more.
#[utoipa::path(delete, path = "/applications/application-clients/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the client")),
    responses((status = 204, description = "Deleted"), (status = 404, description = "No such client")))]
async fn delete_client(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &id).await)
        .await?;
    Ok(Done::NO_CONTENT)
}
