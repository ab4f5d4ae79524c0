//! Rows of `credentials`.

use crypto::{HashKind, StoredHash};
use db::{Row, StoreError, Tx, args, sql};
use kit::Millis;

/// A password as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) hash: StoredHash,
    /// When the password was set; a better hash of the same one does not count.
    pub(crate) changed_at: Millis,
    /// How often it leaked, as of the last look.
    pub(crate) leaked: i64,
    /// When that was; 0 before the first.
    pub(crate) leak_asked_at: Millis,
}

/// The password of a user; `None` for one who has none.
pub(crate) async fn credential_of(
    tx: &Tx,
    environment: &str,
    user: &str,
) -> Result<Option<Credential>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT kind, hash, config, updated_at, leaked, leak_asked_at FROM credentials
                 WHERE environment_id = $1 AND user_id = $2"
            ),
            args![environment, user],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Credential {
        hash: hash_from(&row)?,
        changed_at: Millis(row.get(3)?),
        leaked: row.get(4)?,
        leak_asked_at: Millis(row.get(5)?),
    }))
}

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
    row.as_ref().map(hash_from).transpose()
}

fn hash_from(row: &Row) -> Result<StoredHash, StoreError> {
    let kind: HashKind = row.get::<String>(0)?.parse().map_err(StoreError::other)?;
    Ok(StoredHash {
        kind,
        text: row.get(1)?,
        config: row.get(2)?,
    })
}

/// How many replaced passwords of a user are remembered: with the present one as many as a policy can ask for.
const PAST: i64 = 9;

/// Remembers the password that is about to be replaced, and forgets the oldest. The user is held by the caller, or is new.
pub(crate) async fn remember(tx: &Tx, environment: &str, user: &str) -> Result<(), StoreError> {
    let row = tx
        .opt(
            sql!(
                "INSERT INTO password_history (environment_id, user_id, ordinal, kind, hash, config, set_at)
                 SELECT environment_id, user_id, COALESCE((SELECT MAX(ordinal) FROM password_history
                   WHERE environment_id = $1 AND user_id = $2), 0) + 1, kind, hash, config, updated_at
                 FROM credentials WHERE environment_id = $1 AND user_id = $2
                 RETURNING ordinal"
            ),
            args![environment, user],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let oldest = row.get::<i64>(0)? - PAST;
    tx.exec(
        sql!("DELETE FROM password_history WHERE environment_id = $1 AND user_id = $2 AND ordinal <= $3"),
        args![environment, user, oldest],
    )
    .await?;
    Ok(())
}

/// The last `most` passwords of a user, the present one first.
pub(crate) async fn last(
    tx: &Tx,
    environment: &str,
    user: &str,
    most: i64,
) -> Result<Vec<StoredHash>, StoreError> {
    if most < 1 {
        return Ok(Vec::new());
    }
    let mut hashes: Vec<StoredHash> = hash_of(tx, environment, user).await?.into_iter().collect();
    let rows = tx
        .all(
            sql!(
                "SELECT kind, hash, config FROM password_history WHERE environment_id = $1 AND user_id = $2
                 ORDER BY ordinal DESC LIMIT $3"
            ),
            args![environment, user, most - 1],
        )
        .await?;
    for row in &rows {
        hashes.push(hash_from(row)?);
    }
    Ok(hashes)
}

/// Forgets the replaced passwords of a user who goes.
pub(crate) async fn forget_past(tx: &Tx, environment: &str, user: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM password_history WHERE environment_id = $1 AND user_id = $2"),
        args![environment, user],
    )
    .await?;
    Ok(())
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
               kind = excluded.kind, hash = excluded.hash, config = NULL, updated_at = excluded.updated_at,
               leaked = 0, leak_asked_at = 0, contested = FALSE"
        ),
        args![environment, user, HashKind::Native.as_str(), hash, now.0],
    )
    .await?;
    Ok(())
}

/// Notes that a password may be a stranger's, until it is replaced.
pub(crate) async fn contest(tx: &Tx, environment: &str, user: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE credentials SET contested = TRUE WHERE environment_id = $1 AND user_id = $2"),
        args![environment, user],
    )
    .await?;
    Ok(())
}

/// Whether that was noted.
pub(crate) async fn is_contested(tx: &Tx, environment: &str, user: &str) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT contested FROM credentials WHERE environment_id = $1 AND user_id = $2"),
            args![environment, user],
        )
        .await?;
    row.map_or(Ok(false), |row| row.get(0))
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

/// Notes how often the password that was set at `set_at` leaked.
pub(crate) async fn note_leak(
    tx: &Tx,
    environment: &str,
    user: &str,
    set_at: Millis,
    (times, now): (i64, Millis),
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE credentials SET leaked = $4, leak_asked_at = $5
             WHERE environment_id = $1 AND user_id = $2 AND updated_at = $3"
        ),
        args![environment, user, set_at.0, times, now.0],
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
