//! The lines over 1,000,000 users, 100,000 of them in one tenant.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use journeys::{Direct, Launch, Running, at, repository};
use serde_json::json;

use crate::lines::times;
use crate::load::{Plan, now, run};
use crate::report::{Line, Target};

const USERS: usize = 1_000_000;
const IN_BIG: usize = 100_000;
const TENANTS: usize = 1_000;
/// Opens what the kept database has sealed.
const SEALING_KEY: &str = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtMDE";

pub(crate) fn all(duration: Duration) -> Vec<Line> {
    let kept = kept();
    if !kept.is_file() {
        fill(&kept);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(measure(&kept, duration))
}

fn kept() -> PathBuf {
    repository().join("target/bench/million.db")
}

fn launch(file: &Path) -> Launch {
    Launch::over(&format!("sqlite:{}", file.display())).with("TENANTRY_SEALING_KEY", SEALING_KEY)
}

/// Makes the database through the router itself, in process, so that every counter is as the server keeps it.
fn fill(kept: &Path) {
    let folder = kept.parent().expect("a folder");
    fs::create_dir_all(folder).expect("target/bench can be made");
    let growing = folder.join("growing.db");
    for suffix in ["", "-wal", "-shm"] {
        drop(fs::remove_file(folder.join(format!("growing.db{suffix}"))));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        // The first start creates the environment, as it does for everybody.
        let started = launch(&growing).start().await;
        assert_eq!(started.stop(), Some(0), "SIGTERM ends the server with 0");
        let direct = Direct::open(&format!("sqlite:{}", growing.display()), SEALING_KEY).await;
        let begun = now();
        let vendor = direct.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "big", "name": "Big"})).await.expect(201);
        for tenant in 0..TENANTS {
            vendor.post(at::TENANTS, json!({"tenantId": format!("t{tenant}"), "name": format!("Tenant {tenant}")})).await.expect(201);
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..64 {
            let vendor = vendor.clone();
            writers.spawn(async move {
                for number in (writer..USERS).step_by(64) {
                    // Scattered names, so that neighbours in one order are strangers in another.
                    let scattered = number.wrapping_mul(2_654_435_761) % USERS;
                    let tenant = if scattered < IN_BIG { "big".to_owned() } else { format!("t{}", number % TENANTS) };
                    let body = json!({"email": format!("user{scattered:07}@example.com"), "name": format!("Name{scattered:07}"), "tenantId": tenant});
                    let answer = vendor.post(at::VENDOR_USERS, body).await;
                    assert!([201, 409].contains(&answer.status), "{}", answer.text());
                    if number % 50_000 == 0 {
                        println!("filling: about {number} of {USERS} users");
                    }
                }
            });
        }
        writers.join_all().await;
        println!("filling: {USERS} users after {:.0?}; emptying the outbox", begun.elapsed());
        direct.end().await;
    });
    fs::rename(&growing, kept).expect("the database can be put in its place");
}

async fn measure(kept: &Path, duration: Duration) -> Vec<Line> {
    let engine = "SQLite, 1M users";
    let mut lines = Vec::new();
    let mut launch = launch(kept);
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
    for (scope, tenant, users) in [("environment", "", USERS), ("tenant of 100,000", "big", IN_BIG)] {
        let last = users / 50 - 1;
        for (page, index) in [("first", 0), ("middle", last / 2), ("last", last)] {
            for sort in ["createdAt", "email", "name"] {
                let path = format!(
                    "{}?_limit=50&_offset={index}&_sortBy={sort}&_order=ASC",
                    at::USERS_V3
                );
                let what = format!("users of the {scope} by {sort}, {page} page");
                lines.push(one(engine, &running, &token, tenant, &path, what, duration).await);
            }
        }
        for (page, index) in [("first", 0), ("middle", 5)] {
            let path = format!("{}?_limit=50&_offset={index}&_namePrefix=Name00", at::USERS_V3);
            let what = format!("users of the {scope} by the beginning of a name, {page} page");
            lines.push(one(engine, &running, &token, tenant, &path, what, duration).await);
        }
        let path = format!("{}?_limit=50&_email=user00", at::USERS_V3);
        let what = format!("users of the {scope} by the beginning of an address");
        lines.push(one(engine, &running, &token, tenant, &path, what, duration).await);
    }
    for line in &lines {
        println!("{}", line.row());
    }
    lines
}

async fn one(
    engine: &'static str,
    running: &Running,
    token: &str,
    tenant: &str,
    path: &str,
    what: String,
    duration: Duration,
) -> Line {
    let plan = Plan {
        address: running
            .url
            .trim_start_matches("http://")
            .parse()
            .expect("an address"),
        duration: duration / 3,
        rate: None,
    };
    let callers = times(2, |_| crate::callers::Same::get(path, token, tenant));
    let measured = run(plan, callers).await;
    Line::measured(
        engine,
        what,
        &measured,
        running.memory_kib().0,
        None,
        Target::P99Millis(20.0),
    )
}
