//! SQLite's writer: what only it can do wrong.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use db::{Db, Engine, StoreError, args, sql};

use crate::world::{SCHEMA, World};

/// Holds the writer up until the returned sender is dropped.
async fn block(db: &Db) -> (Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let (hold, held): (_, Receiver<()>) = channel();
    let (started, wait) = tokio::sync::oneshot::channel();
    let started = std::sync::Mutex::new(Some(started));
    let held = std::sync::Mutex::new(held);
    let db = db.clone();
    let task = tokio::spawn(async move {
        db.write(async move |_| {
            if let Some(started) = started.lock().unwrap().take() {
                started.send(()).unwrap();
            }
            // Blocks the thread, which is what a slow disk does.
            assert!(held.lock().unwrap().recv().is_err());
            Ok::<_, StoreError>(())
        })
        .await
    });
    wait.await.unwrap();
    (hold, task)
}

async fn count(db: &Db) -> i64 {
    db.one(sql!("SELECT COUNT(*) FROM counters"), args![])
        .await
        .unwrap()
        .get(0)
        .unwrap()
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let world = World::with(Engine::Sqlite, |settings| settings.queue = 3).await;
    world.db.migrate(&[SCHEMA]).await.unwrap();
    let (hold, blocked) = block(&world.db).await;
    let queued: Vec<_> = (0..3)
        .map(|_| {
            let db = world.db.clone();
            tokio::spawn(async move { db.write(async |_| Ok::<_, StoreError>(())).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = world.db.write(async |_| Ok::<_, StoreError>(())).await;
    assert!(matches!(refused, Err(StoreError::Overloaded)));
    assert!(refused.unwrap_err().is_temporary());
    let statement = world.db.exec(sql!("DELETE FROM counters"), args![]).await;
    assert!(matches!(statement, Err(StoreError::Overloaded)));
    // Reads do not care.
    assert_eq!(count(&world.db).await, 0);
    drop(hold);
    blocked.await.unwrap().unwrap();
    for task in queued {
        task.await.unwrap().unwrap();
    }
    world.db.write(async |_| Ok::<_, StoreError>(())).await.unwrap();
}

#[tokio::test]
async fn readers_that_are_all_busy_say_so() {
    let world = World::with(Engine::Sqlite, |settings| {
        settings.readers = 1;
        settings.wait = Duration::from_millis(30);
    })
    .await;
    let inner = world.db.clone();
    let nested = world.db.read(async move |_| {
        // Only a program with a mistake reads inside of a read.
        let mut second = std::pin::pin!(inner.read(async |_| Ok::<_, StoreError>(())));
        std::future::poll_fn(|cx| second.as_mut().poll(cx)).await
    });
    assert!(matches!(nested.await, Err(StoreError::Overloaded)));
    world.db.read(async |_| Ok::<_, StoreError>(())).await.unwrap();
}

#[tokio::test]
async fn a_job_nobody_waits_for_is_skipped() {
    let world = World::start(Engine::Sqlite).await;
    let (hold, blocked) = block(&world.db).await;
    let write = world.db.write(async |tx| {
        tx.exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 1)"), args![])
            .await
    });
    assert!(
        tokio::time::timeout(Duration::from_millis(20), write)
            .await
            .is_err()
    );
    drop(hold);
    blocked.await.unwrap().unwrap();
    world.db.ready().await.unwrap();
    assert_eq!(count(&world.db).await, 0);
}

#[tokio::test]
async fn jobs_that_wait_share_one_commit() {
    let batches = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = std::sync::Arc::clone(&batches);
    let world = World::with(Engine::Sqlite, |settings| {
        settings.journal = Some(std::sync::Arc::new(move |step| {
            if let db::Step::Synced { batch } = step {
                heard.lock().unwrap().push(batch);
            }
        }));
        settings.batch = 20;
    })
    .await;
    let (hold, blocked) = block(&world.db).await;
    let tasks: Vec<_> = (0..59)
        .map(|_| {
            let db = world.db.clone();
            tokio::spawn(async move { db.write(async |_| Ok::<_, StoreError>(())).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(hold);
    blocked.await.unwrap().unwrap();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(batches.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_everybody_in_it() {
    let world = World::start(Engine::Sqlite).await;
    let deferred = sql!(
        "CREATE TABLE late (id TEXT PRIMARY KEY,
            parent_id TEXT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)"
    );
    world.db.exec(deferred, args![]).await.unwrap();
    let (hold, blocked) = block(&world.db).await;
    let good = world.db.write(async |tx| {
        tx.exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 1)"), args![])
            .await
    });
    let bad = world.db.write(async |tx| {
        tx.exec(
            sql!("INSERT INTO late (id, parent_id) VALUES ('l', 'nobody')"),
            args![],
        )
        .await
    });
    let (good, bad) = (tokio::spawn(good), tokio::spawn(bad));
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(hold);
    assert!(matches!(blocked.await.unwrap(), Err(StoreError::ForeignKey)));
    assert!(matches!(good.await.unwrap(), Err(StoreError::ForeignKey)));
    assert!(matches!(bad.await.unwrap(), Err(StoreError::ForeignKey)));
    assert_eq!(count(&world.db).await, 0);
    world.db.write(async |_| Ok::<_, StoreError>(())).await.unwrap();
}

#[tokio::test]
async fn a_body_that_ends_the_transaction_is_refused() {
    let world = World::start(Engine::Sqlite).await;
    let rogue = world
        .db
        .write(async |tx| tx.exec(sql!("ROLLBACK"), args![]).await)
        .await;
    assert!(matches!(rogue, Err(StoreError::Other(_))), "{rogue:?}");
    world
        .db
        .exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 1)"), args![])
        .await
        .unwrap();
    assert_eq!(count(&world.db).await, 1);
}

#[tokio::test]
async fn a_job_that_fails_after_it_wrote_costs_its_neighbours_nothing_but_time() {
    let world = World::start(Engine::Sqlite).await;
    let mut heard = world.db.subscribe();
    let (hold, blocked) = block(&world.db).await;
    let add = |id: &'static str, fails: bool| {
        let db = world.db.clone();
        tokio::spawn(async move {
            db.write(async move |tx| {
                tx.exec(
                    sql!("INSERT INTO counters (id, n) SELECT $1, COUNT(*) FROM counters"),
                    args![id],
                )
                .await?;
                tx.notify("added", id).await?;
                if fails {
                    tx.begin_part().await?;
                    return Err(StoreError::NoRow);
                }
                Ok::<_, StoreError>(())
            })
            .await
        })
    };
    let mut tasks = Vec::new();
    for (id, fails) in [
        ("first", false),
        ("bad", true),
        ("second", false),
        ("worse", true),
    ] {
        tasks.push((add(id, fails), fails));
        // It queues its job before the next one does.
        tokio::task::yield_now().await;
    }
    drop(hold);
    blocked.await.unwrap().unwrap();
    for (task, fails) in tasks {
        let outcome = task.await.unwrap();
        assert_eq!(matches!(outcome, Err(StoreError::NoRow)), fails, "{outcome:?}");
        assert_eq!(outcome.is_ok(), !fails);
    }
    let rows = world
        .db
        .all(sql!("SELECT id, n FROM counters ORDER BY n"), args![])
        .await
        .unwrap();
    let rows: Vec<(String, i64)> = rows
        .iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .collect();
    assert_eq!(rows, [("first".to_owned(), 0), ("second".to_owned(), 1)]);
    for id in ["first", "second"] {
        let notice = db::Notice::Topic {
            topic: "added".to_owned(),
            payload: id.to_owned(),
        };
        assert_eq!(heard.try_recv().unwrap(), notice);
    }
    assert!(heard.try_recv().is_err());
}
