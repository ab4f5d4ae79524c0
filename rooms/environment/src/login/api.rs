//! `POST /auth/vendor`.

use crypto::Algorithm;
use kit::{EnvironmentId, Millis, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Body, Guard, Json, Problem, Response, Routes, ServerCaller, State, routes};

use crate::directory::Purpose;
use crate::keys::VENDOR_SECONDS;
use crate::room::EnvironmentRoom;

/// Logins per second and address. One SDK logs in before nearly every call.
const PER_SECOND: u32 = 30;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    // The body says which environment it is.
    Routes::new().on(Guard::server(), routes!(log_in_environment))
}

/// The credentials of an environment.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VendorLogin {
    /// The environment's client id.
    #[schema(required)]
    client_id: Option<String>,
    /// The environment's secret.
    #[schema(required, value_type = String)]
    secret: Option<Secret>,
}

/// An environment token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VendorToken {
    /// The token, for `Authorization: Bearer` or `x-access-token`.
    token: String,
    /// Seconds until it ends; a whole number, because typed clients decode it as one.
    expires_in: i64,
}

/// The claims of an environment token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    scopes: [&'a str; 0],
    #[serde(rename = "type")]
    kind: &'a str,
    vendor_id: &'a str,
    iat: i64,
    exp: i64,
}

/// Exchanges an environment's client id and secret for a token of 24 hours.
#[utoipa::path(post, path = "/auth/vendor", tag = "Authentication", request_body = VendorLogin,
    responses((status = 200, body = VendorToken), (status = 401, description = "The credentials do not hold")))]
async fn log_in_environment(
    State(room): State<EnvironmentRoom>,
    caller: ServerCaller,
    Body(login): Body<VendorLogin>,
) -> Result<Json<VendorToken>, Response> {
    let ip = caller.from.ip.to_string();
    let now = room.app.now();
    room.limits
        .check("auth/vendor", &ip, PER_SECOND, 1, now)
        .map_err(Problem::into_vendor_response)?;
    token(&room, login, now)
        .await
        .map(Json)
        .map_err(Problem::into_vendor_response)
}

async fn token(room: &EnvironmentRoom, login: VendorLogin, now: Millis) -> Result<VendorToken, Problem> {
    let secret = login.secret.filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| Problem::unauthorized("Secret cannot be empty"))?;
    let known = room.directory.known(&login.client_id.unwrap_or_default()).await?;
    let given = crypto::sha256_hex(secret.reveal());
    // Compared also where there is no environment, so that the time does not tell which ones there are.
    let stored = known
        .as_ref()
        .map_or("", |known| known.profile.secret_hash.as_str());
    let holds = kit::same(given.as_bytes(), format!("{stored:0>64}").as_bytes());
    let environment: EnvironmentId = match known {
        Some(known) if holds => known.profile.id.clone(),
        _ => return Err(Problem::unauthorized("Invalid authentication")),
    };
    let claims = Claims {
        scopes: [],
        kind: "vendor",
        vendor_id: environment.as_str(),
        iat: now.seconds(),
        exp: now.seconds() + VENDOR_SECONDS,
    };
    let token = room
        .directory
        .sign(&environment, Purpose::Vendor, Algorithm::Rs256, &claims)
        .await?;
    Ok(VendorToken {
        token,
        expires_in: VENDOR_SECONDS,
    })
}
