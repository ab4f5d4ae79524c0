//! Who ordered a task, kept with it: its records name them, and their own level bounds what it does.

use std::net::Ipv4Addr;
use std::sync::Arc;

use blocks::audit::AuditRecord;
use kit::{Ids, Millis, Scope, UserId};
use serde::{Deserialize, Serialize};
use web::{CallOrigin, UserCaller};

use crate::room::Change;

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
        let bounded_by = self.user.as_deref().map(|user| UserCaller {
            environment: scope.environment.clone(),
            tenant: scope.tenant_id().into(),
            user: UserId::from(user),
            session: None,
            permissions: Arc::from([]),
            by_environment: false,
            from: Arc::new(CallOrigin {
                ip: Ipv4Addr::UNSPECIFIED.into(),
                user_agent: String::new(),
                origin: None,
                trace_id: String::new(),
                application: None,
            }),
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
