//! Bodies and answers of work in bulk.

use std::collections::BTreeSet;

use blocks::tasks::{State, Task};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::faults::{Faults, or_empty};
use crate::users::{Creation, InviteBody};

/// Most users of one invitation in bulk.
const MOST_USERS: usize = 1_000;
/// Most of them that may bring a password: each costs a hash before the answer.
const MOST_PASSWORDS: usize = 50;
/// Most tenants that one change of roles may name; without names there is no bound.
const MOST_TENANTS: usize = 5_000;

/// One user to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkUser {
    #[serde(flatten)]
    person: InviteBody,
    /// The environment vouches for the address; not taken from users.
    #[serde(default)]
    verified: Option<bool>,
}

/// Users to be invited.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BulkInviteBody {
    users: Vec<BulkUser>,
}

impl BulkInviteBody {
    /// The invitations; `vouches` says whether the caller may call addresses verified.
    pub(super) fn checked(self, vouches: bool) -> Result<Vec<Creation>, Vec<String>> {
        if self.users.is_empty() {
            return Err(vec!["users should not be empty".to_owned()]);
        }
        if self.users.len() > MOST_USERS {
            return Err(vec![format!(
                "users must contain no more than {MOST_USERS} elements"
            )]);
        }
        let (mut creations, mut faults) = (Vec::with_capacity(self.users.len()), Vec::new());
        for (index, user) in self.users.into_iter().enumerate() {
            let verified = user.verified.unwrap_or(false);
            match user.person.checked() {
                Ok(creation) => creations.push(Creation {
                    vouched: vouches && verified,
                    ..creation
                }),
                Err(sentences) => faults.extend(
                    sentences
                        .into_iter()
                        .map(|sentence| format!("users.{index}.{sentence}")),
                ),
            }
        }
        if creations.iter().filter(|one| one.password.is_some()).count() > MOST_PASSWORDS {
            faults.push(format!("no more than {MOST_PASSWORDS} users may have a password"));
        }
        faults.truncate(100);
        if faults.is_empty() {
            Ok(creations)
        } else {
            Err(faults)
        }
    }
}

/// A task that goes on after the answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Begun {
    /// To ask for its status by.
    pub(super) id: String,
}

/// How far work in bulk is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct BulkStatus {
    id: String,
    #[schema(value_type = String)]
    status: State,
    #[schema(value_type = f64)]
    total: i64,
    #[schema(value_type = f64)]
    succeeded: i64,
    #[schema(value_type = f64)]
    failed: i64,
    /// One entry per user who could not be dealt with, and why; the first thousand.
    #[schema(value_type = Vec<Object>)]
    errors: Vec<Value>,
}

impl From<Task> for BulkStatus {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            status: task.state,
            total: task.total,
            succeeded: task.done,
            failed: task.failed,
            errors: task.errors,
        }
    }
}

/// Roles to give and to take in many tenants.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkRolesBody {
    #[serde(default, deserialize_with = "or_empty")]
    add_role_ids: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    remove_role_ids: Vec<String>,
    /// Only in these tenants; in all of the user's when there are none.
    #[serde(default)]
    tenant_ids: Option<Vec<String>>,
}

/// A checked order.
#[derive(Clone, Debug)]
pub(super) struct RolesOrder {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
    /// In the order of their ids.
    pub(super) tenants: Option<Vec<String>>,
}

impl BulkRolesBody {
    pub(super) fn checked(self) -> Result<RolesOrder, Vec<String>> {
        let mut faults = Faults::default();
        faults.role_ids(&self.add_role_ids);
        faults.role_ids(&self.remove_role_ids);
        if self.add_role_ids.is_empty() && self.remove_role_ids.is_empty() {
            faults.say("addRoleIds or removeRoleIds should not be empty");
        }
        if self
            .add_role_ids
            .iter()
            .any(|id| self.remove_role_ids.contains(id))
        {
            faults.say("a role must not be in both addRoleIds and removeRoleIds");
        }
        let tenants = self
            .tenant_ids
            .map(|ids| ids.into_iter().collect::<BTreeSet<String>>())
            .map(Vec::from_iter);
        match &tenants {
            Some(ids) if ids.is_empty() => faults.say("tenantIds should not be empty"),
            Some(ids) if ids.len() > MOST_TENANTS => faults.say(format!(
                "tenantIds must contain no more than {MOST_TENANTS} elements"
            )),
            _ => {}
        }
        faults.check()?;
        Ok(RolesOrder {
            add: self.add_role_ids,
            remove: self.remove_role_ids,
            tenants,
        })
    }
}

/// What was done, or has begun.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesUpdated {
    pub(super) user_id: String,
    /// Tenants dealt with; all that are to be while the work goes on.
    #[schema(value_type = f64)]
    pub(super) affected_tenants: i64,
    pub(super) roles_added: Vec<String>,
    pub(super) roles_removed: Vec<String>,
    /// To ask for the status by.
    pub(super) task_id: String,
}

/// How far a change of roles is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesStatus {
    pub(super) id: String,
    pub(super) user_id: String,
    #[schema(value_type = String)]
    pub(super) status: State,
    #[schema(value_type = f64)]
    pub(super) total_tenants: i64,
    #[schema(value_type = f64)]
    pub(super) processed_tenants: i64,
    pub(super) added_role_ids: Vec<String>,
    pub(super) removed_role_ids: Vec<String>,
    pub(super) errors: Vec<RolesFailure>,
}

/// A tenant where the roles stayed as they were.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesFailure {
    pub(super) message: String,
    pub(super) tenant_id: String,
    #[serde(default)]
    pub(super) details: Option<String>,
    #[serde(default)]
    pub(super) tenant_ids: Vec<String>,
}
