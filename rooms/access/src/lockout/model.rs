//! The policy.

use blocks::settings::{self, Setting};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most attempts that may be allowed; more is no policy.
const HIGHEST: i64 = 1_000_000;

/// What follows on too many wrong passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LockoutAction {
    /// Passwords are not looked at for a quarter of an hour.
    #[default]
    Block,
    /// The user is locked until they use the link that is mailed to them, set a new password, or are unlocked.
    Lock,
}

/// How often a password may be tried, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) most: i64,
    pub(crate) action: LockoutAction,
}

impl Limit {
    /// The same for attempts that nobody saw to be wrong: they lock nobody.
    pub(crate) fn blocking(self) -> Self {
        Self {
            action: LockoutAction::Block,
            ..self
        }
    }
}

/// After how many wrong passwords in a row the next ones are not looked at for a while. A tenant's own policy replaces the
/// environment's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LockoutPolicy {
    /// False: any number of attempts is allowed.
    pub(crate) enabled: bool,
    pub(crate) max_attempts: i64,
    /// What follows when they are used up; `block` where it was never given.
    pub(crate) action: LockoutAction,
}

impl Default for LockoutPolicy {
    /// What holds where nobody has written a policy.
    fn default() -> Self {
        Self {
            enabled: true,
            max_attempts: 10,
            action: LockoutAction::Block,
        }
    }
}

impl Setting for LockoutPolicy {
    const NAME: &'static str = "lockout-policy";

    fn required() -> &'static [(&'static str, &'static str)] {
        &[
            ("enabled", "enabled must be a boolean value"),
            ("maxAttempts", "maxAttempts must be an integer number"),
        ]
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.max_attempts < 1 {
            faults.push("maxAttempts must not be less than 1".to_owned());
        }
        if self.max_attempts > HIGHEST {
            faults.push(format!("maxAttempts must not be greater than {HIGHEST}"));
        }
        faults
    }
}

/// How many wrong passwords in a row a user gets who works in this tenant (`""` for none); `None` where any number is
/// allowed.
///
/// # Errors
/// When storage fails.
pub(crate) async fn limit(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Option<Limit>, StoreError> {
    let scope = Scope {
        environment: environment.clone(),
        tenant: (!tenant.is_empty()).then(|| tenant.into()),
    };
    let policy: LockoutPolicy = settings::effective(tx, &scope).await?;
    Ok(policy.enabled.then_some(Limit {
        most: policy.max_attempts,
        action: policy.action,
    }))
}
