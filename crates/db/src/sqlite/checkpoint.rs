//! Keeps the WAL short without making a commit wait for it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::conn::Conn;
use super::writer::Order;
use crate::StoreError;

const EVERY: Duration = Duration::from_millis(500);
/// From here the thread copies pages back itself: commits of 1-2 ms instead of 16 ms at the 99th percentile.
const PASSIVE: u64 = 16 << 20;
/// From here the writer is to pause: a passive checkpoint never gets to the end while writes go on. It does when little is
/// left to copy and to sync, which takes it some milliseconds and not a fifth of a second.
const RESTART: u64 = super::conn::WAL_KEPT;
/// From here it must pause, however much is left.
const RESTART_ANYWAY: u64 = 512 << 20;
/// Little is left when what was written during the checkpoint before took no longer than this to copy back and to sync.
const SHORT: Duration = Duration::from_millis(20);
/// Frames that readers may keep a checkpoint from copying where the writer is to pause: it would wait for them.
const KEPT_BY_READERS: i64 = 512;
/// How many checkpoints are made in a row.
const PASSES: usize = 10;
/// Bytes of a page in the WAL.
const PAGE: u64 = 4_096 + 24;

pub(crate) struct Checkpointer {
    pub(crate) conn: Conn,
    /// The file of the database.
    pub(crate) file: Arc<File>,
    pub(crate) wal: PathBuf,
    pub(crate) restart: Arc<AtomicBool>,
    /// Set while the last pages are copied back, so that background work leaves the disk alone; see [`crate::Db::calm`].
    pub(crate) crowded: Arc<AtomicBool>,
    pub(crate) orders: mpsc::WeakSender<Order>,
    /// Nothing is ever sent; it ends when the database is closed.
    pub(crate) stop: Receiver<()>,
}

impl Checkpointer {
    /// The thread's whole life.
    pub(crate) fn run(self) {
        while let Err(RecvTimeoutError::Timeout) = self.stop.recv_timeout(EVERY) {
            let length = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
            if length <= PASSIVE {
                continue;
            }
            let (held, little_left) = self.copy_back().unwrap_or_else(|error| {
                tracing::warn!(%error, "a checkpoint failed");
                (length, false)
            });
            if held > RESTART_ANYWAY || (held > RESTART && little_left) {
                self.restart.store(true, Ordering::Relaxed);
                // Without it an idle writer would not look at the flag; a full queue will make it look anyway.
                drop(self.orders.upgrade().map(|orders| orders.try_send(Order::Wake)));
            } else {
                self.crowded.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Copies pages back; where the writer is to pause, also those that were written meanwhile. How many bytes the WAL holds,
    /// and whether little of it is left to copy.
    #[expect(clippy::disallowed_methods, reason = "measures how long work takes")]
    fn copy_back(&self) -> Result<(u64, bool), StoreError> {
        let mut held = 0;
        for pass in 0..PASSES {
            let begun = Instant::now();
            let (pages, copied) = self.passive().map_err(StoreError::from_sqlite)?;
            held = u64::try_from(pages).unwrap_or(0) * PAGE;
            if held <= RESTART {
                break;
            }
            self.crowded.store(true, Ordering::Relaxed);
            let copying = begun.elapsed();
            // SQLite syncs the file only where nobody has written meanwhile: all of it would be left to the writer's pause.
            self.file.sync_data().map_err(StoreError::other)?;
            let took = begun.elapsed();
            tracing::debug!(pass, pages, copied, ?copying, ?took, "pages were copied back");
            if took < SHORT && pages - copied < KEPT_BY_READERS {
                return Ok((held, true));
            }
        }
        Ok((held, false))
    }

    /// How many frames the WAL holds, and how many of them are copied now.
    fn passive(&self) -> Result<(i64, i64), rusqlite::Error> {
        self.conn
            .raw()
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get(1)?, row.get(2)?))
            })
    }
}
