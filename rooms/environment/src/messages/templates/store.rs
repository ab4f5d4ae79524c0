//! The table of templates.

use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

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

/// Every template of a channel that the environment has written; there are at most as many as kinds.
pub(crate) async fn all(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<Vec<StoredTemplate>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, kind, active, body FROM message_templates
                 WHERE environment_id = $1 AND channel = $2 ORDER BY kind"
            ),
            args![environment.as_str(), channel.word()],
        )
        .await?;
    rows.iter().map(template_from).collect()
}

/// Writes a template, replacing an older one.
pub(crate) async fn put(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    template: &StoredTemplate,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO message_templates (environment_id, channel, kind, id, active, body, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (environment_id, channel, kind)
             DO UPDATE SET active = excluded.active, body = excluded.body, updated_at = excluded.updated_at"
        ),
        args![
            environment.as_str(),
            channel.word(),
            &template.kind,
            &template.id,
            template.active,
            &template.body,
            now.0
        ],
    )
    .await?;
    Ok(())
}

/// Removes a template by its id or its kind; answers what it was.
pub(crate) async fn remove(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    id_or_kind: &str,
) -> Result<Option<StoredTemplate>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "DELETE FROM message_templates
                 WHERE environment_id = $1 AND channel = $2 AND kind IN (
                   SELECT kind FROM message_templates
                   WHERE environment_id = $1 AND channel = $2 AND (id = $3 OR kind = $3))
                 RETURNING id, kind, active, body"
            ),
            args![environment.as_str(), channel.word(), id_or_kind],
        )
        .await?;
    row.as_ref().map(template_from).transpose()
}
