//! A database with one seeded environment and two tenants, and credentials that remember what they were asked.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use blocks::audit::AuditRecord;
use db::{Db, Migration, Settings, StoreError, Tx, args, sql};
use environment::Seed;
use kit::{EnvironmentId, Ids, Millis, RandomIds, Scope, Secret, TenantId, UserId};
use serde_json::{Value, json};
use web::{CallOrigin, Problem, UserCaller};

use crate::room::Change;
use crate::users::UserError;
use crate::users::proof::{Order, create};
use crate::views::UserView;
use crate::{Credentials, PreparedPassword};

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

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            common: Some(include_str!(concat!(
                "../../../../migrations/000",
                $number,
                "_",
                $name,
                ".sql"
            ))),
            sqlite: None,
            pg: None,
        }
    };
}

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
    async fn prepare(&self, _: &EnvironmentId, _: Secret) -> Result<PreparedPassword, Problem> {
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
            let all = [
                migration!(1, "blocks_tables"),
                migration!(4, "tenancy_tables"),
                migration!(5, "people_tables"),
            ];
            db.migrate(&all).await.unwrap();
            let bench = Self {
                db,
                ids: Ids::new(RandomIds::new()),
                environment: "e1".into(),
                asked: Arc::default(),
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
        let from = CallOrigin {
            ip: [127, 0, 0, 1].into(),
            user_agent: String::new(),
            origin: None,
            trace_id: String::new(),
            application: None,
        };
        let caller = UserCaller {
            environment: self.environment.clone(),
            tenant: tenant.into(),
            user: user.into(),
            session: None,
            permissions: Arc::new([]),
            by_environment: false,
            from: Arc::new(from),
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
        let order = Order::read(body, id)?;
        run(self
            .db
            .write(async move |tx| create(tx, &change, &credentials, &order).await))
    }

    /// A user of the tenant acme.
    pub(super) fn user(&self, email: &str) -> UserView {
        self.create(self.change(None), json!({"email": email, "tenantId": "acme"}))
            .unwrap()
    }

    /// A role with a level; its id.
    pub(super) fn role(&self, key: &'static str, level: i64, tenant: &'static str) -> String {
        let (id, environment) = (self.ids.v4(), self.environment.clone());
        let made = id.clone();
        run(self.db.write::<_, StoreError, _>(async move |tx| {
            tx.exec(
                sql!(
                    "INSERT INTO roles (environment_id, id, tenant_id, key, name, description, is_default,
                       first_user_role, level, created_at, updated_at)
                     VALUES ($1, $2, $3, $4, $4, '', FALSE, FALSE, $5, 0, 0)"
                ),
                args![environment.as_str(), &made, tenant, key, level],
            )
            .await
        }))
        .unwrap();
        id
    }

    /// Every counter and every repeated key agrees with the rows it stands for.
    pub(super) fn check_counters(&self) {
        run(self.db.read::<_, StoreError, _>(async |tx| {
            let faults = tx
                .all(
                    sql!(
                        "SELECT 'members ' || tenant_id FROM member_counts c WHERE members <>
                           (SELECT COUNT(*) FROM memberships m WHERE m.environment_id = c.environment_id
                              AND m.tenant_id = c.tenant_id AND m.class = c.class)
                         UNION ALL SELECT 'keys ' || u.id FROM users u JOIN memberships m
                           ON m.environment_id = u.environment_id AND m.user_id = u.id
                           WHERE m.email_key <> u.email_key OR m.name_key <> u.name_key OR m.class <> u.class
                             OR m.username_key <> u.username_key OR m.phone_number <> u.phone_number
                             OR m.user_created_at <> u.created_at OR m.invisible <> u.invisible
                         UNION ALL SELECT 'orphan ' || user_id FROM memberships m WHERE NOT EXISTS
                           (SELECT 1 FROM users u WHERE u.environment_id = m.environment_id AND u.id = m.user_id)
                         UNION ALL SELECT list || ' ' || SUM(entries) FROM rankings
                           WHERE list IN ('users.id', 'users.name', 'users.email', 'users.age', 'users.tenant')
                           GROUP BY list HAVING SUM(entries) <> (SELECT COUNT(*) FROM users)
                         UNION ALL SELECT 'classes' WHERE (SELECT COUNT(*) FROM users) <>
                           (SELECT COALESCE(SUM(entries), 0) FROM rankings WHERE list LIKE 'users.class.%')"
                    ),
                    args![],
                )
                .await?;
            let faults = faults.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            assert!(faults.is_empty(), "{faults:?}");
            Ok(())
        }))
        .unwrap();
    }
}
