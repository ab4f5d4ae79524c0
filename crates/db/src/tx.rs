//! The transaction a body is handed.

use crate::postgres::PgTx;
use crate::sqlite::LocalTx;
use crate::{Args, Engine, Query, Row, Sql, StoreError};

/// An open transaction. It hides which engine runs and whether it reads or writes, so a store function takes
/// `&Tx` and serves both.
///
/// After a statement failed (a broken constraint, say) the transaction is spoiled: later statements and the commit
/// answer [`StoreError::Spoiled`]. Prefer `ON CONFLICT … DO NOTHING` and the row count to catching errors.
#[derive(Debug)]
pub struct Tx(pub(crate) Inner);

#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(LocalTx),
    Postgres(PgTx),
}

/// A statement as a [`Tx`] or [`crate::Db`] passes it on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'a> {
    Static(Sql),
    Built(&'a str),
}

impl<'a> Text<'a> {
    pub(crate) const fn as_str(self) -> &'a str {
        match self {
            Self::Static(sql) => sql.text(),
            Self::Built(text) => text,
        }
    }
}

impl Tx {
    /// Every row of the answer.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn all(&self, sql: Sql, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        self.rows(Text::Static(sql), args).await
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn opt(&self, sql: Sql, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        self.row(Text::Static(sql), args).await
    }

    /// The first row, which must exist.
    ///
    /// # Errors
    /// [`StoreError::NoRow`] when it does not; what the engine refused.
    pub async fn one(&self, sql: Sql, args: Args<'_>) -> Result<Row, StoreError> {
        self.row(Text::Static(sql), args).await?.ok_or(StoreError::NoRow)
    }

    /// Runs a statement; the number of rows it inserted, changed or deleted.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn exec(&self, sql: Sql, args: Args<'_>) -> Result<u64, StoreError> {
        self.run(Text::Static(sql), args).await
    }

    /// Like [`Tx::all`], for a statement put together at run time.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn all_built(&self, query: &Query) -> Result<Vec<Row>, StoreError> {
        self.rows(Text::Built(query.sql()), &query.args()).await
    }

    /// Like [`Tx::opt`], for a statement put together at run time.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn opt_built(&self, query: &Query) -> Result<Option<Row>, StoreError> {
        self.row(Text::Built(query.sql()), &query.args()).await
    }

    /// Like [`Tx::one`], for a statement put together at run time.
    ///
    /// # Errors
    /// [`StoreError::NoRow`] when there is no row; what the engine refused.
    pub async fn one_built(&self, query: &Query) -> Result<Row, StoreError> {
        self.opt_built(query).await?.ok_or(StoreError::NoRow)
    }

    /// Like [`Tx::exec`], for a statement put together at run time.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn exec_built(&self, query: &Query) -> Result<u64, StoreError> {
        self.run(Text::Built(query.sql()), &query.args()).await
    }

    /// Tells the subscribers of every node, once this transaction is committed and only then.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] inside `read`; what the engine refused.
    pub async fn notify(&self, topic: &'static str, payload: &str) -> Result<(), StoreError> {
        match &self.0 {
            Inner::Sqlite(tx) => tx.notify(topic, payload),
            Inner::Postgres(tx) => tx.notify(topic, payload).await,
        }
    }

    /// Waits until every other open transaction that lined up for `what` before is at its end. Comes before rows that all of
    /// them change: PostgreSQL wakes everybody who waits for such a row at each commit, and here one after another. On
    /// SQLite writers come one at a time anyway.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn line_up(&self, what: &str) -> Result<(), StoreError> {
        match &self.0 {
            Inner::Sqlite(_) => Ok(()),
            Inner::Postgres(tx) => tx.line_up(what).await,
        }
    }

    /// Begins a part of the transaction that can be undone alone. [`Tx::keep_part`] or [`Tx::undo_part`] must follow.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn begin_part(&self) -> Result<(), StoreError> {
        self.run(Text::Built("SAVEPOINT part"), &[]).await?;
        if let Inner::Sqlite(tx) = &self.0 {
            tx.begin_part();
        }
        Ok(())
    }

    /// Ends the part and keeps what it wrote.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn keep_part(&self) -> Result<(), StoreError> {
        self.run(Text::Built("RELEASE SAVEPOINT part"), &[]).await?;
        if let Inner::Sqlite(tx) = &self.0 {
            tx.end_part();
        }
        Ok(())
    }

    /// Ends the part as if it had never been. Not after a failed statement: that spoils the whole transaction.
    ///
    /// # Errors
    /// What the engine refused, as [`StoreError`].
    pub async fn undo_part(&self) -> Result<(), StoreError> {
        self.run(Text::Built("ROLLBACK TO SAVEPOINT part"), &[]).await?;
        self.keep_part().await
    }

    /// Which engine runs. Only for statements that must differ between the engines.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match &self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    async fn rows(&self, text: Text<'_>, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Inner::Sqlite(tx) => tx.with(|conn| conn.all(text, args)),
            Inner::Postgres(tx) => tx.rows(text.as_str(), args).await,
        }
    }

    async fn row(&self, text: Text<'_>, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        match &self.0 {
            Inner::Sqlite(tx) => tx.with(|conn| conn.opt(text, args)),
            Inner::Postgres(tx) => Ok(tx.rows(text.as_str(), args).await?.into_iter().next()),
        }
    }

    async fn run(&self, text: Text<'_>, args: Args<'_>) -> Result<u64, StoreError> {
        match &self.0 {
            Inner::Sqlite(tx) => tx.with(|conn| conn.exec(text, args)),
            Inner::Postgres(tx) => tx.run_counted(text.as_str(), args).await,
        }
    }
}
