//! A transaction on a PostgreSQL connection.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::Object;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use tokio_postgres::error::SqlState;

use super::{Fault, execute, query};
use crate::notify::to_wire;
use crate::{Args, Row, StoreError};

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// Begins with its first statement, in the same round trip. Dropped before its end, it takes its connection out of
/// the pool and closes it: nobody else may inherit a half-done transaction.
#[derive(Debug)]
pub(crate) struct PgTx {
    client: Option<Object>,
    kind: Kind,
    begun: AtomicBool,
    spoiled: AtomicBool,
    retry: AtomicBool,
    /// Statements that were asked and not answered yet.
    waiting: AtomicUsize,
}

/// Counts one statement for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn start(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PgTx {
    pub(super) const fn new(client: Object, kind: Kind) -> Self {
        Self {
            client: Some(client),
            kind,
            begun: AtomicBool::new(false),
            spoiled: AtomicBool::new(false),
            retry: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
        }
    }

    // Boxed, so that the callers' futures stay plain to the compiler (see `answer`).
    pub(crate) fn rows<'a>(
        &'a self,
        text: &'a str,
        args: Args<'a>,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            let client = self.client()?;
            self.run(client, query(client, text, args)).await
        })
    }

    pub(crate) fn run_counted<'a>(
        &'a self,
        text: &'a str,
        args: Args<'a>,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let client = self.client()?;
            self.run(client, execute(client, text, args)).await
        })
    }

    pub(crate) async fn notify(&self, topic: &str, payload: &str) -> Result<(), StoreError> {
        if self.kind == Kind::Read {
            return Err(StoreError::ReadOnly);
        }
        let (channel, wire) = (super::listen::CHANNEL, to_wire(topic, payload));
        self.rows("SELECT pg_notify($1, $2)", crate::args![channel, wire])
            .await
            .map(drop)
    }

    pub(crate) async fn line_up(&self, what: &str) -> Result<(), StoreError> {
        self.run_counted(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            crate::args![what],
        )
        .await
        .map(drop)
    }

    /// Whether no statement is on its way: a body that waits now waits for something else.
    pub(super) fn is_quiet(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Whether running the body again may succeed.
    pub(super) fn may_retry(&self) -> bool {
        self.retry.load(Ordering::Relaxed)
    }

    /// Whether a statement has failed, so that COMMIT would in silence be a ROLLBACK.
    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled.load(Ordering::Relaxed)
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.kind {
            Kind::Write => self.end("COMMIT").await,
            Kind::Read => {
                self.end_read();
                Ok(())
            }
        }
    }

    /// A read has nothing to keep and nobody to tell: its end is sent, and whatever its connection is asked next
    /// queues up behind it.
    fn end_read(mut self) {
        let Some(client) = self.client.take() else { return };
        if self.begun.load(Ordering::Relaxed) {
            // Sent by the first poll; the answer, should it still be on its way, is read and dropped.
            drop(client.batch_execute("ROLLBACK").now_or_never());
        }
    }

    pub(super) async fn rollback(self) {
        if self.kind == Kind::Read {
            return self.end_read();
        }
        if let Err(error) = self.end("ROLLBACK").await {
            tracing::debug!(%error, "ROLLBACK failed; the connection is closed instead");
        }
    }

    async fn end(mut self, text: &str) -> Result<(), StoreError> {
        if self.begun.load(Ordering::Relaxed) {
            self.client()?
                .batch_execute(text)
                .await
                .map_err(StoreError::from_postgres)?;
        }
        // Back into the pool.
        drop(self.client.take());
        Ok(())
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or(StoreError::Closed)
    }

    async fn run<T>(
        &self,
        client: &Object,
        statement: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, StoreError> {
        if self.is_spoiled() {
            return Err(StoreError::Spoiled);
        }
        let _waiting = Waiting::start(&self.waiting);
        let result = if self.begun.swap(true, Ordering::Relaxed) {
            statement.await
        } else {
            let begin = match self.kind {
                Kind::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Kind::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            };
            // Both are sent at once, in this order.
            let (begun, result) = join(client.batch_execute(begin), statement).await;
            begun.map_err(Fault::Driver).and(result)
        };
        result.map_err(|fault| {
            if let Fault::Driver(error) = &fault {
                let stale = is_stale_plan(error);
                if stale {
                    client.statement_cache.clear();
                }
                let collided = error.code().is_some_and(|code| {
                    *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
                });
                if stale || collided {
                    self.retry.store(true, Ordering::Relaxed);
                }
            }
            let error = StoreError::from(fault);
            if error.spoils() {
                self.spoiled.store(true, Ordering::Relaxed);
            } else if matches!(error, StoreError::Spoiled) && !self.spoiled.swap(true, Ordering::Relaxed) {
                // Another statement, sent together with this one, failed; nobody has looked at its answer yet.
                self.retry.store(true, Ordering::Relaxed);
                return StoreError::RetriesExhausted;
            }
            error
        })
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.begun.load(Ordering::Relaxed)
        {
            drop(Object::take(client));
        }
    }
}

/// A migration on another node changed a table under a prepared `SELECT *`.
pub(super) fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
            || (*db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.message().contains("cached plan"))
    })
}
