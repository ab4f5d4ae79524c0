//! The migrator.

use db::{Db, Engine, MigrateError, Migration, args, sql};

use crate::on_both;
use crate::world::World;

const fn migration(number: u32, name: &'static str, common: &'static str) -> Migration {
    Migration {
        number,
        name,
        common: Some(common),
        sqlite: None,
        pg: None,
    }
}

const FIRST: Migration = migration(
    1,
    "first",
    "CREATE TABLE a (id TEXT PRIMARY KEY); INSERT INTO a (id) VALUES ('1');",
);
const SECOND: Migration = migration(2, "second", "CREATE TABLE b (id TEXT PRIMARY KEY);");
const BROKEN: Migration = migration(
    3,
    "broken",
    "CREATE TABLE c (id TEXT); INSERT INTO nowhere VALUES (1);",
);
const FOURTH: Migration = Migration {
    number: 4,
    name: "fourth",
    common: None,
    sqlite: Some("CREATE TABLE d (x BLOB)"),
    pg: Some("CREATE TABLE d (x BYTEA)"),
};

on_both! {
    async fn each_is_applied_once(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        let applied = world.db.migrate(&[FIRST, SECOND]).await.unwrap();
        assert_eq!(applied.iter().map(|step| step.number).collect::<Vec<_>>(), [1, 2]);
        assert!(world.db.migrate(&[FIRST, SECOND]).await.unwrap().is_empty());
        let applied = world.db.migrate(&[FIRST, SECOND, FOURTH]).await.unwrap();
        assert_eq!(applied.iter().map(|step| step.name).collect::<Vec<_>>(), ["fourth"]);
        let row = world.db.one(sql!("SELECT COUNT(*) FROM a"), args![]).await.unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), 1);
        world.db.all(sql!("SELECT x FROM d"), args![]).await.unwrap();
    }

    async fn a_file_of_another_program_is_left_as_it_was(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        world.db.exec(sql!("CREATE TABLE theirs (id TEXT)"), args![]).await.unwrap();
        let outcome = world.db.migrate(&[FIRST]).await;
        match engine {
            Engine::Sqlite => {
                assert!(matches!(outcome, Err(MigrateError::Foreign)));
                world.db.all(sql!("SELECT id FROM a"), args![]).await.unwrap_err();
            }
            // A database may be shared.
            Engine::Postgres => assert_eq!(outcome.unwrap().len(), 1),
        }
    }

    async fn two_nodes_may_start_at_once(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        let other = Db::open(world.settings.clone()).await.unwrap();
        let (one, two) = tokio::join!(
            world.db.migrate(&[FIRST, SECOND, FOURTH]),
            other.migrate(&[FIRST, SECOND, FOURTH]),
        );
        assert_eq!(one.unwrap().len() + two.unwrap().len(), 3);
        other.close().await;
    }

    async fn a_changed_text_is_refused(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        world.db.migrate(&[FIRST]).await.unwrap();
        let edited = migration(1, "first", "CREATE TABLE a (id TEXT PRIMARY KEY, name TEXT);");
        let error = world.db.migrate(&[edited]).await.unwrap_err();
        assert!(matches!(error, MigrateError::Changed { number: 1, .. }));
        assert!(error.to_string().contains("migration 1 (first) was changed"), "{error}");
        // Line ends are not a change.
        let unix = migration(9, "unix", "CREATE TABLE u (id TEXT);\nCREATE TABLE v (id TEXT);\n");
        let dos = migration(9, "unix", "CREATE TABLE u (id TEXT);\r\nCREATE TABLE v (id TEXT);\r\n");
        world.db.migrate(&[FIRST, unix]).await.unwrap();
        assert!(world.db.migrate(&[FIRST, dos]).await.unwrap().is_empty());
    }

    async fn a_failure_leaves_nothing_and_is_resumed(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        let error = world.db.migrate(&[FIRST, SECOND, BROKEN, FOURTH]).await.unwrap_err();
        assert!(matches!(error, MigrateError::Failed { number: 3, .. }), "{error}");
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert!(world.db.all(sql!("SELECT * FROM b"), args![]).await.is_ok());
        assert!(world.db.all(sql!("SELECT * FROM c"), args![]).await.is_err());
        let mended = migration(3, "mended", "CREATE TABLE c (id TEXT);");
        assert_eq!(world.db.migrate(&[FIRST, SECOND, mended, FOURTH]).await.unwrap().len(), 2);
    }

    async fn a_newer_database_is_refused(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        world.db.migrate(&[FIRST, SECOND]).await.unwrap();
        let error = world.db.migrate(&[FIRST]).await.unwrap_err();
        assert!(matches!(error, MigrateError::Newer { number: 2, .. }));
        assert!(error.to_string().contains("newer than this program"), "{error}");
    }

    async fn a_list_that_makes_no_sense_is_refused(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        let twice = world.db.migrate(&[FIRST, FIRST]).await.unwrap_err();
        assert!(matches!(twice, MigrateError::Malformed { .. }));
        let textless = Migration { sqlite: None, pg: None, ..FOURTH };
        assert!(matches!(world.db.migrate(&[textless]).await, Err(MigrateError::Malformed { .. })));
        world.db.migrate(&[FIRST, FOURTH]).await.unwrap();
        let error = world.db.migrate(&[FIRST, SECOND, FOURTH]).await.unwrap_err();
        assert!(matches!(error, MigrateError::OutOfOrder { number: 2, last: 4, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_table_can_be_rebuilt_but_not_broken() {
    let world = World::start(Engine::Sqlite).await;
    world
        .db
        .exec(sql!("INSERT INTO parents (id) VALUES ('p')"), args![])
        .await
        .unwrap();
    world
        .db
        .exec(
            sql!("INSERT INTO children (id, parent_id) VALUES ('c', 'p')"),
            args![],
        )
        .await
        .unwrap();
    let rebuild = migration(
        2,
        "rebuild",
        "CREATE TABLE fresh (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
         INSERT INTO fresh (id) SELECT id FROM parents;
         DROP TABLE parents; ALTER TABLE fresh RENAME TO parents;",
    );
    world.db.migrate(&[crate::world::SCHEMA, rebuild]).await.unwrap();
    let orphan = migration(3, "orphan", "DELETE FROM parents;");
    let error = world
        .db
        .migrate(&[crate::world::SCHEMA, rebuild, orphan])
        .await
        .unwrap_err();
    assert!(matches!(error, MigrateError::Failed { number: 3, .. }), "{error}");
    assert!(
        world
            .db
            .opt(sql!("SELECT 1 FROM parents"), args![])
            .await
            .unwrap()
            .is_some()
    );
}
