//! `Outbox`: what must follow a change once it is on disk. The event row is written in the transaction of the change;
//! a background pass hands events to their sink afterwards, in order, and removes them in the sink's own transaction.
//! A crash at any point loses nothing: the event is either still here or its effect is durable.

use async_trait::async_trait;
use db::{Db, Query, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis};
use serde::Serialize;

/// How many events one pass takes.
const BATCH: i64 = 500;

/// An event as a sink receives it.
#[derive(Clone, Debug)]
pub struct Event {
    pub environment: EnvironmentId,
    /// Ascending in time; also the natural id of what the sink writes.
    pub id: String,
    pub body: String,
    pub created_at: Millis,
}

/// Where the events of one topic go.
#[async_trait]
pub trait Sink: Send + Sync {
    /// The topic this sink takes.
    fn topic(&self) -> &'static str;

    /// Takes the events inside the transaction that removes them.
    async fn take(&self, tx: &Tx, events: &[Event]) -> Result<(), StoreError>;
}

/// Writes an event in the transaction of the change it follows.
///
/// # Errors
/// When storage fails.
pub async fn put(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    topic: &'static str,
    body: &impl Serialize,
    now: Millis,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(body).map_err(StoreError::other)?;
    tx.exec(
        sql!("INSERT INTO outbox (environment_id, topic, id, body, created_at) VALUES ($1, $2, $3, $4, $5)"),
        args![environment.as_str(), topic, ids.v7(now), body, now.0],
    )
    .await?;
    Ok(())
}

/// Moves one batch of a topic to its sink. Answers how many events went.
///
/// # Errors
/// When storage or the sink fails; the events stay.
pub async fn drain(db: &Db, sink: std::sync::Arc<dyn Sink>) -> Result<usize, StoreError> {
    let topic = sink.topic();
    let waiting = db
        .opt(
            // all environments: the outbox is emptied in order of writing, whoever wrote
            sql!("SELECT id FROM outbox WHERE topic = $1 LIMIT 1"),
            args![topic],
        )
        .await?;
    if waiting.is_none() {
        return Ok(0);
    }
    db.write(async move |tx| {
        let rows = tx
            .all(
                sql!("SELECT environment_id, id, body, created_at FROM outbox WHERE topic = $1 ORDER BY id LIMIT $2"),
                args![topic, BATCH],
            )
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let environment: String = row.get(0)?;
            events.push(Event {
                environment: environment.into(),
                id: row.get(1)?,
                body: row.get(2)?,
                created_at: Millis(row.get(3)?),
            });
        }
        // Claim before handing over: on PostgreSQL two nodes may have read the same rows.
        let mut claimed = Vec::with_capacity(events.len());
        for chunk in events.chunks(100) {
            // all environments: ids are unique across them
            let mut query = Query::new("DELETE FROM outbox WHERE topic = ");
            query.bind(topic).push(" AND id IN ").bind_list(chunk.iter().map(|event| event.id.as_str()));
            query.push(" RETURNING id");
            let gone = tx.all_built(&query).await?;
            for row in &gone {
                claimed.push(row.get::<String>(0)?);
            }
        }
        claimed.sort_unstable();
        events.retain(|event| claimed.binary_search(&event.id).is_ok());
        sink.take(tx, &events).await?;
        Ok(events.len())
    })
    .await
}
