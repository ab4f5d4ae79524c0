//! A fresh database for one test, on either engine.
//!
//! PostgreSQL comes from TENANTRY_TEST_DATABASE_URL, whose user must be allowed to create databases. Without it
//! those tests fail rather than being skipped.

use std::sync::atomic::{AtomicU32, Ordering};

use db::{Db, Engine, Migration, Settings};

/// The tables the tests use.
pub(crate) const SCHEMA: Migration = Migration {
    number: 1,
    name: "test_schema",
    common: Some(
        "CREATE TABLE counters (id TEXT PRIMARY KEY, n BIGINT NOT NULL);
         CREATE TABLE parents (id TEXT PRIMARY KEY, name TEXT);
         CREATE TABLE children (id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parents (id));",
    ),
    sqlite: None,
    pg: None,
};

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    // Removed when the test is over.
    dir: tempfile::TempDir,
}

impl World {
    /// A migrated database.
    pub(crate) async fn start(engine: Engine) -> Self {
        let world = Self::with(engine, |_| {}).await;
        world.db.migrate(&[SCHEMA]).await.unwrap();
        world
    }

    /// An empty database, opened with other settings.
    pub(crate) async fn with(engine: Engine, change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite:{}", dir.path().join("test.db").display()),
            Engine::Postgres => fresh_database().await,
        };
        let mut settings = Settings::new(url.parse().unwrap());
        settings.pg_pool = 6;
        change(&mut settings);
        let db = Db::open(settings.clone()).await.unwrap();
        Self { db, settings, dir }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

async fn fresh_database() -> String {
    let base = std::env::var("TENANTRY_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!(
            "TENANTRY_TEST_DATABASE_URL is not set. It must name a PostgreSQL user that may create databases, \
             for example postgres://postgres@127.0.0.1:5432/postgres"
        )
    });
    let name = format!(
        "db_it_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let (client, connection) = tokio_postgres::connect(&base, tokio_postgres::NoTls)
        .await
        .unwrap();
    let driver = tokio::spawn(connection);
    client
        .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))
        .await
        .unwrap();
    client
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
        .await
        .unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    let (main, query) = base
        .split_once('?')
        .map_or((base.as_str(), String::new()), |(m, q)| (m, format!("?{q}")));
    let (server, _) = main.rsplit_once('/').unwrap();
    format!("{server}/{name}{query}")
}

/// Writes each test once and runs it on both engines.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attr:meta])* async fn $name:ident($engine:ident: Engine) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn body($engine: db::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(db::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(db::Engine::Postgres).await;
            }
        }
    )+};
}
