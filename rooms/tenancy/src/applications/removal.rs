//! Long work on applications, in pieces small enough that other writers hardly wait.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::{Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis};
use serde::{Deserialize, Serialize};

use super::{assignments, store};
use crate::room::ApplicationHolders;

/// Kind of the task that clears away what was assigned of a deleted application.
pub(super) const REMOVAL: &str = "application-removal";
/// Kind of the task that gives a new default application to every tenant.
pub(super) const SPREAD: &str = "application-spread";
/// Rows per step.
const PIECE: i64 = 400;

/// What either task has to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) application_id: String,
}

impl Order {
    fn of(task: &Task) -> Result<Self, StoreError> {
        serde_json::from_value(task.order.clone()).map_err(StoreError::other)
    }
}

/// One piece; true when nothing is left.
pub(super) async fn piece(
    tx: &Tx,
    holders: &Arc<dyn ApplicationHolders>,
    environment: &EnvironmentId,
    application: &str,
) -> Result<bool, StoreError> {
    let tenants = assignments::forget_application(tx, environment, application, PIECE).await?;
    let users = holders
        .forget_application(tx, environment, application, PIECE)
        .await?;
    Ok(tenants && users)
}

/// Does `application-removal` tasks.
pub(crate) struct ApplicationRemoval {
    holders: Arc<dyn ApplicationHolders>,
}

impl ApplicationRemoval {
    pub(crate) const fn new(holders: Arc<dyn ApplicationHolders>) -> Self {
        Self { holders }
    }
}

#[async_trait]
impl Runner for ApplicationRemoval {
    fn kind(&self) -> &'static str {
        REMOVAL
    }

    async fn step(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Progress, StoreError> {
        let order = Order::of(task)?;
        let done = piece(tx, &self.holders, &task.environment, &order.application_id).await?;
        Ok(Progress {
            cursor: (!done).then(|| "more".to_owned()),
            ..Progress::default()
        })
    }
}

/// Does `application-spread` tasks.
#[derive(Debug, Default)]
pub(crate) struct ApplicationSpread;

#[async_trait]
impl Runner for ApplicationSpread {
    fn kind(&self) -> &'static str {
        SPREAD
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order = Order::of(task)?;
        // It may have been deleted since; while it is held it stays.
        if !store::hold(tx, &task.environment, &order.application_id).await? {
            return Ok(Progress::default());
        }
        let cursor = assignments::spread(
            tx,
            &task.environment,
            &order.application_id,
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
