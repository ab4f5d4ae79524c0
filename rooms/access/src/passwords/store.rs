//! Rows of `credentials`.

use crypto::{HashKind, StoredHash};
use db::{StoreError, Tx, args, sql};
use kit::Millis;

/// The hash a user signs in against; `None` for one who has no password.
pub(crate) async fn hash_of(
    tx: &Tx,
    environment: &str,
    user: &str,
) -> Result<Option<StoredHash>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT kind, hash, config FROM credentials WHERE environment_id = $1 AND user_id = $2"),
            args![environment, user],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let kind: HashKind = row.get::<String>(0)?.parse().map_err(StoreError::other)?;
    Ok(Some(StoredHash {
        kind,
        text: row.get(1)?,
        config: row.get(2)?,
    }))
}

/// Sets a hash of our own, whatever was there.
pub(crate) async fn put(
    tx: &Tx,
    environment: &str,
    user: &str,
    hash: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO credentials (environment_id, user_id, kind, hash, config, created_at, updated_at)
             VALUES ($1, $2, $3, $4, NULL, $5, $5)
             ON CONFLICT (environment_id, user_id) DO UPDATE SET
               kind = excluded.kind, hash = excluded.hash, config = NULL, updated_at = excluded.updated_at"
        ),
        args![environment, user, HashKind::Native.as_str(), hash, now.0],
    )
    .await?;
    Ok(())
}

/// Replaces a hash by a better one of the same password, unless the password was changed meanwhile. `updated_at` stays:
/// the password did not change.
pub(crate) async fn upgrade(
    tx: &Tx,
    environment: &str,
    user: &str,
    old: &StoredHash,
    hash: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE credentials SET kind = $4, hash = $5, config = NULL
             WHERE environment_id = $1 AND user_id = $2 AND hash = $3"
        ),
        args![environment, user, &old.text, HashKind::Native.as_str(), hash],
    )
    .await?;
    Ok(())
}

pub(crate) async fn remove(tx: &Tx, environment: &str, user: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM credentials WHERE environment_id = $1 AND user_id = $2"),
        args![environment, user],
    )
    .await?;
    Ok(())
}
