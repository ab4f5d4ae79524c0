//! The future that `Db::read` and `Db::write` return.
//!
//! It does not mention the body's type. An `async fn` generic over an `AsyncFn(&Tx)` would carry the body's future
//! inside its own, and whether that is `Send` for every lifetime of `&Tx` is a question today's compiler often
//! answers with "implementation of `Send` is not general enough". Here the body is boxed before anything is
//! awaited and runs where its future never changes threads, so the answer depends on `T` and `E` alone.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::StoreError;

type Start<T, E> = Box<dyn FnOnce() -> Started<T, E> + Send>;

/// What became of a body that was started.
pub(crate) enum Started<T, E> {
    Done(Result<T, E>),
    Elsewhere(oneshot::Receiver<Result<T, E>>),
}

enum State<T, E> {
    New(Start<T, E>),
    Waiting(oneshot::Receiver<Result<T, E>>),
    Done,
}

/// Resolves to what the body returned. Nothing happens before it is first polled. When it is dropped early, the
/// transaction may still be committed or not, but never in part.
#[must_use = "nothing runs until this is awaited"]
pub struct Answer<T, E>(State<T, E>);

impl<T, E> Answer<T, E> {
    pub(crate) fn new(start: impl FnOnce() -> Started<T, E> + Send + 'static) -> Self {
        Self(State::New(Box::new(start)))
    }
}

// Nothing in it is ever pinned.
impl<T, E> Unpin for Answer<T, E> {}

impl<T, E: From<StoreError>> Future for Answer<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut receiver = match std::mem::replace(&mut self.0, State::Done) {
            State::New(start) => match start() {
                Started::Done(result) => return Poll::Ready(result),
                Started::Elsewhere(receiver) => receiver,
            },
            State::Waiting(receiver) => receiver,
            State::Done => return Poll::Ready(Err(StoreError::Closed.into())),
        };
        match Pin::new(&mut receiver).poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.unwrap_or_else(|_| Err(StoreError::Closed.into()))),
            Poll::Pending => {
                self.0 = State::Waiting(receiver);
                Poll::Pending
            }
        }
    }
}

impl<T, E> fmt::Debug for Answer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
