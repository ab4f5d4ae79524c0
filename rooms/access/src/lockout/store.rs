//! Rows of `guess_locks`.

use db::{StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

/// Notes that wrong passwords locked a user.
pub(super) async fn mark(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO guess_locks (environment_id, user_id, locked_at) VALUES ($1, $2, $3)
             ON CONFLICT (environment_id, user_id) DO UPDATE SET locked_at = excluded.locked_at"
        ),
        args![environment.as_str(), user, now.0],
    )
    .await?;
    Ok(())
}

/// Forgets it; whether it was so.
pub(super) async fn unmark(tx: &Tx, environment: &EnvironmentId, user: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("DELETE FROM guess_locks WHERE environment_id = $1 AND user_id = $2"),
            args![environment.as_str(), user],
        )
        .await?;
    Ok(rows == 1)
}
