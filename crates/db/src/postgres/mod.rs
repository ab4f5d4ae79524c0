//! PostgreSQL: a pool of connections, bodies that run on threads of their own, one connection that listens.

mod listen;
mod tls;
mod tx;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;

use crate::answer::Started;
use crate::value::refuse_nul;
use crate::{Args, Journal, Notice, OpenError, Row, Settings, Step, StoreError, Tx};
use tls::Tls;
pub(crate) use tx::PgTx;
use tx::{Kind, is_stale_plan};
use worker::Workers;

/// More than this many prepared statements on one connection are forgotten: statements with lists differ by the
/// length of the list.
const STATEMENTS: usize = 1024;

/// Everything behind a [`crate::Db`] that runs on PostgreSQL.
pub(crate) struct Postgres {
    pool: Arc<Shared>,
    workers: Workers,
    notices: broadcast::Sender<Notice>,
    listener: JoinHandle<()>,
}

/// What the threads share with the handle.
pub(crate) struct Shared {
    pool: Pool,
    busy: AtomicUsize,
    limit: usize,
    journal: Option<Journal>,
    number: AtomicU64,
}

/// One of the places of those who may wait; given back when dropped.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Makes connections on the runtime the database was opened in, whoever asks, so that a connection does not end
/// with the thread that happened to need it first.
struct Connector {
    runtime: Handle,
    tls: Tls,
}

type Connected = (tokio_postgres::Client, JoinHandle<()>);

impl Connect for Connector {
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<Connected, tokio_postgres::Error>> {
        let (tls, config) = (self.tls.clone(), config.clone());
        Box::pin(async move {
            let elsewhere = self
                .runtime
                .spawn(tls::connect(tls.clone(), config.clone()))
                .await;
            match elsewhere {
                Ok(result) => result,
                // That runtime has ended; this one runs.
                Err(_) => tls::connect(tls, config).await,
            }
        })
    }
}

impl Postgres {
    pub(crate) async fn open(url: &str, settings: &Settings) -> Result<Self, OpenError> {
        let (mut config, tls) = tls::from_url(url)?;
        if config.get_application_name().is_none() {
            config.application_name("tenantry");
        }
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(settings.wait);
        }
        let connector = Connector {
            runtime: Handle::current(),
            tls: tls.clone(),
        };
        let fast = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_connect(config.clone(), connector, fast);
        let pool = Pool::builder(manager)
            .max_size(settings.pg_pool.max(1))
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait.saturating_mul(2)))
            .runtime(Runtime::Tokio1)
            .post_create(prepare_connection(settings.longest))
            .build()
            .map_err(|error| OpenError::Address {
                reason: error.to_string(),
            })?;
        let pool = Arc::new(Shared {
            pool,
            busy: AtomicUsize::new(0),
            limit: settings.queue.max(1),
            journal: settings.journal.clone(),
            number: AtomicU64::new(0),
        });
        check_durable(&pool).await?;
        let workers = Workers::start()?;
        let (notices, _) = broadcast::channel(crate::notify::BACKLOG);
        let listener = listen::start(config, tls, notices.clone())
            .await
            .map_err(OpenError::Store)?;
        Ok(Self {
            pool,
            workers,
            notices,
            listener,
        })
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) fn read<T, E, F>(&self, body: F) -> Started<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.start(Kind::Read, body)
    }

    pub(crate) fn write<T, E, F>(&self, body: F) -> Started<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.start(Kind::Write, body)
    }

    fn start<T, E, F>(&self, kind: Kind, body: F) -> Started<T, E>
    where
        F: AsyncFn(&Tx) -> Result<T, E> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let place = match self.pool.place() {
            Ok(place) => place,
            Err(error) => return Started::Done(Err(error.into())),
        };
        let (caller, answer) = oneshot::channel();
        let shared = Arc::clone(&self.pool);
        self.workers.send(Box::new(move || {
            Box::pin(worker::run(shared, place, kind, body, caller))
        }));
        Started::Elsewhere(answer)
    }

    /// Every row of one statement, outside of a transaction.
    pub(crate) async fn all(&self, text: &str, args: Args<'_>) -> Result<Vec<Row>, StoreError> {
        let rows: BoxFuture<'_, Result<Vec<Row>, StoreError>> = Box::pin(async {
            let _place = self.pool.place()?;
            let client = self.pool.get().await?;
            match query(&client, text, args).await {
                // The schema has changed under a prepared statement: the second time it is prepared anew.
                Err(Fault::Driver(error)) if is_stale_plan(&error) => {
                    client.statement_cache.clear();
                    query(&client, text, args).await.map_err(StoreError::from)
                }
                other => other.map_err(StoreError::from),
            }
        });
        rows.await
    }

    /// One statement, outside of a transaction; the number of rows.
    pub(crate) async fn exec(&self, text: &str, args: Args<'_>) -> Result<u64, StoreError> {
        let count: BoxFuture<'_, Result<u64, StoreError>> = Box::pin(async {
            let _place = self.pool.place()?;
            let client = self.pool.get().await?;
            match execute(&client, text, args).await {
                Err(Fault::Driver(error)) if is_stale_plan(&error) => {
                    client.statement_cache.clear();
                    execute(&client, text, args).await.map_err(StoreError::from)
                }
                other => other.map_err(StoreError::from),
            }
        });
        count.await
    }

    /// A connection that belongs to the caller and never comes back into the pool.
    pub(crate) async fn own_connection(&self) -> Result<deadpool_postgres::ClientWrapper, StoreError> {
        let client = Object::take(self.pool.get().await?);
        // Migrations and backups take as long as they take.
        let unlimited = client.batch_execute("SET statement_timeout = 0").await;
        unlimited.map_err(StoreError::from_postgres)?;
        Ok(client)
    }

    /// Waits for the bodies that run and closes the connections.
    pub(crate) async fn close(&self) {
        self.listener.abort();
        let workers = self.workers.end();
        if tokio::task::spawn_blocking(move || workers.into_iter().for_each(|thread| drop(thread.join())))
            .await
            .is_err()
        {
            tracing::error!("waiting for the database threads failed");
        }
        self.pool.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Shared {
    fn place(self: &Arc<Self>) -> Result<Place, StoreError> {
        let before = self.busy.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(self));
        if before >= self.limit {
            Err(StoreError::Overloaded)
        } else {
            Ok(place)
        }
    }

    async fn get(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => StoreError::Overloaded,
            PoolError::Backend(error) => match StoreError::from_postgres(error) {
                StoreError::Other(cause) if cause.code == "driver" => StoreError::Unavailable(cause),
                other => other,
            },
            PoolError::Closed => StoreError::Closed,
            other => StoreError::Other(crate::Cause::new("pool", other.to_string())),
        })
    }

    fn note(&self, step: Step) {
        if let Some(journal) = &self.journal {
            journal(step);
        }
    }
}

/// Why a statement failed, before it is known whether that ends its transaction.
enum Fault {
    Ours(StoreError),
    Driver(tokio_postgres::Error),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Ours(error) => error,
            Fault::Driver(error) => Self::from_postgres(error),
        }
    }
}

async fn prepared(client: &Object, text: &str, args: Args<'_>) -> Result<tokio_postgres::Statement, Fault> {
    refuse_nul(args).map_err(Fault::Ours)?;
    if client.statement_cache.size() > STATEMENTS {
        client.statement_cache.clear();
    }
    let statement = client.prepare_cached(text).await.map_err(Fault::Driver)?;
    let wanted = statement.params().len();
    if wanted == args.len() {
        Ok(statement)
    } else {
        Err(Fault::Ours(StoreError::Arguments {
            wanted,
            given: args.len(),
        }))
    }
}

fn for_driver<'a>(args: Args<'a>) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| *arg as &'a (dyn ToSql + Sync)).collect()
}

async fn query(client: &Object, text: &str, args: Args<'_>) -> Result<Vec<Row>, Fault> {
    let statement = prepared(client, text, args).await?;
    let rows = client
        .query(&statement, &for_driver(args))
        .await
        .map_err(Fault::Driver)?;
    Ok(rows.into_iter().map(Row::from_postgres).collect())
}

async fn execute(client: &Object, text: &str, args: Args<'_>) -> Result<u64, Fault> {
    let statement = prepared(client, text, args).await?;
    client
        .execute(&statement, &for_driver(args))
        .await
        .map_err(Fault::Driver)
}

/// Has the server itself stop statements of a new connection: it would go on with one whose client has left. And it is not
/// to compile them: that takes longer than any of ours, and a wrong guess of the planner is enough for it.
fn prepare_connection(longest: Duration) -> Hook {
    let limit = format!("SET statement_timeout = {}; SET jit = off", longest.as_millis());
    Hook::async_fn(move |client, _| {
        let limit = limit.clone();
        Box::pin(async move { client.batch_execute(&limit).await.map_err(HookError::Backend) })
    })
}

/// A commit that is answered before it is on disk breaks our promise, so such a server is refused.
async fn check_durable(pool: &Shared) -> Result<(), OpenError> {
    let client = pool.get().await.map_err(OpenError::Store)?;
    let row = client
        .query_one("SHOW synchronous_commit", &[])
        .await
        .map_err(|error| OpenError::Store(StoreError::from_postgres(error)))?;
    if row.try_get::<_, &str>(0).is_ok_and(|answer| answer != "off") {
        Ok(())
    } else {
        Err(OpenError::NotDurable)
    }
}
