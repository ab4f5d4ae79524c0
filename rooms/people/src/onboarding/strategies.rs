//! `configurations/v1/activation/strategies` and `configurations/v1/invitation/strategies`: whether new users and members
//! get a link or a code.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Setting};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{Body, Done, EnvironmentCaller, Guard, Json, Problem, Routes, State, routes};

use crate::room::People;

/// Least and most seconds that a code counts.
const LEAST_SECONDS: i64 = 60;
const MOST_SECONDS: i64 = 7 * 24 * 3600;
/// How long a code counts where nobody has said.
const USUAL_SECONDS: i64 = 600;

/// What the mail brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// A link that is enough by itself.
    #[default]
    Link,
    /// A link to a page that asks for the six digits of the mail.
    Code,
}

/// How new users activate their accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ActivationStrategy {
    pub strategy: Delivery,
    /// How many seconds a code counts.
    #[schema(value_type = f64, minimum = 60)]
    pub code_expiration: i64,
}

/// How members accept invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InvitationStrategy {
    pub(crate) strategy: Delivery,
    /// How many seconds a code counts.
    #[schema(value_type = f64, minimum = 60)]
    pub(crate) code_expiration: i64,
}

impl Default for ActivationStrategy {
    fn default() -> Self {
        Self {
            strategy: Delivery::Link,
            code_expiration: USUAL_SECONDS,
        }
    }
}

impl Default for InvitationStrategy {
    fn default() -> Self {
        Self {
            strategy: Delivery::Link,
            code_expiration: USUAL_SECONDS,
        }
    }
}

fn faults(code_expiration: i64) -> Vec<String> {
    if code_expiration < LEAST_SECONDS {
        vec![format!("codeExpiration must not be less than {LEAST_SECONDS}")]
    } else if code_expiration > MOST_SECONDS {
        vec![format!("codeExpiration must not be greater than {MOST_SECONDS}")]
    } else {
        Vec::new()
    }
}

impl Setting for ActivationStrategy {
    const NAME: &'static str = "activation-strategy";

    fn faults(&self) -> Vec<String> {
        faults(self.code_expiration)
    }

    fn required() -> &'static [(&'static str, &'static str)] {
        &[(
            "strategy",
            "strategy must be one of the following values: link, code",
        )]
    }
}

impl Setting for InvitationStrategy {
    const NAME: &'static str = "invitation-strategy";

    fn faults(&self) -> Vec<String> {
        faults(self.code_expiration)
    }
}

/// The environment's own; tenants have none.
pub(super) async fn in_force<S: Setting>(tx: &Tx, environment: &EnvironmentId) -> Result<S, StoreError> {
    settings::effective(tx, &Scope::environment(environment.clone())).await
}

impl ActivationStrategy {
    /// How new users of an environment activate their accounts.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn of(tx: &Tx, environment: &EnvironmentId) -> Result<Self, StoreError> {
        in_force(tx, environment).await
    }
}

pub(super) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::environment(), routes!(read_activation_strategy))
        .on(Guard::environment(), routes!(write_activation_strategy))
        .on(Guard::environment(), routes!(read_invitation_strategy))
        .on(Guard::environment(), routes!(write_invitation_strategy))
}

async fn read<S: Setting>(room: &People, caller: EnvironmentCaller) -> Result<Json<S>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| in_force::<S>(tx, &caller.environment).await)
        .await?;
    Ok(Json(found))
}

/// The members of the body replace those in force.
async fn write<S: Setting + PartialEq>(
    room: &People,
    caller: EnvironmentCaller,
    body: Map<String, Value>,
    action: &'static str,
) -> Result<Done, Problem> {
    let absent = S::required()
        .iter()
        .filter(|(member, _)| body.get(*member).is_none_or(Value::is_null));
    let absent: Vec<String> = absent.map(|(_, sentence)| (*sentence).to_owned()).collect();
    if !absent.is_empty() {
        return Err(Problem::faults(absent));
    }
    let (ids, now) = (room.app.ids().clone(), room.app.now());
    let by = AuditRecord::new(action, "configuration", S::NAME).by_environment(&caller);
    let scope = Scope::environment(caller.environment);
    let keep = |_: &S, new| new;
    room.app
        .db()
        .write(async move |tx| settings::lay_over(tx, &ids, &scope, (&body, &by), keep, now).await)
        .await?;
    Ok(Done::OK)
}

/// How new users activate their accounts: by link, where nobody has said.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/activation/strategies",
    tag = "Account invitations settings", responses((status = 200, body = ActivationStrategy)))]
async fn read_activation_strategy(
    State(room): State<People>,
    caller: EnvironmentCaller,
) -> Result<Json<ActivationStrategy>, Problem> {
    read(&room, caller).await
}

/// Says how new users activate their accounts. What was mailed before stays good.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/activation/strategies",
    tag = "Account invitations settings", request_body = ActivationStrategy,
    responses((status = 200, description = "Stored; the body is empty")))]
async fn write_activation_strategy(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Done, Problem> {
    write::<ActivationStrategy>(&room, caller, body, "Activation strategy changed").await
}

/// How members accept invitations: by link, where nobody has said.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/invitation/strategies",
    tag = "Account invitations settings", responses((status = 200, body = InvitationStrategy)))]
async fn read_invitation_strategy(
    State(room): State<People>,
    caller: EnvironmentCaller,
) -> Result<Json<InvitationStrategy>, Problem> {
    read(&room, caller).await
}

/// Says how members accept invitations. What was mailed before stays good.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/invitation/strategies",
    tag = "Account invitations settings", request_body = InvitationStrategy,
    responses((status = 200, description = "Stored; the body is empty")))]
async fn write_invitation_strategy(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<Map<String, Value>>,
) -> Result<Done, Problem> {
    write::<InvitationStrategy>(&room, caller, body, "Invitation strategy changed").await
}
