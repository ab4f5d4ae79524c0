//! Routes of the policy.

use blocks::settings::{self, Stored};
use serde_json::{Map, Value};
use web::{AnyCaller, Body, Created, Guard, Json, Need, Problem, Routes, State, routes};

use super::model::LockoutPolicy;
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    let guard = |key| Guard::environment_or_user(Need::Permission(key));
    let read = guard("fe.secure.read.securityPolicy");
    let write = guard("fe.secure.write.securityPolicy");
    Routes::new()
        .on(read, routes!(read_policy))
        .on(write, routes!(create_policy))
        .on(write, routes!(change_policy))
        .on(read, routes!(read_environment_policy))
}

/// The policy in force: the tenant's own, else the environment's. An environment token without a tenant is told when there
/// is none.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/lockout-policy", tag = "Lockout policy",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    responses((status = 200, body = Stored<LockoutPolicy>), (status = 404, description = "Nobody has written one")))]
async fn read_policy(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<Stored<LockoutPolicy>>, Problem> {
    settings::read_absent(&room.app, &caller).await
}

/// Writes the first policy of the environment, or of the tenant that is named.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/lockout-policy", tag = "Lockout policy",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    request_body = LockoutPolicy,
    responses((status = 201, body = Stored<LockoutPolicy>), (status = 409, description = "There is one")))]
async fn create_policy(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Created<Stored<LockoutPolicy>>, Problem> {
    settings::create_absent(&room.app, &caller, body).await
}

/// Changes the members that are given.
#[utoipa::path(patch, path = "/identity/resources/configurations/v1/lockout-policy", tag = "Lockout policy",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    request_body = LockoutPolicy,
    responses((status = 200, body = Stored<LockoutPolicy>), (status = 404, description = "There is none")))]
async fn change_policy(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Json<Stored<LockoutPolicy>>, Problem> {
    settings::change_absent(&room.app, &caller, body).await
}

/// The environment's policy, which holds for tenants that have none of their own.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/lockout-policy/vendor", tag = "Lockout policy",
    responses((status = 200, body = Stored<LockoutPolicy>)))]
async fn read_environment_policy(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<Stored<LockoutPolicy>>, Problem> {
    settings::read_environment(&room.app, &caller.scope().environment).await
}
