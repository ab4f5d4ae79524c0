//! Who ordered a task, kept with it: its records name them, and their own level bounds what it does.

use std::sync::Arc;

use blocks::audit::AuditRecord;
use kit::{Ids, Millis, Scope};
use serde::{Deserialize, Serialize};

use crate::room::{Bound, Change};

/// Who ordered a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Starter {
    /// Actor and origin.
    record: AuditRecord,
    /// The user whose level bounds the work; `None` for the environment.
    user: Option<String>,
}

impl Starter {
    pub(crate) fn of(change: &Change) -> Self {
        Self {
            record: change.by.clone(),
            user: change.bounded_by.as_ref().map(|caller| caller.user.to_string()),
        }
    }

    /// The change that a step makes in a tenant on their behalf.
    pub(crate) fn change(&self, scope: Scope, ids: Ids, now: Millis) -> Change {
        let bounded_by = self.user.as_deref().map(|user| Bound {
            user: user.into(),
            scope: scope.clone(),
            permissions: Arc::from([]),
        });
        Change {
            scope,
            ids,
            now,
            by: self.record.clone(),
            bounded_by,
        }
    }
}
