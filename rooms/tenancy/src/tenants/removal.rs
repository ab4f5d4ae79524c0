//! Clearing away what a deleted tenant owned, in pieces small enough that other writers hardly wait.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::settings;
use blocks::tasks::{Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Millis, Scope};
use serde::{Deserialize, Serialize};

use super::store;
use crate::room::TenantPurge;
use crate::{hierarchy, roles};

/// Kind of the task.
pub(super) const REMOVAL: &str = "tenant-purge";
/// Most rows that each owner removes at once.
const PIECE: i64 = 400;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) tenant_id: String,
}

/// One piece from each owner of rows of the tenant; true when nothing is left.
pub(super) async fn piece(
    tx: &Tx,
    purges: &Arc<[Arc<dyn TenantPurge>]>,
    scope: &Scope,
    parent: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let mut done = true;
    for purge in purges.iter() {
        done &= purge.purge(tx, scope, PIECE, now).await?;
    }
    // Members go first: a membership never points at a role that is gone.
    if done {
        done = roles::purge(tx, scope, PIECE).await?;
    }
    if done {
        settings::forget_tenant(tx, scope).await?;
    }
    let moved = store::reparent(tx, &scope.environment, scope.tenant_id(), parent, PIECE).await?;
    Ok(done && moved < PIECE.unsigned_abs())
}

/// Does `tenant-purge` tasks.
pub struct TenantRemoval {
    purges: Arc<[Arc<dyn TenantPurge>]>,
}

impl TenantRemoval {
    #[must_use]
    pub const fn new(purges: Arc<[Arc<dyn TenantPurge>]>) -> Self {
        Self { purges }
    }
}

#[async_trait]
impl Runner for TenantRemoval {
    fn kind(&self) -> &'static str {
        REMOVAL
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        hierarchy::guard(tx, &task.environment).await?;
        let Some(parent) = store::removal(tx, &task.environment, &order.tenant_id).await? else {
            return Ok(Progress::default());
        };
        let scope = Scope::tenant(task.environment.clone(), order.tenant_id.as_str().into());
        if piece(tx, &self.purges, &scope, &parent, now).await? {
            store::close_removal(tx, &task.environment, &order.tenant_id).await?;
            return Ok(Progress {
                done: 1,
                ..Progress::default()
            });
        }
        Ok(Progress {
            cursor: Some("more".to_owned()),
            ..Progress::default()
        })
    }
}
