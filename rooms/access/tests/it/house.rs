//! One environment with one tenant, a clock that is moved by hand, and the routes of every room that access needs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use access::{AccessCredentials, AccessGatekeeper, Judge, SessionSweep};
use audit::AuditSink;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use blocks::jobs::{Job, OutboxJob};
use blocks::throttle::RateLimit;
use crypto::{HashCost, HashPool, SealingKey};
use db::{Db, Migration, Settings};
use environment::{Directory, NewEnvironment};
use http_body_util::BodyExt;
use kit::{Clock, HandClock, Ids, Millis, RandomIds, Secret};
use people::PeopleTenancy;
use serde_json::{Value, json};
use tenancy::{Neighbours, TenancySeed, TenantPurge};
use web::{App, BoundRoutes, Edge, EdgeSettings};

pub(crate) const CLIENT: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const SECRET: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const COOKIE: &str = "fe_refresh_111111111111-4111-8111-111111111111";
pub(crate) const TENANT: &str = "33333333-3333-4333-8333-333333333333";
pub(crate) const PASSWORD: &str = "Tenantry-dev-1";
pub(crate) const LOGIN: &str = "/identity/resources/auth/v1/user";
pub(crate) const REFRESH: &str = "/identity/resources/auth/v1/user/token/refresh";
pub(crate) const LOGOUT: &str = "/identity/resources/auth/v1/logout";
pub(crate) const ME: &str = "/identity/resources/users/v2/me";
pub(crate) const USERS: &str = "/identity/resources/vendor-only/users/v1";

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

#[derive(Clone)]
pub(crate) struct House {
    pub(crate) edge: Edge,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) pool: HashPool,
    pub(crate) db: Db,
    /// The environment's token.
    pub(crate) token: String,
    _dir: Arc<tempfile::TempDir>,
}

impl House {
    pub(crate) async fn build() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let url = format!("sqlite:{}", dir.path().join("test.db").display());
        let db = Db::open(Settings::new(url.parse().unwrap())).await.unwrap();
        let migrations = migrations(&["blocks", "environment", "audit", "tenancy", "people", "access"]);
        db.migrate(&migrations).await.unwrap();

        let hand = Arc::new(HandClock::at(Millis(1_760_000_000_123)));
        let clock: Arc<dyn Clock> = Arc::clone(&hand) as Arc<dyn Clock>;
        let ids = Ids::new(RandomIds::new());
        let pool = HashPool::start(HashCost::new(64, 1, 1).unwrap(), 2, 64);
        let sealing = SealingKey::from_bytes([7; 32]);
        let directory = Directory::new(db.clone(), Arc::clone(&clock), ids.clone(), sealing);
        let gatekeeper = AccessGatekeeper::new(db.clone(), Arc::clone(&clock), directory.clone());
        let app = App::new(
            db.clone(),
            Arc::clone(&clock),
            ids.clone(),
            Arc::new(directory.clone()),
            Arc::new(gatekeeper),
            EdgeSettings::default(),
            web::Services::default(),
        );
        let limits = RateLimit::new(false);
        let judge = Judge::new(
            db.clone(),
            directory.clone(),
            pool.clone(),
            outbound::LeakLists::default(),
        );
        let credentials = Arc::new(AccessCredentials::new(judge.clone()));
        let members = Arc::new(PeopleTenancy::new(
            Arc::clone(&credentials) as Arc<_>,
            ids.clone(),
            Arc::clone(&clock),
        ));
        let neighbours = Neighbours {
            purges: Arc::from([
                Arc::clone(&members) as Arc<dyn TenantPurge>,
                Arc::clone(&credentials) as Arc<_>,
            ]),
            holders: Arc::clone(&members) as Arc<_>,
            application_holders: Arc::clone(&members) as Arc<_>,
            members,
        };
        let routes = BoundRoutes::all([
            environment::routes(&app, directory.clone(), limits.clone()),
            tenancy::routes(&app, directory.clone(), neighbours),
            people::routes(&app, directory.clone(), credentials, limits.clone()),
            audit::routes(&app),
            access::routes(&app, directory.clone(), judge, limits),
        ]);
        let new = NewEnvironment {
            id: CLIENT.into(),
            secret: Secret::new(SECRET.to_owned()),
            name: "Acme".to_owned(),
            public_url: "https://login.acme.test".to_owned(),
            allowed_origins: vec!["https://app.acme.test".to_owned()],
        };
        environment::create_environment(&directory, new, &[Arc::new(TenancySeed)])
            .await
            .unwrap();

        let mut house = Self {
            edge: Edge::new(app, routes),
            clock: hand,
            pool,
            db,
            token: String::new(),
            _dir: dir,
        };
        house.token = house.vendor_token().await;
        let tenant = json!({"tenantId": TENANT, "name": "Acme"});
        house
            .ask("POST", "/tenants/resources/tenants/v1")
            .vendor()
            .json(&tenant)
            .await
            .expect(201);
        house
    }

    pub(crate) async fn vendor_token(&self) -> String {
        let body = json!({"clientId": CLIENT, "secret": SECRET});
        let answer = self.ask("POST", "/auth/vendor").json(&body).await.expect(200);
        answer.text("token").to_owned()
    }

    pub(crate) fn ask(&self, method: &'static str, path: &str) -> Ask<'_> {
        Ask {
            house: self,
            method,
            path: path.to_owned(),
            headers: BTreeMap::new(),
        }
    }

    /// A verified user of the tenant; `more` replaces members of the body.
    pub(crate) async fn user(&self, email: &str, more: &Value) -> String {
        let mut body = json!({"email": email, "name": "Ada", "password": PASSWORD, "tenantId": TENANT});
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        let answer = self.ask("POST", USERS).vendor().json(&body).await.expect(201);
        answer.text("id").to_owned()
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.ask("POST", LOGIN)
            .json(&json!({"email": email, "password": password}))
            .await
    }

    /// A refresh as browsers send it.
    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.ask("POST", REFRESH)
            .header("cookie", &format!("{COOKIE}={token}"))
            .send()
            .await
    }

    pub(crate) async fn me(&self, access_token: &str) -> Answer {
        self.ask("GET", ME).bearer(access_token).send().await
    }

    pub(crate) async fn configure(&self, changes: Value) {
        self.ask("POST", "/identity/resources/configurations/v1")
            .vendor()
            .json(&changes)
            .await
            .expect_success();
    }

    /// What was recorded so far, the newest first.
    pub(crate) async fn audits(&self) -> Vec<Value> {
        let outbox = OutboxJob {
            db: self.db.clone(),
            sink: Arc::new(AuditSink),
        };
        while outbox.pass().await.unwrap() {}
        let asked = "/audits?offset=0&count=50&sortBy=createdAt&sortDirection=DESC";
        let answer = self.ask("GET", asked).vendor().send().await.expect(200);
        answer.body["data"].as_array().unwrap().clone()
    }

    pub(crate) async fn sweep(&self) {
        let sweep = SessionSweep {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        };
        while sweep.pass().await.unwrap() {}
    }
}

/// A request that is being put together.
pub(crate) struct Ask<'h> {
    house: &'h House,
    method: &'static str,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// As the environment.
    pub(crate) fn vendor(self) -> Self {
        let token = self.house.token.clone();
        self.bearer(&token)
    }

    pub(crate) async fn json(self, body: &Value) -> Answer {
        let body = body.to_string();
        self.header("content-type", "application/json").body(body).await
    }

    pub(crate) async fn send(self) -> Answer {
        self.body(String::new()).await
    }

    pub(crate) async fn body(self, body: String) -> Answer {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("host", "login.acme.test");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        let response = self.house.edge.answer(request, peer).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert!(self.status.is_success(), "{} {:?}", self.status, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn text(&self, member: &str) -> &str {
        self.body[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member} in {:?}", self.body))
    }

    /// The only error sentence.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        let errors = self.body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].as_str().unwrap()
    }

    pub(crate) fn cookie(&self) -> Option<&str> {
        self.headers
            .get("set-cookie")
            .map(|value| value.to_str().unwrap())
    }
}
