//! `configurations/v1/user-emails-policy`: whether users may change their own addresses.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Setting};
use db::Tx;
use kit::{EnvironmentId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{Body, Done, EnvironmentCaller, Guard, Json, Problem, Routes, State, routes};

use super::errors::IdentifierError;
use crate::room::People;

/// The policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct EmailsPolicy {
    /// Whether users may add, remove and change addresses of their own.
    allow_email_change: bool,
}

impl Default for EmailsPolicy {
    /// Every change of an address wants a proof of the new one, so it is open until it is closed.
    fn default() -> Self {
        Self {
            allow_email_change: true,
        }
    }
}

impl Setting for EmailsPolicy {
    const NAME: &'static str = "user-emails-policy";
}

pub(super) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::environment(), routes!(read_emails_policy))
        .on(Guard::environment(), routes!(write_emails_policy))
}

/// Refuses where users may not change their addresses.
pub(super) async fn check(tx: &Tx, environment: &EnvironmentId) -> Result<(), IdentifierError> {
    let policy = settings::effective::<EmailsPolicy>(tx, &Scope::environment(environment.clone())).await?;
    if policy.allow_email_change {
        Ok(())
    } else {
        Err(IdentifierError::ChangesOff)
    }
}

/// Whether users may change their own addresses.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/user-emails-policy", tag = "User emails policy",
    responses((status = 200, body = EmailsPolicy)))]
async fn read_emails_policy(
    State(room): State<People>,
    caller: EnvironmentCaller,
) -> Result<Json<EmailsPolicy>, Problem> {
    let scope = Scope::environment(caller.environment);
    let policy = room
        .app
        .db()
        .read(async move |tx| settings::effective(tx, &scope).await)
        .await?;
    Ok(Json(policy))
}

/// Lets users change their own addresses, or keeps them from it.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/user-emails-policy", tag = "User emails policy",
    request_body = EmailsPolicy, responses((status = 200, description = "Stored; the body is empty")))]
async fn write_emails_policy(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Done, Problem> {
    let (ids, now) = (room.app.ids().clone(), room.app.now());
    room.app
        .db()
        .write(async move |tx| {
            let scope = Scope::environment(caller.environment.clone());
            let old = settings::effective::<EmailsPolicy>(tx, &scope).await?;
            let new = settings::merged(&old, body.clone())?;
            settings::put(tx, &ids, &scope, now, &new).await?;
            AuditRecord::new("User emails policy changed", "configuration", EmailsPolicy::NAME)
                .by_environment(&caller)
                .changed(Some(&old), Some(&new))
                .write(tx, &ids, &scope, now)
                .await?;
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(Done::OK)
}
