//! Routes that are read at boot. Clients retry each of them on any failure, so all are here and cheap.

use std::collections::BTreeMap;

use web::{AnyCaller, Guard, Json, Need, Problem, PublicCaller, Routes, State, UserCaller, routes};

use super::model::{
    AddressInfo, CustomProviders, OptionalStrategy, PublicSso, SignInStrategies, SignUpStrategy,
    SocialProvider, flags, password_recovery, sign_up,
};
use crate::AuthConfiguration;
use crate::messages::can_text;
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    let anyone = Guard::anyone();
    let signed_in = Guard::environment_or_user(Need::SignedIn);
    Routes::new()
        .on(anyone, routes!(read_public_strategies))
        .on(signed_in, routes!(read_strategies))
        .on(anyone, routes!(read_sign_up_strategies))
        .on(anyone, routes!(read_recovery_strategies))
        .on(anyone, routes!(read_flags))
        .on(anyone, routes!(read_mobile_flags))
        .on(anyone, routes!(read_public_sso))
        .on(anyone, routes!(read_social_providers))
        .on(signed_in, routes!(read_social_providers_signed_in))
        .on(anyone, routes!(read_custom_providers))
        .on(anyone, routes!(read_mobile_providers))
        .on(Guard::user(Need::SignedIn), routes!(read_own_address))
}

/// The ways to sign in, before anybody is known.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/auth/strategies/public", tag = "Boot",
    responses((status = 200, body = SignInStrategies)))]
async fn read_public_strategies(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<SignInStrategies>, Problem> {
    Ok(Json((&configuration(&room, &caller.environment).await?).into()))
}

/// The ways to sign in.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/auth/strategies", tag = "Boot",
    responses((status = 200, body = SignInStrategies)))]
async fn read_strategies(
    State(room): State<EnvironmentRoom>,
    caller: AnyCaller,
) -> Result<Json<SignInStrategies>, Problem> {
    let environment = caller.scope().environment;
    Ok(Json((&configuration(&room, &environment).await?).into()))
}

/// What a new user may be known by.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sign-up/strategies", tag = "Boot",
    responses((status = 200, body = [SignUpStrategy])))]
async fn read_sign_up_strategies(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<[SignUpStrategy; 3]>, Problem> {
    Ok(Json(sign_up(&configuration(&room, &caller.environment).await?)))
}

/// How a forgotten password is replaced.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password-recovery/strategies", tag = "Boot",
    responses((status = 200, body = [OptionalStrategy])))]
async fn read_recovery_strategies(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<[OptionalStrategy; 2]>, Problem> {
    let app = room.app.clone();
    let texts = room
        .app
        .db()
        .read(async move |tx| can_text(tx, &app, &caller.environment).await)
        .await?;
    Ok(Json(password_recovery(texts)))
}

/// Switches of the browser clients.
#[utoipa::path(get, path = "/flags", tag = "Boot",
    responses((status = 200, body = BTreeMap<String, String>)))]
async fn read_flags(_caller: PublicCaller) -> Json<BTreeMap<&'static str, &'static str>> {
    Json(flags())
}

/// The same switches, where mobile clients ask for them.
#[utoipa::path(get, path = "/identity/resources/auth/v1/feature-flags", tag = "Boot",
    responses((status = 200, body = BTreeMap<String, String>)))]
async fn read_mobile_flags(_caller: PublicCaller) -> Json<BTreeMap<&'static str, &'static str>> {
    Json(flags())
}

/// Whether tenants sign in with providers of their own. None can be set up yet.
#[utoipa::path(get, path = "/team/resources/sso/v2/configurations/public", tag = "Boot",
    responses((status = 200, body = PublicSso)))]
async fn read_public_sso(_caller: PublicCaller) -> Json<PublicSso> {
    Json(PublicSso { is_active: false })
}

/// The social providers. None can be set up yet.
#[utoipa::path(get, path = "/identity/resources/sso/v2", tag = "Boot",
    responses((status = 200, body = [SocialProvider])))]
async fn read_social_providers(_caller: PublicCaller) -> Json<Vec<SocialProvider>> {
    Json(Vec::new())
}

/// The social providers, for those who are signed in.
#[utoipa::path(get, path = "/identity/resources/sso/v2/authenticated", tag = "Boot",
    responses((status = 200, body = [SocialProvider])))]
async fn read_social_providers_signed_in(_caller: AnyCaller) -> Json<Vec<SocialProvider>> {
    Json(Vec::new())
}

/// The environment's own social providers. None can be set up yet.
#[utoipa::path(get, path = "/identity/resources/sso/custom/v1", tag = "Boot",
    responses((status = 200, body = CustomProviders)))]
async fn read_custom_providers(_caller: PublicCaller) -> Json<CustomProviders> {
    Json(CustomProviders::default())
}

/// The social providers by name, as one mobile client reads them.
#[utoipa::path(get, path = "/identity/resources/auth/v1/sso/config", tag = "Boot",
    responses((status = 200, body = BTreeMap<String, SocialProvider>)))]
async fn read_mobile_providers(_caller: PublicCaller) -> Json<BTreeMap<String, SocialProvider>> {
    Json(BTreeMap::new())
}

/// The network address that the caller's requests come from.
#[utoipa::path(get, path = "/metadata/ipme", tag = "Boot", responses((status = 200, body = AddressInfo)))]
async fn read_own_address(caller: UserCaller) -> Json<AddressInfo> {
    Json(AddressInfo::of(caller.from.ip))
}

async fn configuration(
    room: &EnvironmentRoom,
    environment: &kit::EnvironmentId,
) -> Result<AuthConfiguration, Problem> {
    let found = room.directory.configuration(environment).await?;
    found.ok_or_else(|| Problem::not_found("No environment answers at this address"))
}
