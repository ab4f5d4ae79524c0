//! Changing the roles of one user in many tenants.

use std::collections::BTreeSet;

use async_trait::async_trait;
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::Role;

use super::model::{RolesFailure, RolesOrder, RolesStatus, RolesUpdated};
use super::starter::Starter;
use super::store;
use crate::members;
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::users::UserError;

/// Kind of the task.
pub(super) const KIND: &str = "bulk-roles";
/// Tenants per step.
const PIECE: i64 = 50;
/// Most tenants that a refusal names.
const NAMED: usize = 10;

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    user: String,
    add: Vec<String>,
    remove: Vec<String>,
    tenants: Option<Vec<String>>,
    by: Starter,
}

/// Does `bulk-roles` tasks.
pub struct BulkRoles {
    ids: Ids,
}

impl BulkRoles {
    #[must_use]
    pub const fn new(ids: Ids) -> Self {
        Self { ids }
    }
}

/// Changes the roles in the first tenants at once. The task tells about the rest.
pub(super) async fn begin(
    tx: &Tx,
    change: &Change,
    runner: &BulkRoles,
    id: &str,
    order: &RolesOrder,
) -> Result<RolesUpdated, UserError> {
    let environment = &change.scope.environment;
    let user = records::user_by_id(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let total = match &order.tenants {
        Some(named) => {
            let own: BTreeSet<String> = records::memberships(tx, environment, &user.id)
                .await?
                .into_iter()
                .map(|membership| membership.tenant_id)
                .collect();
            let foreign: Vec<&str> = named
                .iter()
                .filter(|tenant| !own.contains(*tenant))
                .map(String::as_str)
                .collect();
            if !foreign.is_empty() {
                return Err(UserError::NotMemberOf(listed(&foreign)));
            }
            i64::try_from(named.len()).unwrap_or(i64::MAX)
        }
        None => store::count_tenants(tx, environment, id).await?,
    };
    let known = tenancy::roles_by_id(tx, environment, &order.add).await?;
    let unknown: Vec<&str> = order
        .add
        .iter()
        .map(String::as_str)
        .filter(|id| !known.iter().any(|role| role.id == *id))
        .collect();
    if !unknown.is_empty() {
        return Err(UserError::UnknownRoles(format!(
            "Roles not found: {}",
            listed(&unknown)
        )));
    }
    let stored = Order {
        user: id.to_owned(),
        add: order.add.clone(),
        remove: order.remove.clone(),
        tenants: order.tenants.clone(),
        by: Starter::of(change),
    };
    let task = tasks::begin(tx, &change.ids, environment, runner, &stored, total, change.now).await?;
    let over = task.state != tasks::State::InProgress;
    Ok(RolesUpdated {
        user_id: id.to_owned(),
        affected_tenants: if over { task.done } else { task.total },
        roles_added: order.add.clone(),
        roles_removed: order.remove.clone(),
        task_id: task.id,
    })
}

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// How far a task is; `None` when it is of another kind.
pub(super) fn status(task: Task) -> Result<Option<RolesStatus>, StoreError> {
    if task.kind != KIND {
        return Ok(None);
    }
    let order: Order = serde_json::from_value(task.order).map_err(StoreError::other)?;
    let errors = task
        .errors
        .into_iter()
        .map(|error| serde_json::from_value(error).map_err(StoreError::other))
        .collect::<Result<Vec<RolesFailure>, _>>()?;
    Ok(Some(RolesStatus {
        id: task.id,
        user_id: order.user,
        status: task.state,
        total_tenants: task.total,
        processed_tenants: task.done + task.failed,
        added_role_ids: order.add,
        removed_role_ids: order.remove,
        errors,
    }))
}

impl Order {
    /// The next tenants after the cursor.
    async fn next(&self, tx: &Tx, task: &Task, piece: i64) -> Result<Vec<String>, StoreError> {
        let Some(named) = &self.tenants else {
            return store::tenants_after(tx, &task.environment, &self.user, &task.cursor, piece).await;
        };
        let from = named.partition_point(|tenant| *tenant <= task.cursor);
        let piece = usize::try_from(piece).unwrap_or(usize::MAX);
        Ok(named.iter().skip(from).take(piece).cloned().collect())
    }

    /// Changes the roles in one tenant, or says why not. Looks before it writes, so that a refusal leaves nothing behind.
    async fn apply(
        &self,
        tx: &Tx,
        change: &Change,
        user: &UserRecord,
        known: &[Role],
    ) -> Result<Option<String>, StoreError> {
        let scope = &change.scope;
        if !records::hold_membership(tx, scope, &user.id).await? {
            return Ok(Some("The user is no member of this tenant".to_owned()));
        }
        let counts = |role: &Role| {
            role.tenant_id
                .as_deref()
                .is_none_or(|tenant| tenant == scope.tenant_id())
        };
        let missing: Vec<&str> = self
            .add
            .iter()
            .map(String::as_str)
            .filter(|id| !known.iter().any(|role| role.id == *id && counts(role)))
            .collect();
        if !missing.is_empty() {
            return Ok(Some(format!("Roles not found: {}", listed(&missing))));
        }
        let before = records::role_ids(tx, scope, user.id.as_str()).await?;
        let tenant = scope.tenant_id();
        let mut touched = records::give_roles(tx, &scope.environment, tenant, &user.id, &self.add).await?;
        if !self.remove.is_empty() {
            touched += records::take_roles(tx, &scope.environment, tenant, &user.id, &self.remove).await?;
        }
        if touched > 0 {
            let after = records::role_ids(tx, scope, user.id.as_str()).await?;
            let (was, is) = (json!({"roleIds": before}), json!({"roleIds": after}));
            members::note(tx, change, "Roles of user updated in bulk", user, &was, &is).await?;
        }
        Ok(None)
    }
}

fn failure(tenant: &str, message: String) -> Result<serde_json::Value, StoreError> {
    let failure = RolesFailure {
        message,
        tenant_id: tenant.to_owned(),
        details: None,
        tenant_ids: vec![tenant.to_owned()],
    };
    serde_json::to_value(failure).map_err(StoreError::other)
}

#[async_trait]
impl Runner for BulkRoles {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let piece = task.piece(PIECE);
        let tenants = order.next(tx, task, piece).await?;
        let mut progress = Progress::default();
        let user = records::user_by_id(tx, &task.environment, &order.user).await?;
        let known = tenancy::roles_by_id(tx, &task.environment, &order.add).await?;
        for tenant in &tenants {
            let scope = Scope::tenant(task.environment.clone(), TenantId::from(tenant.as_str()));
            let change = order.by.change(scope, self.ids.clone(), now);
            let refused = match &user {
                Some(user) => order.apply(tx, &change, user, &known).await?,
                None => Some("The user was deleted".to_owned()),
            };
            match refused {
                None => progress.done += 1,
                Some(message) => {
                    progress.failed += 1;
                    progress.errors.push(failure(tenant, message)?);
                }
            }
        }
        let full = i64::try_from(tenants.len()).is_ok_and(|found| found >= piece);
        let dealt_with = task.done + task.failed + progress.done + progress.failed;
        // A full piece that was the last is not gone on from: small orders are over when they are answered.
        let more = full && (order.tenants.is_none() || dealt_with < task.total);
        progress.cursor = tenants.last().filter(|_| more).cloned();
        Ok(progress)
    }

    async fn pass_over(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let Some(tenant) = order.next(tx, task, 1).await?.pop() else {
            return Ok(None);
        };
        Ok(Some(Progress {
            errors: vec![failure(
                &tenant,
                "The roles could not be changed here".to_owned(),
            )?],
            cursor: Some(tenant),
            failed: 1,
            ..Progress::default()
        }))
    }
}
