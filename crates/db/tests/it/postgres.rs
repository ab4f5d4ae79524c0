//! PostgreSQL: what only it can do wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use db::{Db, Engine, OpenError, StoreError, args, sql};
use futures_util::FutureExt;

use crate::world::World;

const COLLIDE: db::Sql = sql!("DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END $$");

#[tokio::test]
async fn a_dropped_body_does_not_poison_the_pool() {
    let world = World::with(Engine::Postgres, |settings| {
        settings.pg_pool = 2;
        settings.wait = Duration::from_secs(2);
    })
    .await;
    world.db.migrate(&[crate::world::SCHEMA]).await.unwrap();
    for n in 0..10 {
        let write = world.db.write(async move |tx| {
            tx.exec(
                sql!("INSERT INTO counters (id, n) VALUES ($1, 1)"),
                args![n.to_string()],
            )
            .await?;
            tx.all(sql!("SELECT pg_sleep(30)"), args![]).await
        });
        assert!(
            tokio::time::timeout(Duration::from_millis(40), write)
                .await
                .is_err()
        );
    }
    let count = world
        .db
        .write(async |tx| {
            tx.one(sql!("SELECT COUNT(*) FROM counters"), args![])
                .await?
                .get::<i64>(0)
        })
        .await;
    assert_eq!(count.unwrap(), 0);
}

#[tokio::test]
async fn a_collision_runs_the_body_again() {
    let world = World::start(Engine::Postgres).await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = world.db.write(async move |tx| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        tx.exec(
            sql!("INSERT INTO counters (id, n) VALUES ('a', $1)"),
            args![i64::from(run)],
        )
        .await?;
        if run < 2 {
            tx.exec(COLLIDE, args![]).await?;
        }
        Ok::<_, StoreError>(run)
    });
    assert_eq!(result.await.unwrap(), 2);
    let row = world
        .db
        .one(sql!("SELECT n FROM counters"), args![])
        .await
        .unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 2);
}

#[tokio::test]
async fn a_collision_is_known_by_what_it_spoilt_as_well() {
    let world = World::with(Engine::Postgres, |settings| settings.pg_pool = 1).await;
    world.db.migrate(&[crate::world::SCHEMA]).await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = world.db.write(async move |tx| {
        let run = counted.fetch_add(1, Ordering::Relaxed);
        let insert = async || {
            tx.exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 0)"), args![])
                .await
        };
        if run == 0 {
            // From here on the connection has both statements prepared.
            insert().await?;
            tx.exec(COLLIDE, args![]).await?;
        }
        if run == 1 {
            let mut collision = tx.exec(COLLIDE, args![]).boxed_local();
            assert!(collision.as_mut().now_or_never().is_none(), "it is only sent");
            insert().await?;
            collision.await?;
        }
        insert().await?;
        Ok::<_, StoreError>(run)
    });
    assert_eq!(result.await.unwrap(), 2);
}

#[tokio::test]
async fn collisions_without_end_are_given_up() {
    let world = World::start(Engine::Postgres).await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let result = world.db.write(async move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        tx.exec(COLLIDE, args![]).await
    });
    assert!(matches!(result.await, Err(StoreError::RetriesExhausted)));
    assert_eq!(runs.load(Ordering::Relaxed), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_survived() {
    let world = World::start(Engine::Postgres).await;
    world
        .db
        .exec(
            sql!("INSERT INTO counters (id, n) VALUES ('a', 0), ('b', 0)"),
            args![],
        )
        .await
        .unwrap();
    let cross = |first: &'static str, second: &'static str| {
        world.db.write(async move |tx| {
            let add = sql!("UPDATE counters SET n = n + 1 WHERE id = $1");
            tx.exec(add, args![first]).await?;
            tx.all(sql!("SELECT pg_sleep(0.2)"), args![]).await?;
            tx.exec(add, args![second]).await
        })
    };
    let (one, two) = tokio::join!(cross("a", "b"), cross("b", "a"));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    let row = world
        .db
        .one(sql!("SELECT CAST(SUM(n) AS BIGINT) FROM counters"), args![])
        .await
        .unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 4);
}

#[tokio::test]
async fn a_pool_that_stays_empty_says_so() {
    let world = World::with(Engine::Postgres, |settings| {
        settings.pg_pool = 1;
        settings.wait = Duration::from_millis(100);
    })
    .await;
    let db = world.db.clone();
    let slow = tokio::spawn(async move {
        db.read(async |tx| tx.all(sql!("SELECT pg_sleep(1)"), args![]).await)
            .await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let write = world
        .db
        .write(async |tx| tx.all(sql!("SELECT 1"), args![]).await)
        .await;
    assert!(matches!(write, Err(StoreError::Overloaded)), "{write:?}");
    let one = world.db.one(sql!("SELECT 1"), args![]).await;
    assert!(matches!(one, Err(StoreError::Overloaded)), "{one:?}");
    slow.await.unwrap().unwrap();
    world.db.ready().await.unwrap();
}

#[tokio::test]
async fn too_many_waiting_are_refused_at_once() {
    let world = World::with(Engine::Postgres, |settings| settings.queue = 2).await;
    let slow = || {
        world
            .db
            .read(async |tx| tx.all(sql!("SELECT pg_sleep(0.5)"), args![]).await)
    };
    let (one, two, three) = tokio::join!(slow(), slow(), slow());
    assert!(one.is_ok() && two.is_ok());
    assert!(matches!(three, Err(StoreError::Overloaded)));
    assert!(slow().await.is_ok());
}

#[tokio::test]
async fn a_server_that_could_lose_commits_is_refused() {
    let world = World::with(Engine::Postgres, |_| {}).await;
    let off = sql!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$"
    );
    world.db.exec(off, args![]).await.unwrap();
    let refused = Db::open(world.settings.clone()).await;
    assert!(matches!(refused, Err(OpenError::NotDurable)), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_away_is_named_as_such() {
    let settings = db::Settings::new("postgres://ann:hunter2@127.0.0.1:1/none".parse().unwrap());
    let error = Db::open(settings).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Store(StoreError::Unavailable(_))),
        "{error:?}"
    );
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn connections_that_broke_are_replaced() {
    let world = World::start(Engine::Postgres).await;
    let kill = sql!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()"
    );
    let (one, two) = tokio::join!(world.db.ready(), world.db.ready());
    one.and(two).unwrap();
    world.db.all(kill, args![]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..10 {
        world.db.ready().await.unwrap();
    }
}

#[tokio::test]
async fn a_changed_table_does_not_disturb_prepared_statements() {
    let world = World::start(Engine::Postgres).await;
    let select = sql!("SELECT * FROM counters");
    // One connection of the pool is enough, as long as nothing runs at the same time.
    world.db.all(select, args![]).await.unwrap();
    world
        .db
        .read(async move |tx| tx.all(select, args![]).await)
        .await
        .unwrap();
    world
        .db
        .exec(sql!("ALTER TABLE counters ADD COLUMN extra TEXT"), args![])
        .await
        .unwrap();
    world
        .db
        .read(async move |tx| tx.all(select, args![]).await)
        .await
        .unwrap();
    world
        .db
        .exec(sql!("ALTER TABLE counters ADD COLUMN more TEXT"), args![])
        .await
        .unwrap();
    world.db.all(select, args![]).await.unwrap();
}
