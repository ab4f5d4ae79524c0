//! What other rooms may do with passwords and sessions.

use async_trait::async_trait;
use blocks::{one_time, throttle};
use crypto::HashError;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, Secret, TenantId, UserId};
use people::{ACTIVATE_USER, Credentials, PreparedPassword, UserRecord};
use tenancy::TenantPurge;
use web::Problem;

use super::{Judge, store};
use crate::invitations;
use crate::lockout;
use crate::login::{ATTEMPTS, BLOCKS};
use crate::restrictions;
use crate::sessions;

/// Passwords and sessions for the rooms to the left: people sets passwords and ends sessions, tenancy removes tenants.
#[derive(Clone, Debug)]
pub struct AccessCredentials {
    judge: Judge,
}

impl AccessCredentials {
    /// `judge` decides which passwords may be set.
    #[must_use]
    pub const fn new(judge: Judge) -> Self {
        Self { judge }
    }
}

#[async_trait]
impl Credentials for AccessCredentials {
    async fn prepare(&self, scope: &Scope, password: Secret) -> Result<PreparedPassword, Problem> {
        self.judge.for_newcomer(scope, password).await
    }

    async fn store(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
        password: &PreparedPassword,
        now: Millis,
    ) -> Result<(), StoreError> {
        set(tx, environment, user, password, now).await
    }

    async fn forgive(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserRecord,
    ) -> Result<(), StoreError> {
        lockout::release(tx, environment, user).await.map(|_| ())
    }

    async fn has_password(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        let hash = store::hash_of(tx, environment.as_str(), user.as_str()).await?;
        Ok(hash.is_some())
    }

    async fn end_sessions(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
        tenant: Option<&TenantId>,
        now: Millis,
    ) -> Result<(), StoreError> {
        sessions::end_of_user(tx, environment, user, tenant, now).await
    }

    async fn admits_address(&self, tx: &Tx, scope: &Scope, email: &str) -> Result<bool, StoreError> {
        restrictions::email_domain_allowed(tx, scope, email).await
    }

    async fn forget(&self, tx: &Tx, environment: &EnvironmentId, user: &UserId) -> Result<(), StoreError> {
        lockout::forget(tx, environment, user.as_str()).await?;
        store::remove(tx, environment.as_str(), user.as_str()).await?;
        store::forget_past(tx, environment.as_str(), user.as_str()).await?;
        invitations::forget_user(tx, environment, user).await?;
        sessions::remove_of_user(tx, environment, user).await
    }
}

#[async_trait]
impl TenantPurge for AccessCredentials {
    async fn purge(&self, tx: &Tx, scope: &Scope, most: i64, _now: Millis) -> Result<bool, StoreError> {
        restrictions::forget_tenant(tx, scope).await?;
        let links = invitations::forget_tenant(tx, scope, most).await?;
        Ok(sessions::remove_of_tenant(tx, scope, most).await? && links)
    }

    /// Nothing to do: the gatekeeper and the gate no longer find the tenant and its memberships, and sessions in it go
    /// with [`purge`](TenantPurge::purge). A tenant of 100,000 would make this one transaction too long.
    async fn shut(&self, _tx: &Tx, _scope: &Scope, _now: Millis) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Sets a user's password in the transaction of what it changes, and remembers the one before.
///
/// # Errors
/// When storage fails.
pub(crate) async fn set(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
    password: &PreparedPassword,
    now: Millis,
) -> Result<(), StoreError> {
    // Whoever guessed at the old password guessed at nothing now.
    throttle::clear(tx, environment, ATTEMPTS, user.as_str()).await?;
    throttle::clear(tx, environment, BLOCKS, user.as_str()).await?;
    // A link that waits for a first password is none to replace this one by.
    one_time::void(tx, environment, ACTIVATE_USER.purpose, user.as_str()).await?;
    store::remember(tx, environment.as_str(), user.as_str()).await?;
    store::put(tx, environment.as_str(), user.as_str(), &password.0, now).await
}

/// What a caller hears when a password was not hashed.
pub(crate) fn hash_problem(error: &HashError) -> Problem {
    match error {
        HashError::Busy => Problem::overloaded(),
        HashError::TooLong => Problem::bad_request("password is too long"),
        HashError::Failed => Problem::internal(error),
    }
}
