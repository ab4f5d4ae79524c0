//! The one thread that writes, and the commit many callers share.
//!
//! Syncing a file costs the same for one change as for five hundred. So the thread opens a transaction for the
//! first job it finds, runs whatever else waits in it, commits once, and only then answers all of them.
//!
//! A job that fails, panics or waits for something else has mostly changed nothing yet, and its neighbours do not
//! notice. If it has, the transaction is rolled back and its jobs run once more, each in a savepoint, as do those that
//! still join it. Savepoints for every job from the start would copy each page before its first change: a third of
//! the time of this thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::conn::{Conn, LocalTx};
use super::run::poll_once;
use crate::tx::Inner;
use crate::{Journal, Notice, Step, StoreError, Tx};

/// How far the thread stands back: where the processors are busy, more callers come together for each commit, and readers
/// find the database unchanged more often. Their cached pages last as long as it is. Refreshes were a fifth faster with it.
const NICE: u8 = 5;

/// What the writer is asked to do.
pub(crate) enum Order {
    /// A body, to be run inside the shared transaction.
    Job(Box<dyn Job>),
    /// Something that needs the connection outside of any transaction.
    Alone(Box<dyn FnOnce(&Conn) + Send>),
    /// Nothing; look at the flags.
    Wake,
    /// Finish what was queued before this, then end.
    Close,
}

/// A body on its way through the writer, its types erased.
pub(crate) trait Job: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the body; whether its changes are to be kept.
    fn run(&mut self, tx: &Tx) -> bool;
    /// Tells the caller: the body's result, or instead of a success that the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

pub(crate) struct Body<T, E, F> {
    body: F,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Body<T, E, F> {
    pub(crate) const fn new(body: F, caller: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            body,
            result: None,
            caller,
        }
    }
}

impl<T, E, F> Job for Body<T, E, F>
where
    F: AsyncFn(&Tx) -> Result<T, E> + Send,
    E: From<StoreError> + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }

    fn run(&mut self, tx: &Tx) -> bool {
        let result = poll_once(&self.body, tx);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let result = match (commit, self.result) {
            (Ok(()), Some(result)) | (Err(_), Some(result @ Err(_))) => result,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // A caller that went away meanwhile wants no answer.
        drop(self.caller.send(result));
    }
}

/// What the writer's thread owns.
pub(crate) struct Writer {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) notices: broadcast::Sender<Notice>,
    pub(crate) journal: Option<Journal>,
    pub(crate) batch: usize,
    /// Set by the checkpoint thread when the WAL is to begin anew.
    pub(crate) restart: Arc<AtomicBool>,
    /// Whether background work waits for that.
    pub(crate) crowded: Arc<AtomicBool>,
}

/// What ends a batch before its time.
enum Then {
    Continue,
    Alone(Box<dyn FnOnce(&Conn) + Send>),
    Close,
}

impl Writer {
    /// The thread's whole life.
    pub(crate) fn run(mut self, conn: Conn) {
        kit::yield_to_requests(NICE);
        let tx = Tx(Inner::Sqlite(LocalTx::new(conn, true)));
        let Inner::Sqlite(local) = &tx.0 else { return };
        let (mut number, mut batches) = (0, 0);
        while let Some(order) = self.orders.blocking_recv() {
            let then = match order {
                Order::Job(first) => {
                    batches += 1;
                    self.batch(&tx, local, first, &mut number, batches)
                }
                Order::Alone(run) => Then::Alone(run),
                Order::Wake => Then::Continue,
                Order::Close => Then::Close,
            };
            match then {
                Then::Continue => {}
                Then::Alone(run) => {
                    if catch_unwind(AssertUnwindSafe(|| run(&local.conn()))).is_err() {
                        tracing::error!("an order to the database writer panicked");
                    }
                    self.end_stray(local);
                }
                Then::Close => break,
            }
            if self.restart.swap(false, Ordering::Relaxed) {
                checkpoint(&local.conn(), "RESTART", Duration::from_millis(100));
                self.crowded.store(false, Ordering::Relaxed);
            }
        }
        // Whoever was queued behind the Close hears that by its dropped sender.
        self.orders.close();
        checkpoint(&local.conn(), "TRUNCATE", Duration::from_secs(5));
    }

    fn batch(&mut self, tx: &Tx, local: &LocalTx, first: Box<dyn Job>, number: &mut u64, batch: u64) -> Then {
        if first.is_abandoned() {
            return Then::Continue;
        }
        if let Err(error) = local.conn().control("BEGIN IMMEDIATE") {
            self.end_stray(local);
            tell(first, Err(error));
            return Then::Continue;
        }
        let mut done: Vec<Done> = Vec::new();
        let mut then = Then::Continue;
        let mut next = Some(first);
        let mut guarded = false;
        while let Some(job) = next.take() {
            *number += 1;
            done.push(Done::new(*number, job));
            let ran = match done.last_mut() {
                Some(last) if guarded => last.run_guarded(tx, local),
                Some(last) => last.run(tx, local),
                None => Ok(Left::Clean),
            };
            let ran = match ran {
                Ok(Left::Soiled) => {
                    guarded = true;
                    again(tx, local, &mut done)
                }
                Ok(Left::Clean) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = ran {
                // The shared transaction itself is lost (disk full, for example), and with it every job so far.
                self.end_stray(local);
                local.reset();
                if let Some(last) = done.last_mut() {
                    last.kept = true;
                }
                self.finish(done, &Err(error), batch);
                return then;
            }
            while next.is_none() && done.len() < self.batch {
                match self.orders.try_recv() {
                    Ok(Order::Job(job)) if job.is_abandoned() => {}
                    Ok(Order::Job(job)) => next = Some(job),
                    Ok(Order::Wake) => {}
                    Ok(Order::Alone(run)) => {
                        then = Then::Alone(run);
                        break;
                    }
                    Ok(Order::Close) => {
                        then = Then::Close;
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
        for done in done.iter().filter(|done| done.kept) {
            self.note(Step::Wrote {
                batch,
                job: done.number,
            });
        }
        let commit = local.conn().control("COMMIT");
        match &commit {
            Ok(()) => {
                self.note(Step::Synced { batch });
                for notice in done.iter_mut().flat_map(|done| done.notices.drain(..)) {
                    // An error only means that nobody subscribes.
                    drop(self.notices.send(notice));
                }
            }
            Err(error) => {
                tracing::error!(%error, jobs = done.len(), "a commit failed; all its writes are rolled back");
                self.end_stray(local);
            }
        }
        self.finish(done, &commit, batch);
        then
    }

    fn finish(&self, done: Vec<Done>, commit: &Result<(), StoreError>, batch: u64) {
        for Done {
            number, job, kept, ..
        } in done
        {
            if kept && commit.is_ok() {
                self.note(Step::Answered { batch, job: number });
            }
            tell(job, commit.clone());
        }
    }

    fn note(&self, step: Step) {
        if let Some(journal) = &self.journal {
            journal(step);
        }
    }

    /// Makes sure that no transaction is left open.
    fn end_stray(&self, local: &LocalTx) {
        let conn = local.conn();
        if !conn.is_idle()
            && let Err(error) = conn.control("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

/// A job of the open transaction that has run.
struct Done {
    number: u64,
    job: Box<dyn Job>,
    /// Whether its changes are to be committed.
    kept: bool,
    notices: Vec<Notice>,
}

/// What a job without a savepoint left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Only changes that are to be kept.
    Clean,
    /// Changes that must not be kept.
    Soiled,
}

impl Done {
    const fn new(number: u64, job: Box<dyn Job>) -> Self {
        Self {
            number,
            job,
            kept: false,
            notices: Vec::new(),
        }
    }

    /// Runs the job. An error means that the transaction around it is lost.
    fn run(&mut self, tx: &Tx, local: &LocalTx) -> Result<Left, StoreError> {
        let before = local.conn().raw().total_changes();
        self.try_on(tx, local);
        let changed = local.conn().raw().total_changes() != before || local.left_part_open();
        still_open(local)?;
        Ok(if changed && !self.kept {
            Left::Soiled
        } else {
            Left::Clean
        })
    }

    /// Runs the job inside a savepoint of its own. An error means that the transaction around it is lost.
    fn run_guarded(&mut self, tx: &Tx, local: &LocalTx) -> Result<Left, StoreError> {
        local.conn().control("SAVEPOINT j")?;
        self.try_on(tx, local);
        still_open(local)?;
        let conn = local.conn();
        if !self.kept {
            conn.control("ROLLBACK TO j")?;
        }
        conn.control("RELEASE j")?;
        local.left_part_open(); // it ended with the savepoint
        Ok(Left::Clean)
    }

    fn try_on(&mut self, tx: &Tx, local: &LocalTx) {
        self.kept = self.job.run(tx);
        let notices = local.reset();
        self.notices = if self.kept { notices } else { Vec::new() };
    }
}

fn still_open(local: &LocalTx) -> Result<(), StoreError> {
    if local.conn().is_idle() {
        return Err(StoreError::Other(crate::Cause::new(
            "lost",
            "the transaction ended inside a body",
        )));
    }
    Ok(())
}

/// Rolls the transaction back and runs all of its jobs once more, in their order. An error means that it is lost.
fn again(tx: &Tx, local: &LocalTx, done: &mut [Done]) -> Result<(), StoreError> {
    local.conn().control("ROLLBACK")?;
    local.conn().control("BEGIN IMMEDIATE")?;
    for done in done {
        done.run_guarded(tx, local)?;
    }
    Ok(())
}

fn tell(job: Box<dyn Job>, commit: Result<(), StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| job.answer(commit))).is_err() {
        tracing::error!("telling a caller the outcome of its write panicked");
    }
}

/// Moves the WAL into the file, so that the next transaction writes over it (RESTART) or that it is empty (TRUNCATE).
/// Readers may prevent that; it is then tried another time.
#[expect(clippy::disallowed_methods, reason = "measures how long work takes")]
fn checkpoint(conn: &Conn, mode: &'static str, patience: Duration) {
    let run = || {
        conn.raw().busy_timeout(patience)?;
        let busy: i64 = conn
            .raw()
            .query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(0))?;
        conn.raw().busy_timeout(Duration::from_secs(5))?;
        Ok::<_, rusqlite::Error>(busy)
    };
    let begun = Instant::now();
    match run() {
        Ok(0) => tracing::debug!(mode, took = ?begun.elapsed(), "the WAL begins anew"),
        Ok(_) => tracing::debug!("the WAL cannot begin anew: a reader still needs it"),
        Err(error) => tracing::warn!(%error, "the WAL cannot begin anew"),
    }
}
