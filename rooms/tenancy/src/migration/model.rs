//! An order to bring tenants in, and how far it is.

use std::collections::BTreeSet;

use blocks::tasks::{State, Task};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::faults::Faults;

/// Most tenants in one order.
const MOST: usize = 1_000;

/// Which tenants to bring in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct MigrateTenants {
    /// Their ids, at most 1,000. Each becomes a tenant under its id, which is also its name until it gets another.
    tenants: Vec<String>,
}

impl MigrateTenants {
    /// The ids, each once.
    pub(super) fn checked(self) -> Result<Vec<String>, Vec<String>> {
        let mut faults = Faults::default();
        faults.at_most("tenants", self.tenants.len(), MOST);
        if self.tenants.is_empty() {
            faults.say("tenants should not be empty");
        }
        if self.tenants.iter().any(|id| id.trim().is_empty()) {
            faults.say("each value in tenants should not be empty");
        }
        faults.check()?;
        let mut seen = BTreeSet::new();
        let mut ids = self.tenants;
        ids.retain(|id| seen.insert(id.clone()));
        Ok(ids)
    }
}

/// The order was taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Started {
    pub(super) migration_id: String,
}

/// How far it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    migration_id: String,
    /// `NotStarted`, `InProgress`, `Completed` or `CompletedWithErrors`.
    #[schema(value_type = String)]
    state: State,
    total: i64,
    migrated: i64,
    failed: i64,
    errors: Vec<Failure>,
}

/// A tenant that could not be brought in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    pub(super) tenant_id: String,
    pub(super) error: String,
}

impl From<Task> for Status {
    fn from(task: Task) -> Self {
        let failure = |error: Value| serde_json::from_value(error).ok();
        Self {
            migration_id: task.id,
            state: task.state,
            total: task.total,
            migrated: task.done,
            failed: task.failed,
            errors: task.errors.into_iter().filter_map(failure).collect(),
        }
    }
}
