//! Bringing tenants in, in pieces.

use async_trait::async_trait;
use blocks::audit::AuditRecord;
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis};
use serde::{Deserialize, Serialize};

use super::model::Failure;
use crate::tenants::{self, Change, NewTenant, TenantError};

/// Kind of the task.
const MIGRATION: &str = "tenant-migration";
/// Tenants per step.
const PIECE: usize = 50;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    tenants: Vec<String>,
    /// Who ordered it, as audit records name them.
    by: AuditRecord,
}

/// Stores the order; its id.
pub(super) async fn begin(tx: &Tx, change: &Change, ids: &[String]) -> Result<String, StoreError> {
    let order = Order {
        tenants: ids.to_vec(),
        by: change.by.clone(),
    };
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tasks::submit(
        tx,
        &change.ids,
        &change.environment,
        MIGRATION,
        &order,
        total,
        change.now,
    )
    .await
}

/// An order of this environment.
pub(super) async fn find(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<Option<Task>, StoreError> {
    let task = tasks::find(tx, environment, id).await?;
    Ok(task.filter(|task| task.kind == MIGRATION))
}

/// Does `tenant-migration` tasks.
pub struct TenantMigration {
    ids: Ids,
}

impl TenantMigration {
    #[must_use]
    pub const fn new(ids: Ids) -> Self {
        Self { ids }
    }
}

#[async_trait]
impl Runner for TenantMigration {
    fn kind(&self) -> &'static str {
        MIGRATION
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let from: usize = task.cursor.parse().unwrap_or(0);
        let change = Change {
            environment: task.environment.clone(),
            ids: self.ids.clone(),
            now,
            by: order.by,
        };
        let mut progress = Progress::default();
        for id in order.tenants.iter().skip(from).take(PIECE) {
            let new = NewTenant {
                tenant_id: Some(id.clone()),
                ..NewTenant::default()
            };
            let failure = match tenants::create(tx, &change, &new).await {
                Ok(_) => {
                    progress.done += 1;
                    continue;
                }
                Err(TenantError::Store(error)) => return Err(error),
                Err(TenantError::Faults(sentences)) => sentences.join("; "),
                Err(other) => other.to_string(),
            };
            progress.failed += 1;
            let failure = Failure {
                tenant_id: id.clone(),
                error: failure,
            };
            progress
                .errors
                .push(serde_json::to_value(failure).map_err(StoreError::other)?);
        }
        let next = from + PIECE;
        progress.cursor = (next < order.tenants.len()).then(|| next.to_string());
        Ok(progress)
    }
}
