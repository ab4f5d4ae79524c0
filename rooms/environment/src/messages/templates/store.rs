//! The table of templates.

use db::{Row, StoreError, Tx, args, sql};
use kit::EnvironmentId;

use super::super::Channel;
use super::model::StoredTemplate;

fn template_from(row: &Row) -> Result<StoredTemplate, StoreError> {
    Ok(StoredTemplate {
        id: row.get(0)?,
        kind: row.get(1)?,
        active: row.get(2)?,
        body: row.get(3)?,
    })
}

pub(crate) async fn active(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    kind: &str,
) -> Result<Option<bool>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT active FROM message_templates WHERE environment_id = $1 AND channel = $2 AND kind = $3"
            ),
            args![environment.as_str(), channel.word(), kind],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

pub(crate) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    kind: &str,
) -> Result<Option<StoredTemplate>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, kind, active, body FROM message_templates
                 WHERE environment_id = $1 AND channel = $2 AND kind = $3"
            ),
            args![environment.as_str(), channel.word(), kind],
        )
        .await?;
    row.as_ref().map(template_from).transpose()
}
