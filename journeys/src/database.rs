//! Databases for worlds: a template is migrated and seeded once per test program, every world gets a copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use db::Engine;
use db::{Db, Query, Settings};

/// A world's own database, and what has to be removed with it.
pub(crate) struct Copy {
    pub(crate) url: String,
    /// Holds the SQLite file.
    pub(crate) _dir: Option<tempfile::TempDir>,
    /// The PostgreSQL database's name.
    pub(crate) name: Option<String>,
}

/// The address of the PostgreSQL server for tests, whose user may create databases.
///
/// # Panics
/// When none is given: a part that is missing fails, it is not skipped.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the test command hands the address over in this variable"
)]
pub fn postgres_url() -> String {
    std::env::var("TENANTRY_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!(
            "TENANTRY_TEST_DATABASE_URL is not set. Run `cargo xtask test`, which starts a PostgreSQL of its own, or name a \
             server whose user may create databases, for example postgres://postgres@127.0.0.1:5432/postgres"
        )
    })
}

/// Whether an address of a PostgreSQL server was given; programs that measure can do without.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the test command hands the address over in this variable"
)]
pub fn has_postgres() -> bool {
    std::env::var_os("TENANTRY_TEST_DATABASE_URL").is_some()
}

/// A fresh copy of the template of this engine.
pub(crate) async fn fresh(engine: Engine) -> Copy {
    match engine {
        Engine::Sqlite => {
            static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
            let bytes = TEMPLATE.get_or_init(|| {
                apart(|| async {
                    let dir = folder();
                    let path = dir.path().join("template.db");
                    crate::world::seed(open(&sqlite_url(&path)).await).await;
                    fs::read(&path).unwrap()
                })
            });
            let dir = folder();
            let path = dir.path().join("tenantry.db");
            fs::write(&path, bytes).unwrap();
            Copy {
                url: sqlite_url(&path),
                _dir: Some(dir),
                name: None,
            }
        }
        Engine::Postgres => {
            static TEMPLATE: OnceLock<String> = OnceLock::new();
            let template = TEMPLATE.get_or_init(|| {
                apart(|| async {
                    forget_the_dead().await;
                    let name = format!("tenantry_journeys_{}", std::process::id());
                    administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
                    administer(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
                    crate::world::seed(open(&sibling(&name)).await).await;
                    name
                })
            });
            let name = next_name();
            administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
            administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
            Copy {
                url: sibling(&name),
                _dir: None,
                name: Some(name),
            }
        }
    }
}

/// An empty database, for programs that migrate it themselves.
pub(crate) async fn empty(engine: Engine) -> Copy {
    match engine {
        Engine::Sqlite => {
            let dir = folder();
            Copy {
                url: sqlite_url(&dir.path().join("tenantry.db")),
                _dir: Some(dir),
                name: None,
            }
        }
        Engine::Postgres => {
            let name = next_name();
            administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
            administer(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
            Copy {
                url: sibling(&name),
                _dir: None,
                name: Some(name),
            }
        }
    }
}

/// An empty database whose files, if it has any, lie on the disk that holds the source tree.
pub(crate) async fn empty_on_disk(engine: Engine) -> Copy {
    if engine == Engine::Postgres {
        return empty(engine).await;
    }
    let target = crate::repository().join("target/bench");
    fs::create_dir_all(&target).expect("target/bench can be made");
    let dir = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(target)
        .expect("a folder can be made");
    Copy {
        url: sqlite_url(&dir.path().join("tenantry.db")),
        _dir: Some(dir),
        name: None,
    }
}

/// A copy of a database of the PostgreSQL server that is kept under this name; `None` when there is none.
pub(crate) async fn copy_of(kept: &str) -> Option<Copy> {
    let names = administer("SELECT datname::text FROM pg_database").await;
    if !names.iter().any(|row| row.get::<String>(0).unwrap() == kept) {
        return None;
    }
    let name = next_name();
    administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
    administer(&format!("CREATE DATABASE {name} TEMPLATE {kept}")).await;
    Some(Copy {
        url: sibling(&name),
        _dir: None,
        name: Some(name),
    })
}

/// A database that was there before and stays.
pub(crate) fn kept(url: &str) -> Copy {
    Copy {
        url: url.to_owned(),
        _dir: None,
        name: None,
    }
}

impl Copy {
    /// Another empty database on the same disk or server.
    pub(crate) async fn beside(&self) -> Self {
        let engine = if self.name.is_some() {
            Engine::Postgres
        } else {
            Engine::Sqlite
        };
        empty_on_disk(engine).await
    }

    /// Gives a PostgreSQL database that nobody uses this name, under which it stays.
    pub(crate) async fn keep(self, kept: &str) {
        if let Some(name) = self.name {
            administer(&format!("ALTER DATABASE {name} RENAME TO {kept}")).await;
        }
    }

    /// Removes a PostgreSQL database. A SQLite file goes with its folder.
    pub(crate) async fn remove(&self) {
        if let Some(name) = &self.name {
            administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

pub(crate) async fn open(url: &str) -> Db {
    let mut settings = Settings::new(url.parse().unwrap());
    settings.pg_pool = 4; // many worlds share one server
    Db::open(settings)
        .await
        .unwrap_or_else(|error| panic!("{url} does not open: {error}"))
}

fn sqlite_url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn next_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!(
        "tenantry_journeys_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    )
}

/// A folder in memory where the machine has such a place with room.
fn folder() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("tenantry-journey-");
    builder
        .tempdir_in(&memory)
        .or_else(|_| builder.tempdir())
        .expect("a temporary folder can be made")
}

/// Another database of the same PostgreSQL server.
fn sibling(name: &str) -> String {
    let url = postgres_url();
    let (main, query) = url
        .split_once('?')
        .map_or((url.as_str(), None), |(main, query)| (main, Some(query)));
    let (scheme, rest) = main.split_once("://").expect("a PostgreSQL address has a scheme");
    let server = rest.split('/').next().unwrap_or(rest);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{server}/{name}{query}")
}

/// One statement on the server itself.
async fn administer(sql: &str) -> Vec<db::Row> {
    let mut settings = Settings::new(postgres_url().parse().unwrap());
    settings.pg_pool = 1;
    let db = Db::open(settings)
        .await
        .unwrap_or_else(|error| panic!("the PostgreSQL server for tests cannot be used: {error}"));
    // The builder takes fixed text only, which is right everywhere else: names of databases cannot be bound.
    let fixed: &'static str = Box::leak(sql.to_owned().into_boxed_str());
    let rows = db.all_built(&Query::new(fixed)).await;
    db.close().await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Removes what test programs left behind that were stopped in the middle.
async fn forget_the_dead() {
    let found =
        administer("SELECT datname::text FROM pg_database WHERE datname LIKE 'tenantry\\_journeys\\_%'")
            .await;
    for row in found {
        let name = row.get::<String>(0).unwrap();
        let process = name.split('_').nth(2).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            administer(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
    }
}

/// Runs something to its end on a thread with a runtime of its own, so that the template outlives no test's runtime.
fn apart<T, F>(work: impl FnOnce() -> F + Send) -> T
where
    T: Send,
    F: Future<Output = T>,
{
    std::thread::scope(|scope| {
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap()
        };
        match scope.spawn(move || runtime().block_on(work())).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
