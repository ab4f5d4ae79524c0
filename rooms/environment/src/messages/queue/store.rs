//! The tables of messages and of their lines.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::super::Channel;

/// When nothing waits.
const NEVER: i64 = i64::MAX;

/// A message that waits.
pub(crate) struct Waiting {
    pub(crate) id: String,
    pub(crate) tenant_id: String,
    pub(crate) channel: Channel,
    pub(crate) template: String,
    pub(crate) target: String,
    /// `seal id.sealed contents`.
    pub(crate) sealed: String,
    /// Attempts before this one.
    pub(crate) attempts: i64,
}

/// A line that is being served.
pub(crate) struct Lane {
    pub(crate) environment: EnvironmentId,
    pub(crate) leased_until: i64,
    /// Rounds in a row in which nothing went.
    pub(crate) faults: i64,
}

/// Makes sure that the line exists, holds it, and answers how many wait in it.
pub(crate) async fn hold(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    let row = tx
        .one(
            sql!(
                "INSERT INTO message_queues (environment_id, waiting, next_due, leased_until, faults)
                 VALUES ($1, 0, $2, 0, 0)
                 ON CONFLICT (environment_id) DO UPDATE SET waiting = message_queues.waiting
                 RETURNING waiting"
            ),
            args![environment.as_str(), NEVER],
        )
        .await?;
    row.get(0)
}

/// How many messages wait for one receiver, counted to `most`.
pub(crate) async fn waiting_for(
    tx: &Tx,
    environment: &EnvironmentId,
    target: &str,
    most: i64,
) -> Result<i64, StoreError> {
    let row = tx
        .one(
            sql!(
                "SELECT COUNT(*) FROM (SELECT id FROM messages
                 WHERE environment_id = $1 AND target = $2 AND state = 'waiting' LIMIT $3) AS counted"
            ),
            args![environment.as_str(), target, most],
        )
        .await?;
    row.get(0)
}

pub(crate) async fn add(
    tx: &Tx,
    environment: &EnvironmentId,
    message: &Waiting,
    created_at: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO messages (environment_id, id, tenant_id, channel, template, target, sealed, state, attempts,
                                   due_at, fault, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $8, '', $8, $8)"
        ),
        args![
            environment.as_str(),
            &message.id,
            &message.tenant_id,
            message.channel.word(),
            &message.template,
            &message.target,
            &message.sealed,
            created_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Counts what joined the line, the first of it due at `due`.
pub(crate) async fn joined(
    tx: &Tx,
    environment: &EnvironmentId,
    count: i64,
    due: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE message_queues SET waiting = waiting + $2,
                    next_due = CASE WHEN next_due < $3 THEN next_due ELSE $3 END
             WHERE environment_id = $1"
        ),
        args![environment.as_str(), count, due.0],
    )
    .await?;
    Ok(())
}

/// Whether a line waits to be served.
pub(crate) async fn any_due(tx: &Tx, now: Millis) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            // all environments: whose turn it is
            sql!(
                "SELECT environment_id FROM message_queues
                 WHERE waiting > 0 AND next_due <= $1 AND leased_until <= $1
                 ORDER BY next_due, environment_id LIMIT 1"
            ),
            args![now.0],
        )
        .await?;
    Ok(row.is_some())
}

/// Takes the line that has waited longest.
pub(crate) async fn lease(tx: &Tx, now: Millis, until: Millis) -> Result<Option<Lane>, StoreError> {
    // On PostgreSQL a second node waits for the row and then sees the lease.
    let row = tx
        .opt(
            sql!(
                "UPDATE message_queues SET leased_until = $2
                 WHERE leased_until <= $1 AND environment_id = (
                   SELECT environment_id FROM message_queues
                   WHERE waiting > 0 AND next_due <= $1 AND leased_until <= $1
                   ORDER BY next_due, environment_id LIMIT 1)
                 RETURNING environment_id, faults"
            ),
            args![now.0, until.0],
        )
        .await?;
    row.map(|row| {
        Ok(Lane {
            environment: row.get::<String>(0)?.into(),
            leased_until: until.0,
            faults: row.get(1)?,
        })
    })
    .transpose()
}

fn waiting_from(row: &Row) -> Result<Waiting, StoreError> {
    let channel: String = row.get(2)?;
    Ok(Waiting {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        channel: Channel::from_word(&channel)
            .ok_or_else(|| StoreError::other(format!("{channel} is no channel")))?,
        template: row.get(3)?,
        target: row.get(4)?,
        sealed: row.get(5)?,
        attempts: row.get(6)?,
    })
}

/// The first messages of a line.
pub(crate) async fn due(
    tx: &Tx,
    environment: &EnvironmentId,
    now: Millis,
    most: i64,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, tenant_id, channel, template, target, sealed, attempts FROM messages
                 WHERE environment_id = $1 AND state = 'waiting' AND due_at <= $2
                 ORDER BY due_at, id LIMIT $3"
            ),
            args![environment.as_str(), now.0, most],
        )
        .await?;
    rows.iter().map(waiting_from).collect()
}

/// Removes what was sent; answers how many there were.
pub(crate) async fn remove(tx: &Tx, environment: &EnvironmentId, ids: &[String]) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut query = Query::new("DELETE FROM messages WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND state = 'waiting' AND id IN ")
        .bind_list(ids.iter().map(String::as_str));
    tx.exec_built(&query).await
}

/// Has a message tried again later. `attempts` is how many there were before, so that a late runner changes nothing.
pub(crate) async fn postpone(
    tx: &Tx,
    environment: &EnvironmentId,
    message: &Waiting,
    fault: &str,
    due: Millis,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE messages SET attempts = attempts + 1, due_at = $4, fault = $5, updated_at = $6
             WHERE environment_id = $1 AND id = $2 AND attempts = $3 AND state = 'waiting'"
        ),
        args![
            environment.as_str(),
            &message.id,
            message.attempts,
            due.0,
            fault,
            now.0
        ],
    )
    .await?;
    Ok(())
}

/// Gives a message up: what it carried is wiped, what happened stays. Says whether it still waited.
pub(crate) async fn bury(
    tx: &Tx,
    environment: &EnvironmentId,
    message: &Waiting,
    fault: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE messages SET attempts = attempts + 1, state = 'dead', sealed = '', fault = $4, updated_at = $5
                 WHERE environment_id = $1 AND id = $2 AND attempts = $3 AND state = 'waiting'"
            ),
            args![environment.as_str(), &message.id, message.attempts, fault, now.0],
        )
        .await?;
    Ok(rows == 1)
}

/// Forgets the dead beyond the newest `most`.
pub(crate) async fn forget_dead(tx: &Tx, environment: &EnvironmentId, most: i64) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM messages WHERE environment_id = $1 AND state = 'dead' AND id IN (
               SELECT id FROM messages WHERE environment_id = $1 AND state = 'dead'
               ORDER BY updated_at DESC, id DESC LIMIT 100 OFFSET $2)"
        ),
        args![environment.as_str(), most],
    )
    .await?;
    Ok(())
}

/// Ends a lease: `gone` messages left the line, and it is not served again before `not_before`, whatever joins it: a line
/// that rests is leased to nobody until then.
pub(crate) async fn release(
    tx: &Tx,
    lane: &Lane,
    gone: i64,
    faults: i64,
    not_before: Millis,
) -> Result<(), StoreError> {
    let first = tx
        .opt(
            sql!(
                "SELECT due_at FROM messages WHERE environment_id = $1 AND state = 'waiting'
                 ORDER BY due_at, id LIMIT 1"
            ),
            args![lane.environment.as_str()],
        )
        .await?;
    let first: i64 = first.map_or(Ok(NEVER), |row| row.get(0))?;
    tx.exec(
        sql!(
            "UPDATE message_queues SET waiting = waiting - $2, next_due = $3, faults = $4,
                    leased_until = CASE WHEN leased_until = $5 THEN $6 ELSE leased_until END
             WHERE environment_id = $1"
        ),
        args![
            lane.environment.as_str(),
            gone,
            first,
            faults,
            lane.leased_until,
            not_before.0
        ],
    )
    .await?;
    Ok(())
}
