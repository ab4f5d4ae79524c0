//! Kills the real server while it is being written to, starts it again, and looks for every write it had acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{Engine, Launch, Running};

/// How many callers write at once.
const WRITERS: usize = 8;

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub rounds: usize,
    /// Writes that were answered 201 and found again.
    pub acknowledged: usize,
    /// Starts after a kill, slowest first.
    pub ready: Vec<Duration>,
}

/// Runs `rounds` rounds over one database.
///
/// # Panics
/// When an acknowledged write is missing or is there by half.
pub async fn rounds(engine: Engine, rounds: usize) -> Findings {
    let mut launch = Launch::new(engine).await;
    let mut findings = Findings::default();
    let mut all = BTreeMap::new();
    let mut running = launch.start().await;
    let token = running.vendor_token().await;
    let tenant = json!({"tenantId": "acme", "name": "Acme"});
    running
        .call("POST", "/tenants/resources/tenants/v1", &token, &tenant)
        .await;
    for round in 0..rounds {
        // Another number of writes every time, so that the kill meets the server in another state.
        let written = write_until_killed(running, &token, round, 10 + round * 37 % 90).await;
        running = launch.start().await;
        findings.ready.push(running.ready_after);
        for (id, email) in &written {
            expect_whole(&running, &token, id, email).await;
        }
        findings.rounds += 1;
        findings.acknowledged += written.len();
        all.extend(written);
    }
    let mut listed = 0;
    for page in 0.. {
        let path =
            format!("/identity/resources/users/v3?_limit=200&_offset={page}&_sortBy=createdAt&_order=ASC");
        let found = running.call("GET", &path, &token, &Value::Null).await;
        let items = found["items"].as_array().expect("a list of users").clone();
        if items.is_empty() {
            break;
        }
        for item in items {
            listed += 1;
            all.remove(item["id"].as_str().unwrap_or_default());
        }
    }
    assert!(
        all.is_empty(),
        "{} acknowledged users are in no list of {listed}: {all:?}",
        all.len()
    );
    assert!(
        running.stop().is_some_and(|code| code == 0),
        "SIGTERM ends the server with 0"
    );
    launch.end().await;
    findings.ready.sort_unstable_by(|a, b| b.cmp(a));
    findings
}

/// Writes with several callers until `enough` writes are acknowledged, then kills the server under them. Answers what
/// was acknowledged, by id.
async fn write_until_killed(
    running: Running,
    token: &str,
    round: usize,
    enough: usize,
) -> BTreeMap<String, String> {
    let (done, reached) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (done, reached) = (Arc::clone(&done), Arc::clone(&reached));
        let (url, token) = (running.url.clone(), token.to_owned());
        writers.spawn(async move {
            let http = reqwest::Client::new();
            let mut written = Vec::new();
            for number in 0.. {
                let email = format!("r{round}w{writer}n{number}@example.com");
                let body = json!({"email": email, "name": "Ann", "tenantId": "acme"});
                let call = http
                    .post(format!("{url}/identity/resources/vendor-only/users/v1"))
                    .bearer_auth(&token)
                    .json(&body);
                // Only a whole answer counts as an acknowledgement.
                let Ok(answer) = call.send().await else { break };
                let status = answer.status().as_u16();
                let Ok(body) = answer.json::<Value>().await else {
                    break;
                };
                assert_eq!(status, 201, "{body}");
                written.push((body["id"].as_str().expect("an id").to_owned(), email));
                if done.fetch_add(1, Ordering::SeqCst) + 1 == enough {
                    reached.notify_one();
                }
            }
            written
        });
    }
    reached.notified().await;
    running.kill();
    writers.join_all().await.into_iter().flatten().collect()
}

/// The user is there with its address and its membership: one transaction, all or nothing.
async fn expect_whole(running: &Running, token: &str, id: &str, email: &str) {
    let path = format!("/identity/resources/vendor-only/users/v1/{id}");
    let found = running.call("GET", &path, token, &Value::Null).await;
    assert_eq!(
        found["email"], email,
        "an acknowledged user has lost something: {found}"
    );
    assert_eq!(
        found["tenantIds"],
        json!(["acme"]),
        "an acknowledged user has lost its membership: {found}"
    );
}
