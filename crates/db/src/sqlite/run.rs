//! Runs a body in place: polled once, panics caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::tx::Inner;
use crate::{StoreError, Tx};

/// Polls the body exactly once. On SQLite every statement is done when it is first polled, so a body that is not
/// done either awaited something else, which must not happen inside a transaction, or never ends.
pub(crate) fn poll_once<T, E, F>(body: &F, tx: &Tx) -> Result<T, E>
where
    F: AsyncFn(&Tx) -> Result<T, E>,
    E: From<StoreError>,
{
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(body(tx));
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    let spoiled = match &tx.0 {
        Inner::Sqlite(local) => local.is_spoiled(),
        Inner::Postgres(_) => false,
    };
    match polled {
        Ok(Poll::Ready(Ok(_))) if spoiled => Err(StoreError::Spoiled.into()),
        Ok(Poll::Ready(result)) => result,
        Ok(Poll::Pending) => Err(StoreError::Suspended.into()),
        Err(_) => Err(StoreError::Panicked.into()),
    }
}
