//! What this room asks of the room that keeps passwords, sessions and restrictions.

use std::fmt;

use async_trait::async_trait;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, Secret, TenantId, UserId};
use serde::{Deserialize, Serialize};
use web::Problem;

use crate::records::UserRecord;

/// A password hash in PHC string form, ready to be stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedPassword(pub String);

impl fmt::Debug for PreparedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreparedPassword(***)")
    }
}

/// Passwords and sessions of users, and whose addresses are let in. Implemented by the access room.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Checks a password for somebody who is about to join the tenant of the scope, and hashes it. Slow: to be called outside of any transaction.
    ///
    /// # Errors
    /// 400 when it breaks a rule, 503 when too much hashing waits already.
    async fn prepare(&self, scope: &Scope, password: Secret) -> Result<PreparedPassword, Problem>;

    /// Stores a prepared password as the user's.
    async fn store(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
        password: &PreparedPassword,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// Forgets the wrong passwords that were tried for a user, and what they brought about: the environment has decided
    /// whether the user is locked.
    async fn forgive(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserRecord,
    ) -> Result<(), StoreError>;

    /// Whether the user has a password.
    async fn has_password(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
    ) -> Result<bool, StoreError>;

    /// Ends the user's sessions: those in `tenant`, or all of them.
    async fn end_sessions(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
        tenant: Option<&TenantId>,
        now: Millis,
    ) -> Result<(), StoreError>;

    /// Whether somebody with this address may be invited into the tenant of the scope.
    async fn admits_address(&self, tx: &Tx, scope: &Scope, email: &str) -> Result<bool, StoreError>;

    /// Removes everything kept about a user who is deleted.
    async fn forget(&self, tx: &Tx, environment: &EnvironmentId, user: &UserId) -> Result<(), StoreError>;
}
