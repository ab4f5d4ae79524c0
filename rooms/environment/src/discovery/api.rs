//! The key set and the discovery document of an environment.

use serde::Serialize;
use utoipa::ToSchema;
use web::{Guard, Json, Problem, PublicCaller, Routes, State, routes};

use crate::keys::PublicKey;
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    Routes::new()
        .on(Guard::anyone(), routes!(read_key_set))
        .on(Guard::anyone(), routes!(read_discovery))
        .on(Guard::anyone(), routes!(read_discovery_below_oauth))
}

/// The published keys.
#[derive(Serialize, ToSchema)]
struct KeySet {
    /// The key that signs comes first; retired ones follow until their last token has ended.
    keys: Vec<PublicKey>,
}

/// What this server offers of OpenID Connect. It lists what is there and nothing else.
#[derive(Serialize, ToSchema)]
struct Discovery {
    /// The `iss` of this environment's tokens, byte for byte.
    issuer: String,
    /// Where the key set is.
    jwks_uri: String,
    /// How tokens are signed.
    id_token_signing_alg_values_supported: [&'static str; 1],
    /// A user has one `sub` for every client.
    subject_types_supported: [&'static str; 1],
}

/// The public keys that user tokens are verified with.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Discovery", responses((status = 200, body = KeySet)))]
async fn read_key_set(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<KeySet>, Problem> {
    let keys = room
        .directory
        .published_keys(&caller.environment, room.app.now())
        .await?;
    Ok(Json(KeySet { keys }))
}

/// The discovery document, where OpenID Connect libraries look for it.
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "Discovery",
    responses((status = 200, body = Discovery)))]
async fn read_discovery(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<Discovery>, Problem> {
    discovery(&room, &caller).await
}

/// The same document below `/oauth`, where older clients look.
#[utoipa::path(get, path = "/oauth/.well-known/openid-configuration", tag = "Discovery",
    responses((status = 200, body = Discovery)))]
async fn read_discovery_below_oauth(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<Discovery>, Problem> {
    discovery(&room, &caller).await
}

async fn discovery(room: &EnvironmentRoom, caller: &PublicCaller) -> Result<Json<Discovery>, Problem> {
    let known = room.directory.known(caller.environment.as_str()).await?;
    let known = known.ok_or_else(|| Problem::not_found("No environment answers at this address"))?;
    let issuer = known.profile.public_url.clone();
    let algorithm: crypto::Algorithm = known.configuration.jwt_algorithm.into();
    Ok(Json(Discovery {
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer,
        id_token_signing_alg_values_supported: [algorithm.as_str()],
        subject_types_supported: ["public"],
    }))
}
