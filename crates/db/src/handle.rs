//! The handle everybody holds.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::answer::Answer;
use crate::backup::{self, BackupError};
use crate::migrate::{self, Applied, MigrateError, Migration};
use crate::postgres::Postgres;
use crate::sqlite::{Readback, Sqlite};
use crate::tx::Text;
use crate::{Args, DatabaseUrl, Engine, Notice, OpenError, Query, Row, Settings, Sql, StoreError, Tx};

/// How often, and how far apart, [`Db::calm`] looks.
const LOOKS: u32 = 200;
const LOOK: Duration = Duration::from_millis(5);

/// An open database. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Db(Arc<Kind>);

#[expect(clippy::large_enum_variant, reason = "there is one per process")]
enum Kind {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Opens a database, creating the file of a SQLite one. Does not migrate.
    ///
    /// # Errors
    /// [`OpenError`]: the file is used by another server, the server cannot be reached or would not be durable.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let kind = match settings.url.clone() {
            DatabaseUrl::Sqlite(path) => Kind::Sqlite(Sqlite::open(&path, &settings)?),
            DatabaseUrl::Postgres(url) => Kind::Postgres(Postgres::open(&url, &settings).await?),
        };
        Ok(Self(Arc::new(kind)))
    }

    /// Runs a body on one consistent snapshot. Nothing in it can write.
    ///
    /// The future resolves to what the body returned, or to [`StoreError`] as `E`: [`StoreError::Overloaded`] when
    /// no connection gets free, [`StoreError::Suspended`] when the body awaited something else.
    pub fn read<T, E, F>(&self, body: F) -> Answer<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let kind = Arc::clone(&self.0);
        Answer::new(move || match &*kind {
            Kind::Sqlite(sqlite) => sqlite.read(&body),
            Kind::Postgres(postgres) => postgres.read(body),
        })
    }

    /// Runs a body as one transaction. The future resolves to `Ok` only after the commit is on disk; `Err` from the
    /// body, a panic in it or a statement that failed roll everything back.
    ///
    /// Besides the body's own errors the future resolves to [`StoreError`] as `E`: [`StoreError::Overloaded`] when
    /// too many writes wait, [`StoreError::Suspended`], [`StoreError::Panicked`], [`StoreError::Spoiled`], or what
    /// the commit answered. Whoever stops waiting does not stop the write, and does not halve it either.
    pub fn write<T, E, F>(&self, body: F) -> Answer<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let kind = Arc::clone(&self.0);
        Answer::new(move || match &*kind {
            Kind::Sqlite(sqlite) => sqlite.write(body),
            Kind::Postgres(postgres) => postgres.write(body),
        })
    }

    /// Every row of one statement, committed by itself if it writes.
    ///
    /// # Errors
    /// What the engine refused; [`StoreError::Overloaded`].
    pub async fn all(&self, sql: Sql, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        self.rows(Text::Static(sql), args).await
    }

    /// The first row of one statement, if there is one.
    ///
    /// # Errors
    /// What the engine refused; [`StoreError::Overloaded`].
    pub async fn opt(&self, sql: Sql, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        self.row(Text::Static(sql), args).await
    }

    /// The first row of one statement, which must exist.
    ///
    /// # Errors
    /// [`StoreError::NoRow`] when it does not; what the engine refused; [`StoreError::Overloaded`].
    pub async fn one(&self, sql: Sql, args: Args<'_>) -> Result<Row, StoreError> {
        self.opt(sql, args).await?.ok_or(StoreError::NoRow)
    }

    /// Runs one statement and commits it; the number of rows it inserted, changed or deleted.
    ///
    /// # Errors
    /// What the engine refused; [`StoreError::Overloaded`].
    pub async fn exec(&self, sql: Sql, args: Args<'_>) -> Result<u64, StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.exec(Text::Static(sql), args).await,
            Kind::Postgres(postgres) => postgres.exec(sql.text(), args).await,
        }
    }

    /// Like [`Db::all`], for a statement put together at run time.
    ///
    /// # Errors
    /// What the engine refused; [`StoreError::Overloaded`].
    pub async fn all_built(&self, query: &Query) -> Result<Vec<Row>, StoreError> {
        self.rows(Text::Built(query.sql()), &query.args()).await
    }

    /// Like [`Db::opt`], for a statement put together at run time.
    ///
    /// # Errors
    /// What the engine refused; [`StoreError::Overloaded`].
    pub async fn opt_built(&self, query: &Query) -> Result<Option<Row>, StoreError> {
        self.row(Text::Built(query.sql()), &query.args()).await
    }

    /// Which engine runs.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &*self.0 {
            Kind::Sqlite(_) => Engine::Sqlite,
            Kind::Postgres(_) => Engine::Postgres,
        }
    }

    /// Waits while SQLite copies the end of its WAL back, at most a second. Background work that writes much asks first: then
    /// little is left to copy when the writer has to pause for it, and nobody feels the pause. PostgreSQL never waits.
    pub async fn calm(&self) {
        let Kind::Sqlite(sqlite) = &*self.0 else { return };
        for _ in 0..LOOKS {
            if !sqlite.is_crowded() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is told with [`Tx::notify`] from now on, on any node.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.subscribe(),
            Kind::Postgres(postgres) => postgres.subscribe(),
        }
    }

    /// Brings the schema up to date; the migrations that were applied now.
    ///
    /// # Errors
    /// [`MigrateError`]: the list and the database do not fit together, or a migration failed; the earlier ones
    /// stay applied, and starting again goes on there.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<Vec<Applied>, MigrateError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => migrate::on_sqlite(sqlite, migrations).await,
            Kind::Postgres(postgres) => migrate::on_postgres(postgres, migrations).await,
        }
    }

    /// Copies the database into a new file while it is in use. The copy is on disk when this returns.
    ///
    /// # Errors
    /// [`BackupError`]: the file exists or cannot be written; on PostgreSQL, which tool to use instead.
    pub async fn backup(&self, path: &Path) -> Result<(), BackupError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => backup::copy(sqlite.path(), path).await,
            Kind::Postgres(_) => Err(BackupError::OtherTool),
        }
    }

    /// Finishes the writes that wait, moves the WAL into the file and ends the threads. Later calls on any clone
    /// answer [`StoreError::Closed`].
    pub async fn close(&self) {
        match &*self.0 {
            Kind::Sqlite(_) => {
                let kind = Arc::clone(&self.0);
                let closing = tokio::task::spawn_blocking(move || {
                    if let Kind::Sqlite(sqlite) = &*kind {
                        sqlite.close();
                    }
                });
                if closing.await.is_err() {
                    tracing::error!("closing the database panicked");
                }
            }
            Kind::Postgres(postgres) => postgres.close().await,
        }
    }

    /// Whether the database answers reads and takes writes, for a readiness check.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.one(crate::sql!("SELECT 1"), &[]).await?;
        // On SQLite this asks the writer's thread; an empty transaction costs no sync.
        self.write(async |_| Ok(())).await
    }

    /// Has the engine compile a statement without running it, to tell that tables, columns and types are right. For
    /// the test that asks this of every statement in the source tree.
    ///
    /// # Errors
    /// What the engine refused, with its own words in the cause.
    pub async fn prepare_check(&self, text: &str) -> Result<(), StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => {
                let text = crate::sql::for_sqlite(text);
                let checked = sqlite.alone(move |conn| conn.raw().prepare(&text).map(drop));
                checked.await?.map_err(StoreError::from_sqlite)
            }
            Kind::Postgres(postgres) => {
                let client = postgres.own_connection().await?;
                let prepared = client.prepare(text).await;
                prepared.map(drop).map_err(StoreError::from_postgres)
            }
        }
    }

    /// What every SQLite connection answers when asked for its settings; empty on PostgreSQL. For tests.
    ///
    /// # Errors
    /// A connection did not get free or did not answer.
    pub async fn settings_of_all_connections(&self) -> Result<Vec<Readback>, StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.readback().await,
            Kind::Postgres(_) => Ok(Vec::new()),
        }
    }

    async fn rows(&self, text: Text<'_>, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.all(text, args).await,
            Kind::Postgres(postgres) => postgres.all(text.as_str(), args).await,
        }
    }

    async fn row(&self, text: Text<'_>, args: Args<'_>) -> Result<Option<Row>, StoreError> {
        match &*self.0 {
            Kind::Sqlite(sqlite) => sqlite.opt(text, args).await,
            Kind::Postgres(postgres) => Ok(postgres.all(text.as_str(), args).await?.into_iter().next()),
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Db").field(&self.engine()).finish()
    }
}
