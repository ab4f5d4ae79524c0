//! Bodies as handlers write them: everything here must be `Send` without help from whoever writes it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use db::{Db, StoreError, Tx, args, sql};

use crate::on_both;
use crate::world::World;

#[derive(Debug, thiserror::Error)]
enum RoomError {
    #[error("the key {key} is taken")]
    Taken { key: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait::async_trait]
trait Purge: Send + Sync {
    async fn purge(&self, tx: &Tx, ids: &[String]) -> Result<u64, RoomError>;
}

trait Hook: Send + Sync {
    fn call<'a>(
        &'a self,
        tx: &'a Tx,
        id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<u64, RoomError>> + Send + 'a>>;
}

struct Counters;

#[async_trait::async_trait]
impl Purge for Counters {
    async fn purge(&self, tx: &Tx, ids: &[String]) -> Result<u64, RoomError> {
        let mut gone = 0;
        for id in ids.iter().filter(|id| !id.is_empty()).map(String::as_str) {
            gone += tx
                .exec(sql!("DELETE FROM counters WHERE id = $1"), args![id])
                .await?;
        }
        Ok(gone)
    }
}

impl Hook for Counters {
    fn call<'a>(
        &'a self,
        tx: &'a Tx,
        id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<u64, RoomError>> + Send + 'a>> {
        Box::pin(async move { add(tx, id, 1).await })
    }
}

async fn add(tx: &Tx, id: &str, n: i64) -> Result<u64, RoomError> {
    let text = sql!("INSERT INTO counters (id, n) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING");
    match tx.exec(text, args![id, n]).await? {
        1 => Ok(1),
        _ => Err(RoomError::Taken { key: id.to_owned() }),
    }
}

async fn add_all<I: AsRef<str>>(tx: &Tx, ids: &[I]) -> Result<u64, RoomError> {
    let mut count = 0;
    for (n, id) in ids.iter().enumerate().filter(|(n, _)| *n < 1000) {
        count += add(tx, id.as_ref(), i64::try_from(n).unwrap()).await?;
    }
    Ok(count)
}

async fn named(tx: &Tx, name: &(dyn Fn(&str) -> String + Send + Sync)) -> Result<u64, RoomError> {
    add(tx, &name("named"), 7).await
}

struct App {
    db: Db,
    purges: Vec<Arc<dyn Purge>>,
}

async fn handler(app: Arc<App>, name: String, list: Vec<String>) -> Result<u64, RoomError> {
    let purges = app.purges.clone();
    let (kept, other) = (name.clone(), list.clone());
    app.db
        .write(async move |tx| {
            for purge in &purges {
                purge.purge(tx, &list).await?;
            }
            let borrowed: Vec<&str> = list.iter().map(String::as_str).collect();
            add_all(tx, &borrowed).await?;
            let mut pairs = list
                .iter()
                .map(|id| (id.as_str(), id))
                .filter(|(id, _)| !id.is_empty())
                .rev();
            for (id, _) in pairs.by_ref() {
                tx.exec(sql!("UPDATE counters SET n = n + 1 WHERE id = $1"), args![id])
                    .await?;
            }
            drop(pairs);
            named(tx, &|text| format!("{name}-{text}")).await
        })
        .await?;
    app.db
        .read(async move |tx| {
            let first: Option<&str> = other.first().map(String::as_str);
            let row = tx
                .one(
                    sql!("SELECT COUNT(*) FROM counters WHERE id IN ($1, $2)"),
                    args![first, &kept],
                )
                .await?;
            Ok(u64::try_from(row.get::<i64>(0)?).unwrap())
        })
        .await
}

async fn generic<S: AsRef<str> + Send + 'static>(db: &Db, id: S) -> Result<u64, RoomError> {
    db.write(async move |tx| add(tx, id.as_ref(), 1).await).await
}

fn must_be_send<T: Send>(value: T) -> T {
    value
}

on_both! {
    async fn handlers_can_be_spawned(engine: Engine) {
        let world = World::start(engine).await;
        let app = Arc::new(App { db: world.db.clone(), purges: vec![Arc::new(Counters)] });
        let list = vec!["a".to_owned(), "b".to_owned()];
        let found = tokio::spawn(handler(app, "name".to_owned(), list)).await.unwrap().unwrap();
        assert_eq!(found, 1);
    }

    async fn bodies_borrow_what_they_captured(engine: Engine) {
        let world = World::start(engine).await;
        let db = world.db.clone();
        let hook: Box<dyn Hook> = Box::new(Counters);
        let (id, list) = ("x".to_owned(), vec!["y".to_owned(), "z".to_owned()]);
        let count = tokio::spawn(async move {
            db.write(async move |tx| {
                hook.call(tx, &id).await?;
                let borrowed = &list;
                add_all(tx, borrowed).await?;
                // Even what could never change threads may live in a body.
                let counted = Rc::new(3_i64);
                add(tx, "w", *counted).await?;
                drop(counted);
                Ok::<_, RoomError>(tx.all(sql!("SELECT id FROM counters"), args![]).await?.len())
            })
            .await
        })
        .await
        .unwrap()
        .unwrap();
        assert_eq!(count, 4);
    }

    async fn generic_callers_and_boxed_futures(engine: Engine) {
        let world = World::start(engine).await;
        let db = world.db.clone();
        let boxed: Pin<Box<dyn Future<Output = Result<u64, RoomError>> + Send>> = Box::pin(async move {
            let limit = 5_i64;
            must_be_send(generic(&db, "owned".to_owned())).await?;
            generic(&db, "static").await?;
            db.write(async |tx| add(tx, "uncaptured", 1).await).await?;
            must_be_send(db.write(async move |tx| {
                if limit > 9 {
                    return Err(StoreError::NoRow);
                }
                tx.exec(sql!("DELETE FROM counters WHERE n < $1"), args![limit]).await
            }))
            .await
            .map_err(RoomError::from)
        });
        assert_eq!(boxed.await.unwrap(), 3);
    }

    async fn a_rooms_own_error_comes_back(engine: Engine) {
        let world = World::start(engine).await;
        generic(&world.db, "twice").await.unwrap();
        let error = generic(&world.db, "twice").await.unwrap_err();
        assert!(matches!(error, RoomError::Taken { key } if key == "twice"));
    }
}
