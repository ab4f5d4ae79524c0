//! Removing memberships in pieces, and roles from their holders.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::audit::{AuditRecord, Severity};
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Clock, EnvironmentId, Ids, Millis, Scope, TenantId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store;
use crate::Credentials;
use crate::applications;
use crate::families;
use crate::groups;
use crate::ranks;
use crate::records;
use crate::tenants;
use crate::users;

/// Kind of the task that takes a deleted role from its holders.
const ROLE_REMOVAL: &str = "role-removal";
/// How many members and groups lose a deleted role in the transaction of its deletion, and in each step afterwards.
const PIECE: i64 = 1_000;
/// How many members of a deleted tenant go at most in one step. Each takes rows and places in two dozen indexes with it,
/// and nobody else writes meanwhile.
const MEMBERS: i64 = 8;
/// How far the holders of a role are counted.
const COUNTED: i64 = 1_000;

/// What this room does when tenants and roles go or roles are given to everybody.
pub struct PeopleTenancy {
    credentials: Arc<dyn Credentials>,
    ids: Ids,
    clock: Arc<dyn Clock>,
}

impl PeopleTenancy {
    #[must_use]
    pub fn new(credentials: Arc<dyn Credentials>, ids: Ids, clock: Arc<dyn Clock>) -> Self {
        Self {
            credentials,
            ids,
            clock,
        }
    }
}

#[async_trait]
impl tenancy::TenantPurge for PeopleTenancy {
    async fn is_needed(&self, tx: &Tx, scope: &Scope) -> Result<bool, StoreError> {
        tenants::is_being_left(tx, scope).await
    }

    /// Ends up to `most` memberships. A user without another tenant is deleted with everything kept about them.
    async fn purge(&self, tx: &Tx, scope: &Scope, most: i64, now: Millis) -> Result<bool, StoreError> {
        let environment = &scope.environment;
        let at_most = most.min(MEMBERS);
        let members = store::members(tx, scope, at_most).await?;
        let mut partings = Vec::with_capacity(members.len());
        for id in &members {
            let Some(user) = records::hold(tx, environment, id).await? else {
                continue;
            };
            let ended = records::end_membership(tx, environment, &user, scope.tenant_id()).await?;
            match ended {
                Some((parting, true)) => {
                    self.credentials
                        .end_sessions(tx, environment, &user.id, scope.tenant.as_ref(), now)
                        .await?;
                    partings.push(parting.outside_tenants(tx, environment).await?);
                }
                Some((_, false)) => {
                    partings.push(users::forget(tx, environment, &self.credentials, &user).await?);
                }
                None => {}
            }
        }
        records::count_out(tx, environment, &partings).await?;
        let last = i64::try_from(members.len()).unwrap_or(at_most) < at_most;
        let done = last && groups::purge(tx, scope, most).await?;
        if done {
            ranks::close(tx, environment, scope.tenant_id()).await?;
            store::finish(tx, scope).await?;
        }
        Ok(done)
    }

    async fn shut(&self, tx: &Tx, scope: &Scope, now: Millis) -> Result<(), StoreError> {
        store::close(tx, scope, now).await?;
        families::forget(tx, &scope.environment, scope.tenant_id()).await
    }
}

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    role_id: String,
}

/// Takes a role from the next members and groups; of how many of the more numerous kind.
async fn take_role(tx: &Tx, environment: &EnvironmentId, role: &str) -> Result<u64, StoreError> {
    let members = store::take_role(tx, environment, role, PIECE).await?;
    let groups = store::take_role_from_groups(tx, environment, role, PIECE).await?;
    Ok(members.max(groups))
}

#[async_trait]
impl tenancy::RoleHolders for PeopleTenancy {
    async fn role_deleted(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        role_id: &str,
    ) -> Result<(), StoreError> {
        let taken = take_role(tx, environment, role_id).await?;
        if taken >= PIECE.unsigned_abs() {
            // A role that no longer exists grants nothing, so the rest may follow later.
            let order = Order {
                role_id: role_id.to_owned(),
            };
            tasks::submit(
                tx,
                &self.ids,
                environment,
                ROLE_REMOVAL,
                &order,
                0,
                self.clock.now(),
            )
            .await?;
        }
        Ok(())
    }

    async fn strongest(&self, tx: &Tx, scope: &Scope, user: &UserId) -> Result<Option<i64>, StoreError> {
        users::strongest(tx, scope, user.as_str(), self.clock.now()).await
    }

    async fn uses(
        &self,
        tx: &Tx,
        scope: &Scope,
        role_ids: &[String],
        by: tenancy::Holder,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        match by {
            tenancy::Holder::Member => store::uses(tx, scope, "member_roles", role_ids, COUNTED).await,
            tenancy::Holder::Group => store::uses(tx, scope, "group_roles", role_ids, COUNTED).await,
        }
    }

    async fn give_role(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        tenant: Option<&TenantId>,
        role_id: &str,
        cursor: &str,
        most: i64,
        now: Millis,
    ) -> Result<Option<String>, StoreError> {
        // A cursor is tenant and user, parted by a character that ids of tenants cannot contain.
        let after = cursor.split_once('\n').unwrap_or(("", ""));
        let only = tenant.map_or("", TenantId::as_str);
        let members = store::members_after(tx, environment, only, after, most).await?;
        let role = [role_id.to_owned()];
        for (tenant, user) in &members {
            let id = UserId::from(user.as_str());
            if records::give_roles(tx, environment, tenant, &id, &role).await? == 0 {
                continue;
            }
            let record = AuditRecord::new("Roles assigned to user", "user", user)
                .severity(Severity::Medium)
                .changed(None::<&()>, Some(&json!({"roleIds": role})))
                .described("The role was given to everybody");
            let scope = Scope::tenant(environment.clone(), TenantId::from(tenant.as_str()));
            record.write(tx, &self.ids, &scope, now).await?;
        }
        let done = i64::try_from(members.len()).unwrap_or(most) < most;
        Ok(members
            .last()
            .filter(|_| !done)
            .map(|(tenant, user)| format!("{tenant}\n{user}")))
    }
}

#[async_trait]
impl tenancy::SubAccountMembers for PeopleTenancy {
    async fn open_to(&self, tx: &Tx, scope: &Scope, user: &UserId) -> Result<bool, StoreError> {
        records::set_sub_accounts(tx, scope, user.as_str(), true).await
    }

    async fn open_to_all(
        &self,
        tx: &Tx,
        scope: &Scope,
        cursor: &str,
        most: i64,
    ) -> Result<Option<String>, StoreError> {
        records::reach_down_after(tx, scope, cursor, most).await
    }
}

#[async_trait]
impl tenancy::ApplicationHolders for PeopleTenancy {
    async fn forget_application(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        application: &str,
        most: i64,
    ) -> Result<bool, StoreError> {
        applications::forget_application(tx, environment, application, most).await
    }
}

/// Does `role-removal` tasks.
#[derive(Debug, Default)]
pub struct RoleRemoval;

#[async_trait]
impl Runner for RoleRemoval {
    fn kind(&self) -> &'static str {
        ROLE_REMOVAL
    }

    async fn step(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let taken = take_role(tx, &task.environment, &order.role_id).await?;
        let more = taken >= PIECE.unsigned_abs();
        Ok(Progress {
            cursor: more.then(|| "more".to_owned()),
            ..Progress::default()
        })
    }
}
