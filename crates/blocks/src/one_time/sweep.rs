//! Removes what nobody can use any more.

use std::sync::Arc;

use async_trait::async_trait;
use db::{Db, StoreError, args, sql};
use kit::Clock;

use crate::jobs::Job;

/// How many rows one pass removes.
const BATCH: i64 = 500;
/// An expired secret is remembered for a day, so that it is called expired and not unknown.
const KEPT_SECONDS: i64 = 86_400;
/// Longer than any window that attempts are counted in.
const WINDOW_SECONDS: i64 = 2 * 86_400;
const REST_MILLIS: u64 = 600_000;

/// The sweep of expired codes, tickets and counts of attempts, as a background job.
pub struct OneTimeSweep {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Job for OneTimeSweep {
    fn name(&self) -> &'static str {
        "one-time-sweep"
    }

    fn rest_millis(&self) -> u64 {
        REST_MILLIS
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let (secrets, counts) = (now.plus_seconds(-KEPT_SECONDS), now.plus_seconds(-WINDOW_SECONDS));
        let due = self
            .db
            .opt(
                // all environments: the sweep of expired rows
                sql!(
                    "SELECT 1 WHERE EXISTS (SELECT 1 FROM one_time_secrets WHERE expires_at <= $1)
                       OR EXISTS (SELECT 1 FROM throttles WHERE since <= $2)"
                ),
                args![secrets.0, counts.0],
            )
            .await?;
        if due.is_none() {
            return Ok(false);
        }
        let gone = self
            .db
            .write(async move |tx| {
                let codes = tx
                    .exec(
                        // The age is asked again outside: on PostgreSQL the row may be a newer one by then.
                        sql!(
                            "DELETE FROM one_time_secrets WHERE expires_at <= $1
                               AND (environment_id, purpose, subject) IN (
                                 SELECT environment_id, purpose, subject FROM one_time_secrets WHERE expires_at <= $1
                                 ORDER BY expires_at LIMIT $2)"
                        ),
                        args![secrets.0, BATCH],
                    )
                    .await?;
                let counts = tx
                    .exec(
                        sql!(
                            "DELETE FROM throttles WHERE since <= $1 AND (environment_id, what, who) IN (
                               SELECT environment_id, what, who FROM throttles WHERE since <= $1
                               ORDER BY since LIMIT $2)"
                        ),
                        args![counts.0, BATCH],
                    )
                    .await?;
                Ok::<_, StoreError>(codes.max(counts))
            })
            .await?;
        Ok(gone >= BATCH.unsigned_abs())
    }
}
