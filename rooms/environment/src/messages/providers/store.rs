//! The table of providers.

use db::{StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::super::Channel;

/// A provider as stored.
pub(crate) struct StoredWay {
    pub(crate) sealed: String,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
}

pub(crate) async fn exists(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT provider FROM message_providers WHERE environment_id = $1 AND channel = $2"),
            args![environment.as_str(), channel.word()],
        )
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<Option<StoredWay>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT sealed, created_at, updated_at FROM message_providers
                 WHERE environment_id = $1 AND channel = $2"
            ),
            args![environment.as_str(), channel.word()],
        )
        .await?;
    row.map(|row| {
        Ok(StoredWay {
            sealed: row.get(0)?,
            created_at: Millis(row.get(1)?),
            updated_at: Millis(row.get(2)?),
        })
    })
    .transpose()
}

/// Writes the provider of a channel, replacing an older one; answers when it was made and changed.
pub(crate) async fn put(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    (provider, sealed): (&str, &str),
    now: Millis,
) -> Result<(Millis, Millis), StoreError> {
    let row = tx.one(
        sql!(
            "INSERT INTO message_providers (environment_id, channel, provider, sealed, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (environment_id, channel)
             DO UPDATE SET provider = excluded.provider, sealed = excluded.sealed, updated_at = excluded.updated_at
             RETURNING created_at, updated_at"
        ),
        args![environment.as_str(), channel.word(), provider, sealed, now.0],
    )
    .await?;
    Ok((Millis(row.get(0)?), Millis(row.get(1)?)))
}

/// Removes the provider of a channel; says whether there was one.
pub(crate) async fn remove(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("DELETE FROM message_providers WHERE environment_id = $1 AND channel = $2"),
            args![environment.as_str(), channel.word()],
        )
        .await?;
    Ok(rows == 1)
}
