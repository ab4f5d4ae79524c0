//! The table of providers.

use db::{StoreError, Tx, args, sql};
use kit::EnvironmentId;

use super::super::Channel;

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
