//! What can go wrong, in words that never contain a bound value: database messages may quote rows, and errors end
//! up in logs.

use rusqlite::ffi;
use tokio_postgres::error::SqlState;

/// What the engine said: a code and a message, cleared of values.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Cause {
    /// SQLSTATE on PostgreSQL, the extended result code on SQLite, or a word of ours.
    pub code: String,
    /// For the log of an operator, never for a user.
    pub message: String,
}

impl Cause {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// Why a statement or a transaction did not succeed. In every case nothing of the transaction was kept, except
/// that after [`StoreError::Unavailable`] at the commit nobody can know.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row with the same key exists. `constraint` is the constraint's name on PostgreSQL and the columns on
    /// SQLite: good for a log, not for a decision.
    #[error("a row with the same key exists")]
    Unique { constraint: Option<String> },
    /// A row refers to one that does not exist, or is still referred to.
    #[error("a row refers to one that does not exist, or is still referred to")]
    ForeignKey,
    /// `one` found no row.
    #[error("a row that must exist was not found")]
    NoRow,
    /// Too many callers wait already, or waiting took too long. Answer 503 with Retry-After.
    #[error("the database has more work than it can do now")]
    Overloaded,
    /// It took longer than [`crate::Settings::longest`] and was given up. Answer 503.
    #[error("the database took too long and was stopped")]
    TooLong,
    /// Serialisation failures or deadlocks, again and again. Answer 503.
    #[error("the transaction collided with others and was given up after several attempts")]
    RetriesExhausted,
    /// A body awaited something other than its `tx`. A mistake in the program.
    #[error("the body of a transaction awaited something other than its transaction")]
    Suspended,
    /// A body panicked; it alone was rolled back.
    #[error("the body of a transaction panicked")]
    Panicked,
    /// A body went on after one of its statements had failed.
    #[error("the transaction went on after one of its statements had failed")]
    Spoiled,
    /// A bound text contains U+0000.
    #[error("a text contains the character U+0000, which cannot be stored")]
    Nul,
    /// A write was tried inside `read`.
    #[error("a read transaction tried to write")]
    ReadOnly,
    /// The number of values differs from the number of placeholders. A mistake in the program.
    #[error("a statement has {wanted} placeholders but got {given} values")]
    Arguments { wanted: usize, given: usize },
    /// A column is missing or has another type than was asked for. A mistake in the program.
    #[error("column {index} could not be read: {reason}")]
    Column { index: usize, reason: String },
    /// The connection to the database broke or cannot be made. Answer 503.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Cause),
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// Anything else the engine refused.
    #[error("the database refused a statement")]
    Other(#[source] Cause),
}

impl StoreError {
    /// A stored value that cannot be read, or one that cannot be put into its stored form. Of the error only its
    /// kind is kept, because decoders quote what they read.
    pub fn other<E>(_: E) -> Self {
        Self::Other(Cause::new(
            "value",
            format!(
                "a value does not have its stored form: {}",
                std::any::type_name::<E>()
            ),
        ))
    }

    /// Whether trying again later may help: the caller answers 503.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Overloaded | Self::TooLong | Self::RetriesExhausted | Self::Unavailable(_) | Self::Closed
        )
    }

    /// Whether the engine itself has failed a statement, so that its transaction is spoiled.
    pub(crate) const fn spoils(&self) -> bool {
        !matches!(
            self,
            Self::NoRow | Self::Nul | Self::Arguments { .. } | Self::Spoiled | Self::Column { .. }
        )
    }

    pub(crate) fn from_sqlite(error: rusqlite::Error) -> Self {
        let (code, message) = match error {
            rusqlite::Error::SqliteFailure(code, message) => (code, message.unwrap_or_default()),
            // The statement is static text or made of static pieces: safe to show.
            rusqlite::Error::SqlInputError { error, msg, sql, .. } => {
                return Self::Other(Cause::new(
                    error.extended_code.to_string(),
                    format!("{msg} in: {sql}"),
                ));
            }
            rusqlite::Error::QueryReturnedNoRows => return Self::NoRow,
            other => return Self::Other(Cause::new("driver", other.to_string())),
        };
        match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => Self::Unique {
                constraint: message
                    .split_once("failed: ")
                    .map(|(_, columns)| columns.to_owned()),
            },
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::ForeignKey,
            other => match other & 0xff {
                ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Self::Overloaded,
                ffi::SQLITE_READONLY => Self::ReadOnly,
                ffi::SQLITE_INTERRUPT => Self::TooLong,
                _ => Self::Other(Cause::new(other.to_string(), message)),
            },
        }
    }

    // By value, so that it stands alone in map_err.
    #[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
    pub(crate) fn from_postgres(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let deeper = std::error::Error::source(&error);
            let text = deeper.map_or_else(|| error.to_string(), |deeper| format!("{error}: {deeper}"));
            if error.is_closed() || deeper.is_some_and(|e| e.is::<std::io::Error>()) {
                return Self::Unavailable(Cause::new("connection", text));
            }
            return Self::Other(Cause::new("driver", text));
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            return Self::Unique {
                constraint: db.constraint().map(ToOwned::to_owned),
            };
        }
        if *code == SqlState::FOREIGN_KEY_VIOLATION {
            return Self::ForeignKey;
        }
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            return Self::RetriesExhausted;
        }
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            return Self::ReadOnly;
        }
        if *code == SqlState::QUERY_CANCELED {
            return Self::TooLong;
        }
        if *code == SqlState::IN_FAILED_SQL_TRANSACTION {
            return Self::Spoiled;
        }
        // Data exceptions (22…) and constraint messages (23…) may quote values.
        let quotes_values = code.code().starts_with("22") || code.code().starts_with("23");
        let message = match (quotes_values, db.constraint(), db.column()) {
            (false, ..) => db.message().to_owned(),
            (true, Some(constraint), _) => format!("constraint {constraint}"),
            (true, None, Some(column)) => format!("column {column}"),
            (true, None, None) => "a value does not fit".to_owned(),
        };
        let cause = Cause::new(code.code(), message);
        match code.code().get(..2) {
            Some("53") => Self::Overloaded,
            Some("08" | "57") => Self::Unavailable(cause),
            _ => Self::Other(cause),
        }
    }
}

/// Why a database could not be opened; each is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process holds the lock file.
    #[error("{path} is in use by another server: stop it first, or use another data directory")]
    InUse { path: String },
    /// The file, its lock file or its directory cannot be used.
    #[error("{path} cannot be opened")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    /// The connection string cannot be read.
    #[error("the PostgreSQL address cannot be used: {reason}")]
    Address { reason: String },
    /// The server would answer before a commit is on disk.
    #[error(
        "synchronous_commit is off for this PostgreSQL user or database, so commits could be lost: set it to on"
    )]
    NotDurable,
    /// SQLite did not accept a setting we depend on.
    #[error("SQLite answered {answer} to {pragma}")]
    Pragma { pragma: &'static str, answer: String },
    /// The engine refused.
    #[error("the database cannot be opened: {0}")]
    Store(#[source] StoreError),
    /// No thread could be started.
    #[error("a database thread cannot be started")]
    Thread(#[source] std::io::Error),
}
