//! Connections: bounded in number, none silent for long, drained on stop.

mod leftover;
mod patience;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::leftover::Leftover;
use self::patience::Patient;
use crate::Edge;

/// A client that has not sent its headers by then is cut off.
const HEADERS: Duration = Duration::from_secs(10);
/// How many requests of one HTTP/2 connection may be under way.
const STREAMS: u32 = 64;
/// How often a peer that speaks HTTP/2 is asked whether it is still there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);
/// How long open requests may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(25);

/// Serves until `stop` resolves, then finishes what is under way.
pub async fn serve(listener: TcpListener, edge: Edge, connections: usize, stop: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(STREAMS);
    let places = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let edge = edge.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let edge = edge.clone();
            async move {
                let (head, body) = request.into_parts();
                let (body, left) = Leftover::of(head.version, &head.headers, body);
                let mut answer = edge
                    .answer(Request::from_parts(head, Body::new(body)), peer)
                    .await;
                left.settle(answer.headers_mut()).await;
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = graceful.watch(
            builder
                .serve_connection(TokioIo::new(Patient::new(stream)), service)
                .into_owned(),
        );
        spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

type Accepted = (
    tokio::net::TcpStream,
    std::net::IpAddr,
    tokio::sync::OwnedSemaphorePermit,
);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and written whole; waiting to fill a segment only adds latency.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
            Some((stream, peer.ip().to_canonical(), place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await; // out of file handles: let some close
            None
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one task per connection; the graceful watcher above waits for them"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// Does the work to its end, also where the caller hangs up meanwhile: then only the answer is lost. For work that must not
/// stop half-way between two transactions.
///
/// # Panics
/// When the work does.
#[expect(
    clippy::disallowed_methods,
    reason = "its caller waits for it; where that one went, a stop of the server may cut it off like any request"
)]
pub async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work)
        .await
        .map_err(tokio::task::JoinError::try_into_panic)
    {
        Ok(answer) => answer,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await, // the runtime ends, and whoever waits here with it
    }
}
