//! The statements of this room on a fresh SQLite file, through its domain functions.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use blocks::audit::{AuditRecord, Severity};
use blocks::outbox;
use db::{Db, Migration, Settings, StoreError};
use kit::{EnvironmentId, Ids, Millis, RandomIds, Scope};
use serde_json::json;
use web::Params;

use crate::AuditSink;
use crate::model::{Event, HOUR};
use crate::records::domain::{AuditError, add, query, stats};
use crate::store;
use crate::wanted::Wanted;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Rooms do not know the runtime; a thread that waits is enough for SQLite.
fn run<T>(future: impl Future<Output = T>) -> T {
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
                "../../../migrations/000",
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

/// Midnight, and then some.
const NOW: Millis = Millis(20_000 * 24 * HOUR + 5 * HOUR);

struct Bench {
    db: Db,
    ids: Ids,
    environment: EnvironmentId,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("audit.db").display())
            .parse()
            .unwrap();
        let db = Db::open(Settings::new(url)).await.unwrap();
        db.migrate(&[migration!(1, "blocks_tables"), migration!(3, "audit_tables")])
            .await
            .unwrap();
        Self {
            db,
            ids: Ids::new(RandomIds::new()),
            environment: "e1".into(),
            _folder: folder,
        }
    }

    async fn post(&self, tenant: &str, at: Millis, body: serde_json::Value) {
        let event = Event::read(body.as_object().cloned().unwrap()).unwrap();
        let audit = event.into_audit(self.ids.v7(at), tenant, &self.environment, at);
        let environment = self.environment.clone();
        self.db
            .write::<_, StoreError, _>(async move |tx| {
                add(tx, &environment, &audit).await?;
                add(tx, &environment, &audit).await
            })
            .await
            .unwrap();
    }

    async fn ask(&self, tenants: &[&str], parameters: &str) -> Result<(Vec<String>, i64), AuditError> {
        let mut wanted = Wanted::read(&Params::parse(parameters).unwrap(), 200).unwrap();
        wanted.tenants = tenants.iter().map(|tenant| (*tenant).to_owned()).collect();
        let environment = self.environment.clone();
        let (page, total) = self
            .db
            .read(async move |tx| query(tx, &environment, &wanted).await)
            .await?;
        Ok((page.into_iter().map(|audit| audit.action).collect(), total))
    }

    async fn actions(&self, tenants: &[&str], parameters: &str) -> (String, i64) {
        let (page, total) = self.ask(tenants, parameters).await.unwrap();
        (page.join(" "), total)
    }
}

/// Six records of two tenants, an hour apart, the oldest first: a b c of t1, d e of t2, f of t1.
async fn filled() -> Bench {
    let bench = Bench::new().await;
    // No two at the same millisecond.
    let at = |hours: i64, action: &str| Millis(NOW.0 - hours * HOUR - i64::from(b'f' - action.as_bytes()[0]));
    let post = async |tenant: &str, hours: i64, action: &str, more: serde_json::Value| {
        let mut body = json!({"severity": "Info", "action": action, "resource": "order"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        bench.post(tenant, at(hours, action), body).await;
    };
    post(
        "t1",
        9,
        "a",
        json!({"email": "Ann@acme.test", "userId": "u1", "plan": "Gold_1"}),
    )
    .await;
    post("t1", 8, "b", json!({"severity": "Critical", "ip": "1.2.3.4"})).await;
    post(
        "t1",
        3,
        "c",
        json!({"email": "bob@acme.test", "userId": "u2", "seats": 5}),
    )
    .await;
    post(
        "t2",
        2,
        "d",
        json!({"email": "ann@acme.test", "userId": "u1", "resource": "cart"}),
    )
    .await;
    post("t2", 2, "e", json!({"severity": "High", "seats": 51})).await;
    post("t1", 1, "f", json!({"description": "100% \"done\""})).await;
    bench
}

#[test]
fn pages_and_totals_are_of_the_tenants_asked_for() {
    run(async {
        let bench = filled().await;
        assert_eq!(bench.actions(&["t1"], "").await, ("f c b a".to_owned(), 4));
        assert_eq!(
            bench.actions(&[], "count=2&offset=1").await,
            ("e d".to_owned(), 6)
        );
        assert_eq!(
            bench.actions(&["t1"], "count=2&offset=2&sortDirection=asc").await,
            ("c f".to_owned(), 4)
        );
        assert_eq!(
            bench.actions(&["t1", "t2"], "count=3").await,
            ("f e d".to_owned(), 6)
        );
        assert_eq!(bench.actions(&["t3"], "").await, (String::new(), 0));
        assert_eq!(bench.actions(&["t1"], "offset=9").await, (String::new(), 4));
        let (from, to) = (Millis(NOW.0 - 8 * HOUR - 9).iso(), Millis(NOW.0 - 2 * HOUR).iso());
        assert_eq!(
            bench
                .actions(&["t1"], &format!("created_from={from}&created_to={to}"))
                .await,
            ("c b".to_owned(), 2)
        );
        assert_eq!(
            bench
                .actions(&[], &format!("created_from={from}&created_to={to}"))
                .await,
            ("e d c b".to_owned(), 4)
        );
    });
}

#[test]
fn filters_find_columns_text_and_members_of_the_senders_own() {
    run(async {
        let bench = filled().await;
        for (parameters, found) in [
            ("email=ANN@acme.test", "d a"),
            ("userId=u1&email=ann@acme.test", "d a"),
            ("severity=critical", "b"),
            ("action=c", "c"),
            ("ip=1.2.3.4", "b"),
            ("resource=cart", "d"),
            ("plan=gold_1", "a"),
            ("plan=goldx1", ""),
            ("seats=5", "c"),
            ("filter=ACME", "d c a"),
            ("filter=100%25 \"done\"", "f"),
            ("filter=1_0%25", ""),
            (r#"filter={"resource":"order","userId":"u2"}"#, "c"),
            ("sortBy=severity&sortDirection=desc&count=2", "b e"),
            ("sortBy=action&offset=4", "e f"),
            ("sortBy=email&sortDirection=desc&count=1", "c"),
        ] {
            assert_eq!(bench.actions(&[], parameters).await.0, found, "{parameters}");
        }
        assert_eq!(bench.actions(&["t1"], "userId=u1").await, ("a".to_owned(), 1));
        assert_eq!(
            bench.actions(&[], "filter=acme&count=1&offset=1").await,
            ("c".to_owned(), 3)
        );
        assert!(matches!(
            bench.ask(&[], "offset=100001&userId=u1").await,
            Err(AuditError::TooDeep)
        ));
    });
}

#[test]
fn deep_pages_and_totals_of_many_records_are_exact() {
    run(async {
        let bench = Bench::new().await;
        let (ids, environment) = (bench.ids.clone(), bench.environment.clone());
        bench
            .db
            .write::<_, StoreError, _>(async move |tx| {
                let mut batch = Vec::new();
                for number in 0..10_500_i64 {
                    let at = Millis(NOW.0 + number * HOUR / 700);
                    let body = json!({"severity": "Info", "action": number.to_string()});
                    let event = Event::read(body.as_object().cloned().unwrap()).unwrap();
                    batch.push(event.into_audit(ids.v7(at), "t1", &environment, at));
                }
                store::add(tx, &environment, &batch.iter().collect::<Vec<_>>()).await
            })
            .await
            .unwrap();
        let deep =
            |offset: i64, direction: &str| format!("count=2&offset={offset}&sortDirection={direction}");
        assert_eq!(
            bench.actions(&["t1"], &deep(10_100, "asc")).await,
            ("10100 10101".to_owned(), 10_500)
        );
        assert_eq!(
            bench.actions(&["t1"], &deep(10_100, "desc")).await,
            ("399 398".to_owned(), 10_500)
        );
        assert_eq!(
            bench.actions(&[], &deep(10_499, "desc")).await,
            ("0".to_owned(), 10_500)
        );
        assert_eq!(
            bench.actions(&[], &deep(10_500, "desc")).await,
            (String::new(), 10_500)
        );
        // A filtered total says that there is more as long as there is.
        let (_, total) = bench
            .actions(&["t1"], "severity=Info&count=200&offset=10200")
            .await;
        assert_eq!(total, 10_401);
    });
}

#[test]
fn records_of_changes_arrive_through_the_outbox_and_count() {
    run(async {
        let bench = filled().await;
        let (ids, scope) = (
            bench.ids.clone(),
            Scope::tenant(bench.environment.clone(), "t1".into()),
        );
        bench
            .db
            .write::<_, StoreError, _>(async move |tx| {
                let record = AuditRecord::new("User locked", "user", "u9").severity(Severity::High);
                let record = record
                    .about_user("u9", Some("Eve@acme.test"))
                    .changed(Some(&1), Some(&2));
                record.write(tx, &ids, &scope, NOW).await
            })
            .await
            .unwrap();
        assert_eq!(outbox::drain(&bench.db, Arc::new(AuditSink)).await.unwrap(), 1);
        assert_eq!(outbox::drain(&bench.db, Arc::new(AuditSink)).await.unwrap(), 0);
        assert_eq!(
            bench.actions(&["t1"], "email=eve@ACME.test").await,
            ("User locked".to_owned(), 1)
        );
        let environment = bench.environment.clone();
        let counted = bench
            .db
            .read(async move |tx| stats(tx, &environment, "t1", NOW).await)
            .await
            .unwrap();
        // Of today only what came in the five hours since midnight; b was severe, yesterday.
        assert_eq!(counted, (3, 2));
        let environment = bench.environment.clone();
        let top = bench
            .db
            .read(async move |tx| store::top(tx, &environment, "tenant", (0, i64::MAX), 1).await)
            .await
            .unwrap();
        assert_eq!(top, [("t1".to_owned(), 5)]);
    });
}
