//! Removing the member rows of a large group that is gone.

use async_trait::async_trait;
use blocks::tasks::{Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::Millis;
use serde::{Deserialize, Serialize};

use super::store;

/// Kind of the task.
pub(super) const GROUP_REMOVAL: &str = "group-removal";
/// How many rows go in the transaction of the deletion, and in each step afterwards.
pub(super) const PIECE: i64 = 1_000;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) tenant_id: String,
    pub(super) group_id: String,
}

/// Does `group-removal` tasks.
#[derive(Debug, Default)]
pub struct GroupRemoval;

#[async_trait]
impl Runner for GroupRemoval {
    fn kind(&self) -> &'static str {
        GROUP_REMOVAL
    }

    async fn step(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let gone =
            store::forget_members(tx, &task.environment, &order.tenant_id, &order.group_id, PIECE).await?;
        let more = gone >= PIECE.unsigned_abs();
        Ok(Progress {
            cursor: more.then(|| "more".to_owned()),
            ..Progress::default()
        })
    }
}
