//! The blocks against both engines.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests speak by failing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use blocks::jobs::{self, Job, TaskJob};
use blocks::one_time::{
    self, Bound, CodeKey, Holder, OneTimeCode, OneTimeSweep, Proof, Shown, Ticket, Verdict,
};
use blocks::ranking::{HALF, Ranking, SPLIT_ABOVE, sortable_number};
use blocks::settings::{self, Setting};
use blocks::{outbox, tasks, throttle};
use db::{Db, Migration, Settings, StoreError, Tx, args, sql};
use kit::{Clock, EnvironmentId, HandClock, Ids, Millis, RandomIds, Scope, TenantId};
use serde::{Deserialize, Serialize};

const TABLES: [Migration; 2] = [
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
            total: None,
        })
    }
}

const CODE: OneTimeCode = OneTimeCode {
    purpose: "test-code",
    seconds: 600,
};
const OTHER_CODE: OneTimeCode = OneTimeCode {
    purpose: "other-code",
    seconds: 600,
};
const TICKET: Ticket = Ticket {
    purpose: "test-ticket",
    seconds: 600,
};
const OTHER_TICKET: Ticket = Ticket {
    purpose: "other-ticket",
    seconds: 600,
};

/// A code and its key, for guessing at.
struct Guess<'a> {
    bench: &'a Bench,
    environment: EnvironmentId,
    key: CodeKey,
}

impl<'a> Guess<'a> {
    fn on(bench: &'a Bench) -> Self {
        Self {
            bench,
            environment: bench.environment(),
            key: CodeKey::derived(b"secret of the environment"),
        }
    }

    /// Handle and code.
    async fn issue(&self, subject: &'static str, now: i64) -> (String, String) {
        let (ids, environment, key) = (self.bench.ids.clone(), self.environment.clone(), self.key.clone());
        let issued = self
            .bench
            .db
            .write(async move |tx| {
                let bound = Bound {
                    environment: &environment,
                    subject,
                    owner: "ada",
                };
                CODE.issue(tx, &ids, &key, &bound, &"what for", Millis(now)).await
            })
            .await
            .unwrap();
        (issued.handle, issued.code.reveal().to_owned())
    }

    async fn judge(&self, holder: Holder<'_>, code: &str, now: i64) -> Verdict {
        let db = &self.bench.db;
        CODE.judge(db, &self.key, &self.environment, holder, code, Millis(now))
            .await
            .unwrap()
    }

    async fn proof(&self, holder: Holder<'_>, code: &str, now: i64) -> Proof {
        match self.judge(holder, code, now).await {
            Verdict::Right(proof) => proof,
            other => panic!("{other:?}"),
        }
    }

    async fn spend(&self, proof: Proof, now: i64) -> bool {
        self.bench
            .db
            .write(async move |tx| proof.spend(tx, Millis(now)).await)
            .await
            .unwrap()
    }
}

/// A code that is not this one.
fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn ticket(bench: &Bench, environment: &EnvironmentId, now: i64) -> String {
    let (ids, environment) = (bench.ids.clone(), environment.clone());
    let token = bench
        .db
        .write(async move |tx| {
            let bound = Bound {
                environment: &environment,
                subject: "ada",
                owner: "ada",
            };
            TICKET.issue(tx, &ids, &bound, &"what for", Millis(now)).await
        })
        .await
        .unwrap();
    token.reveal().to_owned()
}

async fn take(bench: &Bench, ticket: Ticket, environment: &EnvironmentId, token: &str, now: i64) -> Shown {
    let (environment, token) = (environment.clone(), token.to_owned());
    bench
        .db
        .write(async move |tx| ticket.take(tx, &environment, &token, Millis(now)).await)
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

    async fn a_code_counts_once_for_what_it_was_issued_for(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        let elsewhere = bench.environment();
        for (purpose, environment) in [(OTHER_CODE, &guess.environment), (CODE, &elsewhere)] {
            let verdict = purpose.judge(&bench.db, &guess.key, environment, Holder::Handle(&handle), &code, Millis(1)).await;
            assert!(matches!(verdict.unwrap(), Verdict::Wrong));
        }
        let other_key = CodeKey::derived(b"another secret");
        let verdict = CODE.judge(&bench.db, &other_key, &guess.environment, Holder::Handle(&handle), &code, Millis(1)).await;
        assert!(matches!(verdict.unwrap(), Verdict::Wrong), "whoever reads the database lacks the key");
        let proof = guess.proof(Holder::Handle(&handle), &format!(" {code} "), 1).await;
        assert_eq!((proof.good.subject.as_str(), proof.good.owner.as_str()), ("a", "ada"));
        assert_eq!(proof.good.read::<String>().unwrap(), "what for");
        assert!(guess.spend(proof.clone(), 1).await && !guess.spend(proof, 1).await);
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 1).await, Verdict::Wrong));
    }

    async fn a_new_code_voids_the_old_one_and_time_ends_it(bench: Bench) {
        let guess = Guess::on(&bench);
        let (old, old_code) = guess.issue("a", 0).await;
        let proof = guess.proof(Holder::Handle(&old), &old_code, 1).await;
        let (new, code) = guess.issue("a", 2).await;
        assert!(matches!(guess.judge(Holder::Handle(&old), &old_code, 3).await, Verdict::Wrong));
        assert!(!guess.spend(proof, 3).await, "what was proved of the old one is worth nothing");
        assert!(matches!(guess.judge(Holder::Subject("a"), &code, 600_001).await, Verdict::Right(_)));
        assert!(matches!(guess.judge(Holder::Subject("a"), &code, 600_002).await, Verdict::Expired));
        let proof = guess.proof(Holder::Handle(&new), &code, 600_001).await;
        assert!(!guess.spend(proof, 600_002).await);
    }

    async fn five_wrong_guesses_burn_a_code(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        for _ in 0..5 {
            assert!(matches!(guess.judge(Holder::Handle(&handle), &wrong(&code), 1).await, Verdict::Wrong));
        }
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 1).await, Verdict::Wrong));
        let (handle, code) = guess.issue("a", 2).await;
        assert!(matches!(guess.judge(Holder::Handle(&handle), &code, 3).await, Verdict::Right(_)));
    }

    async fn of_sixteen_right_guesses_at_once_five_are_judged_and_one_wins(bench: Bench) {
        let guess = Guess::on(&bench);
        let (handle, code) = guess.issue("a", 0).await;
        let mut guesses = Vec::new();
        for _ in 0..16 {
            let (db, key, environment) = (bench.db.clone(), guess.key.clone(), guess.environment.clone());
            let (handle, code) = (handle.clone(), code.clone());
            guesses.push(async move {
                let verdict = CODE.judge(&db, &key, &environment, Holder::Handle(&handle), &code, Millis(1)).await.unwrap();
                let Verdict::Right(proof) = verdict else { return (0, 0) };
                let won = db.write(async move |tx| proof.spend(tx, Millis(1)).await).await.unwrap();
                (1, usize::from(won))
            });
        }
        let ends = futures(guesses).await;
        let (judged, won) = ends.iter().fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
        assert!((1..=5).contains(&judged), "{judged}");
        assert_eq!(won, 1);
    }

    async fn a_ticket_is_looked_at_freely_and_taken_once(bench: Bench) {
        let (environment, elsewhere) = (bench.environment(), bench.environment());
        let void = ticket(&bench, &environment, 0).await;
        let token = ticket(&bench, &environment, 0).await;
        assert!(token.len() >= 43 && token != void);
        assert!(matches!(take(&bench, TICKET, &environment, &void, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, OTHER_TICKET, &environment, &token, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, TICKET, &elsewhere, &token, 1).await, Shown::Unknown));
        assert!(matches!(take(&bench, TICKET, &environment, &token, 600_000).await, Shown::Expired));
        let (owner, shown) = (environment.clone(), token.clone());
        let seen = bench.db.read(async move |tx| TICKET.look(tx, &owner, &shown, Millis(1)).await).await.unwrap();
        assert_eq!(seen.good().unwrap().subject, "ada");
        let mut takers = Vec::new();
        for _ in 0..16 {
            let (db, environment, token) = (bench.db.clone(), environment.clone(), token.clone());
            takers.push(async move {
                db.write(async move |tx| TICKET.take(tx, &environment, &token, Millis(1)).await).await.unwrap().good().is_some()
            });
        }
        assert_eq!(futures(takers).await.into_iter().filter(|won| *won).count(), 1);
    }

    async fn what_a_user_leaves_behind_goes_and_what_expired_is_swept(bench: Bench) {
        // Long before the other tests, whose rows stand in the same tables.
        const DAY: i64 = 86_400_000;
        let begin = -10 * DAY;
        let guess = Guess::on(&bench);
        let (gone, gone_code) = guess.issue("a", begin).await;
        let gone_ticket = ticket(&bench, &guess.environment, begin).await;
        let environment = guess.environment.clone();
        bench.db.write(async move |tx| one_time::void_all_of(tx, &environment, "ada").await).await.unwrap();
        assert!(matches!(guess.judge(Holder::Handle(&gone), &gone_code, begin).await, Verdict::Wrong));
        assert!(matches!(take(&bench, TICKET, &guess.environment, &gone_ticket, begin).await, Shown::Unknown));

        let (stale, stale_code) = guess.issue("stale", begin).await;
        let (fresh, fresh_code) = guess.issue("fresh", begin + 700_000).await;
        throttle::count(&bench.db, &guess.environment, "x", "y", 60, Millis(begin)).await.unwrap();
        let sweep = async |at: i64| {
            let clock: Arc<dyn Clock> = Arc::new(HandClock::at(Millis(at)));
            let job: Arc<dyn Job> = Arc::new(OneTimeSweep { db: bench.db.clone(), clock });
            jobs::settle(&[job]).await.unwrap();
        };
        let hits = async || {
            let environment = guess.environment.clone();
            bench.db.read(async move |tx| throttle::hits(tx, &environment, "x", "y", 60, Millis(begin + 1)).await).await.unwrap()
        };
        sweep(begin + DAY).await;
        assert!(matches!(guess.judge(Holder::Handle(&stale), &stale_code, begin + DAY).await, Verdict::Expired));
        sweep(begin + 600_000 + DAY).await;
        assert!(matches!(guess.judge(Holder::Handle(&stale), &stale_code, begin + DAY).await, Verdict::Wrong));
        assert!(matches!(guess.judge(Holder::Handle(&fresh), &fresh_code, begin + 700_001).await, Verdict::Right(_)));
        assert_eq!(hits().await, 1);
        sweep(begin + 2 * DAY).await;
        assert_eq!(hits().await, 0);
    }

    async fn codes_are_sent_with_pauses_and_not_without_end(bench: Bench) {
        let environment = bench.environment();
        let limits = throttle::RateLimit::new(true);
        let send = async |seconds: i64, who: &str| {
            let sent = throttle::send(&bench.db, &limits, &environment, who, Millis(1_000_000 + seconds * 1000)).await;
            sent.map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(send(0, "a").await, Ok(()));
        assert_eq!(send(29, "a").await, Err(429));
        assert_eq!(send(29, "b").await, Ok(()));
        for seconds in [30, 60, 90, 120] {
            assert_eq!(send(seconds, "a").await, Ok(()), "{seconds}");
        }
        assert_eq!(send(150, "a").await, Err(429));
        assert_eq!(send(900, "a").await, Ok(()));
        let off = throttle::RateLimit::new(false);
        for _ in 0..9 {
            throttle::send(&bench.db, &off, &environment, "c", Millis(0)).await.unwrap();
        }
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
