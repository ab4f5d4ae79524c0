//! `configurations/v1/password`, `password-history-policy` and `password-rotation`, and `users/v1/passwords/config`.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Setting, Stored};
use db::StoreError;
use environment::AuthConfiguration;
use kit::{Millis, Scope, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{
    AnyCaller, Body, Created, Done, Guard, Json, Need, Params, Problem, PublicCaller, Routes, State, routes,
};

use super::complexity::PasswordPolicy;
use super::history::PasswordHistoryPolicy;
use super::rotation::PasswordRotation;
use super::rules;
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    let guard = |key| Guard::environment_or_user(Need::Permission(key));
    let read = guard("fe.secure.read.securityPolicy");
    let write = guard("fe.secure.write.securityPolicy");
    let read_rotation = guard("fe.secure.read.passwordExpirationConfiguration");
    let write_rotation = guard("fe.secure.write.passwordExpirationConfiguration");
    Routes::new()
        // Forms that ask for a new password read these before anybody is signed in.
        .on(Guard::anyone(), routes!(read_password_policy))
        .on(Guard::anyone(), routes!(read_strictest_policy))
        .on(write, routes!(write_password_policy))
        .on(read, routes!(read_history))
        .on(write, routes!(create_history))
        .on(write, routes!(change_history))
        .on(read, routes!(read_environment_history))
        .on(read_rotation, routes!(read_rotation_period))
        .on(write_rotation, routes!(write_rotation_period))
        .on(read_rotation, routes!(read_environment_rotation))
}

/// A tenant's own users may set only what the environment leaves to tenants.
async fn leave(
    room: &Access,
    caller: &AnyCaller,
    given: fn(&AuthConfiguration) -> bool,
    what: &str,
) -> Result<(), Problem> {
    if caller.user().is_none() {
        return Ok(());
    }
    let configuration = room.configuration(&caller.scope().environment).await?;
    if given(&configuration) {
        Ok(())
    } else {
        Err(Problem::forbidden(format!(
            "The environment does not let accounts set their own {what}"
        )))
    }
}

/// How passwords must be made up in the tenant, or in the environment where none is named.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = PasswordPolicy)))]
async fn read_password_policy(
    State(room): State<Access>,
    caller: PublicCaller,
) -> Result<Json<PasswordPolicy>, Problem> {
    let configuration = room.configuration(&caller.environment).await?;
    let read = room.app.db().read(async move |tx| {
        let tenant = match (&caller.tenant, &caller.named_tenant) {
            (Some(tenant), _) => Some(tenant.clone()),
            (None, Some(named))
                if tenancy::tenant_exists(tx, &caller.environment, named.as_str()).await? =>
            {
                Some(named.clone())
            }
            (None, Some(_)) => return Err(Problem::not_found("Tenant not found")),
            (None, None) => None,
        };
        let scope = Scope {
            environment: caller.environment.clone(),
            tenant,
        };
        Ok(rules::of_tenant(tx, &scope, &configuration).await?.complexity)
    });
    read.await.map(Json)
}

/// How the passwords of a user must be made up, who may be in several tenants: the strictest of each. Without a user, or
/// with an id that is nobody's, what holds for everybody.
#[utoipa::path(get, path = "/identity/resources/users/v1/passwords/config", tag = "Password settings",
    params(("userId" = Option<String>, Query, description = "Id of the user")),
    responses((status = 200, body = PasswordPolicy)))]
async fn read_strictest_policy(
    State(room): State<Access>,
    caller: PublicCaller,
    params: Params,
) -> Result<Json<PasswordPolicy>, Problem> {
    let user = params.text_within("userId", 255)?.map(UserId::from);
    let configuration = room.configuration(&caller.environment).await?;
    let read = room.app.db().read(async move |tx| {
        let rules = match &user {
            // Nobody has no memberships: the same statements, and nothing that tells.
            Some(user) => rules::of_user(tx, &caller.environment, user, &configuration).await?,
            None => {
                let scope = Scope::environment(caller.environment.clone());
                rules::of_tenant(tx, &scope, &configuration).await?
            }
        };
        Ok::<_, StoreError>(rules.complexity)
    });
    Ok(Json(read.await?))
}

/// Sets how passwords must be made up, for the tenant or for the environment. Members that are not given stay. What a
/// tenant sets adds to what its environment demands.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/password", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    request_body = PasswordPolicy,
    responses((status = 201, body = PasswordPolicy),
        (status = 403, description = "The environment leaves this to no tenant")))]
async fn write_password_policy(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(mut changes): Body<Map<String, Value>>,
) -> Result<Created<PasswordPolicy>, Problem> {
    // Forms send what they leave alone as null.
    changes.retain(|_, value| !value.is_null());
    let given = |found: &AuthConfiguration| found.allow_override_password_complexity;
    leave(&room, &caller, given, "password policy").await?;
    let by = AuditRecord::new("Password policy changed", "policy", PasswordPolicy::NAME).by(&caller);
    let (scope, ids, now) = (caller.scope(), room.app.ids().clone(), room.app.now());
    let keep = |_: &PasswordPolicy, new| new;
    room.app
        .db()
        .write(async move |tx| settings::lay_over(tx, &ids, &scope, (&changes, &by), keep, now).await)
        .await
        .map(Created)
}

/// The history policy in force: the tenant's own where the environment lets it count, else the environment's. An environment
/// token without a tenant is told when there is none.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password-history-policy", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    responses((status = 200, body = Stored<PasswordHistoryPolicy>), (status = 404, description = "Nobody has written one")))]
async fn read_history(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<Stored<PasswordHistoryPolicy>>, Problem> {
    let scope = caller.scope();
    let configuration = room.configuration(&scope.environment).await?;
    if scope.tenant.is_none() || configuration.allow_override_enforce_password_history {
        return settings::read_absent(&room.app, &caller).await;
    }
    let Json(in_force) =
        settings::read_environment::<PasswordHistoryPolicy>(&room.app, &scope.environment).await?;
    // The id stays that of the tenant's own: a client that reads none would create what is there.
    let read = room
        .app
        .db()
        .read(async move |tx| settings::written::<PasswordHistoryPolicy>(tx, &scope).await);
    let id = read.await?.map_or_else(String::new, |own| own.id);
    Ok(Json(Stored { id, ..in_force }))
}

/// Writes the first history policy of the environment, or of the tenant that is named.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/password-history-policy", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    request_body = PasswordHistoryPolicy,
    responses((status = 201, body = Stored<PasswordHistoryPolicy>), (status = 409, description = "There is one"),
        (status = 403, description = "The environment leaves this to no tenant")))]
async fn create_history(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Created<Stored<PasswordHistoryPolicy>>, Problem> {
    let given = |found: &AuthConfiguration| found.allow_override_enforce_password_history;
    leave(&room, &caller, given, "password history").await?;
    settings::create_absent(&room.app, &caller, body).await
}

/// Changes the members of the history policy that are given.
#[utoipa::path(patch, path = "/identity/resources/configurations/v1/password-history-policy", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant whose policy is meant")),
    request_body = PasswordHistoryPolicy,
    responses((status = 200, body = Stored<PasswordHistoryPolicy>), (status = 404, description = "There is none"),
        (status = 403, description = "The environment leaves this to no tenant")))]
async fn change_history(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Json<Stored<PasswordHistoryPolicy>>, Problem> {
    let given = |found: &AuthConfiguration| found.allow_override_enforce_password_history;
    leave(&room, &caller, given, "password history").await?;
    settings::change_absent(&room.app, &caller, body).await
}

/// The environment's history policy, which holds for tenants that have none of their own.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password-history-policy/vendor", tag = "Password settings",
    responses((status = 200, body = Stored<PasswordHistoryPolicy>)))]
async fn read_environment_history(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<Stored<PasswordHistoryPolicy>>, Problem> {
    settings::read_environment(&room.app, &caller.scope().environment).await
}

/// How long passwords last. Periods are in minutes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordRotationView {
    /// The epoch, like `updatedAt`, where nothing was written.
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
    is_active: bool,
    rotation_period: i64,
    notification_period: i64,
    /// Whose it is: a tenant's, or the environment's where empty.
    tenant_id: String,
}

impl PasswordRotationView {
    /// Where nothing was written the default holds, and always did.
    fn new(scope: &Scope, found: Option<Stored<PasswordRotation>>) -> Self {
        let (value, created_at, updated_at) = match found {
            Some(found) => (found.value, found.created_at, found.updated_at),
            None => (PasswordRotation::default(), Millis(0), Millis(0)),
        };
        Self {
            created_at,
            updated_at,
            is_active: value.is_active,
            rotation_period: value.rotation_period,
            notification_period: value.notification_period,
            tenant_id: scope.tenant_id().to_owned(),
        }
    }
}

/// What may be set of it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordRotationBody {
    /// Whether passwords expire; false at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    /// Minutes that a password lasts, up to five years; 90 days at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_period: Option<i64>,
    /// Minutes before the end during which its owner is told, up to five years; 7 days at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_period: Option<i64>,
}

/// How long passwords last in the tenant, or in the environment where none is named. What a tenant has set is shown where
/// the environment lets it count.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password-rotation", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = PasswordRotationView)))]
async fn read_rotation_period(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<PasswordRotationView>, Problem> {
    let scope = caller.scope();
    let configuration = room.configuration(&scope.environment).await?;
    let allowed = configuration.allow_override_password_expiration;
    let read = room.app.db().read(async move |tx| {
        if allowed
            && scope.tenant.is_some()
            && let Some(own) = settings::written(tx, &scope).await?
        {
            return Ok::<_, StoreError>(PasswordRotationView::new(&scope, Some(own)));
        }
        let whole = Scope::environment(scope.environment.clone());
        let found = settings::written(tx, &whole).await?;
        Ok(PasswordRotationView::new(&whole, found))
    });
    Ok(Json(read.await?))
}

/// How long passwords last in the environment.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/password-rotation/vendor", tag = "Password settings",
    responses((status = 200, body = PasswordRotationView)))]
async fn read_environment_rotation(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<PasswordRotationView>, Problem> {
    let scope = Scope::environment(caller.scope().environment);
    let read = room.app.db().read(async move |tx| {
        let found = settings::written(tx, &scope).await?;
        Ok::<_, StoreError>(PasswordRotationView::new(&scope, found))
    });
    Ok(Json(read.await?))
}

/// Sets how long passwords last, for the tenant or for the environment. Members that are not given stay. No password is
/// older than the moment at which expiry was switched on.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/password-rotation", tag = "Password settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    request_body = PasswordRotationBody,
    responses((status = 200, description = "Set; the body is empty"),
        (status = 403, description = "The environment leaves this to no tenant")))]
async fn write_rotation_period(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<PasswordRotationBody>,
) -> Result<Done, Problem> {
    let given = |found: &AuthConfiguration| found.allow_override_password_expiration;
    leave(&room, &caller, given, "password expiration").await?;
    let by = AuditRecord::new("Password expiration changed", "policy", PasswordRotation::NAME).by(&caller);
    let changes = match serde_json::to_value(body) {
        Ok(Value::Object(changes)) => changes,
        Ok(_) => Map::new(),
        Err(error) => return Err(Problem::internal(&error)),
    };
    let (scope, ids, now) = (caller.scope(), room.app.ids().clone(), room.app.now());
    let settle = move |old: &PasswordRotation, new: PasswordRotation| PasswordRotation {
        active_since: if new.is_active && !old.is_active {
            now.0
        } else {
            old.active_since
        },
        ..new
    };
    room.app
        .db()
        .write(async move |tx| settings::lay_over(tx, &ids, &scope, (&changes, &by), settle, now).await)
        .await?;
    Ok(Done::OK)
}
