//! The threads bodies run on.
//!
//! A body's future is created and polled on one thread and never moves, so nobody has to prove that it could
//! (see `answer`). A few threads suffice: bodies only wait for the database.

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::tx::{Kind, PgTx};
use super::{Place, Shared};
use crate::tx::Inner;
use crate::{OpenError, Step, StoreError, Tx};

/// How often a body may run again after a collision.
const RETRIES: u32 = 3;

type Local = Pin<Box<dyn Future<Output = ()>>>;
type Task = Box<dyn FnOnce() -> Local + Send>;

pub(super) struct Workers {
    inner: Mutex<Vec<(mpsc::UnboundedSender<Task>, JoinHandle<()>)>>,
    next: AtomicUsize,
}

impl Workers {
    pub(super) fn start() -> Result<Self, OpenError> {
        let count = std::thread::available_parallelism()
            .map_or(2, std::num::NonZero::get)
            .min(8);
        let mut inner = Vec::with_capacity(count);
        for _ in 0..count {
            inner.push(worker().map_err(OpenError::Thread)?);
        }
        Ok(Self {
            inner: Mutex::new(inner),
            next: AtomicUsize::new(0),
        })
    }

    /// Starts a body. After the end it is dropped, which its caller hears.
    pub(super) fn send(&self, task: Task) {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some((sender, _)) = turn.checked_rem(inner.len()).and_then(|index| inner.get(index)) {
            drop(sender.send(task));
        }
    }

    /// Lets the threads end once their bodies have; whom to wait for.
    pub(super) fn end(&self) -> Vec<JoinHandle<()>> {
        let inner = std::mem::take(&mut *self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        inner.into_iter().map(|(_, thread)| thread).collect()
    }
}

fn worker() -> std::io::Result<(mpsc::UnboundedSender<Task>, JoinHandle<()>)> {
    let (sender, mut tasks) = mpsc::unbounded_channel::<Task>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new()
        .name("db-bodies".to_owned())
        .spawn(move || {
            let bodies = tokio::task::LocalSet::new();
            runtime.block_on(bodies.run_until(async {
                while let Some(task) = tasks.recv().await {
                    tokio::task::spawn_local(task());
                }
            }));
            // What still runs may finish.
            runtime.block_on(bodies);
        })?;
    Ok((sender, thread))
}

/// Runs a body to its end, or until its caller goes away: then the connection is closed, which rolls back.
pub(super) async fn run<T, E, F>(
    shared: Arc<Shared>,
    place: Place,
    kind: Kind,
    body: F,
    mut caller: oneshot::Sender<Result<T, E>>,
) where
    F: AsyncFn(&Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    let result = tokio::select! {
        biased;
        () = caller.closed() => return,
        result = transact(&shared, kind, &body) => result,
    };
    drop(place);
    let (number, result) = result;
    if kind == Kind::Write && result.is_ok() {
        shared.note(Step::Answered {
            batch: number,
            job: number,
        });
    }
    // A caller that went away meanwhile wants no answer.
    drop(caller.send(result));
}

async fn transact<T, E, F>(shared: &Shared, kind: Kind, body: &F) -> (u64, Result<T, E>)
where
    F: AsyncFn(&Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    let number = shared.number.fetch_add(1, Ordering::Relaxed) + 1;
    let mut attempt = 0;
    loop {
        let client = match shared.get().await {
            Ok(client) => client,
            Err(error) => return (number, Err(error.into())),
        };
        let tx = Tx(Inner::Postgres(PgTx::new(client, kind)));
        let result = to_the_end(body, &tx).await;
        let Inner::Postgres(tx) = tx.0 else {
            return (number, Err(StoreError::Closed.into()));
        };
        let may_retry = tx.may_retry() && attempt < RETRIES;
        match result {
            Ok(_) if tx.is_spoiled() => {
                tx.rollback().await;
                if !may_retry {
                    return (number, Err(StoreError::Spoiled.into()));
                }
            }
            Ok(value) => {
                if kind == Kind::Write {
                    shared.note(Step::Wrote {
                        batch: number,
                        job: number,
                    });
                }
                match tx.commit().await {
                    Ok(()) => {
                        if kind == Kind::Write {
                            shared.note(Step::Synced { batch: number });
                        }
                        return (number, Ok(value));
                    }
                    Err(StoreError::RetriesExhausted) if attempt < RETRIES => {}
                    Err(error) => return (number, Err(error.into())),
                }
            }
            Err(error) => {
                tx.rollback().await;
                if !may_retry {
                    return (number, Err(error));
                }
            }
        }
        attempt += 1;
        tokio::time::sleep(jitter(attempt)).await;
    }
}

/// Polls a body until it is done, panics, or waits while none of its statements is on the way: SQLite could not
/// run such a body, so it is refused here as well.
async fn to_the_end<T, E, F>(body: &F, tx: &Tx) -> Result<T, E>
where
    F: AsyncFn(&Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    let quiet = || matches!(&tx.0, Inner::Postgres(tx) if tx.is_quiet());
    let mut future = pin!(AssertUnwindSafe(async { body(tx).await }).catch_unwind());
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result.unwrap_or_else(|_| Err(StoreError::Panicked.into()))),
        Poll::Pending if quiet() => Poll::Ready(Err(StoreError::Suspended.into())),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Up to 12 ms, then 22, then 42: colliding bodies must not meet again.
fn jitter(attempt: u32) -> Duration {
    let random = RandomState::new().hash_one(attempt);
    let most = 10_000_u64 << attempt.saturating_sub(1).min(4);
    Duration::from_micros(2_000 + random % most)
}
