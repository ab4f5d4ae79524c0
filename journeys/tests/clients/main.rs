//! The published client libraries, unmodified, against the real server: `clients/node` and `clients/python`.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a failed unwrap is how it speaks"
)]

use std::path::PathBuf;
use std::process::Command;

use journeys::{Engine, Launch, repository};

/// Runs a suite with the variables by which both libraries are pointed at another address, and fails with what it printed.
async fn suite(engine: Engine, program: PathBuf, script: &str) {
    let script = repository().join(script);
    assert!(
        program.exists() || program.components().count() == 1,
        "{} is missing: run `cargo xtask setup`",
        program.display()
    );
    let mut launch = Launch::new(engine).await;
    let running = launch.start().await;
    let mut command = Command::new(&program);
    command.arg(&script).current_dir(script.parent().unwrap());
    command.env("FRONTEGG_API_GATEWAY_URL", &running.url);
    command
        .env("FRONTEGG_CLIENT_ID", Launch::CLIENT_ID)
        .env("FRONTEGG_API_KEY", Launch::SECRET);
    command
        .env("JOURNEY_RUN", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let output = output.unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n--- the server said\n{}",
        said,
        running.log()
    );
    assert!(said.contains("all checks passed"), "{said}");
    drop(running);
    launch.end().await;
}

async fn node(engine: Engine) {
    let packages = repository().join("journeys/clients/node/node_modules/@frontegg/client");
    assert!(
        packages.is_dir(),
        "{} is missing: run `cargo xtask setup`",
        packages.display()
    );
    suite(engine, PathBuf::from("node"), "journeys/clients/node/suite.mjs").await;
}

async fn python(engine: Engine) {
    let program = repository().join("target/clients/python-venv/bin/python");
    suite(engine, program, "journeys/clients/python/suite.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_sdk_on_sqlite() {
    node(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_sdk_on_postgres() {
    node(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_sdk_on_sqlite() {
    python(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_sdk_on_postgres() {
    python(Engine::Postgres).await;
}
