//! Ending what a member has open in a tenant, for the room that keeps sessions.

use db::{StoreError, Tx};
use kit::{Millis, Scope, UserId};
use thiserror::Error;

use crate::records::{self, UserRecord};
use crate::users::{strongest, weaker};

/// Why nothing was ended.
#[derive(Debug, Error)]
pub enum ShutOutError {
    #[error("User not found")]
    NotFound,
    #[error("Sessions of users above your own level cannot be ended")]
    TooStrong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets no token of the member from before `now` count in the tenant of the scope. `acting` is the user who wants that,
/// and may not be weaker; `None` is the environment.
///
/// # Errors
/// [`ShutOutError`].
pub async fn shut_out(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    acting: Option<&UserId>,
    now: Millis,
) -> Result<UserRecord, ShutOutError> {
    let user = records::user_by_id(tx, &scope.environment, id)
        .await?
        .ok_or(ShutOutError::NotFound)?;
    if !records::hold_membership(tx, scope, &user.id).await? {
        return Err(ShutOutError::NotFound);
    }
    if let Some(acting) = acting {
        let theirs = strongest(tx, scope, id, now).await?;
        if weaker(tx, scope, acting, theirs, now).await? {
            return Err(ShutOutError::TooStrong);
        }
    }
    records::set_valid_after(tx, scope, &user.id, now).await?;
    Ok(user)
}
