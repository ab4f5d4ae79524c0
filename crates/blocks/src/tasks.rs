//! `Task`: work that goes on after the answer. A task is a row: what to do, how far it is, what went wrong per item. It is
//! done in steps; each step is one transaction that does a piece of the work and moves the cursor with it, so that a killed
//! server goes on where it stopped and nothing is done twice. The step holds the row of its task, which makes one runner
//! per task across nodes.
//!
//! Tasks of one kind take turns, so that a long one does not keep others waiting. A step that fails is tried again with one
//! item; when that fails too, the runner passes the item over, and the others are done. A task whose runner cannot do that
//! rests for a while and lets others go first.

use async_trait::async_trait;
use db::{Db, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a task rests whose step has failed.
const ASIDE_SECONDS: i64 = 30;
/// How long a finished task can be asked about.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;
/// How many finished tasks one sweep removes.
const SWEEP: i64 = 500;
/// Most entries of errors that are kept; all failures are counted.
const MOST_ERRORS: usize = 1000;

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
    /// A larger step has just failed: this one does one item at most.
    pub one_by_one: bool,
    pub created_at: Millis,
    pub updated_at: Millis,
}

impl Task {
    /// How many items this step may take, of `usual` in good times.
    #[must_use]
    pub const fn piece(&self, usual: i64) -> i64 {
        if self.one_by_one { 1 } else { usual }
    }
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
    /// Replaces the order, when parts of it are not to be kept any longer.
    pub order: Option<Value>,
}

/// Does one kind of task.
#[async_trait]
pub trait Runner: Send + Sync {
    fn kind(&self) -> &'static str;

    /// One piece of the work, small enough that other writers hardly wait (some hundred rows).
    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError>;

    /// The next item failed on its own: notes that and moves the cursor past it. `None` when there is no such thing as
    /// an item here; the task then stays where it is and is tried again later.
    async fn pass_over(&self, _tx: &Tx, _task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        Ok(None)
    }
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

/// Stores a task and does its first step in the same transaction, so that small work is finished when the caller is
/// answered and large work goes on in the background. Answers the task as it stands.
///
/// # Errors
/// When storage or the step fails.
pub async fn begin(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    runner: &dyn Runner,
    order: &impl Serialize,
    total: i64,
    now: Millis,
) -> Result<Task, StoreError> {
    let id = submit(tx, ids, environment, runner.kind(), order, total, now).await?;
    let task = find(tx, environment, &id).await?.ok_or(StoreError::NoRow)?;
    let progress = runner.step(tx, &task, now).await?;
    record(tx, &task, progress, now).await?;
    find(tx, environment, &id).await?.ok_or(StoreError::NoRow)
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

/// The tasks of a kind in this environment that are not done yet.
///
/// # Errors
/// When storage fails.
pub async fn open(tx: &Tx, environment: &EnvironmentId, kind: &str) -> Result<Vec<Task>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT environment_id, id, kind, state, task_order, task_cursor, total, done, failed, errors, created_at, updated_at
                 FROM tasks WHERE environment_id = $1 AND kind = $2 AND state IN ('NotStarted', 'InProgress')
                 ORDER BY created_at, id"
            ),
            args![environment.as_str(), kind],
        )
        .await?;
    rows.iter().map(task_from).collect()
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
        one_by_one: false,
        created_at: Millis(row.get(10)?),
        updated_at: Millis(row.get(11)?),
    })
}

/// How a task is taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    Usual,
    OneByOne,
    PassOver,
}

/// A task that waits for its next step.
#[derive(Clone, Debug)]
struct Candidate {
    environment: String,
    id: String,
    cursor: String,
}

/// Does one step of the open task of this kind that has waited longest. Answers whether there was one.
///
/// # Errors
/// When storage or the step fails; the task stays where it was.
pub async fn advance(db: &Db, runner: std::sync::Arc<dyn Runner>, now: Millis) -> Result<bool, StoreError> {
    let kind = runner.kind();
    let row = db
        .opt(
            // all environments: tasks take turns, whoever submitted them
            sql!(
                "SELECT environment_id, id, task_cursor FROM tasks
                 WHERE kind = $1 AND state IN ('NotStarted', 'InProgress') AND leased_until <= $2
                 ORDER BY updated_at, id LIMIT 1"
            ),
            args![kind, now.0],
        )
        .await?;
    let Some(row) = row else { return Ok(false) };
    let next = Candidate {
        environment: row.get(0)?,
        id: row.get(1)?,
        cursor: row.get(2)?,
    };
    let mut failure = None;
    for effort in [Effort::Usual, Effort::OneByOne, Effort::PassOver] {
        let (runner, next) = (std::sync::Arc::clone(&runner), next.clone());
        match db
            .write(async move |tx| take(tx, &*runner, &next, effort, now).await)
            .await
        {
            Ok(true) => return Ok(true),
            Ok(false) => break,
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => {
                tracing::warn!(kind, %error, "a step of a task failed");
                failure = Some(error);
            }
        }
    }
    match failure {
        // Nobody knows how to go on: others go first, and the log and the metrics tell.
        Some(error) => {
            db.write(async move |tx| set_aside(tx, &next, now).await).await?;
            Err(error)
        }
        None => Ok(true),
    }
}

/// One step of the task, in its transaction. False when the runner has no way past a failing item. A task that another
/// node has moved on meanwhile is left to it.
async fn take(
    tx: &Tx,
    runner: &dyn Runner,
    next: &Candidate,
    effort: Effort,
    now: Millis,
) -> Result<bool, StoreError> {
    // On PostgreSQL a second runner waits here until the first one's step is done.
    let claimed = tx
        .opt(
            sql!(
                "UPDATE tasks SET state = 'InProgress'
                 WHERE environment_id = $1 AND id = $2 AND task_cursor = $3 AND leased_until <= $4
                   AND state IN ('NotStarted', 'InProgress')
                 RETURNING environment_id, id, kind, state, task_order, task_cursor, total, done, failed, errors,
                           created_at, updated_at"
            ),
            args![next.environment, next.id, next.cursor, now.0],
        )
        .await?;
    let Some(mut task) = claimed.as_ref().map(task_from).transpose()? else {
        return Ok(true);
    };
    let progress = match effort {
        Effort::Usual => runner.step(tx, &task, now).await?,
        Effort::OneByOne => {
            task.one_by_one = true;
            runner.step(tx, &task, now).await?
        }
        Effort::PassOver => match runner.pass_over(tx, &task, now).await? {
            Some(progress) => progress,
            None => return Ok(false),
        },
    };
    record(tx, &task, progress, now).await?;
    Ok(true)
}

async fn set_aside(tx: &Tx, next: &Candidate, now: Millis) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE tasks SET leased_until = $4 WHERE environment_id = $1 AND id = $2 AND task_cursor = $3"),
        args![
            next.environment,
            next.id,
            next.cursor,
            now.plus_seconds(ASIDE_SECONDS).0
        ],
    )
    .await?;
    Ok(())
}

/// Removes tasks that were finished long ago. True when there may be more.
///
/// # Errors
/// When storage fails.
pub async fn sweep(db: &Db, now: Millis) -> Result<bool, StoreError> {
    let before = now.plus_seconds(-KEPT_SECONDS);
    let due = db
        .opt(
            // all environments: what is over is over everywhere
            sql!(
                "SELECT id FROM tasks WHERE state IN ('Completed', 'CompletedWithErrors') AND updated_at < $1 LIMIT 1"
            ),
            args![before.0],
        )
        .await?;
    if due.is_none() {
        return Ok(false);
    }
    let removed = db
        .write(async move |tx| {
            tx.exec(
                // all environments: what is over is over everywhere
                sql!(
                    "DELETE FROM tasks WHERE (environment_id, id) IN (
                       SELECT environment_id, id FROM tasks
                       WHERE state IN ('Completed', 'CompletedWithErrors') AND updated_at < $1
                       ORDER BY updated_at LIMIT $2)"
                ),
                args![before.0, SWEEP],
            )
            .await
        })
        .await?;
    Ok(removed >= SWEEP.unsigned_abs())
}

/// Stores what a step did, in the step's own transaction.
async fn record(tx: &Tx, task: &Task, progress: Progress, now: Millis) -> Result<(), StoreError> {
    let failed = task.failed + progress.failed;
    let state = match (&progress.cursor, failed) {
        (Some(_), _) => State::InProgress,
        (None, 0) => State::Completed,
        (None, _) => State::CompletedWithErrors,
    };
    let mut errors = task.errors.clone();
    errors.extend(progress.errors);
    errors.truncate(MOST_ERRORS);
    let errors = serde_json::to_string(&errors).map_err(StoreError::other)?;
    let cursor = progress.cursor.unwrap_or_else(|| task.cursor.clone());
    let order = match &progress.order {
        Some(order) => Some(serde_json::to_string(order).map_err(StoreError::other)?),
        None => None,
    };
    tx.exec(
        sql!(
            "UPDATE tasks SET state = $3, task_cursor = $4, total = $5, done = $6, failed = $7, errors = $8,
                              leased_until = 0, updated_at = $9, task_order = COALESCE($10, task_order)
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
            now.0,
            order
        ],
    )
    .await?;
    Ok(())
}
