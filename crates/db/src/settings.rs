//! How a database is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::DatabaseUrl;

/// Which of the two engines runs. Feature code has no reason to ask; start-up messages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// What the journal hook hears: the way of one write from the body to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The body of `job` ran and its changes are part of `batch`.
    Wrote { batch: u64, job: u64 },
    /// COMMIT of `batch` succeeded: its changes are on disk.
    Synced { batch: u64 },
    /// The caller of `job` is told that it succeeded.
    Answered { batch: u64, job: u64 },
}

/// Lets a test watch that nobody is answered before the commit; called on the thread that does the work.
pub type Journal = Arc<dyn Fn(Step) + Send + Sync>;

/// What [`crate::Db::open`] needs to know. Start from [`Settings::new`] and change what must differ.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where the data are.
    pub url: DatabaseUrl,
    /// SQLite: connections that read (they run inline on the calling thread, so a few more than cores).
    pub readers: usize,
    /// PostgreSQL: connections in the pool. One more listens for notices.
    pub pg_pool: usize,
    /// Writes that may wait. Beyond it callers get [`crate::StoreError::Overloaded`].
    pub queue: usize,
    /// SQLite: how many writes may share one commit.
    pub batch: usize,
    /// How long a caller may wait for a free connection.
    pub wait: Duration,
    /// How long a read may take on SQLite, and a statement on PostgreSQL, before it is given up: what takes longer would
    /// hold a connection that others wait for, and the end of the server.
    pub longest: Duration,
    /// SQLite: hold the lock file, so that no second server opens the same data.
    pub exclusive: bool,
    /// Observes the order write → commit → answer.
    pub journal: Option<Journal>,
}

impl Settings {
    /// The settings of a server: 4096 waiting writes, 512 per commit, 20 seconds per statement, not exclusive.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            url,
            readers: cores + 2,
            pg_pool: 16,
            queue: 4096,
            batch: 512,
            wait: Duration::from_secs(5),
            longest: Duration::from_secs(20),
            exclusive: false,
            journal: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &self.url)
            .field("readers", &self.readers)
            .field("pg_pool", &self.pg_pool)
            .field("queue", &self.queue)
            .field("exclusive", &self.exclusive)
            .finish_non_exhaustive()
    }
}
