//! SQLite's files: settings of the connections, locks, backups, closing.

use db::{BackupError, Db, Engine, OpenError, Settings, StoreError, args, sql};

use crate::world::World;

#[tokio::test]
async fn every_connection_syncs_and_enforces() {
    let world = World::with(Engine::Sqlite, |settings| settings.readers = 3).await;
    // A migration switches foreign keys off and must have switched them on again.
    world.db.migrate(&[crate::world::SCHEMA]).await.unwrap();
    let all = world.db.settings_of_all_connections().await.unwrap();
    let roles: Vec<_> = all.iter().map(|conn| conn.role).collect();
    assert_eq!(roles, ["reader", "reader", "reader", "writer", "checkpointer"]);
    for conn in all {
        assert_eq!(
            (conn.synchronous, conn.foreign_keys, conn.journal_mode.as_str()),
            (2, true, "wal"),
            "{conn:?}"
        );
    }
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let world = World::with(Engine::Sqlite, |settings| settings.exclusive = true).await;
    let refused = Db::open(world.settings.clone()).await;
    let Err(OpenError::InUse { path }) = &refused else {
        panic!("{refused:?}")
    };
    assert!(path.ends_with("test.db"));
    world.db.close().await;
    let again = Db::open(world.settings.clone()).await.unwrap();
    again.close().await;
}

#[tokio::test]
async fn closing_finishes_what_waits_and_leaves_no_wal() {
    let world = World::start(Engine::Sqlite).await;
    let writes: Vec<_> = (0..50)
        .map(|n| {
            let db = world.db.clone();
            tokio::spawn(async move {
                db.write(async move |tx| {
                    tx.exec(
                        sql!("INSERT INTO counters (id, n) VALUES ($1, 1)"),
                        args![n.to_string()],
                    )
                    .await
                })
                .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    world.db.close().await;
    let mut kept = 0;
    for write in writes {
        match write.await.unwrap() {
            Ok(_) => kept += 1,
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error:?}"),
        }
    }
    let wal = std::fs::metadata(world.path("test.db-wal"));
    assert!(wal.is_err() || wal.is_ok_and(|wal| wal.len() == 0));
    let again = Db::open(world.settings.clone()).await.unwrap();
    let row = again
        .one(sql!("SELECT COUNT(*) FROM counters"), args![])
        .await
        .unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), kept);
    again.close().await;
}

#[tokio::test]
async fn a_backup_is_whole_and_never_overwrites() {
    let world = World::start(Engine::Sqlite).await;
    world
        .db
        .exec(sql!("INSERT INTO counters (id, n) VALUES ('a', 7)"), args![])
        .await
        .unwrap();
    let copy = world.path("copy.db");
    world.db.backup(&copy).await.unwrap();
    assert!(matches!(
        world.db.backup(&copy).await,
        Err(BackupError::Exists(_))
    ));
    assert!(!world.path("copy.db.partial").exists());
    let restored = Db::open(Settings::new(db::DatabaseUrl::Sqlite(copy)))
        .await
        .unwrap();
    let row = restored
        .one(sql!("SELECT n FROM counters WHERE id = 'a'"), args![])
        .await
        .unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 7);
    assert!(
        restored
            .migrate(&[crate::world::SCHEMA])
            .await
            .unwrap()
            .is_empty()
    );
    restored.close().await;
    let nowhere = world.db.backup(&world.path("no/such/directory/copy.db")).await;
    assert!(matches!(nowhere, Err(BackupError::File(_))));
}

#[tokio::test]
async fn postgres_has_its_own_backup_tool() {
    let world = World::with(Engine::Postgres, |_| {}).await;
    let error = world.db.backup(&world.path("copy")).await.unwrap_err();
    assert!(error.to_string().contains("pg_dump"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::start(Engine::Sqlite).await;
    world.db.backup(&world.path("copy.db")).await.unwrap();
    for name in ["test.db", "test.db-wal", "copy.db"] {
        let mode = std::fs::metadata(world.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let error = Db::open(Settings::new("sqlite:/no/such/directory/x.db".parse().unwrap()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/no/such/directory/x.db"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wal_does_not_grow_without_bound() {
    let world = World::start(Engine::Sqlite).await;
    let write = async |letter: &str, length: usize| {
        // Other letters each time: SQLite does not write a page that stays as it is.
        let name = letter.repeat(length);
        world
            .db
            .write(async move |tx| {
                let text = sql!(
                    "INSERT INTO parents (id, name) VALUES ('p', $1) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
                );
                tx.exec(text, args![&name]).await
            })
            .await
            .unwrap();
    };
    // 160 MiB of changes.
    for _ in 0..80 {
        write("x", 1 << 20).await;
        write("y", 1 << 20).await;
    }
    for letter in ["a", "b"].into_iter().cycle().take(40) {
        // Whoever writes first after the WAL has begun anew shortens it.
        write(letter, 1).await;
        if std::fs::metadata(world.path("test.db-wal")).unwrap().len() <= 64 << 20 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the WAL never got shorter");
}
