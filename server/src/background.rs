//! The background loop: every job has a task of its own, rests when there is nothing to do, and stops when the server does.

use std::sync::Arc;
use std::time::Duration;

use blocks::jobs::Job;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// After a failure a job rests this long, doubling up to a minute.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The jobs under way.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts every job.
    #[must_use]
    pub(crate) fn start(jobs: Vec<Arc<dyn Job>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in jobs {
            tasks.spawn(run(job, stopped.clone()));
        }
        Self { stop, tasks }
    }

    /// Lets every job finish its pass, then ends.
    pub(crate) async fn end(mut self) {
        // Nobody listening means that every job has ended already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn run(job: Arc<dyn Job>, mut stopped: watch::Receiver<bool>) {
    let mut patience = AFTER_FAILURE;
    while !*stopped.borrow() {
        let begun = tokio::time::Instant::now();
        let rest = match job.pass().await {
            Ok(true) => {
                patience = AFTER_FAILURE;
                if !job.gives_way() {
                    continue;
                }
                begun.elapsed()
            }
            Ok(false) => {
                patience = AFTER_FAILURE;
                Duration::from_millis(job.rest_millis())
            }
            Err(error) => {
                tracing::warn!(job = job.name(), %error, "a background job failed and will be tried again");
                metrics::counter!("tenantry_job_failures_total", "job" => job.name()).increment(1);
                let rest = patience;
                patience = (patience * 2).min(Duration::from_mins(1));
                rest
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = stopped.changed() => {}
        }
    }
}
