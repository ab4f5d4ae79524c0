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
const PIECE: i64 = 50;

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
            by: order.by.clone(),
        };
        let mut progress = Progress::default();
        let piece = usize::try_from(task.piece(PIECE)).unwrap_or(1);
        for id in order.tenants.iter().skip(from).take(piece) {
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
            failed(&mut progress, id, failure)?;
        }
        progress.cursor = after(&order, from + piece);
        Ok(progress)
    }

    async fn pass_over(&self, _tx: &Tx, task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let at: usize = task.cursor.parse().unwrap_or(0);
        let mut progress = Progress::default();
        if let Some(id) = order.tenants.get(at) {
            failed(&mut progress, id, "The tenant could not be stored".to_owned())?;
        }
        progress.cursor = after(&order, at + 1);
        Ok(Some(progress))
    }
}

/// Notes that a tenant was not brought in.
fn failed(progress: &mut Progress, id: &str, error: String) -> Result<(), StoreError> {
    let failure = Failure {
        tenant_id: id.to_owned(),
        error,
    };
    progress.failed += 1;
    progress
        .errors
        .push(serde_json::to_value(failure).map_err(StoreError::other)?);
    Ok(())
}

/// The cursor that goes on with the tenant at this place, if there is one.
fn after(order: &Order, place: usize) -> Option<String> {
    (place < order.tenants.len()).then(|| place.to_string())
}
