//! Twenty kills per engine; `cargo xtask crash` does two hundred.

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
