//! Moving every member of a tenant to another, in pieces.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::MoveBody;
use crate::Credentials;
use crate::bulk::Starter;
use crate::members;
use crate::ranks;
use crate::records::{self, Moved};
use crate::room::Change;
use crate::users::UserError;

/// Kind of the task.
pub(crate) const KIND: &str = "member-move";
/// Members per step.
const PIECE: i64 = 100;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    source: String,
    target: String,
    by: Starter,
}

/// Does `member-move` tasks.
pub struct MemberMove {
    ids: Ids,
    credentials: Arc<dyn Credentials>,
}

impl MemberMove {
    #[must_use]
    pub const fn new(ids: Ids, credentials: Arc<dyn Credentials>) -> Self {
        Self { ids, credentials }
    }
}

/// Moves the first piece at once. The id of the task that moves the rest, where there is one.
pub(super) async fn begin(
    tx: &Tx,
    change: &Change,
    runner: &MemberMove,
    body: &MoveBody,
) -> Result<Option<String>, UserError> {
    let environment = &change.scope.environment;
    // Both are held, one order for everybody: neither is deleted before the task is there to be seen.
    let mut both = [&body.src_tenant_id, &body.target_tenant_id];
    both.sort_unstable();
    for tenant in both {
        tenancy::hold_tenant(tx, environment, tenant)
            .await?
            .ok_or(UserError::NoTenant)?;
    }
    let total = ranks::sizes(tx, environment, &body.src_tenant_id)
        .await?
        .iter()
        .map(|(_, members)| members)
        .sum();
    let order = Order {
        source: body.src_tenant_id.clone(),
        target: body.target_tenant_id.clone(),
        by: Starter::of(change),
    };
    let task = tasks::begin(tx, &change.ids, environment, runner, &order, total, change.now).await?;
    Ok((task.state == tasks::State::InProgress).then_some(task.id))
}

/// Whether members are still being moved out of the tenant of the scope.
pub(crate) async fn is_being_left(tx: &Tx, scope: &Scope) -> Result<bool, StoreError> {
    for task in tasks::open(tx, &scope.environment, KIND).await? {
        let order: Order = serde_json::from_value(task.order).map_err(StoreError::other)?;
        if order.source == scope.tenant_id() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[async_trait]
impl Runner for MemberMove {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let source = Scope::tenant(task.environment.clone(), order.source.as_str().into());
        let target = Scope::tenant(task.environment.clone(), order.target.as_str().into());
        // Held, so that it is not deleted before its new members are there to be removed with it.
        let Some(access) = tenancy::hold_tenant(tx, &task.environment, &order.target).await? else {
            return Ok(Progress {
                failed: 1,
                errors: vec![json!({"error": "The target tenant was deleted"})],
                ..Progress::default()
            });
        };
        let piece = task.piece(PIECE);
        let members = records::members_after(tx, &source, &task.cursor, piece).await?;
        let moved = records::move_members(tx, &source, &target, &members, (access.by_default(), now)).await?;
        let change = order.by.change(source.clone(), self.ids.clone(), now);
        let (was, is) = (
            json!({"tenantId": order.source}),
            json!({"tenantId": order.target}),
        );
        let there = order.by.change(target.clone(), self.ids.clone(), now);
        for Moved { user, joined, .. } in &moved {
            self.credentials
                .end_sessions(tx, &task.environment, &user.id, source.tenant.as_ref(), now)
                .await?;
            members::note(tx, &change, "User moved to another tenant", user, &was, &is).await?;
            if *joined {
                members::note(tx, &there, "User added to tenant", user, &was, &is).await?;
            }
        }
        // Last, because others who come and go wait from here on.
        records::count_moved(tx, &source, &target, &moved).await?;
        let full = i64::try_from(members.len()).is_ok_and(|found| found >= piece);
        Ok(Progress {
            cursor: members.last().filter(|_| full).cloned(),
            done: i64::try_from(moved.len()).unwrap_or(0),
            ..Progress::default()
        })
    }

    async fn pass_over(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let source = Scope::tenant(task.environment.clone(), order.source.as_str().into());
        let next = records::members_after(tx, &source, &task.cursor, 1).await?.pop();
        Ok(next.map(|user| Progress {
            errors: vec![failure(&user)],
            cursor: Some(user),
            failed: 1,
            ..Progress::default()
        }))
    }
}

fn failure(user: &str) -> Value {
    json!({"userId": user, "error": "The user could not be moved"})
}
