//! The policy.

use blocks::settings::{self, Setting};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most attempts that may be allowed; more is no policy.
const HIGHEST: i64 = 1_000_000;

/// After how many wrong passwords in a row the next ones are not looked at for a while. A tenant's own policy replaces the
/// environment's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LockoutPolicy {
    /// False: any number of attempts is allowed.
    pub(crate) enabled: bool,
    pub(crate) max_attempts: i64,
}

impl Default for LockoutPolicy {
    /// What holds where nobody has written a policy.
    fn default() -> Self {
        Self {
            enabled: true,
            max_attempts: 10,
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
pub(crate) async fn most_attempts(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Option<i64>, StoreError> {
    let scope = Scope {
        environment: environment.clone(),
        tenant: (!tenant.is_empty()).then(|| tenant.into()),
    };
    let policy: LockoutPolicy = settings::effective(tx, &scope).await?;
    Ok(policy.enabled.then_some(policy.max_attempts))
}
