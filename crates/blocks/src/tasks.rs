//! `Task`: work that goes on after the answer. A task is a row: what to do, how far it is, what went wrong per item. It is
//! done in steps; each step is one transaction that does a piece of the work and moves the cursor with it, so that a killed
//! server goes on where it stopped and nothing is done twice. A lease makes one runner per task across nodes.

use async_trait::async_trait;
use db::{Db, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a runner may be silent before another takes its task over.
const LEASE_SECONDS: i64 = 30;

/// The four words that status routes answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    NotStarted,
    InProgress,
    Completed,
    CompletedWithErrors,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::CompletedWithErrors => "CompletedWithErrors",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "InProgress" => Self::InProgress,
            "Completed" => Self::Completed,
            "CompletedWithErrors" => Self::CompletedWithErrors,
            _ => Self::NotStarted,
        }
    }
}

/// One task as stored.
#[derive(Clone, Debug)]
pub struct Task {
    pub environment: EnvironmentId,
    pub id: String,
    pub kind: String,
    pub state: State,
    /// What to do, in the terms of its kind.
    pub order: Value,
    /// How far it is, in the terms of its kind; empty at the start.
    pub cursor: String,
    /// Items in all; 0 while unknown.
    pub total: i64,
    pub done: i64,
    pub failed: i64,
    /// One entry per failed item.
    pub errors: Vec<Value>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// What a step did.
#[derive(Debug, Default)]
pub struct Progress {
    /// The new cursor; `None` when the task is finished.
    pub cursor: Option<String>,
    pub done: i64,
    pub failed: i64,
    pub errors: Vec<Value>,
    /// Set when the number of items became known.
    pub total: Option<i64>,
}

/// Does one kind of task.
#[async_trait]
pub trait Runner: Send + Sync {
    fn kind(&self) -> &'static str;

    /// One piece of the work, small enough that other writers hardly wait (some hundred rows).
    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError>;
}

/// Stores a task to be done soon; answers its id.
///
/// # Errors
/// When storage fails.
pub async fn submit(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    kind: &'static str,
    order: &impl Serialize,
    total: i64,
    now: Millis,
) -> Result<String, StoreError> {
    let id = ids.v4();
    let order = serde_json::to_string(order).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "INSERT INTO tasks (environment_id, id, kind, state, task_order, task_cursor, total, done, failed, errors,
                                leased_until, created_at, updated_at)
             VALUES ($1, $2, $3, 'NotStarted', $4, '', $5, 0, 0, '[]', 0, $6, $6)"
        ),
        args![environment.as_str(), &id, kind, order, total, now.0],
    )
    .await?;
    Ok(id)
}

/// A task of this environment.
///
/// # Errors
/// When storage fails.
pub async fn find(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Option<Task>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT environment_id, id, kind, state, task_order, task_cursor, total, done, failed, errors, created_at, updated_at
                 FROM tasks WHERE environment_id = $1 AND id = $2"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    row.as_ref().map(task_from).transpose()
}

fn task_from(row: &Row) -> Result<Task, StoreError> {
    let json = |text: String| serde_json::from_str(&text).map_err(StoreError::other);
    let environment: String = row.get(0)?;
    let errors: Value = json(row.get(9)?)?;
    Ok(Task {
        environment: environment.into(),
        id: row.get(1)?,
        kind: row.get(2)?,
        state: State::from_word(&row.get::<String>(3)?),
        order: json(row.get(4)?)?,
        cursor: row.get(5)?,
        total: row.get(6)?,
        done: row.get(7)?,
        failed: row.get(8)?,
        errors: if let Value::Array(list) = errors {
            list
        } else {
            Vec::new()
        },
        created_at: Millis(row.get(10)?),
        updated_at: Millis(row.get(11)?),
    })
}

/// Does one step of the oldest open task of this kind. Answers whether there was one.
///
/// # Errors
/// When storage or the step fails; the task stays where it was.
pub async fn advance(db: &Db, runner: std::sync::Arc<dyn Runner>, now: Millis) -> Result<bool, StoreError> {
    let kind = runner.kind();
    let open = db
        .opt(
            // all environments: tasks are done in order of submission, whoever submitted
            sql!("SELECT id FROM tasks WHERE kind = $1 AND state IN ('NotStarted', 'InProgress') LIMIT 1"),
            args![kind],
        )
        .await?;
    if open.is_none() {
        return Ok(false);
    }
    db.write(async move |tx| {
        // The guarded update claims the row: on PostgreSQL a second runner waits for it and then sees the lease.
        let claimed = tx
            .opt(
                sql!(
                    "UPDATE tasks SET leased_until = $3, state = 'InProgress'
                     WHERE leased_until <= $2 AND state IN ('NotStarted', 'InProgress')
                       AND (environment_id, id) = (
                         SELECT environment_id, id FROM tasks
                         WHERE kind = $1 AND state IN ('NotStarted', 'InProgress') AND leased_until <= $2
                         ORDER BY created_at, id LIMIT 1)
                     RETURNING environment_id, id, kind, state, task_order, task_cursor, total, done, failed, errors,
                               created_at, updated_at"
                ),
                args![kind, now.0, now.plus_seconds(LEASE_SECONDS).0],
            )
            .await?;
        let Some(task) = claimed.as_ref().map(task_from).transpose()? else { return Ok(false) };
        let progress = runner.step(tx, &task, now).await?;
        record(tx, &task, progress, now).await?;
        Ok(true)
    })
    .await
}

/// Stores what a step did and gives the lease back, all in the step's own transaction.
async fn record(tx: &Tx, task: &Task, progress: Progress, now: Millis) -> Result<(), StoreError> {
    let failed = task.failed + progress.failed;
    let state = match (&progress.cursor, failed) {
        (Some(_), _) => State::InProgress,
        (None, 0) => State::Completed,
        (None, _) => State::CompletedWithErrors,
    };
    let mut errors = task.errors.clone();
    errors.extend(progress.errors);
    errors.truncate(1000); // at most 1000 entries in an answer
    let errors = serde_json::to_string(&errors).map_err(StoreError::other)?;
    let cursor = progress.cursor.unwrap_or_else(|| task.cursor.clone());
    tx.exec(
        sql!(
            "UPDATE tasks SET state = $3, task_cursor = $4, total = $5, done = $6, failed = $7, errors = $8,
                              leased_until = 0, updated_at = $9
             WHERE environment_id = $1 AND id = $2"
        ),
        args![
            task.environment.as_str(),
            task.id,
            state.word(),
            cursor,
            progress.total.unwrap_or(task.total),
            task.done + progress.done,
            failed,
            errors,
            now.0
        ],
    )
    .await?;
    Ok(())
}
