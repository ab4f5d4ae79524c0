//! Background work as values: the server runs jobs in a loop, tests run them until they are quiet.

use std::sync::Arc;

use async_trait::async_trait;
use db::{Db, StoreError};
use kit::Clock;

use crate::{outbox, tasks};

/// A piece of background work.
#[async_trait]
pub trait Job: Send + Sync {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// How long to rest after a pass that found nothing, in milliseconds.
    fn rest_millis(&self) -> u64 {
        500
    }

    /// Whether it leaves others as much time as it takes itself, because nobody waits for its end.
    fn gives_way(&self) -> bool {
        false
    }

    /// One pass. True when there may be more right away.
    async fn pass(&self) -> Result<bool, StoreError>;
}

/// Empties one topic of the outbox.
pub struct OutboxJob {
    pub db: Db,
    pub sink: Arc<dyn outbox::Sink>,
}

#[async_trait]
impl Job for OutboxJob {
    fn name(&self) -> &'static str {
        self.sink.topic()
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        Ok(outbox::drain(&self.db, Arc::clone(&self.sink)).await? > 0)
    }
}

/// Does the tasks of one kind.
pub struct TaskJob {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub runner: Arc<dyn tasks::Runner>,
}

#[async_trait]
impl Job for TaskJob {
    fn name(&self) -> &'static str {
        self.runner.kind()
    }

    fn gives_way(&self) -> bool {
        true
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        self.db.calm().await;
        tasks::advance(&self.db, Arc::clone(&self.runner), self.clock.now()).await
    }
}

/// Removes tasks that were finished long ago.
pub struct TaskSweep {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Job for TaskSweep {
    fn name(&self) -> &'static str {
        "task-sweep"
    }

    fn rest_millis(&self) -> u64 {
        3_600_000
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        tasks::sweep(&self.db, self.clock.now()).await
    }
}

/// Runs every job until a whole round finds nothing to do: how tests wait without sleeping.
///
/// # Errors
/// The first failure of a job.
pub async fn settle(jobs: &[Arc<dyn Job>]) -> Result<(), StoreError> {
    loop {
        let mut more = false;
        for job in jobs {
            while job.pass().await? {
                more = true;
            }
        }
        if !more {
            return Ok(());
        }
    }
}
