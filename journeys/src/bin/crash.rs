//! `crash [ROUNDS]`: kills the server under write load, 200 times unless told otherwise, on SQLite and, when
//! TENANTRY_TEST_DATABASE_URL is set, on PostgreSQL. Fails when an acknowledged write is lost or a start takes longer
//! than a second.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;
use std::time::Duration;

use journeys::{Engine, crash};

#[tokio::main]
async fn main() -> ExitCode {
    let rounds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(200);
    let mut engines = vec![Engine::Sqlite];
    if journeys::has_postgres() {
        engines.push(Engine::Postgres);
    } else {
        println!("PostgreSQL is left out: TENANTRY_TEST_DATABASE_URL is not set");
    }
    let mut late = false;
    for engine in engines {
        let found = crash::rounds(engine, rounds).await;
        let slowest = found.ready.first().copied().unwrap_or_default();
        let middle = found
            .ready
            .get(found.ready.len() / 2)
            .copied()
            .unwrap_or_default();
        println!(
            "{engine:?}: {} kills, {} acknowledged writes, none lost; ready again after {middle:.0?} (median), {slowest:.0?} (slowest)",
            found.rounds, found.acknowledged
        );
        late |= slowest > Duration::from_secs(1);
    }
    if late {
        println!("a start took longer than a second");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
