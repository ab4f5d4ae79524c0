//! Single statements, values and errors.

use db::{Query, StoreError, Value, args, sql};

use crate::on_both;
use crate::world::World;

on_both! {
    async fn placeholders_go_by_number(engine: Engine) {
        let world = World::start(engine).await;
        let text = sql!("SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), '$1', CAST($2 AS TEXT)");
        let row = world.db.one(text, args!["first", "second"]).await.unwrap();
        let got: Vec<String> = (0..row.width()).map(|index| row.get(index).unwrap()).collect();
        assert_eq!(got, ["second", "first", "$1", "second"]);
        let row = world.db.read(async move |tx| tx.one(text, args!["a", "b"]).await).await.unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), "b");
    }

    async fn every_type_comes_back_as_it_went(engine: Engine) {
        let world = World::with(engine, |_| {}).await;
        let blob = if engine == db::Engine::Sqlite { sql!("CREATE TABLE t (s TEXT, n BIGINT, b BOOLEAN, x BLOB)") }
            else { sql!("CREATE TABLE t (s TEXT, n BIGINT, b BOOLEAN, x BYTEA)") };
        world.db.exec(blob, args![]).await.unwrap();
        let insert = sql!("INSERT INTO t (s, n, b, x) VALUES ($1, $2, $3, $4)");
        let bytes = vec![0_u8, 255];
        assert_eq!(world.db.exec(insert, args!["é", i64::MIN, true, &bytes]).await.unwrap(), 1);
        let nothing = args![None::<String>, None::<i64>, None::<bool>, None::<Vec<u8>>];
        assert_eq!(world.db.exec(insert, nothing).await.unwrap(), 1);
        let rows = world.db.all(sql!("SELECT s, n, b, x FROM t ORDER BY n NULLS LAST"), args![]).await.unwrap();
        let [full, empty] = rows.as_slice() else { panic!("two rows") };
        assert_eq!(full.get::<String>(0).unwrap(), "é");
        assert_eq!(full.get::<i64>(1).unwrap(), i64::MIN);
        assert!(full.get::<bool>(2).unwrap());
        assert_eq!(full.get::<Vec<u8>>(3).unwrap(), bytes);
        assert_eq!(full.bytes(3).unwrap(), bytes);
        assert!(full.bytes(0).is_err() && full.bytes(9).is_err());
        assert_eq!(full.get::<Option<String>>(0).unwrap().as_deref(), Some("é"));
        assert_eq!(empty.get::<Option<String>>(0).unwrap(), None);
        assert_eq!(empty.get::<Option<i64>>(1).unwrap(), None);
        assert_eq!(empty.get::<Option<bool>>(2).unwrap(), None);
        assert_eq!(empty.get::<Option<Vec<u8>>>(3).unwrap(), None);
        assert!(matches!(empty.get::<String>(0), Err(StoreError::Column { index: 0, .. })));
        assert!(matches!(full.get::<i64>(0), Err(StoreError::Column { index: 0, .. })));
        assert!(matches!(full.get::<i64>(9), Err(StoreError::Column { index: 9, .. })));
    }

    async fn values_of_a_built_query_are_bound(engine: Engine) {
        let world = World::start(engine).await;
        for (id, n) in [("a", 1_i64), ("b", 2), ("c", 3)] {
            let mut insert = Query::new("INSERT INTO counters (id, n) VALUES (");
            insert.bind(id).push(", ").bind(n).push(")");
            let count = world.db.write(async move |tx| tx.exec_built(&insert).await).await.unwrap();
            assert_eq!(count, 1);
        }
        let mut query = Query::new("SELECT id FROM counters WHERE id IN ");
        query.bind_list(["a", "c", "x'); DROP TABLE counters; --"]).push(" AND n > ").bind(1);
        let row = world.db.opt_built(&query).await.unwrap().unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), "c");
        let rows = world.db.read(async move |tx| tx.all_built(&query).await).await.unwrap();
        assert_eq!(rows.len(), 1);
        let mut none = Query::new("SELECT id FROM counters WHERE id IN ");
        none.bind_list(Vec::<Value>::new());
        assert!(world.db.all_built(&none).await.unwrap().is_empty());
        let missing = world.db.read(async move |tx| tx.one_built(&none).await).await;
        assert!(matches!(missing, Err(StoreError::NoRow)));
    }

    async fn row_counts_are_those_of_the_statement(engine: Engine) {
        let world = World::start(engine).await;
        let db = &world.db;
        assert_eq!(db.exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 1), ('b', 1)"), args![]).await.unwrap(), 2);
        let again = sql!("INSERT INTO counters (id, n) VALUES ('a', 1) ON CONFLICT (id) DO NOTHING");
        assert_eq!(db.exec(again, args![]).await.unwrap(), 0);
        assert_eq!(db.exec(sql!("UPDATE counters SET n = 2 WHERE id = $1"), args!["z"]).await.unwrap(), 0);
        assert_eq!(db.exec(sql!("UPDATE counters SET n = n + 1"), args![]).await.unwrap(), 2);
        assert_eq!(db.exec(sql!("CREATE TABLE later (id TEXT)"), args![]).await.unwrap(), 0);
        assert_eq!(db.exec(sql!("DELETE FROM counters WHERE n = 2 RETURNING id"), args![]).await.unwrap(), 2);
    }

    async fn returning_works_outside_of_a_transaction(engine: Engine) {
        let world = World::start(engine).await;
        let text = sql!("INSERT INTO counters (id, n) VALUES ($1, 1), ($2, 2) RETURNING n");
        let rows = world.db.all(text, args!["a", "b"]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<i64>(0).unwrap()).collect::<Vec<_>>(), [1, 2]);
        let first = world.db.one(text, args!["c", "d"]).await.unwrap();
        assert_eq!(first.get::<i64>(0).unwrap(), 1);
        let all = world.db.one(sql!("SELECT COUNT(*) FROM counters"), args![]).await.unwrap();
        assert_eq!(all.get::<i64>(0).unwrap(), 4);
    }

    async fn constraints_are_told_apart(engine: Engine) {
        let world = World::start(engine).await;
        let insert = sql!("INSERT INTO counters (id, n) VALUES ($1, 1)");
        world.db.exec(insert, args!["a"]).await.unwrap();
        let twice = world.db.exec(insert, args!["a"]).await;
        assert!(matches!(&twice, Err(StoreError::Unique { constraint: Some(_) })), "{twice:?}");
        let orphan = world.db.exec(sql!("INSERT INTO children (id, parent_id) VALUES ('c', 'nobody')"), args![]).await;
        assert!(matches!(orphan, Err(StoreError::ForeignKey)), "{orphan:?}");
        let missing = world.db.one(sql!("SELECT 1 FROM counters WHERE id = 'nobody'"), args![]).await;
        assert!(matches!(missing, Err(StoreError::NoRow)));
        let wrong = world.db.all(sql!("SELECT id FROM counters WHERE id = $1"), args!["a", "b"]).await;
        assert!(matches!(wrong, Err(StoreError::Arguments { wanted: 1, given: 2 })), "{wrong:?}");
        let refused = world.db.exec(sql!("INSERT INTO counters (id, n) VALUES ($1, NULL)"), args!["secret"]).await;
        let Err(StoreError::Other(cause)) = &refused else { panic!("{refused:?}") };
        assert!(!format!("{refused:?} {cause}").contains("secret"));
    }

    async fn errors_never_quote_values(engine: Engine) {
        let world = World::start(engine).await;
        let insert = sql!("INSERT INTO counters (id, n) VALUES ($1, 1)");
        world.db.exec(insert, args!["hunter2"]).await.unwrap();
        let unique = world.db.exec(insert, args!["hunter2"]).await.unwrap_err();
        let cast = world.db.one(sql!("SELECT ABS(CAST(CAST($1 AS TEXT) AS BIGINT))"), args!["hunter2"]).await;
        for text in [format!("{unique:?} {unique}"), format!("{cast:?}")] {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    async fn nul_is_refused_alike(engine: Engine) {
        let world = World::start(engine).await;
        let insert = sql!("INSERT INTO parents (id, name) VALUES ($1, $2)");
        assert!(matches!(world.db.exec(insert, args!["a", "x\0y"]).await, Err(StoreError::Nul)));
        let owned = String::from("\0");
        let inside = world.db.write(async move |tx| {
            assert!(matches!(tx.exec(insert, args!["a", Some(&owned)]).await, Err(StoreError::Nul)));
            // Refused before the engine saw it, so the transaction is as good as before.
            tx.exec(insert, args!["b", "fine"]).await
        });
        assert_eq!(inside.await.unwrap(), 1);
        let mut query = Query::new("SELECT id FROM parents WHERE name = ");
        query.bind("\0");
        assert!(matches!(world.db.all_built(&query).await, Err(StoreError::Nul)));
    }

    async fn the_database_is_ready_until_it_is_closed(engine: Engine) {
        let world = World::start(engine).await;
        world.db.ready().await.unwrap();
        assert_eq!(world.db.engine(), engine);
        world.db.close().await;
        assert!(matches!(world.db.ready().await, Err(StoreError::Closed)));
        let late = world.db.write(async |tx| tx.exec(sql!("DELETE FROM counters"), args![]).await).await;
        assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
        let read = world.db.read(async |tx| tx.one(sql!("SELECT 1"), args![]).await).await;
        assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
        world.db.close().await;
    }
}
