//! The statements of this room on a fresh SQLite file, through its doors and domain functions.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use blocks::tasks;
use db::{Db, Migration, Settings, StoreError, Tx};
use environment::Seed;
use kit::{EnvironmentId, Ids, Millis, RandomIds, Scope, TenantId, UserId};

use crate::{Holder, RoleHolders, TenancySeed, TenantPurge};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Rooms do not know the runtime; a thread that waits is enough for SQLite.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Every migration of these rooms, as they stand in the folder.
fn migrations(rooms: &[&str]) -> Vec<Migration> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut all: Vec<Migration> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter_map(|path| {
            let (number, name) = path.file_stem()?.to_str()?.split_once('_')?;
            let room = name.split('_').next()?;
            rooms.contains(&room).then(|| Migration {
                number: number.parse().unwrap(),
                name: name.to_owned().leak(),
                common: Some(std::fs::read_to_string(&path).unwrap().leak()),
                sqlite: None,
                pg: None,
            })
        })
        .collect();
    all.sort_by_key(|migration| migration.number);
    all
}

pub(crate) const NOW: Millis = Millis(1_760_000_000_000);

/// A database with this room's tables and one seeded environment.
pub(crate) struct Bench {
    pub(crate) db: Db,
    pub(crate) ids: Ids,
    pub(crate) environment: EnvironmentId,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tenancy.db").display())
            .parse()
            .unwrap();
        let db = Db::open(Settings::new(url)).await.unwrap();
        let all = migrations(&["blocks", "tenancy"]);
        db.migrate(&all).await.unwrap();
        let bench = Self {
            db,
            ids: Ids::new(RandomIds::new()),
            environment: "e1".into(),
            _folder: folder,
        };
        let (ids, environment) = (bench.ids.clone(), bench.environment.clone());
        bench
            .db
            .write::<_, StoreError, _>(async move |tx| {
                TenancySeed.seed(tx, &ids, &environment, NOW).await?;
                TenancySeed.seed(tx, &ids, &environment, NOW).await
            })
            .await
            .unwrap();
        bench
    }

    pub(crate) fn tenant(&self, id: &str) -> Scope {
        Scope::tenant(self.environment.clone(), id.into())
    }
}

/// Rows of a tenant in a room further right: so many, removed in pieces.
pub(crate) struct Rows(pub(crate) Mutex<i64>);

#[async_trait]
impl TenantPurge for Rows {
    async fn purge(&self, _: &Tx, _: &Scope, most: i64, _: Millis) -> Result<bool, StoreError> {
        let mut left = self.0.lock().unwrap();
        *left = (*left - most).max(0);
        Ok(*left == 0)
    }

    async fn shut(&self, _: &Tx, _: &Scope, _: Millis) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Who was asked about, step by step.
#[derive(Default)]
pub(crate) struct Holders(pub(crate) Mutex<Vec<String>>);

#[async_trait]
impl RoleHolders for Holders {
    async fn role_deleted(&self, _: &Tx, _: &EnvironmentId, role_id: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(format!("deleted {role_id}"));
        Ok(())
    }

    async fn strongest(&self, _: &Tx, _: &Scope, _: &UserId) -> Result<Option<i64>, StoreError> {
        Ok(Some(5))
    }

    async fn uses(
        &self,
        _: &Tx,
        _: &Scope,
        _: &[String],
        _: Holder,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn give_role(
        &self,
        _: &Tx,
        _: &EnvironmentId,
        tenant: Option<&TenantId>,
        role_id: &str,
        cursor: &str,
        _: i64,
        _: Millis,
    ) -> Result<Option<String>, StoreError> {
        self.0
            .lock()
            .unwrap()
            .push(format!("{role_id} {tenant:?} after {cursor:?}"));
        Ok((cursor != "b").then(|| if cursor.is_empty() { "a" } else { "b" }.to_owned()))
    }
}

/// Does the tasks of a kind until there are none; how many steps that took.
pub(crate) async fn settle(db: &Db, runner: Arc<dyn tasks::Runner>) -> usize {
    let mut steps = 0;
    while tasks::advance(db, Arc::clone(&runner), NOW).await.unwrap() {
        steps += 1;
    }
    steps
}
