//! How long a connection may be silent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stranger who says nothing, or too little to tell which HTTP is spoken, is cut off after this long: the places are few.
const STRANGER: Duration = Duration::from_secs(10);
/// Longer than any answer takes, and than the pauses between HTTP/2 pings.
const QUIET: Duration = Duration::from_secs(60);
/// Bytes of the preface of HTTP/2 (RFC 9113, section 3.4).
const PREFACE: usize = 24;

/// A stream that ends with [`io::ErrorKind::TimedOut`] once nothing was read or written for too long. A peer that takes none
/// of an answer is silent too.
pub(super) struct Patient<S> {
    stream: S,
    read: usize,
    last: Instant,
    /// Moved on only when it goes off: most bytes come long before.
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            read: 0,
            last: now(),
            alarm: Box::pin(tokio::time::sleep(STRANGER)),
        }
    }

    const fn limit(&self) -> Duration {
        if self.read < PREFACE { STRANGER } else { QUIET }
    }

    /// What is to be answered where the stream is not ready.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let due = self.last + self.limit();
            if due <= now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due.into());
        }
    }

    fn moved<T>(&mut self, polled: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_pending() {
            return self.wait(context);
        }
        self.last = now();
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        this.read = this.read.saturating_add(buffer.filled().len() - before);
        this.moved(polled, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.moved(polled, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.moved(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a peer is silent is no business of the clock of the domain"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// As if the last byte had come so long ago.
    fn quiet_since<S>(patient: &mut Patient<S>, ago: Duration) {
        patient.last = now().checked_sub(ago).unwrap();
        patient.alarm = Box::pin(tokio::time::sleep(Duration::ZERO));
    }

    #[tokio::test]
    async fn a_stranger_who_says_nothing_is_cut_off() {
        let (_peer, stream) = tokio::io::duplex(64);
        let mut patient = Patient::new(stream);
        quiet_since(&mut patient, STRANGER);
        let error = patient.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_has_spoken_may_be_quiet_for_longer_but_not_for_ever() {
        let (mut peer, stream) = tokio::io::duplex(64);
        let mut patient = Patient::new(stream);
        peer.write_all(b"GET /health/live HTTP/1.1\r\n").await.unwrap();
        patient.read_exact(&mut [0; 27]).await.unwrap();
        quiet_since(&mut patient, STRANGER);
        peer.write_all(b"h").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'h');
        quiet_since(&mut patient, QUIET);
        let error = patient.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_takes_nothing_of_an_answer_is_cut_off() {
        let (_peer, stream) = tokio::io::duplex(8);
        let mut patient = Patient::new(stream);
        patient.read = PREFACE;
        patient.write_all(&[0; 8]).await.unwrap();
        quiet_since(&mut patient, QUIET);
        let error = patient.write_all(&[0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
