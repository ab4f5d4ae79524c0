//! Kills of the real server: twenty per engine under writes (`cargo xtask crash` does two hundred), and in the middle of tasks.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate only tests: a failed unwrap is how a test speaks"
)]

mod tasks;

use journeys::{Engine, crash};

async fn twenty(engine: Engine) {
    let found = crash::rounds(engine, 20).await;
    assert_eq!(found.rounds, 20);
    assert!(found.acknowledged >= 20 * 10, "the load was there: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_kill_on_sqlite() {
    twenty(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_kill_on_postgres() {
    twenty(Engine::Postgres).await;
}
