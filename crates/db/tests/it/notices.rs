//! Notices leave with the commit.

use std::time::Duration;

use db::{Db, Notice, StoreError, args, sql};
use tokio::sync::broadcast::Receiver;

use crate::on_both;
use crate::world::World;

async fn next(receiver: &mut Receiver<Notice>) -> Option<Notice> {
    tokio::time::timeout(Duration::from_secs(5), receiver.recv())
        .await
        .ok()?
        .ok()
}

fn about(topic: &str, payload: &str) -> Option<Notice> {
    Some(Notice::Topic {
        topic: topic.to_owned(),
        payload: payload.to_owned(),
    })
}

on_both! {
    async fn subscribers_hear_of_commits_only(engine: Engine) {
        let world = World::start(engine).await;
        let mut heard = world.db.subscribe();
        let mut also = world.db.subscribe();
        let refused: Result<(), _> = world.db.write(async |tx| {
            tx.notify("keys", "rolled back").await?;
            Err(StoreError::NoRow)
        }).await;
        assert!(refused.is_err());
        let panics: Result<(), StoreError> = world.db.write(async |tx| {
            tx.notify("keys", "panicked").await?;
            panic!("on purpose")
        }).await;
        assert!(panics.is_err());
        let db = world.db.clone();
        let listening = tokio::spawn(async move {
            let notice = next(&mut heard).await;
            // Who hears of it must be able to see it.
            let row = db.opt(sql!("SELECT n FROM counters WHERE id = 'k'"), args![]).await.unwrap();
            (notice, row.is_some())
        });
        world.db.write(async |tx| {
            tx.exec(sql!("INSERT INTO counters (id, n) VALUES ('k', 1)"), args![]).await?;
            tx.notify("keys", "line one\nline two").await
        }).await.unwrap();
        assert_eq!(listening.await.unwrap(), (about("keys", "line one\nline two"), true));
        assert_eq!(next(&mut also).await, about("keys", "line one\nline two"));
    }

    async fn texts_with_nul_are_refused(engine: Engine) {
        let world = World::start(engine).await;
        let refused = world.db.write(async |tx| tx.notify("keys", "a\0b").await).await;
        assert!(matches!(refused, Err(StoreError::Nul)), "{refused:?}");
    }
}

#[tokio::test]
async fn another_node_hears_it_too() {
    let world = World::start(db::Engine::Postgres).await;
    let other = Db::open(world.settings.clone()).await.unwrap();
    let mut heard = other.subscribe();
    world
        .db
        .write(async |tx| tx.notify("keys", "1").await)
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, about("keys", "1"));
    // More than PostgreSQL carries.
    world
        .db
        .write(async |tx| tx.notify("keys", &"x".repeat(20_000)).await)
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, Some(Notice::Everything));
    other.close().await;
}

#[tokio::test]
async fn a_broken_listener_drops_every_cache_and_listens_again() {
    let world = World::start(db::Engine::Postgres).await;
    let mut heard = world.db.subscribe();
    let kill = sql!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
    );
    assert_eq!(world.db.all(kill, args![]).await.unwrap().len(), 1);
    assert_eq!(next(&mut heard).await, Some(Notice::Everything));
    assert_eq!(next(&mut heard).await, Some(Notice::Everything));
    world
        .db
        .write(async |tx| tx.notify("keys", "again").await)
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, about("keys", "again"));
}
