//! The table of keys.

use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::{KeyRow, NewKey, Use};

fn key_from(row: &Row) -> Result<KeyRow, StoreError> {
    let purpose: String = row.get(0)?;
    Ok(KeyRow {
        purpose: Use::from_word(&purpose).ok_or_else(|| StoreError::other("a key of an unknown purpose"))?,
        kid: row.get(1)?,
        position: row.get(2)?,
        sealed: row.get(3)?,
        public_key: row.get(4)?,
        longest_seconds: row.get(5)?,
        retired_at: Millis(row.get(6)?),
        ends_at: Millis(row.get(7)?),
    })
}

/// The keys of an environment, of each purpose the newest first.
pub(crate) async fn of(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<KeyRow>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT purpose, kid, position, sealed, public_key, longest_seconds, retired_at, ends_at
                 FROM signing_keys WHERE environment_id = $1 ORDER BY purpose, position DESC, kid"
            ),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(key_from).collect()
}

/// Adds a key; false when its id is taken.
pub(crate) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    key: &NewKey,
    now: Millis,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO signing_keys (environment_id, purpose, kid, position, sealed, public_key, longest_seconds,
                   created_at, retired_at, ends_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)
                 ON CONFLICT (environment_id, purpose, kid) DO NOTHING"
            ),
            args![
                environment.as_str(),
                key.purpose.word(),
                key.kid,
                key.position,
                key.sealed,
                key.public_key,
                key.longest_seconds,
                now.0
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Ends the signing of a key: its private half goes, its public half verifies until `ends_at`.
pub(crate) async fn retire(
    tx: &Tx,
    environment: &EnvironmentId,
    key: &KeyRow,
    now: Millis,
    ends_at: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE signing_keys SET sealed = '', retired_at = $4, ends_at = $5
             WHERE environment_id = $1 AND purpose = $2 AND kid = $3"
        ),
        args![
            environment.as_str(),
            key.purpose.word(),
            key.kid,
            now.0,
            ends_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Ends the verifying of every retired key at `at` the latest.
pub(crate) async fn end_retired(tx: &Tx, environment: &EnvironmentId, at: Millis) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE signing_keys SET ends_at = $2
             WHERE environment_id = $1 AND retired_at > 0 AND ends_at > $2"
        ),
        args![environment.as_str(), at.0],
    )
    .await?;
    Ok(())
}

/// Notes that the signing user key may sign tokens of this length from now on.
pub(crate) async fn may_sign_for(
    tx: &Tx,
    environment: &EnvironmentId,
    seconds: i64,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE signing_keys SET longest_seconds = $3
             WHERE environment_id = $1 AND purpose = $2 AND retired_at = 0 AND longest_seconds < $3"
        ),
        args![environment.as_str(), Use::User.word(), seconds],
    )
    .await?;
    Ok(())
}
