//! The load generator: keep-alive connections that send one request, read its answer whole, and send the next.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// An answer as a caller sees it.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
}

/// What one connection sends, request by request.
pub(crate) trait Caller: Send {
    /// The next request's bytes are put into `out`, which is empty.
    fn next(&mut self, out: &mut Vec<u8>);
    /// Whether the answer was right.
    fn answered(&mut self, reply: &Reply<'_>) -> bool {
        reply.status < 300
    }
}

/// How to load.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) duration: Duration,
    /// Requests per second of all connections together; `None` for as many as they get answered.
    pub(crate) rate: Option<u32>,
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) failed: u64,
    /// What one of the wrong answers said.
    pub(crate) wrong: Option<String>,
    /// Of right answers, in microseconds, sorted.
    micros: Vec<u32>,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.micros.len() as f64 / self.seconds
    }

    /// The latency that this share of the answers stayed under, in milliseconds.
    pub(crate) fn millis(&self, share: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let at = (last as f64 * share).ceil() as usize;
        self.micros
            .get(at)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Drives every caller over a connection of its own until the time is over. A tenth of the time before is for warming up
/// and is not counted.
pub(crate) async fn run(plan: Plan, callers: Vec<Box<dyn Caller>>) -> Measured {
    let start = now() + plan.duration / 10;
    let end = start + plan.duration;
    let pause = plan
        .rate
        .map(|rate| Duration::from_secs_f64(callers.len() as f64 / f64::from(rate)));
    let count = callers.len();
    let mut connections = JoinSet::new();
    for (number, caller) in callers.into_iter().enumerate() {
        let first = pause.map(|pause| now() + pause.mul_f64(number as f64 / count as f64));
        connections.spawn(connection(plan.address, caller, start, end, pause.zip(first)));
    }
    let mut all = Measured {
        seconds: plan.duration.as_secs_f64(),
        ..Measured::default()
    };
    while let Some(done) = connections.join_next().await {
        let one = done.expect("a connection does not panic");
        all.micros.extend(one.micros);
        all.failed += one.failed;
        all.wrong = all.wrong.or(one.wrong);
    }
    all.micros.sort_unstable();
    all
}

async fn connection(
    address: SocketAddr,
    mut caller: Box<dyn Caller>,
    start: Instant,
    end: Instant,
    paced: Option<(Duration, Instant)>,
) -> Measured {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server takes connections");
    stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    let mut measured = Measured::default();
    let (mut request, mut buffer) = (Vec::with_capacity(1024), Vec::with_capacity(16 * 1024));
    let mut due = paced.map(|(_, first)| first);
    loop {
        // With a rate, latency counts from the moment the request was due, so that a stall is not forgiven.
        let begun = match (due, paced) {
            (Some(moment), Some((pause, _))) => {
                tokio::time::sleep_until(moment.into()).await;
                due = Some(moment + pause);
                moment
            }
            _ => now(),
        };
        if begun >= end {
            return measured;
        }
        request.clear();
        caller.next(&mut request);
        stream.write_all(&request).await.expect("a request can be sent");
        let (status, head, total) = read(&mut stream, &mut buffer).await;
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let right = caller.answered(&Reply {
            status,
            head: &text,
            body: &buffer[head..total],
        });
        let done = now();
        if begun >= start && done <= end {
            if right {
                measured
                    .micros
                    .push(u32::try_from((done - begun).as_micros()).unwrap_or(u32::MAX));
            } else {
                measured.failed += 1;
                let body = String::from_utf8_lossy(&buffer[head..total.min(head + 200)]);
                measured.wrong.get_or_insert_with(|| format!("{status} {body}"));
            }
        }
    }
}

/// Reads one answer into `buffer`; its status, where its body begins, and where it ends.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (u16, usize, usize) {
    buffer.clear();
    let mut parsed: Option<(u16, usize, usize)> = None;
    loop {
        let read = stream.read_buf(buffer).await.expect("an answer can be read");
        assert!(
            read > 0,
            "the server closed a connection in the middle of an answer"
        );
        if parsed.is_none()
            && let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = at + 4;
            let text = std::str::from_utf8(&buffer[..head]).expect("a head is text");
            let status = text
                .get(9..12)
                .and_then(|digits| digits.parse().ok())
                .expect("a status line");
            let length = header(text, "content-length")
                .and_then(|digits| digits.parse::<usize>().ok())
                .unwrap_or(0);
            assert!(
                header(text, "transfer-encoding").is_none(),
                "answers of the API have a length"
            );
            parsed = Some((status, head, head + length));
        }
        if let Some((status, head, total)) = parsed
            && buffer.len() >= total
        {
            return (status, head, total);
        }
    }
}

/// A header of an answer's head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A request's bytes.
pub(crate) fn request(out: &mut Vec<u8>, method: &str, path: &str, headers: &str, body: &str) {
    out.extend_from_slice(
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    );
}

#[expect(clippy::disallowed_methods, reason = "measures")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
