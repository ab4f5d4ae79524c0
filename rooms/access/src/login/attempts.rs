//! Counting passwords that are tried.

use blocks::one_time::nobody;
use blocks::throttle;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, UserId};

use super::domain::Identity;
use crate::room::Access;

/// Counts wrong passwords by user.
pub(crate) const ATTEMPTS: &str = "password-attempts";
/// Remembers that a user's password may not be tried for a while.
pub(crate) const BLOCKS: &str = "password-block";

/// Attempts further apart than this are not a row.
pub(super) const ROW_SECONDS: i64 = 24 * 3600;
/// How long a block lasts.
pub(crate) const BLOCK_SECONDS: i64 = 15 * 60;

/// Whether the user's password may not be tried now.
pub(super) async fn is_blocked(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    Ok(throttle::hits(tx, environment, BLOCKS, user, BLOCK_SECONDS, now).await? > 0)
}

/// Where attempts are counted that count for nobody: the same write as for a known user, in one of a few rows.
pub(super) fn bucket(identity: &Identity) -> String {
    let (Identity::Email(text) | Identity::Username(text)) = identity;
    nobody(text)
}

/// A right password starts a new row.
pub(super) async fn clear_attempts(
    room: &Access,
    environment: &EnvironmentId,
    user: &UserId,
) -> Result<(), StoreError> {
    let (environment, user) = (environment.clone(), user.clone());
    room.app
        .db()
        .write(async move |tx| throttle::clear(tx, &environment, ATTEMPTS, user.as_str()).await)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_share_a_bounded_number_of_counters() {
        let of = |text: &str| bucket(&Identity::Username(text.to_owned()));
        assert_eq!(of("ada"), of("ada"));
        assert_eq!(of("ada").len(), "nobody-".len() + 3);
    }
}
