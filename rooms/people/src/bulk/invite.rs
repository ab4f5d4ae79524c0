//! Inviting many users into one tenant.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::{self, Progress, Runner, Task};
use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::BulkStatus;
use super::starter::Starter;
use crate::room::Change;
use crate::tenants;
use crate::users::{Creation, Prepared, UserError, create};
use crate::{Credentials, Mailer, PreparedPassword};

/// Kind of the task.
pub(super) const KIND: &str = "bulk-invite";
/// Users per step: few, because everybody else who creates users waits meanwhile.
const PIECE: i64 = 5;

/// One invitation as it waits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Invitation {
    pub(super) creation: Creation,
    /// The hash of the password, where one is given.
    pub(super) password: Option<PreparedPassword>,
    /// The id a new user gets.
    pub(super) id: String,
}

/// What one step of the task has to do.
#[derive(Debug)]
struct Order {
    tenant: String,
    by: Starter,
    users: Vec<Invitation>,
    /// Where the next step begins, and how many invitations there are in all.
    end: usize,
    total: usize,
}

/// Does `bulk-invite` tasks.
pub struct BulkInvite {
    ids: Ids,
    credentials: Arc<dyn Credentials>,
    mailer: Mailer,
}

impl BulkInvite {
    #[must_use]
    pub const fn new(ids: Ids, credentials: Arc<dyn Credentials>, mailer: Mailer) -> Self {
        Self {
            ids,
            credentials,
            mailer,
        }
    }
}

/// Stores the invitations; answers the id of the task.
pub(super) async fn submit(tx: &Tx, change: &Change, users: &[Invitation]) -> Result<String, UserError> {
    let environment = &change.scope.environment;
    if !tenancy::tenant_exists(tx, environment, change.scope.tenant_id()).await? {
        return Err(UserError::NoTenant);
    }
    let order = json!({
        "tenant": change.scope.tenant_id(),
        "users": serde_json::to_value(users).map_err(StoreError::other)?,
        "by": serde_json::to_value(Starter::of(change)).map_err(StoreError::other)?,
    });
    let total = i64::try_from(users.len()).unwrap_or(i64::MAX);
    Ok(tasks::submit(tx, &change.ids, environment, KIND, &order, total, change.now).await?)
}

/// How far a task of this scope is. Somebody in a tenant sees the invitations into it, the environment also those who move.
pub(super) async fn status(tx: &Tx, scope: &Scope, id: &str) -> Result<BulkStatus, UserError> {
    let task = tasks::find(tx, &scope.environment, id)
        .await?
        .ok_or(UserError::NoTask)?;
    let tenant = task.order.get("tenant").and_then(Value::as_str);
    let seen = match (task.kind.as_str(), &scope.tenant) {
        (KIND, Some(own)) => tenant == Some(own.as_str()),
        (KIND | tenants::MOVE, None) => true,
        _ => false,
    };
    if seen {
        Ok(task.into())
    } else {
        Err(UserError::NoTask)
    }
}

fn failure(invitation: &Invitation, error: &str) -> Value {
    match (&invitation.creation.email, &invitation.creation.username) {
        (None, Some(username)) => json!({"username": username, "error": error}),
        (email, _) => json!({"email": email, "error": error}),
    }
}

/// The sentence that a single invitation would have been refused with.
fn sentence(error: &UserError) -> String {
    match error {
        UserError::Faults(sentences) => sentences.join(", "),
        other => other.to_string(),
    }
}

fn order_member<'t>(task: &'t Task, name: &str) -> &'t Value {
    task.order.get(name).unwrap_or(&Value::Null)
}

impl Order {
    /// The invitations at and after a cursor, up to `most`. Only these are read: the order may be large, and every step of it
    /// keeps other writers waiting.
    fn read(task: &Task, most: usize) -> Result<Self, StoreError> {
        let waiting = task.order.get("users").and_then(Value::as_array);
        let all = waiting.map_or(&[][..], Vec::as_slice);
        let from = task.cursor.parse().unwrap_or(0).min(all.len());
        let read = |value: &Value| Invitation::deserialize(value).map_err(StoreError::other);
        Ok(Self {
            tenant: String::deserialize(order_member(task, "tenant")).map_err(StoreError::other)?,
            by: Starter::deserialize(order_member(task, "by")).map_err(StoreError::other)?,
            users: all
                .iter()
                .skip(from)
                .take(most)
                .map(read)
                .collect::<Result<_, _>>()?,
            end: from + most,
            total: all.len(),
        })
    }

    /// Goes on behind what was read, or ends; then the invitations are not kept any longer.
    fn onward(self, progress: Progress) -> Progress {
        if self.end < self.total {
            return Progress {
                cursor: Some(self.end.to_string()),
                ..progress
            };
        }
        Progress {
            order: Some(json!({"tenant": self.tenant})),
            ..progress
        }
    }
}

#[async_trait]
impl Runner for BulkInvite {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order = Order::read(task, usize::try_from(task.piece(PIECE)).unwrap_or(1))?;
        let scope = Scope::tenant(task.environment.clone(), TenantId::from(order.tenant.as_str()));
        let change = order.by.change(scope, self.ids.clone(), now);
        let mut progress = Progress::default();
        for invitation in &order.users {
            let prepared = Prepared {
                creation: invitation.creation.clone(),
                password: invitation.password.clone(),
                id: invitation.id.clone(),
            };
            let makers = (&self.credentials, Some(&self.mailer));
            tx.begin_part().await?;
            match create(tx, &change, makers, &prepared).await {
                Ok(_) => {
                    tx.keep_part().await?;
                    progress.done += 1;
                }
                Err(UserError::Store(error)) => return Err(error),
                Err(refusal) => {
                    tx.undo_part().await?;
                    progress.failed += 1;
                    progress.errors.push(failure(invitation, &sentence(&refusal)));
                }
            }
        }
        Ok(order.onward(progress))
    }

    async fn pass_over(&self, _tx: &Tx, task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        let order = Order::read(task, 1)?;
        let Some(invitation) = order.users.first() else {
            return Ok(None);
        };
        let progress = Progress {
            failed: 1,
            errors: vec![failure(invitation, "The user could not be invited")],
            ..Progress::default()
        };
        Ok(Some(order.onward(progress)))
    }
}
