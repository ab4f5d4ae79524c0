//! Keeps the WAL short without making a commit wait for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::conn::Conn;
use super::writer::Order;

const EVERY: Duration = Duration::from_millis(500);
/// From here the thread copies pages back itself: commits of 1-2 ms instead of 16 ms at the 99th percentile.
const PASSIVE: u64 = 16 << 20;
/// From here the writer must pause: a passive checkpoint never gets to the end while writes go on.
const TRUNCATE: u64 = 64 << 20;

pub(crate) struct Checkpointer {
    pub(crate) conn: Conn,
    pub(crate) wal: PathBuf,
    pub(crate) truncate: Arc<AtomicBool>,
    pub(crate) orders: mpsc::WeakSender<Order>,
    /// Nothing is ever sent; it ends when the database is closed.
    pub(crate) stop: Receiver<()>,
}

impl Checkpointer {
    /// The thread's whole life.
    pub(crate) fn run(self) {
        while let Err(RecvTimeoutError::Timeout) = self.stop.recv_timeout(EVERY) {
            let length = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
            if length > PASSIVE
                && let Err(error) =
                    self.conn
                        .raw()
                        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            {
                tracing::warn!(%error, "a checkpoint failed");
            }
            if length > TRUNCATE {
                self.truncate.store(true, Ordering::Relaxed);
                // Without it an idle writer would not look at the flag; a full queue will make it look anyway.
                drop(self.orders.upgrade().map(|orders| orders.try_send(Order::Wake)));
            }
        }
    }
}
