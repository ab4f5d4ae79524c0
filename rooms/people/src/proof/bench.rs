//! A database with one seeded environment and two tenants, and credentials that remember what they were asked.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use blocks::audit::AuditRecord;
use db::{Db, Migration, Settings, StoreError, Tx};
use environment::Seed;
use kit::{EnvironmentId, Ids, Millis, RandomIds, Scope, Secret, TenantId, UserId};
use serde_json::{Value, json};
use web::Problem;

use super::store;
use crate::ranks::{self, Ground, Order};
use crate::room::{Bound, Change};
use crate::search::Columns;
use crate::users::UserError;
use crate::users::proof::{NewUser, create};
use crate::views::UserView;
use crate::{Credentials, PreparedPassword, UserRecord};

pub(super) const NOW: Millis = Millis(1_760_000_000_000);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Rooms do not know the runtime; a thread that waits is enough for SQLite.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
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

/// Roles of several levels; the room that owns them has no door to make one. `foreign` is a role of another tenant.
const ROLES: &str = "INSERT INTO roles (environment_id, id, tenant_id, key, name, description, is_default,
      first_user_role, level, created_at, updated_at)
    VALUES ('e1', 'strong', '', 'strong', 'Strong', '', FALSE, FALSE, 1, 0, 0),
      ('e1', 'writer', '', 'writer', 'Writer', '', FALSE, FALSE, 5, 0, 0),
      ('e1', 'weak', '', 'weak', 'Weak', '', FALSE, FALSE, 9, 0, 0),
      ('e1', 'own', 'acme', 'own', 'Own', '', FALSE, FALSE, 5, 0, 0),
      ('e1', 'foreign', 'other', 'foreign', 'Foreign', '', FALSE, FALSE, 5, 0, 0)";

/// Remembers what it was asked to do.
#[derive(Default)]
pub(super) struct Asked(Mutex<Vec<String>>);

impl Asked {
    fn say(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    pub(super) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait]
impl Credentials for Asked {
    async fn prepare(&self, _: &Scope, _: Secret) -> Result<PreparedPassword, Problem> {
        Ok(PreparedPassword("hash".to_owned()))
    }

    async fn store(
        &self,
        _: &Tx,
        _: &EnvironmentId,
        user: &UserId,
        _: &PreparedPassword,
        _: Millis,
    ) -> Result<(), StoreError> {
        self.say(format!("store {user}"));
        Ok(())
    }

    async fn forgive(&self, _: &Tx, _: &EnvironmentId, _: &UserRecord) -> Result<(), StoreError> {
        Ok(())
    }

    async fn has_password(&self, _: &Tx, _: &EnvironmentId, _: &UserId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn end_sessions(
        &self,
        _: &Tx,
        _: &EnvironmentId,
        user: &UserId,
        tenant: Option<&TenantId>,
        _: Millis,
    ) -> Result<(), StoreError> {
        self.say(format!(
            "end {user} {}",
            tenant.map_or("everywhere", TenantId::as_str)
        ));
        Ok(())
    }

    async fn admits_address(&self, _: &Tx, _: &Scope, _: &str) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn forget(&self, _: &Tx, _: &EnvironmentId, user: &UserId) -> Result<(), StoreError> {
        self.say(format!("forget {user}"));
        Ok(())
    }
}

pub(super) struct Bench {
    pub(super) db: Db,
    pub(super) ids: Ids,
    pub(super) environment: EnvironmentId,
    pub(super) asked: Arc<Asked>,
    pub(super) columns: Columns,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("people.db").display())
                .parse()
                .unwrap();
            let db = Db::open(Settings::new(url)).await.unwrap();
            let roles = Migration {
                number: 6,
                name: "roles",
                common: Some(ROLES),
                sqlite: None,
                pg: None,
            };
            let mut all = migrations(&["blocks", "tenancy", "people"]);
            all.push(roles);
            all.sort_by_key(|migration| migration.number);
            db.migrate(&all).await.unwrap();
            let bench = Self {
                db,
                ids: Ids::new(RandomIds::new()),
                environment: "e1".into(),
                asked: Arc::default(),
                columns: Columns::default(),
                _folder: folder,
            };
            let (ids, environment) = (bench.ids.clone(), bench.environment.clone());
            bench
                .db
                .write::<_, StoreError, _>(async move |tx| {
                    tenancy::TenancySeed.seed(tx, &ids, &environment, NOW).await?;
                    for id in ["acme", "other"] {
                        let new = tenancy::NewTenant {
                            tenant_id: Some(id.to_owned()),
                            ..tenancy::NewTenant::default()
                        };
                        tenancy::create_tenant(tx, &ids, &environment, &new, NOW)
                            .await
                            .unwrap();
                    }
                    Ok(())
                })
                .await
                .unwrap();
            bench
        })
    }

    pub(super) fn tenant(&self, id: &str) -> Scope {
        Scope::tenant(self.environment.clone(), id.into())
    }

    /// A change by the environment, in a tenant where one is named.
    pub(super) fn change(&self, tenant: Option<&str>) -> Change {
        let scope = Scope {
            environment: self.environment.clone(),
            tenant: tenant.map(TenantId::from),
        };
        let by = AuditRecord::new("", "user", "");
        Change {
            scope,
            ids: self.ids.clone(),
            now: NOW,
            by,
            bounded_by: None,
        }
    }

    /// A change by a user in a tenant.
    pub(super) fn change_by(&self, user: &str, tenant: &str) -> Change {
        let caller = Bound {
            user: user.into(),
            scope: Scope::tenant(self.environment.clone(), tenant.into()),
            permissions: Arc::new([]),
        };
        Change {
            bounded_by: Some(caller),
            ..self.change(Some(tenant))
        }
    }

    pub(super) fn credentials(&self) -> Arc<dyn Credentials> {
        let asked: Arc<Asked> = Arc::clone(&self.asked);
        asked
    }

    /// Creates a user as the environment does, or invites one where `body` has no `tenantId`.
    pub(super) fn create(&self, change: Change, body: Value) -> Result<UserView, UserError> {
        let (credentials, id) = (self.credentials(), self.ids.v4());
        let order = NewUser::read(body, id)?;
        run(self
            .db
            .write(async move |tx| create(tx, &change, &credentials, &order).await))
    }

    /// A user of the tenant acme.
    pub(super) fn user(&self, email: &str) -> UserView {
        self.create(self.change(None), json!({"email": email, "tenantId": "acme"}))
            .unwrap()
    }

    /// Every counter and every repeated key agrees with the rows it stands for.
    pub(super) fn check_counters(&self) {
        let environment = self.environment.clone();
        run(self.db.read::<_, StoreError, _>(async move |tx| {
            assert_eq!(store::disagreements(tx).await?, Vec::<String>::new());
            let users = store::users(tx).await?;
            for order in [Order::Id, Order::Name, Order::Email, Order::Age, Order::Tenant] {
                assert_eq!(
                    ranks::total(tx, Ground::environment(&environment), &order).await?,
                    users,
                    "{order:?}"
                );
            }
            let classes = ranks::classes(tx, &environment).await?;
            assert_eq!(classes.iter().map(|(_, size)| size).sum::<i64>(), users);
            Ok(())
        }))
        .unwrap();
    }
}
