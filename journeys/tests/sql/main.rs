//! Every statement of the source tree is understood by both engines.

use journeys::{Engine, World, statements};

async fn every_statement_compiles(engine: Engine) {
    let world = World::on(engine).await;
    let all = statements();
    assert!(
        all.len() > 100,
        "only {} statements were found: has the form of the literals changed?",
        all.len()
    );
    let mut refused = Vec::new();
    for statement in all {
        if let Err(error) = world.db().prepare_check(&statement.text).await {
            refused.push(format!(
                "{}:{}: {error:?}\n    {}",
                statement.file.display(),
                statement.line,
                statement.text
            ));
        }
    }
    assert!(
        refused.is_empty(),
        "{} statements are refused:\n{}",
        refused.len(),
        refused.join("\n")
    );
    world.end().await;
}

#[tokio::test]
async fn on_sqlite() {
    every_statement_compiles(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres() {
    every_statement_compiles(Engine::Postgres).await;
}
