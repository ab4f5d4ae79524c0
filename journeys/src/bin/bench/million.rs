//! The lines over 100,000 tenants and 1,000,000 users, or as many as are asked for: a tenth of them in one tenant, the others
//! in 10,000 more, a tenth of which stand below one that has 10,000 sub-tenants.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use journeys::{Direct, Engine, Launch, Running, at, repository};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::callers::Creator;
use crate::lines::times;
use crate::load::{Caller, Plan, now, run};
use crate::report::{Line, Target};

/// Tenants with users, besides the big one.
const TENANTS: usize = 10_000;
const ALL_TENANTS: usize = 100_000;
/// Every so many tenants stand below one.
const BRANCH: usize = 10;
/// Opens what the kept database has sealed.
const SEALING_KEY: &str = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtMDE";

/// Users in all, and those in the big tenant.
#[derive(Clone, Copy)]
struct Size {
    users: usize,
    in_big: usize,
}

impl Size {
    const fn of(users: usize) -> Self {
        Self {
            users,
            in_big: users / 10,
        }
    }
}

/// Over SQLite: the database is made once and kept.
pub(crate) fn on_sqlite(users: usize, duration: Duration, like: &str) -> Vec<Line> {
    let size = Size::of(users);
    let kept = kept(users);
    if !kept.is_file() {
        fill_file(&kept, size);
    }
    one_thread().block_on(async {
        let name = "SQLite, many users";
        // Lists have the server write as well; a copy takes it all, and is thrown away.
        let spent = kept.with_file_name("spent.db");
        for suffix in ["", "-wal", "-shm"] {
            drop(fs::remove_file(kept.with_file_name(format!("spent.db{suffix}"))));
        }
        fs::copy(&kept, &spent).expect("the database can be copied");
        let mut lines = measure(name, &mut launch(&spent), (size, duration), like).await;
        lines.extend(changes(name, &mut launch(&spent), duration, like).await);
        fs::remove_file(&spent).expect("the copy can be removed");
        lines
    })
}

/// Over PostgreSQL: the server keeps the database it was made in, and measured is a copy.
pub(crate) fn on_postgres(users: usize, duration: Duration, like: &str) -> Vec<Line> {
    let size = Size::of(users);
    let runtime = one_thread();
    let kept = format!("tenantry_bench_{users}");
    let copied = || runtime.block_on(Launch::over_copy(&kept));
    let launch = copied().unwrap_or_else(|| {
        let mut empty = runtime
            .block_on(Launch::new(Engine::Postgres))
            .with("TENANTRY_SEALING_KEY", SEALING_KEY);
        two_threads().block_on(fill(&mut empty, size));
        runtime.block_on(empty.keep(&kept));
        copied().expect("the database that was just kept is there")
    });
    let mut launch = launch.with("TENANTRY_SEALING_KEY", SEALING_KEY);
    runtime.block_on(async {
        let name = "PostgreSQL, many users";
        let mut lines = measure(name, &mut launch, (size, duration), like).await;
        lines.extend(changes(name, &mut launch, duration, like).await);
        launch.end().await;
        lines
    })
}

fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
}

fn two_threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

fn kept(users: usize) -> PathBuf {
    repository().join(format!("target/bench/users-{users}.db"))
}

fn launch(file: &Path) -> Launch {
    Launch::over(&format!("sqlite:{}", file.display())).with("TENANTRY_SEALING_KEY", SEALING_KEY)
}

fn fill_file(kept: &Path, size: Size) {
    let folder = kept.parent().expect("a folder");
    fs::create_dir_all(folder).expect("target/bench can be made");
    let growing = folder.join("growing.db");
    for suffix in ["", "-wal", "-shm"] {
        drop(fs::remove_file(folder.join(format!("growing.db{suffix}"))));
    }
    two_threads().block_on(fill(&mut launch(&growing), size));
    fs::rename(&growing, kept).expect("the database can be put in its place");
}

/// Fills a database through the router itself, in process, so that every counter is as the server keeps it.
async fn fill(launch: &mut Launch, Size { users, in_big }: Size) {
    // The first start creates the environment, as it does for everybody.
    let started = launch.start().await;
    assert_eq!(started.stop(), Some(0), "SIGTERM ends the server with 0");
    let direct = Direct::open(launch.database_url(), SEALING_KEY).await;
    let begun = now();
    let vendor = direct.vendor().await;
    for (id, name) in [("big", "Big"), ("top", "Top")] {
        vendor
            .post(at::TENANTS, json!({"tenantId": id, "name": name}))
            .await
            .expect(201);
    }
    let mut makers = tokio::task::JoinSet::new();
    for maker in 0..64 {
        let vendor = vendor.clone();
        makers.spawn(async move {
            for tenant in (maker..ALL_TENANTS).step_by(64) {
                let mut body = json!({"tenantId": format!("t{tenant}"), "name": tenant_name(tenant)});
                // Below one that is there: makers do not wait for each other.
                if tenant % BRANCH == 1 {
                    body["parentTenantId"] = json!("top");
                }
                vendor.post(at::TENANTS, body).await.expect(201);
            }
        });
    }
    makers.join_all().await;
    println!("filling: {ALL_TENANTS} tenants after {:.0?}", begun.elapsed());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..64 {
        let vendor = vendor.clone();
        writers.spawn(async move {
            for number in (writer..users).step_by(64) {
                // Scattered, so that neighbours in one order are strangers in another.
                let scattered = number.wrapping_mul(2_654_435_761) % users;
                let tenant = if scattered < in_big {
                    "big".to_owned()
                } else {
                    format!("t{}", number % TENANTS)
                };
                let (name, email) = person(scattered);
                let body = json!({"email": email, "name": name, "tenantId": tenant, "skipInviteEmail": true});
                let answer = vendor.post(at::VENDOR_USERS, body).await;
                assert!([201, 409].contains(&answer.status), "{}", answer.text());
                if number % 50_000 == 0 {
                    println!("filling: about {number} of {users} users");
                }
            }
        });
    }
    writers.join_all().await;
    println!(
        "filling: {users} users after {:.0?}; emptying the outbox and the search queue",
        begun.elapsed()
    );
    direct.end().await;
}

async fn measure(
    engine: &'static str,
    launch: &mut Launch,
    (size, duration): (Size, Duration),
    like: &str,
) -> Vec<Line> {
    let users = Line::single(engine, "users", size.users as f64, "", None);
    let mut lines = vec![users];
    let mut starts = Vec::new();
    for _ in 0..5 {
        let running = launch.start().await;
        starts.push(running.ready_after.as_secs_f64() * 1000.0);
        assert_eq!(running.stop(), Some(0), "SIGTERM ends the server with 0");
    }
    starts.sort_by(f64::total_cmp);
    let running = launch.start().await;
    lines.push(Line::single(
        engine,
        "start (median of 5)",
        starts[2],
        "ms",
        Some(300.0),
    ));
    lines.push(Line::single(
        engine,
        "idle memory before the first login",
        running.memory_kib().1 as f64 / 1024.0,
        "MB",
        Some(40.0),
    ));
    let token = running.vendor_token().await;
    let mut pages = Pages {
        engine,
        running: &running,
        token: &token,
        like,
        duration,
        lines,
    };
    for (scope, tenant, users) in [
        ("environment", "", size.users),
        ("largest tenant", "big", size.in_big),
        (
            "tenant with 10,000 below it",
            "top",
            (size.users - size.in_big) / BRANCH,
        ),
    ] {
        if tenant == "top" {
            pages.first_of_family(scope, tenant).await;
        }
        pages.lists(scope, tenant, users).await;
        if tenant != "top" {
            // This list is of a tenant's own members, of whom it has none.
            pages.by_a_text(scope, tenant).await;
        }
        pages.searches(scope, tenant).await;
    }
    pages.tenants().await;
    pages.singles().await;
    let lines = std::mem::take(&mut pages.lines);
    assert_eq!(running.stop(), Some(0), "SIGTERM ends the server with 0");
    lines
}

const SYLLABLES: [&str; 40] = [
    "an", "be", "ca", "do", "el", "fa", "go", "ha", "in", "jo", "ka", "lu", "ma", "ni", "or", "pa", "qui",
    "ro", "sa", "ti", "ul", "vi", "wa", "xe", "yo", "zu", "bra", "cle", "dri", "fro", "gla", "hei", "kra",
    "lau", "mo", "nel", "pru", "ste", "tra", "wen",
];

/// A word of two or three syllables.
fn word(mut number: usize) -> String {
    let mut word = String::new();
    for _ in 0..2 + number % 2 {
        word.push_str(SYLLABLES[number % SYLLABLES.len()]);
        number = number / SYLLABLES.len() + 7 * number;
    }
    word
}

/// Name and address of a user.
fn person(number: usize) -> (String, String) {
    let (first, last) = (
        word(number.wrapping_mul(31) % 1_999),
        word(number.wrapping_mul(17) % 60_013),
    );
    let email = format!("{first}.{last}{number:07}@c{}.example.com", number % 5_000);
    (format!("{first} {last}"), email)
}

fn tenant_name(number: usize) -> String {
    format!("{} {} {number}", word(number % 3_001), word(number % 611))
}

/// Measures lists and searches.
struct Pages<'a> {
    engine: &'static str,
    running: &'a Running,
    token: &'a str,
    /// What the names of the measured lines have in them.
    like: &'a str,
    duration: Duration,
    lines: Vec<Line>,
}

impl Pages<'_> {
    async fn get(&mut self, tenant: &str, path: &str, what: String, most: f64) {
        if !what.contains(self.like) {
            return;
        }
        let line = one(
            self.engine,
            self.running,
            times(2, |_| crate::callers::Same::get(path, self.token, tenant)),
            what,
            (self.duration / 3, None),
            Target::P99Millis(most),
        )
        .await;
        println!("{}", line.row());
        self.lines.push(line);
    }

    /// The list that makes the server put a family into its index, and how long that takes while others go on asking.
    async fn first_of_family(&mut self, scope: &str, tenant: &str) {
        let path = format!("{}?_limit=50&_sortBy=name", at::USERS_V3);
        let begun = now();
        let mut first = None;
        let ready = loop {
            let callers = times(1, |_| crate::callers::Same::get(&path, self.token, tenant));
            let measured = run(plan(self.running, Duration::from_secs(2), Some(2)), callers).await;
            let millis = measured.millis(0.5); // not a number when there was no answer in time
            if millis.is_finite() {
                first.get_or_insert(millis);
            }
            if millis < 20.0 || begun.elapsed() > Duration::from_secs(300) {
                break begun.elapsed().as_secs_f64();
            }
        };
        for (what, value, unit) in [
            ("before the index has them", first.unwrap_or_default(), "ms"),
            ("until the index has them", ready, "s"),
        ] {
            let what = format!("users of the {scope}, {what}");
            let line = Line::single(self.engine, what, value, unit, None);
            println!("{}", line.row());
            self.lines.push(line);
        }
    }

    /// Every sort on three pages, then the filters.
    async fn lists(&mut self, scope: &str, tenant: &str, users: usize) {
        let last = users / 50 - 1;
        for (page, index) in [("first", 0), ("middle", last / 2), ("last", last)] {
            for sort in [
                "createdAt",
                "email",
                "name",
                "id",
                "verified",
                "isLocked",
                "provider",
                "tenantId",
            ] {
                let path = format!(
                    "{}?_limit=50&_offset={index}&_sortBy={sort}&_order=ASC",
                    at::USERS_V3
                );
                self.get(
                    tenant,
                    &path,
                    format!("users of the {scope} by {sort}, {page} page"),
                    20.0,
                )
                .await;
            }
        }
        for (what, query) in [
            (
                "by the beginning of a name, first page",
                "_namePrefix=be&_offset=0",
            ),
            (
                "by the beginning of a name, middle page",
                "_namePrefix=be&_offset=20",
            ),
            ("by the beginning of an address", "_email=ma"),
            (
                "by the beginning of a name, by age, first page",
                "_namePrefix=be&_sortBy=createdAt",
            ),
            (
                "by the beginning of a name, by address, first page",
                "_namePrefix=be&_sortBy=email",
            ),
            (
                "by the beginning of a name, by age, page 20",
                "_namePrefix=be&_sortBy=createdAt&_offset=20",
            ),
            ("by two beginnings", "_namePrefix=be&_email=be"),
            (
                "by a rare beginning, by address",
                "_namePrefix=bebramon&_sortBy=email",
            ),
        ] {
            let path = format!("{}?_limit=50&{query}", at::USERS_V3);
            self.get(tenant, &path, format!("users of the {scope} {what}"), 20.0)
                .await;
        }
    }

    async fn by_a_text(&mut self, scope: &str, tenant: &str) {
        let path = format!("{}?_limit=50&_filter=laumo", at::USERS_V2);
        self.get(
            tenant,
            &path,
            format!("users of the {scope} by a text, users/v2"),
            20.0,
        )
        .await;
    }

    async fn searches(&mut self, scope: &str, tenant: &str) {
        for (what, query) in [
            ("one letter", "_phraseSearchContains=w"),
            ("two letters", "_phraseSearchContains=be"),
            ("a frequent syllable", "_phraseSearchContains=bra"),
            ("a frequent word", "_phraseSearchContains=.example.com"),
            ("a rare word", "_phraseSearchContains=laumobra"),
            ("one user", "_phraseSearchContains=0012345"),
            ("two words", "_phraseSearchContains=bra,wen"),
            ("one of two words", "_phraseSearchOptional=laumo,prunel"),
            (
                "a word without another",
                "_phraseSearchContains=laumo&_phraseSearchExcludes=bra,example.org",
            ),
            (
                "a frequent word by name",
                "_phraseSearchContains=bra&_sortBy=name",
            ),
            (
                "a misspelt word",
                "_phraseSearchContains=lamuobra&_phraseSearchApproximate=true",
            ),
            (
                "a short misspelt word",
                "_phraseSearchContains=jona&_phraseSearchApproximate=true",
            ),
        ] {
            let path = format!("{}?_limit=50&{query}", at::PHRASE);
            self.get(
                tenant,
                &path,
                format!("phrase search in the {scope}: {what}"),
                50.0,
            )
            .await;
        }
    }

    async fn tenants(&mut self) {
        let last = ALL_TENANTS / 50 - 1;
        for (page, index) in [("first", 0), ("middle", last / 2), ("last", last)] {
            for sort in ["createdAt", "name", "tenantId"] {
                let path = format!("{}?_limit=50&_offset={index}&_sortBy={sort}", at::TENANTS_V2);
                self.get("", &path, format!("tenants by {sort}, {page} page"), 20.0)
                    .await;
            }
        }
        for (what, filter) in [
            ("word of the name", "bra"),
            ("rare name", "anan 1"),
            ("id", "t9999"),
        ] {
            let path = format!(
                "{}?_limit=50&_filter={}",
                at::TENANTS_V2,
                filter.replace(' ', "%20")
            );
            self.get("", &path, format!("tenants by the beginning of a {what}"), 20.0)
                .await;
        }
    }

    /// Operations on one user or one tenant, to be compared with the lines over a small database.
    async fn singles(&mut self) {
        let (_, email) = person(0);
        for (what, path) in [
            ("a user by address", format!("{}?email={email}", at::BY_EMAIL)),
            ("a tenant by id", format!("{}/t77", at::TENANTS)),
            (
                "users of a small tenant",
                format!("{}?_limit=50&_tenantId=t77", at::USERS_V3),
            ),
            (
                "phrase search in a small tenant",
                format!("{}?_tenantId=t77&_phraseSearchContains=bra", at::PHRASE),
            ),
        ] {
            self.get("", &path, what.to_owned(), 20.0).await;
        }
    }
}

/// Lines that write.
async fn changes(engine: &'static str, launch: &mut Launch, duration: Duration, like: &str) -> Vec<Line> {
    let running = launch.start().await;
    let token = running.vendor_token().await;
    let number = Arc::new(AtomicU64::new(0));
    let mut lines = Vec::new();
    for (which, tenant) in [("a small tenant", "t77"), ("the largest tenant", "big")] {
        let creators = times(64, |_| Creator::new(&token, tenant, &number));
        let what = format!("durable user creation in {which}, no password");
        if !what.contains(like) {
            continue;
        }
        lines.push(
            one(
                engine,
                &running,
                creators,
                what,
                (duration, None),
                Target::PerSecond(2_000.0),
            )
            .await,
        );
    }
    let what = "user creation at 200/s while the largest tenant is deleted".to_owned();
    if !what.contains(like) {
        assert_eq!(running.stop(), Some(0), "SIGTERM ends the server with 0");
        return lines;
    }
    running
        .call(
            "DELETE",
            &format!("{}/big", at::TENANTS),
            &token,
            &serde_json::Value::Null,
        )
        .await;
    let creators = times(8, |_| Creator::new(&token, "t78", &number));
    let target = Target::P99Millis(50.0);
    lines.push(
        one(
            engine,
            &running,
            creators,
            what,
            (duration * 2, Some(200)),
            target,
        )
        .await,
    );
    for line in &lines {
        println!("{}", line.row());
    }
    assert_eq!(running.stop(), Some(0), "SIGTERM ends the server with 0");
    lines
}

async fn one(
    engine: &'static str,
    running: &Running,
    callers: Vec<Box<dyn Caller>>,
    what: String,
    (duration, rate): (Duration, Option<u32>),
    target: Target,
) -> Line {
    let measured = run(plan(running, duration, rate), callers).await;
    Line::measured(engine, what, &measured, running.memory_kib().0, None, target)
}

fn plan(running: &Running, duration: Duration, rate: Option<u32>) -> Plan {
    Plan {
        address: running
            .url
            .trim_start_matches("http://")
            .parse()
            .expect("an address"),
        duration,
        rate,
    }
}
