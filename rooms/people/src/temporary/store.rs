//! The end of memberships.

use db::{StoreError, Tx, args, sql};
use kit::{Millis, Scope};

/// A membership whose time is over, with sessions that may live on.
#[derive(Clone, Debug)]
pub(super) struct Over {
    pub(super) environment: String,
    pub(super) tenant: String,
    pub(super) user: String,
    pub(super) expires_at: Millis,
}

/// Sets when a membership ends; `None` makes it permanent. False when there is none.
pub(super) async fn set_end(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    expires_at: Option<Millis>,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET expires_at = $4
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                user,
                expires_at.map(|at| at.0)
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Memberships of any environment that have ended and were not closed yet, the oldest end first.
pub(super) async fn over(tx: &Tx, now: Millis, most: i64) -> Result<Vec<Over>, StoreError> {
    let rows = tx
        .all(
            // all environments: time passes everywhere
            sql!(
                "SELECT environment_id, tenant_id, user_id, expires_at FROM memberships
                 WHERE expires_at IS NOT NULL AND valid_after < expires_at AND expires_at <= $1
                 ORDER BY expires_at LIMIT $2"
            ),
            args![now.0, most],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Over {
                environment: row.get(0)?,
                tenant: row.get(1)?,
                user: row.get(2)?,
                expires_at: Millis(row.get(3)?),
            })
        })
        .collect()
}

/// Notes that what came before the end counts no more. False when the end was moved meanwhile, or somebody else noted it.
pub(super) async fn close(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    expires_at: Millis,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET valid_after = expires_at
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3 AND expires_at = $4
                   AND valid_after < expires_at"
            ),
            args![scope.environment_id(), scope.tenant_id(), user, expires_at.0],
        )
        .await?;
    Ok(rows == 1)
}
