//! What a transaction keeps, and what it does not.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use db::{Db, Step, StoreError, Tx, args, sql};

use crate::on_both;
use crate::world::World;

async fn insert(tx: &Tx, id: &str) -> Result<(), StoreError> {
    tx.exec(sql!("INSERT INTO counters (id, n) VALUES ($1, 0)"), args![id])
        .await
        .map(drop)
}

async fn ids(db: &Db) -> Vec<String> {
    let rows = db
        .all(sql!("SELECT id FROM counters ORDER BY id"), args![])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

on_both! {
    async fn an_error_keeps_nothing(engine: Engine) {
        let world = World::start(engine).await;
        let refused: Result<(), _> = world.db.write(async |tx| {
            insert(tx, "a").await?;
            insert(tx, "b").await?;
            Err(StoreError::NoRow)
        }).await;
        assert!(matches!(refused, Err(StoreError::NoRow)));
        world.db.write(async |tx| insert(tx, "c").await).await.unwrap();
        assert_eq!(ids(&world.db).await, ["c"]);
    }

    async fn a_part_can_be_undone_alone(engine: Engine) {
        let world = World::start(engine).await;
        world.db.write(async |tx| {
            insert(tx, "a").await?;
            tx.begin_part().await?;
            insert(tx, "b").await?;
            tx.undo_part().await?;
            tx.begin_part().await?;
            insert(tx, "c").await?;
            tx.keep_part().await?;
            Ok::<_, StoreError>(())
        }).await.unwrap();
        assert_eq!(ids(&world.db).await, ["a", "c"]);
        let refused: Result<(), _> = world.db.write(async |tx| {
            tx.begin_part().await?;
            insert(tx, "d").await?;
            tx.keep_part().await?;
            Err(StoreError::NoRow)
        }).await;
        assert!(refused.is_err());
        let spoiled: Result<(), _> = world.db.write(async |tx| {
            tx.begin_part().await?;
            assert!(insert(tx, "a").await.is_err());
            tx.undo_part().await?;
            Ok::<_, StoreError>(())
        }).await;
        assert!(spoiled.is_err(), "a failed statement is not undone by its part");
        assert_eq!(ids(&world.db).await, ["a", "c"]);
    }

    async fn a_panic_costs_one_transaction(engine: Engine) {
        let world = World::start(engine).await;
        let panics = world.db.write(async |tx| {
            insert(tx, "a").await?;
            if tx.all(sql!("SELECT 1"), args![]).await?.len() == 1 {
                panic!("on purpose");
            }
            Ok::<_, StoreError>(())
        });
        assert!(matches!(panics.await, Err(StoreError::Panicked)));
        let reads: Result<(), StoreError> = world.db.read(async |_| panic!("on purpose")).await;
        assert!(matches!(reads, Err(StoreError::Panicked)));
        world.db.write(async |tx| insert(tx, "b").await).await.unwrap();
        assert_eq!(ids(&world.db).await, ["b"]);
    }

    async fn awaiting_something_else_is_a_mistake(engine: Engine) {
        let world = World::start(engine).await;
        let yields = world.db.write(async |tx| {
            insert(tx, "a").await?;
            tokio::task::yield_now().await;
            Ok::<_, StoreError>(())
        });
        assert!(matches!(yields.await, Err(StoreError::Suspended)));
        let sleeps = world.db.write(async |tx| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            insert(tx, "b").await
        });
        // SQLite's writer is no thread of the runtime, where a timer cannot even be made.
        assert!(matches!(sleeps.await, Err(StoreError::Suspended | StoreError::Panicked)));
        let reads = world.db.read(async |_| {
            std::future::pending::<()>().await;
            Ok::<_, StoreError>(())
        });
        assert!(matches!(reads.await, Err(StoreError::Suspended)));
        assert!(ids(&world.db).await.is_empty());
    }

    async fn a_failed_statement_spoils_the_transaction(engine: Engine) {
        let world = World::start(engine).await;
        world.db.write(async |tx| insert(tx, "a").await).await.unwrap();
        let swallowed = world.db.write(async |tx| {
            insert(tx, "b").await?;
            assert!(matches!(insert(tx, "a").await, Err(StoreError::Unique { .. })));
            assert!(matches!(insert(tx, "c").await, Err(StoreError::Spoiled)));
            Ok::<_, StoreError>(())
        }).await;
        assert!(matches!(swallowed, Err(StoreError::Spoiled)), "{swallowed:?}");
        assert_eq!(ids(&world.db).await, ["a"]);
    }

    async fn a_write_sees_itself_and_others_see_it_afterwards(engine: Engine) {
        let world = World::start(engine).await;
        let seen = world.db.write(async |tx| {
            insert(tx, "a").await?;
            tx.one(sql!("SELECT n FROM counters WHERE id = 'a'"), args![]).await?.get::<i64>(0)
        }).await;
        assert_eq!(seen.unwrap(), 0);
        assert_eq!(ids(&world.db).await, ["a"]);
    }

    async fn whoever_lined_up_sees_what_those_before_wrote(engine: Engine) {
        let world = World::start(engine).await;
        world.db.write(async |tx| insert(tx, "a").await).await.unwrap();
        let raise = || world.db.write(async |tx| {
            tx.line_up("the counter").await?;
            let row = tx.one(sql!("SELECT n FROM counters WHERE id = 'a'"), args![]).await?;
            let n: i64 = row.get(0)?;
            tx.exec(sql!("UPDATE counters SET n = $1 WHERE id = 'a'"), args![n + 1]).await
        });
        for raised in futures_util::future::join_all((0..20).map(|_| raise())).await {
            raised.unwrap();
        }
        let row = world.db.one(sql!("SELECT n FROM counters WHERE id = 'a'"), args![]).await.unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), 20);
    }

    async fn a_read_cannot_write(engine: Engine) {
        let world = World::start(engine).await;
        let refused = world.db.read(async |tx| insert(tx, "a").await).await;
        assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
        let told = world.db.read(async |tx| tx.notify("t", "p").await).await;
        assert!(matches!(told, Err(StoreError::ReadOnly)), "{told:?}");
        assert!(ids(&world.db).await.is_empty());
        // The connection is good for the next reader.
        for _ in 0..20 {
            world.db.read(async |tx| tx.all(sql!("SELECT id FROM counters"), args![]).await).await.unwrap();
        }
    }

    async fn a_read_is_one_snapshot(engine: Engine) {
        let world = World::start(engine).await;
        world.db.write(async |tx| insert(tx, "x").await).await.unwrap();
        let writer = world.db.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicU64::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&written));
        // Two rows are always inserted together, so a consistent reader never counts an even number.
        let writing = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let n = counted.fetch_add(1, Ordering::Relaxed);
                let (a, b) = (format!("{n}a"), format!("{n}b"));
                writer.write(async move |tx| { insert(tx, &a).await?; insert(tx, &b).await }).await.unwrap();
            }
        });
        let mut reads = 0;
        while reads < 200 || written.load(Ordering::Relaxed) < 50 {
            reads += 1;
            let (first, second) = world.db.read(async |tx| {
                let count = sql!("SELECT COUNT(*) FROM counters");
                let first: i64 = tx.one(count, args![]).await?.get(0)?;
                let sorted = tx.all(sql!("SELECT id FROM counters ORDER BY id"), args![]).await?;
                let second: i64 = tx.one(count, args![]).await?.get(0)?;
                assert_eq!(i64::try_from(sorted.len()).unwrap(), first);
                Ok::<_, StoreError>((first, second))
            }).await.unwrap();
            assert_eq!(first, second);
            assert_eq!(first % 2, 1);
            tokio::task::yield_now().await;
        }
        stop.store(true, Ordering::Relaxed);
        writing.await.unwrap();
    }

    async fn concurrent_increments_are_all_kept(engine: Engine) {
        let world = World::start(engine).await;
        world.db.write(async |tx| insert(tx, "n").await).await.unwrap();
        let tasks: Vec<_> = (0..64).map(|_| {
            let db = world.db.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    db.write(async |tx| {
                        tx.exec(sql!("UPDATE counters SET n = n + 1 WHERE id = 'n'"), args![]).await
                    }).await.unwrap();
                }
            })
        }).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let row = world.db.one(sql!("SELECT n FROM counters"), args![]).await.unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), 64 * 50);
    }

    async fn one_bad_job_among_many_is_alone(engine: Engine) {
        let world = World::start(engine).await;
        let tasks: Vec<_> = (0..200).map(|n| {
            let db = world.db.clone();
            tokio::spawn(async move {
                db.write(async move |tx| {
                    insert(tx, &format!("{n:03}")).await?;
                    match n {
                        77 => Err(StoreError::NoRow),
                        78 => panic!("on purpose"),
                        79 => insert(tx, "079").await,
                        _ => Ok(()),
                    }
                }).await
            })
        }).collect();
        let mut failed = Vec::new();
        for (n, task) in tasks.into_iter().enumerate() {
            if task.await.unwrap().is_err() {
                failed.push(n);
            }
        }
        assert_eq!(failed, [77, 78, 79]);
        assert_eq!(ids(&world.db).await.len(), 197);
    }

    async fn nobody_is_answered_before_the_commit(engine: Engine) {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&steps);
        let world = World::with(engine, |settings| {
            settings.journal = Some(Arc::new(move |step| heard.lock().unwrap().push(step)));
        }).await;
        world.db.migrate(&[crate::world::SCHEMA]).await.unwrap();
        let tasks: Vec<_> = (0..100).map(|n| {
            let db = world.db.clone();
            tokio::spawn(async move {
                db.write(async move |tx| {
                    insert(tx, &n.to_string()).await?;
                    if n % 10 == 0 { Err(StoreError::NoRow) } else { Ok(()) }
                }).await
            })
        }).collect();
        for task in tasks {
            drop(task.await.unwrap());
        }
        let steps = steps.lock().unwrap().clone();
        let position = |wanted: Step| steps.iter().position(|step| *step == wanted).unwrap();
        let mut answered = 0;
        for step in &steps {
            if let Step::Answered { batch, job } = *step {
                answered += 1;
                let wrote = position(Step::Wrote { batch, job });
                let synced = position(Step::Synced { batch });
                assert!(wrote < synced && synced < position(*step), "{steps:?}");
            }
        }
        assert_eq!(answered, 90);
    }

    async fn callers_may_go_away(engine: Engine) {
        let world = World::start(engine).await;
        for n in 0..100 {
            let (a, b) = (format!("{n}a"), format!("{n}b"));
            let write = world.db.write(async move |tx| { insert(tx, &a).await?; insert(tx, &b).await });
            // Some give up before it started, some in the middle, some after it.
            drop(tokio::time::timeout(Duration::from_micros(n * 30), write).await);
        }
        // Behind them in the queue, so that all of them are over.
        world.db.write(async |tx| insert(tx, "last").await).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let kept = ids(&world.db).await;
        for n in 0..100 {
            let halves = kept.iter().filter(|id| **id == format!("{n}a") || **id == format!("{n}b")).count();
            assert_ne!(halves, 1, "write {n} was kept by half");
        }
        let unpolled = world.db.write(async |tx| insert(tx, "unpolled").await);
        drop(unpolled);
        assert!(!ids(&world.db).await.contains(&"unpolled".to_owned()));
    }
    async fn a_read_without_end_is_stopped_and_its_connection_goes_on(engine: Engine) {
        let world = World::with(engine, |settings| {
            settings.longest = Duration::from_millis(50);
            settings.readers = 1;
            settings.pg_pool = 1;
        }).await;
        let endless = async |tx: &Tx| {
            let counted = sql!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT 1 - i FROM n) SELECT COUNT(*) FROM n WHERE i > 1");
            tx.one(counted, args![]).await?.get::<i64>(0)
        };
        for _ in 0..2 {
            let stopped = world.db.read(endless).await;
            assert!(matches!(stopped, Err(StoreError::TooLong)), "{stopped:?}");
            assert!(world.db.all(sql!("SELECT 1"), args![]).await.is_ok());
        }
    }
}
