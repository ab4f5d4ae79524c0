//! Ends the sessions of memberships whose time is over. The gate refuses them from the moment itself; this clears up.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::jobs::Job;
use db::{Db, StoreError, Tx};
use kit::{Clock, Ids, Millis, Scope, UserId};

use super::domain;
use super::store::{self, Over};
use crate::Credentials;
use crate::records;

/// How many memberships one pass closes.
const BATCH: i64 = 100;
const REST_MILLIS: u64 = 60_000;

/// The end of temporary access as a background job.
pub struct TemporaryExpiry {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub credentials: Arc<dyn Credentials>,
}

#[async_trait]
impl Job for TemporaryExpiry {
    fn name(&self) -> &'static str {
        "temporary-expiry"
    }

    fn rest_millis(&self) -> u64 {
        REST_MILLIS
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let over = self
            .db
            .read(async move |tx| store::over(tx, now, BATCH).await)
            .await?;
        if over.is_empty() {
            return Ok(false);
        }
        let more = i64::try_from(over.len()).is_ok_and(|found| found >= BATCH);
        // One transaction each: whoever extends somebody's access at this moment waits for that one only, and one that cannot
        // be closed keeps nobody behind it open.
        let mut failed = None;
        for one in over {
            let (ids, credentials) = (self.ids.clone(), Arc::clone(&self.credentials));
            let closed = self
                .db
                .write(async move |tx| close(tx, &ids, &*credentials, &one, now).await)
                .await;
            failed = failed.or(closed.err());
        }
        failed.map_or(Ok(more), Err)
    }
}

async fn close(
    tx: &Tx,
    ids: &Ids,
    credentials: &dyn Credentials,
    over: &Over,
    now: Millis,
) -> Result<(), StoreError> {
    let scope = Scope::tenant(over.environment.as_str().into(), over.tenant.as_str().into());
    if !store::close(tx, &scope, &over.user, over.expires_at).await? {
        return Ok(());
    }
    let id = UserId::from(over.user.as_str());
    credentials
        .end_sessions(tx, &scope.environment, &id, scope.tenant.as_ref(), now)
        .await?;
    let Some(user) = records::user_by_id(tx, &scope.environment, &over.user).await? else {
        return Ok(());
    };
    records::audit(tx, ids, &scope, domain::ended(&over.user), &user, now).await
}
