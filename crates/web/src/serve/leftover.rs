//! What is left of a request once it has been answered.
//!
//! Whoever is refused by token, path or method is answered before the body is read. An HTTP/1.1 connection with an unread body
//! cannot go on, and hyper closes it without a word: a client that sends head and body apart, or keeps connections in a pool,
//! then fails with its next request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// More than this is not read for nothing.
const MOST: u64 = 1024 * 1024;
/// Nor is it waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body that is read here or there.
pub(super) struct Shared<B>(Arc<Mutex<B>>);

impl<B> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, B> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body + Unpin> Body for Shared<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}

/// The body of a request under way.
pub(super) struct Leftover<B = Incoming> {
    body: Shared<B>,
    /// Whether the client waits to be asked for it (`Expect: 100-continue`, RFC 9110, section 10.1.1).
    held_back: bool,
    closes: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Leftover<B> {
    /// What the request brings, and what is left of it afterwards.
    pub(super) fn of(version: Version, headers: &HeaderMap, body: B) -> (Shared<B>, Self) {
        let body = Arc::new(Mutex::new(body));
        let left = Self {
            body: Shared(Arc::clone(&body)),
            held_back: headers.contains_key(header::EXPECT),
            closes: version < Version::HTTP_2,
        };
        (Shared(body), left)
    }

    /// Reads what is left, if it is little, so that the connection goes on; otherwise says in the answer that it does not.
    pub(super) async fn settle(mut self, answer: &mut HeaderMap) {
        if !self.closes || self.body.is_end_stream() {
            return;
        }
        let little = self.body.size_hint().lower() <= MOST;
        let read = little && !self.held_back && self.read().await;
        if !read {
            answer.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// Whether the end was reached.
    async fn read(&mut self) -> bool {
        let reading = async {
            let mut length = 0;
            while let Some(frame) = self.body.frame().await {
                let Ok(frame) = frame else { return false };
                length += frame.data_ref().map_or(0, |data| data.len() as u64);
                if length > MOST {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    /// What the answer says of the connection after a request of which nobody read the body.
    async fn closed(headers: HeaderMap, body: Vec<u8>) -> bool {
        let (unread, left) = Leftover::of(Version::HTTP_11, &headers, Full::new(Bytes::from(body)));
        drop(unread);
        let mut answer = HeaderMap::new();
        left.settle(&mut answer).await;
        answer.contains_key(header::CONNECTION)
    }

    #[tokio::test]
    async fn a_connection_goes_on_after_a_small_body_that_nobody_read() {
        assert!(!closed(HeaderMap::new(), b"{}".to_vec()).await);
        assert!(!closed(HeaderMap::new(), Vec::new()).await);
    }

    #[tokio::test]
    async fn a_client_is_told_where_a_body_is_too_large_to_be_read_for_nothing() {
        assert!(closed(HeaderMap::new(), vec![0; 2 * 1024 * 1024]).await);
    }

    #[tokio::test]
    async fn a_body_that_waits_to_be_asked_for_is_not_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
        assert!(closed(headers, b"{}".to_vec()).await);
    }
}
