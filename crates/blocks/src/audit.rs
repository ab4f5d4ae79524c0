//! `AuditRecord`: who changed what, written through the outbox in the transaction of the change. The audit room stores
//! and serves these; every room may write them.

use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use web::{AnyCaller, CallOrigin, EnvironmentCaller, UserCaller};

use crate::outbox;

/// The outbox topic of audit records.
pub const TOPIC: &str = "audit";

/// How much attention a record deserves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    #[default]
    Info,
    Low,
    Medium,
    High,
    Critical,
    Error,
}

/// Who acted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Actor {
    /// The environment's own token, named by its client id.
    Environment(String),
    User(String),
    /// Nobody was known, as before a login.
    #[default]
    Anonymous,
    /// The server itself: sweeps, tasks, seeding.
    System,
}

/// One record. Build it with [`AuditRecord::new`] and the `with_` functions, then [`AuditRecord::write`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    pub tenant_id: String,
    pub actor: Actor,
    /// What happened, as people read it: `User logged in`.
    pub action: String,
    pub severity: Severity,
    /// Kind of thing: `user`, `role`, `tenant` …
    pub resource: String,
    pub resource_id: String,
    /// The user concerned or acting, where one is known.
    pub user_id: Option<String>,
    pub email: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub description: Option<String>,
    /// The thing before and after, never with secrets.
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub trace_id: Option<String>,
}

impl AuditRecord {
    /// A record about `resource` (its kind and id).
    #[must_use]
    pub fn new(action: &str, resource: &str, resource_id: &str) -> Self {
        Self {
            tenant_id: String::new(),
            actor: Actor::System,
            action: action.to_owned(),
            severity: Severity::Info,
            resource: resource.to_owned(),
            resource_id: resource_id.to_owned(),
            user_id: None,
            email: None,
            ip: None,
            user_agent: None,
            description: None,
            before: None,
            after: None,
            trace_id: None,
        }
    }

    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Actor and origin from an environment caller.
    #[must_use]
    pub fn by_environment(mut self, caller: &EnvironmentCaller) -> Self {
        self.actor = Actor::Environment(caller.environment.to_string());
        self.from(&caller.from)
    }

    /// Actor and origin from a user caller; the environment is the actor when it acts on the user's behalf.
    #[must_use]
    pub fn by_user(mut self, caller: &UserCaller) -> Self {
        self.actor = if caller.by_environment {
            Actor::Environment(caller.environment.to_string())
        } else {
            Actor::User(caller.user.to_string())
        };
        self.tenant_id = caller.tenant.to_string();
        self.user_id = Some(caller.user.to_string());
        self.from(&caller.from)
    }

    /// Actor and origin from either.
    #[must_use]
    pub fn by(self, caller: &AnyCaller) -> Self {
        match caller {
            AnyCaller::Environment(caller) => self.by_environment(caller),
            AnyCaller::User(caller) => self.by_user(caller),
        }
    }

    /// Address, agent and trace of the call.
    #[must_use]
    pub fn from(mut self, from: &CallOrigin) -> Self {
        self.ip = Some(from.ip.to_string());
        self.user_agent = Some(from.user_agent.clone());
        self.trace_id = Some(from.trace_id.clone());
        self
    }

    #[must_use]
    pub fn in_tenant(mut self, tenant: &str) -> Self {
        tenant.clone_into(&mut self.tenant_id);
        self
    }

    #[must_use]
    pub fn about_user(mut self, id: &str, email: Option<&str>) -> Self {
        self.user_id = Some(id.to_owned());
        self.email = email.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn described(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What changed. Pass views without secrets.
    #[must_use]
    pub fn changed(mut self, before: Option<&impl Serialize>, after: Option<&impl Serialize>) -> Self {
        self.before = before.and_then(|value| serde_json::to_value(value).ok());
        self.after = after.and_then(|value| serde_json::to_value(value).ok());
        self
    }

    /// Writes the record in the transaction of the change.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn write(&self, tx: &Tx, ids: &Ids, scope: &Scope, now: Millis) -> Result<(), StoreError> {
        let in_tenant = self.tenant_id.is_empty() && scope.tenant.is_some();
        if in_tenant {
            let mut record = self.clone();
            scope.tenant_id().clone_into(&mut record.tenant_id);
            return outbox::put(tx, ids, &scope.environment, TOPIC, &record, now).await;
        }
        outbox::put(tx, ids, &scope.environment, TOPIC, self, now).await
    }
}
