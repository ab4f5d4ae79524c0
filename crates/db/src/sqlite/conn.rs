//! One SQLite connection: its settings, its statements.

#![expect(
    clippy::disallowed_types,
    reason = "looked up for every statement; its order is never seen"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::sql::for_sqlite;
use crate::tx::Text;
use crate::value::is_text_with_nul;
use crate::{Args, Notice, OpenError, Row, StoreError};

/// What a connection is for. Readers and the checkpointer cannot write, whatever statement they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
    Checkpointer,
}

/// What one connection answered when asked for its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readback {
    /// `writer`, `reader` or `checkpointer`.
    pub role: &'static str,
    /// 2 is FULL: the commit is synced before it is answered.
    pub synchronous: i64,
    /// Whether foreign keys are enforced.
    pub foreign_keys: bool,
    /// `wal`.
    pub journal_mode: String,
}

/// Instructions of SQLite's machine between two looks at the clock: some milliseconds of work.
const LOOKS: i32 = 100_000;
/// Bytes of the WAL that stay allocated when it begins anew: writing over them needs no work of the file system.
pub(super) const WAL_KEPT: u64 = 64 << 20;

/// When the work of a connection is to be given up.
#[derive(Debug)]
struct Deadline {
    since: Instant,
    /// Milliseconds after `since`; never until it is set.
    at: AtomicU64,
}

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "measures how long work takes")]
    fn never() -> Self {
        Self {
            since: Instant::now(),
            at: AtomicU64::new(u64::MAX),
        }
    }

    fn is_over(&self) -> bool {
        self.since.elapsed().as_millis() >= u128::from(self.at.load(Ordering::Relaxed))
    }
}

#[derive(Debug)]
pub(crate) struct Conn {
    raw: Connection,
    role: Role,
    deadline: Arc<Deadline>,
    /// Statements rewritten for SQLite, by the address of the literal: no hashing of the text.
    texts: HashMap<(usize, usize), Box<str>>,
}

impl Conn {
    pub(crate) fn open(path: &Path, role: Role) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut raw = Connection::open_with_flags(path, flags).map_err(open_error)?;
        raw.set_prepared_statement_cache_capacity(512);
        // No mmap: a reader that finds the file changed unmaps all of it, and under writes that is every read.
        raw.execute_batch(
            "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
             PRAGMA cache_size=-65536; PRAGMA mmap_size=0;",
        )
        .map_err(open_error)?;
        // Without this the planner marks statements whose plan may depend on a bound value, and clearing the values of
        // such a statement (as the cache does) throws its plan away: planning costs ten times a point read.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(open_error)?;
        if role == Role::Writer {
            // The checkpoint thread does it; inside a commit it would hold everybody up.
            // What savepoints keep goes to a file once it is large: in memory it is a list of kilobytes, walked from its
            // beginning at the end of every statement, so that a transaction of many pages takes quadratic time.
            raw.execute_batch(&format!(
                "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=FILE; PRAGMA journal_size_limit={WAL_KEPT};"
            ))
            .map_err(open_error)?;
        } else if role == Role::Reader {
            raw.execute_batch("PRAGMA query_only=ON; PRAGMA temp_store=MEMORY;")
                .map_err(open_error)?;
        }
        let deadline = Arc::new(Deadline::never());
        let watched = Arc::clone(&deadline);
        raw.progress_handler(LOOKS, Some(move || watched.is_over()))
            .map_err(open_error)?;
        let conn = Self {
            raw,
            role,
            deadline,
            texts: HashMap::new(),
        };
        let got = conn.readback().map_err(OpenError::Store)?;
        if got.journal_mode != "wal" {
            return Err(OpenError::Pragma {
                pragma: "journal_mode=WAL",
                answer: got.journal_mode,
            });
        }
        if got.synchronous != 2 {
            return Err(OpenError::Pragma {
                pragma: "synchronous=FULL",
                answer: got.synchronous.to_string(),
            });
        }
        Ok(conn)
    }

    pub(crate) fn readback(&self) -> Result<Readback, StoreError> {
        let read = || {
            Ok(Readback {
                role: match self.role {
                    Role::Writer => "writer",
                    Role::Reader => "reader",
                    Role::Checkpointer => "checkpointer",
                },
                synchronous: self
                    .raw
                    .pragma_query_value(None, "synchronous", |row| row.get(0))?,
                foreign_keys: self
                    .raw
                    .pragma_query_value(None, "foreign_keys", |row| row.get(0))?,
                journal_mode: self
                    .raw
                    .pragma_query_value(None, "journal_mode", |row| row.get(0))?,
            })
        };
        read().map_err(StoreError::from_sqlite)
    }

    /// The driver's connection, for checkpoints, migrations and backups.
    pub(crate) const fn raw(&self) -> &Connection {
        &self.raw
    }

    /// Work that goes on for longer than this from now on is stopped.
    pub(crate) fn stop_after(&self, longest: Duration) {
        let at = (self.deadline.since.elapsed() + longest).as_millis();
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        self.deadline.at.store(at, Ordering::Relaxed);
    }

    /// BEGIN, COMMIT and their like.
    pub(crate) fn control(&self, text: &str) -> Result<(), StoreError> {
        let run = || self.raw.prepare_cached(text)?.execute([]);
        run().map(drop).map_err(StoreError::from_sqlite)
    }

    /// Whether no transaction is open.
    pub(crate) fn is_idle(&self) -> bool {
        self.raw.is_autocommit()
    }

    pub(crate) fn all(&mut self, text: Text<'_>, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.bound(text, args)?;
        let width = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(StoreError::from_sqlite)? {
            found.push(Row::from_sqlite(row, width)?);
        }
        Ok(found)
    }

    pub(crate) fn opt(&mut self, text: Text<'_>, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        let mut statement = self.bound(text, args)?;
        let width = statement.column_count();
        let reads = statement.readonly();
        let mut rows = statement.raw_query();
        let Some(row) = rows.next().map_err(StoreError::from_sqlite)? else {
            return Ok(None);
        };
        let row = Row::from_sqlite(row, width)?;
        if !reads {
            // A statement that writes is only done when it has been asked for all its rows.
            while rows.next().map_err(StoreError::from_sqlite)?.is_some() {}
        }
        Ok(Some(row))
    }

    pub(crate) fn exec(&mut self, text: Text<'_>, args: Args<'_>) -> Result<u64, StoreError> {
        let before = self.raw.total_changes();
        let mut answered = 0;
        let reads = {
            let mut statement = self.bound(text, args)?;
            let reads = statement.readonly();
            let mut rows = statement.raw_query();
            while rows.next().map_err(StoreError::from_sqlite)?.is_some() {
                answered += 1;
            }
            reads
        };
        // `changes` keeps the count of the last statement that changed something, which may be an earlier one.
        match (reads, self.raw.total_changes() == before) {
            (true, _) => Ok(answered),
            (false, true) => Ok(0),
            (false, false) => Ok(self.raw.changes()),
        }
    }

    /// Whether a statement leaves the database as it is, so that a reader may run it.
    pub(crate) fn only_reads(&mut self, text: Text<'_>) -> Result<bool, StoreError> {
        Ok(self.prepared(text)?.readonly())
    }

    fn prepared(&mut self, text: Text<'_>) -> Result<rusqlite::CachedStatement<'_>, StoreError> {
        match text {
            Text::Static(sql) => {
                let literal = sql.text();
                let key = (literal.as_ptr().addr(), literal.len());
                let rewritten = self
                    .texts
                    .entry(key)
                    .or_insert_with(|| for_sqlite(literal).into_boxed_str());
                self.raw.prepare_cached(rewritten)
            }
            Text::Built(text) => self.raw.prepare_cached(&for_sqlite(text)),
        }
        .map_err(StoreError::from_sqlite)
    }

    fn bound(&mut self, text: Text<'_>, args: Args<'_>) -> Result<rusqlite::CachedStatement<'_>, StoreError> {
        let mut statement = self.prepared(text)?;
        let wanted = statement.parameter_count();
        if wanted != args.len() {
            return Err(StoreError::Arguments {
                wanted,
                given: args.len(),
            });
        }
        for (index, arg) in args.iter().enumerate() {
            let value = rusqlite::ToSql::to_sql(*arg).map_err(StoreError::from_sqlite)?;
            if is_text_with_nul(&value) {
                return Err(StoreError::Nul);
            }
            statement
                .raw_bind_parameter(index + 1, value)
                .map_err(StoreError::from_sqlite)?;
        }
        Ok(statement)
    }
}

fn open_error(error: rusqlite::Error) -> OpenError {
    OpenError::Store(StoreError::from_sqlite(error))
}

/// A transaction on a SQLite connection. The lock is never waited for: bodies run one at a time; it only lets a
/// `&Tx` be shared between the futures of one body.
#[derive(Debug)]
pub(crate) struct LocalTx {
    conn: Mutex<Conn>,
    notices: Mutex<Vec<Notice>>,
    spoiled: AtomicBool,
    /// Parts that were begun and not ended.
    parts: AtomicUsize,
    writes: bool,
}

impl LocalTx {
    pub(crate) const fn new(conn: Conn, writes: bool) -> Self {
        Self {
            conn: Mutex::new(conn),
            notices: Mutex::new(Vec::new()),
            spoiled: AtomicBool::new(false),
            parts: AtomicUsize::new(0),
            writes,
        }
    }

    /// The connection, for whoever opens and ends transactions.
    pub(crate) fn conn(&self) -> MutexGuard<'_, Conn> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_conn(self) -> Conn {
        self.conn.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one statement of the body.
    pub(crate) fn with<T>(
        &self,
        run: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_spoiled() {
            return Err(StoreError::Spoiled);
        }
        let result = run(&mut self.conn());
        if result.as_ref().is_err_and(StoreError::spoils) {
            self.spoiled.store(true, Ordering::Relaxed);
        }
        result
    }

    pub(crate) fn notify(&self, topic: &str, payload: &str) -> Result<(), StoreError> {
        if !self.writes {
            return Err(StoreError::ReadOnly);
        }
        if topic.contains('\0') || payload.contains('\0') {
            return Err(StoreError::Nul);
        }
        let notice = Notice::Topic {
            topic: topic.to_owned(),
            payload: payload.to_owned(),
        };
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(notice);
        Ok(())
    }

    /// A part of the body begins.
    pub(crate) fn begin_part(&self) {
        self.parts.fetch_add(1, Ordering::Relaxed);
    }

    /// The part that began last ends.
    pub(crate) fn end_part(&self) {
        self.parts.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether the body left a part open. Asked once, when it has ended.
    pub(crate) fn left_part_open(&self) -> bool {
        self.parts.swap(0, Ordering::Relaxed) > 0
    }

    pub(crate) fn is_spoiled(&self) -> bool {
        self.spoiled.load(Ordering::Relaxed)
    }

    /// Makes it ready for the next body; what the last one wanted to tell.
    pub(crate) fn reset(&self) -> Vec<Notice> {
        self.spoiled.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn savepoints_of_the_writer_are_not_kept_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let kept = |role| {
            let conn = Conn::open(&path, role).unwrap();
            let read = conn
                .raw()
                .pragma_query_value(None, "temp_store", |row| row.get(0));
            read.unwrap()
        };
        let (file, memory): (i64, i64) = (1, 2);
        assert_eq!((kept(Role::Writer), kept(Role::Reader)), (file, memory));
    }

    #[test]
    fn binding_another_value_does_not_plan_a_statement_anew() {
        let folder = tempfile::tempdir().unwrap();
        let conn = Conn::open(&folder.path().join("x.db"), Role::Writer).unwrap();
        let raw = conn.raw();
        raw.execute_batch(
            "CREATE TABLE t (a TEXT, b TEXT, c TEXT, PRIMARY KEY (a, c, b)); CREATE INDEX t_b ON t (a, b, c)",
        )
        .unwrap();
        for value in ["1", "2", "3", "4"] {
            // Back in the cache a statement loses its values, and with them its plan if that may depend on them.
            let mut statement = raw
                .prepare_cached("SELECT c FROM t WHERE a = ?1 AND b = ?2 ORDER BY length(c)")
                .unwrap();
            statement.raw_bind_parameter(1, value).unwrap();
            statement.raw_bind_parameter(2, value).unwrap();
            assert!(statement.raw_query().next().unwrap().is_none());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
