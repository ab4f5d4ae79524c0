//! Letting every member of a tenant reach the tenants below, in pieces.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Millis, Scope};
use serde::{Deserialize, Serialize};

use crate::room::SubAccountMembers;
use crate::tenants::{self, Change, SubAccountAccess};

/// Kind of the task.
const OPENING: &str = "sub-account-opening";
/// Members per step.
const PIECE: i64 = 500;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    tenant_id: String,
}

/// The first piece at once, the rest as a task.
pub(super) async fn begin(
    tx: &Tx,
    change: &Change,
    members: &dyn SubAccountMembers,
    id: &str,
) -> Result<(), StoreError> {
    let scope = Scope::tenant(change.environment.clone(), id.into());
    if members.open_to_all(tx, &scope, "", PIECE).await?.is_none() {
        return Ok(());
    }
    let order = Order {
        tenant_id: id.to_owned(),
    };
    tasks::submit(
        tx,
        &change.ids,
        &change.environment,
        OPENING,
        &order,
        0,
        change.now,
    )
    .await?;
    Ok(())
}

/// Does `sub-account-opening` tasks.
pub struct SubAccountOpening {
    members: Arc<dyn SubAccountMembers>,
}

impl SubAccountOpening {
    #[must_use]
    pub const fn new(members: Arc<dyn SubAccountMembers>) -> Self {
        Self { members }
    }
}

#[async_trait]
impl Runner for SubAccountOpening {
    fn kind(&self) -> &'static str {
        OPENING
    }

    async fn step(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let scope = Scope::tenant(task.environment.clone(), order.tenant_id.as_str().into());
        // The tenant may have gone or changed its mind since the task was written.
        let tenant = tenants::tenant(tx, &scope).await?;
        if tenant.is_none_or(|tenant| tenant.sub_account_access != SubAccountAccess::AlwaysOn) {
            return Ok(Progress::default());
        }
        let cursor = self.members.open_to_all(tx, &scope, &task.cursor, PIECE).await?;
        Ok(Progress {
            cursor,
            ..Progress::default()
        })
    }
}
