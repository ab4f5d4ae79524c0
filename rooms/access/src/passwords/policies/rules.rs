//! Which rules bind whom: the environment's, and with its leave those of tenants.
//!
//! A tenant can only add to what the environment demands. A user is bound by the tenants that they have joined; one that
//! merely invited them binds nobody.

use blocks::settings::{self, Setting};
use db::{StoreError, Tx};
use environment::AuthConfiguration;
use kit::{EnvironmentId, Millis, Scope, Secret, UserId};
use people::MembershipStatus;

use super::complexity::{self, PasswordPolicy};
use super::history::PasswordHistoryPolicy;
use super::rotation::{self, Age, PasswordRotation};

/// The rules that bind somebody.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The strictest of each member of `each`.
    pub(crate) complexity: PasswordPolicy,
    each: Vec<PasswordPolicy>,
    /// How many of the last passwords may not come back; 0 for none.
    pub(crate) history: i64,
    rotations: Vec<PasswordRotation>,
}

impl Rules {
    /// What is wrong with an already normalised password.
    pub(crate) fn faults(&self, password: &Secret) -> Vec<String> {
        complexity::faults(&self.complexity, &self.each, password)
    }

    /// The age of a password that was set at `changed`.
    pub(crate) fn age(&self, changed: Millis, now: Millis) -> Age {
        rotation::age(&self.rotations, changed, now)
    }
}

/// The rules for somebody who is about to join the tenant of the scope, or no tenant.
///
/// # Errors
/// When storage fails.
pub(crate) async fn of_tenant(
    tx: &Tx,
    scope: &Scope,
    configuration: &AuthConfiguration,
) -> Result<Rules, StoreError> {
    let tenants: Vec<String> = scope.tenant.iter().map(ToString::to_string).collect();
    among(tx, &scope.environment, &tenants, configuration).await
}

/// The rules for a user.
///
/// # Errors
/// When storage fails.
pub(crate) async fn of_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
    configuration: &AuthConfiguration,
) -> Result<Rules, StoreError> {
    let asks = configuration.allow_override_password_complexity
        || configuration.allow_override_password_expiration
        || configuration.allow_override_enforce_password_history;
    let mut tenants = Vec::new();
    if asks {
        let memberships = people::memberships(tx, environment, user).await?;
        let joined = memberships
            .into_iter()
            .filter(|one| one.status != MembershipStatus::PendingInvitation);
        tenants.extend(joined.map(|one| one.tenant_id));
    }
    among(tx, environment, &tenants, configuration).await
}

async fn among(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
    configuration: &AuthConfiguration,
) -> Result<Rules, StoreError> {
    let allowed = configuration.allow_override_password_complexity;
    let mut each = vec![own::<PasswordPolicy>(tx, environment).await?];
    each.extend(theirs(tx, environment, tenants, allowed).await?);
    let allowed = configuration.allow_override_password_expiration;
    let mut rotations = vec![own::<PasswordRotation>(tx, environment).await?];
    rotations.extend(theirs(tx, environment, tenants, allowed).await?);
    let allowed = configuration.allow_override_enforce_password_history;
    let histories = theirs::<PasswordHistoryPolicy>(tx, environment, tenants, allowed).await?;
    let history = if histories.len() < tenants.len().max(1) {
        // Some tenant, or nobody's, is left to the environment's.
        own::<PasswordHistoryPolicy>(tx, environment).await?.depth()
    } else {
        0
    };
    let complexity = each.iter().fold(None, |strictest: Option<PasswordPolicy>, one| {
        Some(strictest.map_or_else(|| one.clone(), |strictest| strictest.strictest(one)))
    });
    Ok(Rules {
        complexity: complexity.unwrap_or_default(),
        history: histories
            .iter()
            .map(PasswordHistoryPolicy::depth)
            .fold(history, i64::max),
        each,
        rotations,
    })
}

/// The environment's own, or the default.
async fn own<S: Setting>(tx: &Tx, environment: &EnvironmentId) -> Result<S, StoreError> {
    settings::effective(tx, &Scope::environment(environment.clone())).await
}

/// Those that tenants have written, where the environment lets them count.
async fn theirs<S: Setting>(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
    allowed: bool,
) -> Result<Vec<S>, StoreError> {
    if !allowed || tenants.is_empty() {
        return Ok(Vec::new());
    }
    settings::written_by(tx, environment, tenants).await
}
