//! What the tests look up in, or do to, the room's own tables.

use db::{StoreError, Tx, args, sql};

/// As a change of settings leaves it behind.
pub(crate) async fn touch(tx: &Tx, environment: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE environments SET version = version + 1 WHERE environment_id = $1"),
        args![environment],
    )
    .await?;
    tx.notify("environment", environment).await
}

/// How many private user keys are kept.
pub(crate) async fn private_user_keys(tx: &Tx, environment: &str) -> Result<usize, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT kid FROM signing_keys WHERE environment_id = $1 AND purpose = 'user' AND sealed <> ''"
            ),
            args![environment],
        )
        .await?;
    Ok(rows.len())
}
