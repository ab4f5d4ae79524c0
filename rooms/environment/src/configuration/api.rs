//! Routes of the document.

use blocks::audit::AuditRecord;
use blocks::settings::Stored;
use kit::EnvironmentId;
use serde_json::{Map, Value};
use web::{
    AnyCaller, Body, Created, EnvironmentCaller, Guard, Json, Need, Problem, PublicCaller, Routes, State,
    routes,
};

use super::domain;
use super::model::{AuthConfiguration, BasicConfiguration, Configuration, PublicConfiguration};
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    let read = Guard::environment_or_user(Need::SignedIn);
    Routes::new()
        .on(read, routes!(read_configuration))
        .on(Guard::environment(), routes!(change_configuration))
        .on(read, routes!(read_basic_configuration))
        .on(Guard::anyone(), routes!(read_public_configuration))
}

/// How the environment authenticates people, with the key its tokens are verified with.
#[utoipa::path(get, path = "/identity/resources/configurations/v1", tag = "Configuration",
    responses((status = 200, body = Configuration)))]
async fn read_configuration(
    State(room): State<EnvironmentRoom>,
    caller: AnyCaller,
) -> Result<Json<Configuration>, Problem> {
    let environment = caller.scope().environment;
    let stored = stored(&room, environment.clone()).await?;
    let with_secret = caller.user().is_none();
    shown(&room, &environment, stored, with_secret).await.map(Json)
}

/// Changes the members that are given and keeps the others.
#[utoipa::path(post, path = "/identity/resources/configurations/v1", tag = "Configuration",
    request_body = AuthConfiguration, responses((status = 201, body = Configuration)))]
async fn change_configuration(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(changes): Body<Map<String, Value>>,
) -> Result<Created<Configuration>, Problem> {
    let environment = caller.environment.clone();
    let by = AuditRecord::new(
        "Authentication settings changed",
        "configuration",
        environment.as_str(),
    )
    .by_environment(&caller);
    let (ids, now, id) = (room.app.ids().clone(), room.app.now(), environment.clone());
    let stored = room
        .app
        .db()
        .write(async move |tx| domain::change(tx, &ids, &id, &changes, &by, now).await)
        .await?;
    room.directory.forget();
    shown(&room, &environment, stored, true).await.map(Created)
}

/// The part of the settings that the admin portal needs of everybody.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/basic", tag = "Configuration",
    responses((status = 200, body = BasicConfiguration)))]
async fn read_basic_configuration(
    State(room): State<EnvironmentRoom>,
    caller: AnyCaller,
) -> Result<Json<BasicConfiguration>, Problem> {
    let settings = stored(&room, caller.scope().environment).await?.value;
    Ok(Json(BasicConfiguration {
        force_permissions: settings.force_permissions,
        machine_to_machine_auth_strategy: settings.machine_to_machine_auth_strategy,
    }))
}

/// The part of the settings that a login box needs before anybody is known.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/public", tag = "Configuration",
    responses((status = 200, body = PublicConfiguration)))]
async fn read_public_configuration(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<PublicConfiguration>, Problem> {
    let settings = stored(&room, caller.environment).await?.value;
    Ok(Json(PublicConfiguration {
        allow_signups: settings.allow_signups,
        allow_not_verified_users_login: settings.allow_not_verified_users_login,
        api_tokens_enabled: settings.api_tokens_enabled,
        force_permissions: settings.force_permissions,
        auth_strategy: settings.auth_strategy,
        machine_to_machine_auth_strategy: settings.machine_to_machine_auth_strategy,
    }))
}

/// From the database, not the cache: what one node wrote the next request to another reads.
async fn stored(
    room: &EnvironmentRoom,
    environment: EnvironmentId,
) -> Result<Stored<AuthConfiguration>, Problem> {
    let read = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &environment).await);
    Ok(read.await?)
}

async fn shown(
    room: &EnvironmentRoom,
    environment: &EnvironmentId,
    stored: Stored<AuthConfiguration>,
    with_secret: bool,
) -> Result<Configuration, Problem> {
    let (public_key, jwt_secret) = room.directory.user_keys(environment).await?;
    Ok(Configuration {
        id: stored.id,
        settings: stored.value,
        public_key,
        jwt_secret: with_secret.then(|| jwt_secret.reveal().to_owned()),
    })
}
