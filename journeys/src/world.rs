//! One test's own server, in process.

use std::sync::Arc;

use blocks::jobs::{Job, settle};
use crypto::{HashCost, HashPool, SealingKey};
use db::Db;
use environment::Directory;
use kit::{Clock, CountedIds, HandClock, Ids, Millis, RandomIds, SystemClock};
use outbound::{Inbox, Letter, Outbound};
use serde_json::{Value, json};
use web::{App, Edge, RouteEntry};

use crate::database::{self, Copy};
use crate::fixture::{AWAY, HOME};
use crate::{Client, Engine, Environment, PASSWORD, Person, at};

/// The moment at which every world begins: 2025-10-09T08:53:20Z.
const BEGINNING: Millis = Millis(1_760_000_000_000);

/// A real router over a database of its own, with a clock moved by hand and counted ids. It holds two environments,
/// [`World::home`] and [`World::away`], as a fresh installation has them.
pub struct World {
    pub home: Environment,
    pub away: Environment,
    pub clock: Arc<HandClock>,
    pub hashes: HashPool,
    inbox: Inbox,
    app: App,
    db: Db,
    edge: Edge,
    table: Vec<RouteEntry>,
    jobs: Vec<Arc<dyn Job>>,
    copy: Copy,
}

impl World {
    pub async fn sqlite() -> Self {
        Self::on(Engine::Sqlite).await
    }

    pub async fn postgres() -> Self {
        Self::on(Engine::Postgres).await
    }

    pub async fn on(engine: Engine) -> Self {
        Self::sending(engine, Outbound::recorded).await
    }

    /// A world whose server sends in its own way; the inbox it may use is given.
    pub async fn sending(engine: Engine, ways: impl FnOnce(Inbox) -> Outbound) -> Self {
        let copy = database::fresh(engine).await;
        let clock = Arc::new(HandClock::at(BEGINNING));
        let db = database::open(&copy.url).await;
        let hashes = hash_pool();
        let inbox = Inbox::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let outbound = ways(inbox.clone());
        let built = build(
            db.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Ids::new(CountedIds::default()),
            hashes.clone(),
            sealing(),
            outbound,
            false,
        );
        Self {
            home: HOME,
            away: AWAY,
            clock,
            hashes,
            inbox,
            app: built.app,
            db,
            edge: built.edge,
            table: built.table,
            jobs: built.jobs,
            copy,
        }
    }

    /// Closes the database and removes it.
    pub async fn end(self) {
        drop(self.edge);
        self.db.close().await;
        self.copy.remove().await;
    }

    /// Runs background work until there is nothing left to do.
    pub async fn settle(&self) {
        settle(&self.jobs).await.unwrap();
    }

    /// What was sent to this address or number so far, newest first, after the work under way is done.
    pub async fn letters(&self, to: &str) -> Vec<Letter> {
        self.settle().await;
        self.inbox.letters(to)
    }

    /// The newest message to this address or number.
    ///
    /// # Panics
    /// When there is none.
    pub async fn letter(&self, to: &str) -> Letter {
        let mut letters = self.letters(to).await.into_iter();
        letters
            .next()
            .unwrap_or_else(|| panic!("nothing was sent to {to}"))
    }

    /// What the rooms share, for tests of what no route does by itself.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// The recorder of what is sent.
    #[must_use]
    pub const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The route table.
    #[must_use]
    pub fn table(&self) -> &[RouteEntry] {
        &self.table
    }

    /// The served OpenAPI document.
    pub async fn document(&self) -> Value {
        self.anyone().get("/openapi.json").await.expect(200).json()
    }

    /// The database, for tests of storage itself.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// Nobody in particular, at the home environment's host.
    #[must_use]
    pub fn anyone(&self) -> Client {
        self.anyone_at(&self.home)
    }

    /// Nobody in particular, at this environment's host.
    #[must_use]
    pub fn anyone_at(&self, environment: &Environment) -> Client {
        Client::new(self.edge.clone(), environment.host)
    }

    /// Nobody in particular, at a second server over the same database that limits request rates.
    #[must_use]
    pub fn limited(&self) -> Client {
        let built = build(
            self.db.clone(),
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            Ids::new(RandomIds::new()),
            self.hashes.clone(),
            sealing(),
            Outbound::default(),
            true,
        );
        Client::new(built.edge, self.home.host)
    }

    /// The home environment's own token.
    pub async fn vendor(&self) -> Client {
        self.vendor_of(&self.home).await
    }

    /// This environment's own token.
    pub async fn vendor_of(&self, environment: &Environment) -> Client {
        let client = self.anyone_at(environment);
        let answer = client
            .post(
                at::VENDOR,
                json!({"clientId": environment.id, "secret": environment.secret}),
            )
            .await
            .expect(200);
        client.bearing(&answer.text_at("/token"))
    }

    /// A tenant of the home environment with this id, made when it is not there.
    pub async fn tenant(&self, id: &str) -> String {
        self.tenant_of(&self.home, id).await
    }

    /// A tenant of this environment with this id, made when it is not there.
    pub async fn tenant_of(&self, environment: &Environment, id: &str) -> String {
        let vendor = self.vendor_of(environment).await;
        let known = vendor.get(&format!("{}/{id}", at::TENANTS)).await.expect(200);
        if known.rows().is_empty() {
            vendor
                .post(at::TENANTS, json!({"tenantId": id, "name": id}))
                .await
                .expect(201);
        }
        id.to_owned()
    }

    /// A user in the tenant `acme` without roles, logged in.
    pub async fn user(&self, email: &str) -> Person {
        self.person(email, "acme", &[]).await
    }

    /// A user in the tenant `acme` with the seeded Admin role, logged in.
    pub async fn admin(&self, email: &str) -> Person {
        let role = self.role_id("Admin").await;
        self.person(email, "acme", &[&role]).await
    }

    /// A user of the home environment in this tenant with these roles, logged in. The tenant is made when it is not there.
    pub async fn person(&self, email: &str, tenant: &str, role_ids: &[&str]) -> Person {
        self.person_of(&self.home, email, tenant, role_ids).await
    }

    /// The same in any environment.
    pub async fn person_of(
        &self,
        environment: &Environment,
        email: &str,
        tenant: &str,
        role_ids: &[&str],
    ) -> Person {
        self.tenant_of(environment, tenant).await;
        let vendor = self.vendor_of(environment).await;
        let made = json!({"email": email, "name": email, "password": PASSWORD, "tenantId": tenant, "roleIds": role_ids});
        let id = vendor
            .post(at::VENDOR_USERS, made)
            .await
            .expect(201)
            .text_at("/id");
        let client = self.log_in_at(environment, email).await;
        Person {
            client,
            id,
            email: email.to_owned(),
            tenant: tenant.to_owned(),
        }
    }

    /// A client that logged in with the usual password, with token and cookies.
    pub async fn log_in(&self, email: &str) -> Client {
        self.log_in_at(&self.home, email).await
    }

    pub async fn log_in_at(&self, environment: &Environment, email: &str) -> Client {
        let client = self.anyone_at(environment);
        let answer = client
            .post(at::LOGIN, json!({"email": email, "password": PASSWORD}))
            .await
            .expect(200);
        client.bearing(&answer.text_at("/accessToken"))
    }

    /// The id of a seeded or created role of the home environment, by key.
    pub async fn role_id(&self, key: &str) -> String {
        let vendor = self.vendor().await;
        let roles = vendor.get(at::ROLES).await.expect(200).rows();
        let role = roles.iter().find(|role| role["key"] == key);
        let role = role.unwrap_or_else(|| panic!("there is no role {key} in {roles:?}"));
        role["id"].as_str().unwrap().to_owned()
    }

    /// The id of a permission of the home environment, by key.
    pub async fn permission_id(&self, key: &str) -> String {
        let vendor = self.vendor().await;
        let all = vendor.get(at::PERMISSIONS).await.expect(200).rows();
        let found = all.iter().find(|permission| permission["key"] == key);
        let found = found.unwrap_or_else(|| panic!("there is no permission {key}"));
        found["id"].as_str().unwrap().to_owned()
    }
}

/// The router over a database that the real server made, in process: for filling it faster than a socket can.
pub struct Direct {
    db: Db,
    edge: Edge,
    jobs: Vec<Arc<dyn Job>>,
}

impl Direct {
    /// Opens a database that [`crate::Launch`] started on before, with the sealing key it was given.
    pub async fn open(url: &str, sealing_key: &str) -> Self {
        let db = Db::open(db::Settings::new(url.parse().unwrap())).await.unwrap();
        let sealing = SealingKey::parse(sealing_key).unwrap();
        let built = build(
            db.clone(),
            Arc::new(SystemClock),
            Ids::new(RandomIds::new()),
            hash_pool(),
            sealing,
            Outbound::default(),
            false,
        );
        Self {
            db,
            edge: built.edge,
            jobs: built.jobs,
        }
    }

    /// The environment's own token.
    pub async fn vendor(&self) -> Client {
        let client =
            Client::new(self.edge.clone(), "localhost").with("frontegg-vendor-id", crate::Launch::CLIENT_ID);
        let body = json!({"clientId": crate::Launch::CLIENT_ID, "secret": crate::Launch::SECRET});
        let answer = client.post(at::VENDOR, body).await.expect(200);
        client.bearing(&answer.text_at("/token"))
    }

    /// Does the background work and closes the database.
    pub async fn end(self) {
        settle(&self.jobs).await.unwrap();
        drop(self.edge);
        self.db.close().await;
    }
}

fn hash_pool() -> HashPool {
    HashPool::start(HashCost::new(64, 1, 1).unwrap(), 2, 64)
}

fn sealing() -> SealingKey {
    SealingKey::from_bytes([9; 32])
}

/// What the server itself puts together, with nothing of its own in place of anything.
fn build(
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Ids,
    hash_pool: HashPool,
    sealing: SealingKey,
    outbound: Outbound,
    rate_limits: bool,
) -> server::Built {
    let directory = Directory::new(db.clone(), Arc::clone(&clock), ids.clone(), sealing);
    server::build(server::Parts {
        db,
        clock,
        ids,
        directory,
        hash_pool,
        rate_limits,
        edge: web::EdgeSettings::default(),
        outbound,
        metrics: None,
    })
}

/// Migrates an empty database and creates both environments in it, as the command line does.
pub(crate) async fn seed(db: Db) {
    db.migrate(server::MIGRATIONS).await.unwrap();
    let ids = Ids::new(RandomIds::new());
    let directory = Directory::new(db.clone(), Arc::new(SystemClock), ids, sealing());
    for environment in [HOME, AWAY] {
        let new = environment::NewEnvironment {
            id: kit::EnvironmentId::from(environment.id),
            secret: kit::Secret::new(environment.secret.to_owned()),
            name: environment.name.to_owned(),
            public_url: environment.public_url.to_owned(),
            allowed_origins: vec![environment.origin.to_owned()],
        };
        environment::create_environment(&directory, new, &server::seeds())
            .await
            .unwrap_or_else(|error| panic!("{} cannot be created: {error}", environment.name));
    }
    db.close().await;
}
