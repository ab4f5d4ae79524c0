//! The blocks against both engines.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests speak by failing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use blocks::jobs::{self, Job, TaskJob};
use blocks::ranking::{HALF, Ranking, SPLIT_ABOVE, sortable_number};
use blocks::settings::{self, Setting};
use blocks::{outbox, tasks, throttle};
use db::{Db, Migration, Settings, StoreError, Tx, args, sql};
use kit::{Clock, EnvironmentId, HandClock, Ids, Millis, RandomIds, Scope, TenantId};
use serde::{Deserialize, Serialize};

const TABLES: [Migration; 3] = [
    Migration {
        number: 1,
        name: "blocks_tables",
        common: Some(include_str!("../../../migrations/0001_blocks_tables.sql")),
        sqlite: None,
        pg: None,
    },
    Migration {
        number: 40,
        name: "blocks_one_time_secrets",
        common: Some(include_str!(
            "../../../migrations/0040_blocks_one_time_secrets.sql"
        )),
        sqlite: None,
        pg: None,
    },
    Migration {
        number: 50,
        name: "blocks_task_order",
        common: Some(include_str!("../../../migrations/0050_blocks_task_order.sql")),
        sqlite: None,
        pg: None,
    },
];

struct Bench {
    db: Db,
    ids: Ids,
    _folder: tempfile::TempDir,
}

/// A fresh SQLite file.
async fn sqlite() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blocks.db").display())
        .parse()
        .unwrap();
    opened(Settings::new(url), folder).await
}

/// The PostgreSQL database of this binary, shared by its tests, each of which has an environment of its own.
async fn postgres() -> Bench {
    static MADE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command hands the cluster over in a variable"
    )]
    let base = std::env::var("TENANTRY_TEST_DATABASE_URL")
        .expect("TENANTRY_TEST_DATABASE_URL must name a PostgreSQL: run the tests with `cargo xtask test`");
    MADE.get_or_init(|| async {
        let admin = Db::open(Settings::new(base.parse().unwrap())).await.unwrap();
        admin
            .exec(sql!("DROP DATABASE IF EXISTS blocks_tests"), args![])
            .await
            .unwrap();
        admin
            .exec(sql!("CREATE DATABASE blocks_tests"), args![])
            .await
            .unwrap();
        admin.close().await;
    })
    .await;
    let (head, _) = base.rsplit_once('/').unwrap();
    let url = format!("{head}/blocks_tests").parse().unwrap();
    opened(Settings::new(url), tempfile::tempdir().unwrap()).await
}

async fn opened(settings: Settings, folder: tempfile::TempDir) -> Bench {
    let db = Db::open(settings).await.unwrap();
    db.migrate(&TABLES).await.unwrap();
    Bench {
        db,
        ids: Ids::new(RandomIds::new()),
        _folder: folder,
    }
}

macro_rules! both_engines {
    ($(async fn $name:ident($bench:ident: Bench) $body:block)*) => {
        $(mod $name {
            use super::*;
            async fn body($bench: Bench) $body
            #[tokio::test]
            async fn on_sqlite() { body(sqlite().await).await; }
            #[tokio::test]
            async fn on_postgres() { body(postgres().await).await; }
        })*
    };
}

// Beside this file and not below tests/, where it would be a target of its own.
#[path = "it/one_time.rs"]
mod one_time_secrets;

impl Bench {
    fn environment(&self) -> EnvironmentId {
        self.ids.v4().into()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Policy {
    attempts: u32,
}

impl Setting for Policy {
    const NAME: &'static str = "test-policy";

    fn faults(&self) -> Vec<String> {
        if self.attempts > 9 {
            vec!["attempts must not be greater than 9".to_owned()]
        } else {
            Vec::new()
        }
    }
}

#[derive(Default)]
struct Taken(AtomicUsize);

#[async_trait]
impl outbox::Sink for Taken {
    fn topic(&self) -> &'static str {
        "test-topic"
    }

    async fn take(&self, _: &Tx, events: &[outbox::Event]) -> Result<(), StoreError> {
        assert!(events.is_sorted_by(|a, b| a.id <= b.id));
        self.0.fetch_add(events.len(), Ordering::SeqCst);
        Ok(())
    }
}

/// Counts to the task's total in steps of three; item 4 fails.
struct Counter(&'static str);

#[async_trait]
impl tasks::Runner for Counter {
    fn kind(&self) -> &'static str {
        self.0
    }

    async fn step(&self, _: &Tx, task: &tasks::Task, _: Millis) -> Result<tasks::Progress, StoreError> {
        let from: i64 = task.cursor.parse().unwrap_or(0);
        let to = (from + 3).min(task.total);
        let failed = i64::from((from..to).contains(&4));
        Ok(tasks::Progress {
            cursor: (to < task.total).then(|| to.to_string()),
            done: to - from - failed,
            failed,
            errors: (failed > 0)
                .then(|| serde_json::json!({"item": 4}))
                .into_iter()
                .collect(),
            ..tasks::Progress::default()
        })
    }
}

/// Writes one setting per item in steps of three; item 4 always breaks the database's own rule.
struct Fragile {
    kind: &'static str,
    passes_over: bool,
}

#[async_trait]
impl tasks::Runner for Fragile {
    fn kind(&self) -> &'static str {
        self.kind
    }

    async fn step(&self, tx: &Tx, task: &tasks::Task, _: Millis) -> Result<tasks::Progress, StoreError> {
        let from: i64 = task.cursor.parse().unwrap_or(0);
        let to = (from + task.piece(3)).min(task.total);
        for item in from..to {
            let name = if item == 4 {
                "there".to_owned()
            } else {
                item.to_string()
            };
            tx.exec(
                sql!(
                    "INSERT INTO settings (environment_id, tenant_id, name, id, body, created_at, updated_at)
                     VALUES ($1, $2, $3, '', '', 0, 0)"
                ),
                args![task.environment.as_str(), &task.id, name],
            )
            .await?;
        }
        Ok(tasks::Progress {
            cursor: (to < task.total).then(|| to.to_string()),
            done: to - from,
            ..tasks::Progress::default()
        })
    }

    async fn pass_over(
        &self,
        _: &Tx,
        task: &tasks::Task,
        _: Millis,
    ) -> Result<Option<tasks::Progress>, StoreError> {
        let next: i64 = task.cursor.parse().unwrap_or(0);
        Ok(self.passes_over.then(|| tasks::Progress {
            cursor: (next + 1 < task.total).then(|| (next + 1).to_string()),
            failed: 1,
            errors: vec![serde_json::json!({"item": next})],
            order: Some(serde_json::json!("done with")),
            ..tasks::Progress::default()
        }))
    }
}

async fn submitted(bench: &Bench, owner: &EnvironmentId, kind: &'static str, total: i64) -> String {
    let (ids, owner) = (bench.ids.clone(), owner.clone());
    bench
        .db
        .write(async move |tx| {
            let id = tasks::submit(tx, &ids, &owner, kind, &serde_json::json!({}), total, Millis(1)).await?;
            tx.exec(
                sql!(
                    "INSERT INTO settings (environment_id, tenant_id, name, id, body, created_at, updated_at)
                     VALUES ($1, $2, 'there', '', '', 0, 0)"
                ),
                args![owner.as_str(), &id],
            )
            .await?;
            Ok::<_, StoreError>(id)
        })
        .await
        .unwrap()
}

async fn task(bench: &Bench, owner: &EnvironmentId, id: &str) -> Option<tasks::Task> {
    let (environment, id) = (owner.clone(), id.to_owned());
    bench
        .db
        .read(async move |tx| tasks::find(tx, &environment, &id).await)
        .await
        .unwrap()
}

/// An app whose edge is never asked.
struct Nobody;

#[async_trait]
impl web::Environments for Nobody {
    async fn addressed(&self, _: &web::Address) -> Result<Option<web::EnvironmentFace>, web::Problem> {
        Ok(None)
    }
}

#[async_trait]
impl web::Gatekeeper for Nobody {
    async fn admit(
        &self,
        _: web::Guard,
        _: web::Credentials,
        _: web::Address,
        _: Arc<web::CallOrigin>,
    ) -> Result<web::Caller, web::Problem> {
        Err(web::Problem::unauthorized("Unauthorized"))
    }
}

impl Bench {
    fn app(&self) -> web::App {
        let clock: Arc<dyn Clock> = Arc::new(HandClock::at(Millis(5)));
        let edge = web::EdgeSettings::default();
        web::App::new(
            self.db.clone(),
            clock,
            self.ids.clone(),
            Arc::new(Nobody),
            Arc::new(Nobody),
            edge,
            web::Services::default(),
        )
    }
}

fn environment_token(environment: &EnvironmentId, tenant: Option<&str>) -> web::AnyCaller {
    web::AnyCaller::Environment(web::EnvironmentCaller {
        environment: environment.clone(),
        tenant: tenant.map(TenantId::from),
        user: None,
        from: Arc::new(web::CallOrigin {
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            user_agent: String::new(),
            origin: None,
            trace_id: String::new(),
            application: None,
        }),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "takes what json! makes")]
fn members(json: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    json.as_object().cloned().unwrap_or_default()
}

both_engines! {
    async fn a_policy_is_absent_until_written_and_then_changed_member_by_member(bench: Bench) {
        let (app, environment) = (bench.app(), bench.environment());
        let (bare, tenant) = (environment_token(&environment, None), environment_token(&environment, Some("t")));
        let status = |problem: web::Problem| problem.status().as_u16();
        let read = settings::read_absent::<Policy>(&app, &bare).await.map_err(status);
        assert_eq!(read.unwrap_err(), 404);
        assert_eq!(settings::read_absent::<Policy>(&app, &tenant).await.unwrap().0.value, Policy::default());
        let change = settings::change_absent::<Policy>(&app, &bare, members(serde_json::json!({"attempts": 2}))).await;
        assert_eq!(change.map_err(status).unwrap_err(), 404);
        let bad = settings::create_absent::<Policy>(&app, &bare, members(serde_json::json!({"attempts": 10}))).await;
        assert_eq!(bad.map_err(status).unwrap_err(), 400);

        let body = || members(serde_json::json!({"attempts": 3, "unknown": true}));
        assert_eq!(settings::create_absent::<Policy>(&app, &bare, body()).await.unwrap().0.value.attempts, 3);
        assert_eq!(settings::create_absent::<Policy>(&app, &bare, body()).await.map_err(status).unwrap_err(), 409);
        assert_eq!(settings::read_absent::<Policy>(&app, &tenant).await.unwrap().0.value.attempts, 3);
        let kept = settings::change_absent::<Policy>(&app, &bare, members(serde_json::json!({}))).await;
        assert_eq!(kept.unwrap().0.value.attempts, 3);
        let changed = settings::change_absent::<Policy>(&app, &bare, members(serde_json::json!({"attempts": 4}))).await;
        assert_eq!(changed.unwrap().0.value.attempts, 4);
        assert_eq!(settings::read_absent::<Policy>(&app, &bare).await.unwrap().0.value.attempts, 4);
    }

    async fn a_tenants_document_goes_before_the_environments_and_that_before_the_default(bench: Bench) {
        let environment = bench.environment();
        let (whole, tenant) = (Scope::environment(environment.clone()), Scope::tenant(environment, TenantId::from("t")));
        let (ids, at) = (bench.ids.clone(), Millis(1));
        let seen = bench.db.write(async move |tx| {
            let mut seen = vec![settings::effective::<Policy>(tx, &tenant).await?.attempts];
            settings::put(tx, &ids, &whole, at, &Policy { attempts: 3 }).await?;
            seen.push(settings::effective::<Policy>(tx, &tenant).await?.attempts);
            assert!(settings::create(tx, &ids, &tenant, at, &Policy { attempts: 5 }).await?);
            assert!(!settings::create(tx, &ids, &tenant, at, &Policy { attempts: 6 }).await?);
            seen.push(settings::effective::<Policy>(tx, &tenant).await?.attempts);
            seen.push(settings::effective::<Policy>(tx, &whole).await?.attempts);
            settings::forget_tenant(tx, &whole).await?;
            settings::forget_tenant(tx, &tenant).await?;
            seen.push(settings::effective::<Policy>(tx, &tenant).await?.attempts);
            Ok::<_, StoreError>(seen)
        }).await.unwrap();
        assert_eq!(seen, [0, 3, 5, 3, 3]);
    }

    async fn an_event_is_taken_once_and_only_if_its_change_was_kept(bench: Bench) {
        let environment = bench.environment();
        for keep in [true, false, true] {
            let (ids, environment) = (bench.ids.clone(), environment.clone());
            let _ = bench.db.write(async move |tx| {
                outbox::put(tx, &ids, &environment, "test-topic", &"body", Millis(1)).await?;
                if keep { Ok(()) } else { Err(StoreError::NoRow) }
            }).await;
        }
        let sink = Arc::new(Taken::default());
        let drained = || outbox::drain(&bench.db, Arc::<Taken>::clone(&sink));
        let (a, b) = tokio::join!(drained(), drained());
        assert_eq!(a.unwrap() + b.unwrap(), 2);
        assert_eq!(sink.0.load(Ordering::SeqCst), 2);
    }

    async fn sixteen_attempts_at_once_are_counted_as_sixteen(bench: Bench) {
        let environment = bench.environment();
        let mut attempts = Vec::new();
        for _ in 0..16 {
            let (db, environment) = (bench.db.clone(), environment.clone());
            attempts.push(async move { throttle::count(&db, &environment, "login", "ada", 60, Millis(1_000)).await.unwrap() });
        }
        let mut counts = futures(attempts).await;
        counts.sort_unstable();
        assert_eq!(counts, (1..=16).collect::<Vec<i64>>());
        assert_eq!(throttle::count(&bench.db, &environment, "login", "ada", 60, Millis(62_000)).await.unwrap(), 1);
    }

    async fn a_task_reports_each_failure_and_ends_once(bench: Bench) {
        let environment = bench.environment();
        let (ids, owner) = (bench.ids.clone(), environment.clone());
        // One kind per engine: the databases differ, but the name keeps logs readable.
        let id = bench.db.write(async move |tx| {
            tasks::submit(tx, &ids, &owner, "count", &serde_json::json!({}), 8, Millis(1)).await
        }).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(HandClock::at(Millis(10)));
        let job: Arc<dyn Job> = Arc::new(TaskJob { db: bench.db.clone(), clock, runner: Arc::new(Counter("count")) });
        jobs::settle(&[job]).await.unwrap();
        let found = bench.db.read(async move |tx| tasks::find(tx, &environment, &id).await).await.unwrap().unwrap();
        assert_eq!((found.state, found.done, found.failed), (tasks::State::CompletedWithErrors, 7, 1));
        assert_eq!(found.errors, [serde_json::json!({"item": 4})]);
    }

    async fn an_item_that_breaks_a_step_is_passed_over_and_the_others_are_done_once(bench: Bench) {
        let owner = bench.environment();
        let id = submitted(&bench, &owner, "fragile", 8).await;
        let clock: Arc<dyn Clock> = Arc::new(HandClock::at(Millis(10)));
        let runner = Arc::new(Fragile { kind: "fragile", passes_over: true });
        jobs::settle(&[Arc::new(TaskJob { db: bench.db.clone(), clock, runner })]).await.unwrap();
        let found = task(&bench, &owner, &id).await.unwrap();
        assert_eq!((found.state, found.done, found.failed), (tasks::State::CompletedWithErrors, 7, 1));
        assert_eq!(found.errors, [serde_json::json!({"item": 4})]);
        assert_eq!(found.order, serde_json::json!("done with"));
        let written = bench.db.all(sql!("SELECT name FROM settings WHERE environment_id = $1 AND tenant_id = $2 ORDER BY name"), args![owner.as_str(), &id]).await.unwrap();
        let names: Vec<String> = written.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(names, ["0", "1", "2", "3", "5", "6", "7", "there"]);
    }

    async fn a_task_that_cannot_go_on_rests_and_lets_others_go_first(bench: Bench) {
        let owner = bench.environment();
        let (stuck, free) = (submitted(&bench, &owner, "stubborn", 8).await, submitted(&bench, &owner, "stubborn", 3).await);
        let runner: Arc<Fragile> = Arc::new(Fragile { kind: "stubborn", passes_over: false });
        let mut failures = 0;
        loop {
            match tasks::advance(&bench.db, Arc::<Fragile>::clone(&runner), Millis(10)).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => failures += 1,
            }
        }
        assert_eq!(failures, 1, "it is not tried again and again");
        assert_eq!(task(&bench, &owner, &free).await.unwrap().state, tasks::State::Completed);
        let resting = task(&bench, &owner, &stuck).await.unwrap();
        assert_eq!((resting.state, resting.done), (tasks::State::InProgress, 4));
        assert!(tasks::advance(&bench.db, Arc::<Fragile>::clone(&runner), Millis(31_000)).await.is_err());
    }

    async fn finished_tasks_are_swept_after_a_week(bench: Bench) {
        let owner = bench.environment();
        // Earlier than those of the other tests, which share a database.
        let week = |more: i64| Millis(7 * 24 * 3600 * 1000 + more);
        let (over, open) = (submitted(&bench, &owner, "counted", 2).await, submitted(&bench, &owner, "never", 2).await);
        while tasks::advance(&bench.db, Arc::new(Counter("counted")), Millis(5)).await.unwrap() {}
        assert!(!tasks::sweep(&bench.db, week(5)).await.unwrap());
        assert!(task(&bench, &owner, &over).await.is_some());
        assert!(!tasks::sweep(&bench.db, week(6)).await.unwrap());
        assert!(task(&bench, &owner, &over).await.is_none());
        assert!(task(&bench, &owner, &open).await.is_some());
    }

    async fn ranked_entries_are_counted_and_found_by_offset_across_splits(bench: Bench) {
        const LIST: Ranking = Ranking::new("test");
        let environment = bench.environment();
        let key = |n: i64| sortable_number(n);
        let owner = environment.clone();
        bench.db.write(async move |tx| {
            let mut splits = 0;
            for n in 0..=SPLIT_ABOVE {
                if let Some(full) = LIST.add(tx, &owner, &key(n), "x").await? {
                    LIST.split(tx, &owner, &full, &key(HALF), "x").await?;
                    splits += 1;
                }
            }
            assert_eq!(splits, 1);
            LIST.remove(tx, &owner, &key(7), "x").await?;
            LIST.add(tx, &owner, &key(HALF + 5), "y").await
        }).await.unwrap();
        let owner = environment.clone();
        bench.db.read(async move |tx| {
            assert_eq!(LIST.total(tx, &owner).await?, SPLIT_ABOVE + 1);
            let seat = LIST.seat(tx, &owner, HALF + 20).await?.unwrap();
            assert_eq!((seat.key, seat.skip), (key(HALF), 21));
            let seat = LIST.seat(tx, &owner, HALF - 2).await?.unwrap();
            assert_eq!((seat.key.as_str(), seat.skip), ("", HALF - 2));
            assert_eq!(LIST.seat(tx, &owner, SPLIT_ABOVE + 1).await?, None);
            let rank = LIST.rank(tx, &owner, &key(HALF + 50), "").await?;
            assert_eq!((rank.key, rank.before), (key(HALF), HALF - 1));
            Ok::<_, StoreError>(())
        }).await.unwrap();
        bench.db.write(async move |tx| {
            LIST.remove(tx, &environment, &key(HALF + 5), "y").await?;
            for n in HALF..=SPLIT_ABOVE {
                LIST.remove(tx, &environment, &key(n), "x").await?;
            }
            LIST.add(tx, &environment, &key(9_000), "z").await?;
            // The empty bucket has joined the first one, which takes such keys now.
            let rank = LIST.rank(tx, &environment, &key(9_000), "").await?;
            assert_eq!((rank.key.as_str(), rank.before), ("", 0));
            assert_eq!(LIST.total(tx, &environment).await?, HALF);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}

/// Runs the futures at once on tasks of their own.
async fn futures<T: Send + 'static>(all: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let mut set = tokio::task::JoinSet::new();
    for one in all {
        set.spawn(one);
    }
    set.join_all().await
}
