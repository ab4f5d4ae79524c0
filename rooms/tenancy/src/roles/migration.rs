//! Giving a new default role to everybody who is a member already.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::{Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Millis, TenantId};
use serde::{Deserialize, Serialize};

use super::store;
use crate::room::RoleHolders;

/// Kind of the task.
pub(super) const MIGRATION: &str = "role-migration";
/// Members per step.
const PIECE: i64 = 300;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) role_id: String,
    pub(super) tenant_id: Option<String>,
}

/// Does `role-migration` tasks.
pub struct RoleMigration {
    holders: Arc<dyn RoleHolders>,
}

impl RoleMigration {
    #[must_use]
    pub const fn new(holders: Arc<dyn RoleHolders>) -> Self {
        Self { holders }
    }
}

#[async_trait]
impl Runner for RoleMigration {
    fn kind(&self) -> &'static str {
        MIGRATION
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        // The role may have been deleted, or moved to another tenant, since the task was written.
        let role = store::by_id(tx, &task.environment, &order.role_id).await?;
        if role.is_none_or(|role| role.tenant_id != order.tenant_id) {
            return Ok(Progress::default());
        }
        let tenant = order.tenant_id.as_deref().map(TenantId::from);
        let cursor = self
            .holders
            .give_role(
                tx,
                &task.environment,
                tenant.as_ref(),
                &order.role_id,
                &task.cursor,
                PIECE,
                now,
            )
            .await?;
        Ok(Progress {
            cursor,
            ..Progress::default()
        })
    }
}
