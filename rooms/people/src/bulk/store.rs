//! Tenants of a user, some at a time.

use db::{StoreError, Tx, args, sql};
use kit::EnvironmentId;

/// The user's next tenants after `after`, by id.
pub(super) async fn tenants_after(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT tenant_id FROM memberships m WHERE environment_id = $1 AND user_id = $2 AND tenant_id > $3
                   AND NOT EXISTS (SELECT 1 FROM closed_tenants c
                     WHERE c.environment_id = $1 AND c.tenant_id = m.tenant_id)
                 ORDER BY tenant_id LIMIT $4"
            ),
            args![environment.as_str(), user, after, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many tenants the user has.
pub(super) async fn count_tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<i64, StoreError> {
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM memberships m WHERE environment_id = $1 AND user_id = $2
               AND NOT EXISTS (SELECT 1 FROM closed_tenants c
                 WHERE c.environment_id = $1 AND c.tenant_id = m.tenant_id)"
        ),
        args![environment.as_str(), user],
    )
    .await?
    .get(0)
}
