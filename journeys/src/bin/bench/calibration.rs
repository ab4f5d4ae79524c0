//! What this machine can do at most, this minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crypto::{HashCost, calibrate};
use db::{Db, Migration, Settings, args, sql};

use crate::load::now;
use crate::report::Ceiling;

/// The cost of production.
pub(crate) fn cost() -> HashCost {
    HashCost::new(19_456, 2, 1).expect("the cost of production is within bounds")
}

pub(crate) fn hashes(duration: Duration) -> Ceiling {
    Ceiling {
        name: "argon2id hashes (19 MiB, t=2), 2 threads",
        per_second: calibrate::hashes_per_second(cost(), 2, duration),
    }
}

pub(crate) fn signatures(duration: Duration) -> Ceiling {
    Ceiling {
        name: "RS256 signatures, 2 threads",
        per_second: calibrate::rsa_signs_per_second(2, duration).expect("a key can be made"),
    }
}

/// Durable commits of one row each, with 64 callers that wait for theirs.
pub(crate) async fn commits(url: &str, duration: Duration) -> Ceiling {
    const TABLE: Migration = Migration {
        number: 1,
        name: "bench_commits",
        common: Some("CREATE TABLE bench_commits (id BIGINT PRIMARY KEY, body TEXT NOT NULL)"),
        sqlite: None,
        pg: None,
    };
    let db = Db::open(Settings::new(url.parse().expect("a database address")))
        .await
        .expect("the database opens");
    db.migrate(&[TABLE]).await.expect("the table is made");
    let (number, end) = (Arc::new(AtomicU64::new(0)), now() + duration);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (db, number) = (db.clone(), Arc::clone(&number));
        callers.spawn(async move {
            while now() < end {
                let id = i64::try_from(number.fetch_add(1, Ordering::Relaxed)).unwrap_or(i64::MAX);
                let written = db
                    .write(async move |tx| {
                        let body = "two hundred bytes would be a small user; this is a row of about that size with its key";
                        tx.exec(sql!("INSERT INTO bench_commits (id, body) VALUES ($1, $2)"), args![id, body]).await
                    })
                    .await;
                written.expect("a row is written");
            }
        });
    }
    callers.join_all().await;
    db.close().await;
    Ceiling {
        name: "durable commits of one row, 64 callers",
        per_second: number.load(Ordering::Relaxed) as f64 / duration.as_secs_f64(),
    }
}
