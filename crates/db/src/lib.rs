//! The database as the rest of the house sees it: one SQL text for two engines, transactions as closures,
//! commits that are on disk before anybody is told.
//!
//! This is the only crate that names a driver. Everybody else holds a [`Db`], is handed a [`Tx`] and writes SQL
//! with [`sql!`] and [`args!`]:
//!
//! ```text
//! let name = db.write(async move |tx| {
//!     tx.exec(sql!("UPDATE users SET name = $1 WHERE id = $2"), args![&name, &id]).await?;
//!     tx.one(sql!("SELECT name FROM users WHERE id = $1"), args![&id]).await?.get::<String>(0)
//! }).await?;
//! ```
//!
//! Rules for the body of a transaction, alike on both engines:
//! - It awaits nothing but its `tx`. On SQLite it is polled exactly once, on the writer's thread.
//! - It may run again on PostgreSQL (serialisation failures), so ids, times and hashes are made before the call.
//! - A statement that failed spoils the transaction: whatever the body returns, nothing is kept.
//!
//! Rules for SQL: `$1, $2, …` as placeholders; TEXT, BIGINT (`i64`), BOOLEAN and BYTEA/BLOB as types; no
//! deferred constraints, because on SQLite they are checked at the commit many callers share.

mod answer;
mod backup;
mod error;
mod handle;
mod migrate;
mod notify;
mod postgres;
mod query;
mod row;
mod settings;
mod sql;
mod sqlite;
mod tx;
mod url;
mod value;

pub use answer::Answer;
pub use backup::BackupError;
pub use error::{Cause, OpenError, StoreError};
pub use handle::Db;
pub use migrate::{Applied, MigrateError, Migration};
pub use notify::Notice;
pub use query::Query;
pub use row::Row;
pub use settings::{Engine, Journal, Settings, Step};
pub use sql::Sql;
pub use sqlite::Readback;
pub use tx::Tx;
pub use url::{BadDatabaseUrl, DatabaseUrl};
pub use value::{Args, Col, Param, Value};
