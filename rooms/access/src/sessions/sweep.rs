//! Removes sessions and refresh tokens that nobody can use any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use blocks::jobs::Job;
use db::{Db, StoreError};
use kit::Clock;

use super::store;

/// How many sessions, and how many tokens, one pass removes.
const BATCH: i64 = 500;
/// What ended is kept this long, so that clocks of several nodes need not agree.
const KEPT_SECONDS: i64 = 3600;
const REST_MILLIS: u64 = 60_000;

/// The sweep as a background job.
pub struct SessionSweep {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Job for SessionSweep {
    fn name(&self) -> &'static str {
        "session-sweep"
    }

    fn rest_millis(&self) -> u64 {
        REST_MILLIS
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        let before = self.clock.now().plus_seconds(-KEPT_SECONDS);
        let (sessions, tokens) = self
            .db
            .read(async move |tx| {
                let sessions = store::due(tx, before, BATCH).await?;
                let tokens = store::tokens_due(tx, before, BATCH).await?;
                Ok::<_, StoreError>((sessions, tokens))
            })
            .await?;
        if sessions.is_empty() && tokens.is_empty() {
            return Ok(false);
        }
        let full = |found: usize| i64::try_from(found).is_ok_and(|found| found >= BATCH);
        let more = full(sessions.len()) || full(tokens.len());
        let (sessions, tokens) = (by_environment(sessions), by_environment(tokens));
        // What ended an hour ago cannot come to life between the read and this.
        self.db
            .write(async move |tx| {
                for (environment, hashes) in &tokens {
                    store::remove_tokens(tx, environment, hashes).await?;
                }
                for (environment, ids) in &sessions {
                    store::remove(tx, environment, ids).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(more)
    }
}

fn by_environment(rows: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut grouped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (environment, key) in rows {
        grouped.entry(environment).or_default().push(key);
    }
    grouped
}
