//! `users/v1/invitation/reset` and `/reset/all`: who has not come in yet gets the mail again.

use std::collections::BTreeSet;

use async_trait::async_trait;
use blocks::tasks::{self, Progress, Runner, Task};
use blocks::throttle;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use web::{AnyCaller, Body, Done, Guard, IntoResponse, Json, Need, Problem, Response, Routes, State, routes};

use super::is_waiting;
use super::mailer::{Inviter, Issued, Mailer};
use crate::bulk::Starter;
use crate::identifiers::page_link;
use crate::records::{self, Membership, MembershipStatus, UserRecord};
use crate::room::{Change, People};
use crate::users::{UserError, note};

/// Kind of the task.
const KIND: &str = "invitation-reset";
/// Tenants per step: each is a mail.
const PIECE: i64 = 20;

/// Whose invitation is meant.
#[derive(Debug, Deserialize, ToSchema)]
struct ResetInvitationBody {
    /// The user's address.
    email: String,
}

/// A new invitation, as the environment gets to know it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationView {
    user_id: String,
    tenant_id: String,
    /// The page that the mail leads to, on the environment's own host.
    link: String,
    /// What that page sends along.
    token: String,
}

pub(super) fn routes() -> Routes<People> {
    let guard =
        Guard::environment_or_user(Need::Permission("fe.secure.write.resendActivationEmail")).with_tenant();
    Routes::new()
        .on(guard, routes!(reset_invitation))
        .on(guard, routes!(reset_all_invitations))
}

/// The address of a body; mails that users have sent to one are counted.
async fn asked(room: &People, caller: &AnyCaller, body: ResetInvitationBody) -> Result<String, Problem> {
    let email = kit::email_key(&body.email).map_err(|fault| Problem::bad_request(fault.to_string()))?;
    if let Some(user) = caller.user() {
        let who = format!("invitation {email}");
        throttle::send(
            room.app.db(),
            &room.limits,
            &user.environment,
            &who,
            room.app.now(),
        )
        .await?;
    }
    Ok(email)
}

/// Sends one member of the scope's tenant the mail again. The one before stops working.
async fn reset(
    tx: &Tx,
    change: &Change,
    mailer: &Mailer,
    email: &str,
) -> Result<Option<(UserId, Issued)>, UserError> {
    let (environment, scope) = (&change.scope.environment, &change.scope);
    let found = records::user_by_email(tx, environment, email).await?;
    let found = found.ok_or(UserError::NotFound)?;
    tenancy::hold_tenant(tx, environment, scope.tenant_id())
        .await?
        .ok_or(UserError::NoTenant)?;
    let user = records::hold(tx, environment, found.id.as_str())
        .await?
        .ok_or(UserError::NotFound)?;
    let membership = records::membership(tx, scope, &user.id)
        .await?
        .ok_or(UserError::NotFound)?;
    if !is_waiting(&user, &membership) {
        return Err(UserError::NotWaiting);
    }
    let by = change.issuer(tx).await?;
    let inviter = Inviter {
        user: by.as_ref(),
        metadata: None,
    };
    let issued = mailer
        .welcome(tx, scope, (&user, &membership), inviter, change.now)
        .await?;
    note(tx, change, "Invitation sent again", None, Some(&user)).await?;
    Ok(issued.map(|issued| (user.id, issued)))
}

/// Sends the member of this address the mail again: an invitation, or an activation while the address is not proved. What
/// was sent before stops working. Only the environment gets to read the new link.
#[utoipa::path(post, path = "/identity/resources/users/v1/invitation/reset", tag = "User management",
    request_body = ResetInvitationBody,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    responses((status = 200, body = InvitationView, description = "Sent; users get an empty body"),
        (status = 400, description = "The member is in already"), (status = 404, description = "No such member")))]
async fn reset_invitation(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<ResetInvitationBody>,
) -> Result<Response, Problem> {
    let email = asked(&room, &caller, body).await?;
    let (change, mailer) = (room.change_by(&caller), room.mailer.clone());
    let tenant_id = change.scope.tenant_id().to_owned();
    let issued = room
        .app
        .db()
        .write(async move |tx| reset(tx, &change, &mailer, &email).await)
        .await?;
    let (AnyCaller::Environment(caller), Some((user, issued))) = (caller, issued) else {
        return Ok(Done::OK.into_response());
    };
    let link = page_link(&room, &caller.environment, issued.template, &user, &issued.token).await?;
    Ok(Json(InvitationView {
        user_id: user.to_string(),
        tenant_id,
        link,
        token: issued.token.reveal().to_owned(),
    })
    .into_response())
}

/// What the task has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    user: String,
    /// The tenant in force: it and those below it count.
    top: String,
    by: Starter,
}

/// Does `invitation-reset` tasks.
pub struct InvitationReset {
    ids: Ids,
    mailer: Mailer,
}

impl InvitationReset {
    #[must_use]
    pub const fn new(ids: Ids, mailer: Mailer) -> Self {
        Self { ids, mailer }
    }
}

/// The user's memberships at and below a tenant that were mailed and not answered, by tenant.
async fn waiting(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    top: &str,
) -> Result<Option<Vec<Membership>>, StoreError> {
    let mut held = records::memberships(tx, environment, &user.id).await?;
    let ids = held.iter().map(|one| one.tenant_id.clone()).collect();
    let below: BTreeSet<String> = tenancy::below_among(tx, environment, top, ids)
        .await?
        .into_iter()
        .collect();
    held.retain(|one| one.tenant_id == top || below.contains(&one.tenant_id));
    if held.is_empty() {
        return Ok(None);
    }
    // Who was added in silence has nothing that could be sent again.
    held.retain(|one| is_waiting(user, one) && one.status != MembershipStatus::PendingLogin);
    held.sort_by(|a, b| a.tenant_id.cmp(&b.tenant_id));
    if !user.verified {
        // An activation is for the user as a whole.
        held.truncate(1);
    }
    Ok(Some(held))
}

impl InvitationReset {
    /// Sends the next mails; the last tenant that had one, while there are more.
    async fn send(
        &self,
        tx: &Tx,
        task: &Task,
        order: &Order,
        now: Millis,
    ) -> Result<(i64, Option<String>), StoreError> {
        let environment = &task.environment;
        let Some(user) = records::user_by_id(tx, environment, &order.user).await? else {
            return Ok((0, None));
        };
        let piece = usize::try_from(task.piece(PIECE)).unwrap_or(1);
        let all = waiting(tx, environment, &user, &order.top)
            .await?
            .unwrap_or_default();
        let mut next: Vec<Membership> = all
            .into_iter()
            .filter(|one| one.tenant_id.as_str() > task.cursor.as_str())
            .collect();
        let more = next.len() > piece;
        next.truncate(piece);
        // Tenants in the order of their ids, then the user.
        for one in &next {
            tenancy::hold_tenant(tx, environment, &one.tenant_id).await?;
        }
        let Some(user) = records::hold(tx, environment, user.id.as_str()).await? else {
            return Ok((0, None));
        };
        let mut sent = 0;
        for one in &next {
            let scope = Scope::tenant(environment.clone(), one.tenant_id.as_str().into());
            let Some(one) = records::membership(tx, &scope, &user.id).await? else {
                continue;
            };
            let change = order.by.change(scope, self.ids.clone(), now);
            let by = change.issuer(tx).await?;
            let inviter = Inviter {
                user: by.as_ref(),
                metadata: None,
            };
            self.mailer
                .welcome(tx, &change.scope, (&user, &one), inviter, now)
                .await?;
            note(tx, &change, "Invitation sent again", None, Some(&user)).await?;
            sent += 1;
        }
        Ok((sent, next.pop().filter(|_| more).map(|one| one.tenant_id)))
    }
}

#[async_trait]
impl Runner for InvitationReset {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn step(&self, tx: &Tx, task: &Task, now: Millis) -> Result<Progress, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let (done, cursor) = self.send(tx, task, &order, now).await?;
        Ok(Progress {
            cursor,
            done,
            ..Progress::default()
        })
    }

    async fn pass_over(&self, tx: &Tx, task: &Task, _now: Millis) -> Result<Option<Progress>, StoreError> {
        let order: Order = serde_json::from_value(task.order.clone()).map_err(StoreError::other)?;
        let Some(user) = records::user_by_id(tx, &task.environment, &order.user).await? else {
            return Ok(None);
        };
        let all = waiting(tx, &task.environment, &user, &order.top)
            .await?
            .unwrap_or_default();
        let next = all
            .into_iter()
            .find(|one| one.tenant_id.as_str() > task.cursor.as_str());
        Ok(next.map(|one| Progress {
            errors: vec![json!({"tenantId": one.tenant_id, "error": "The invitation could not be sent"})],
            cursor: Some(one.tenant_id),
            failed: 1,
            ..Progress::default()
        }))
    }
}

/// Sends the first mails at once; a task sends the rest.
async fn reset_all(tx: &Tx, change: &Change, runner: &InvitationReset, email: &str) -> Result<(), UserError> {
    let (environment, top) = (&change.scope.environment, change.scope.tenant_id());
    let user = records::user_by_email(tx, environment, email).await?;
    let user = user.ok_or(UserError::NotFound)?;
    let waiting = waiting(tx, environment, &user, top)
        .await?
        .ok_or(UserError::NotFound)?;
    if waiting.is_empty() {
        return Err(UserError::NotWaiting);
    }
    let order = Order {
        user: user.id.to_string(),
        top: top.to_owned(),
        by: Starter::of(change),
    };
    let total = i64::try_from(waiting.len()).unwrap_or(i64::MAX);
    tasks::begin(tx, &change.ids, environment, runner, &order, total, change.now).await?;
    Ok(())
}

/// Sends every invitation again that the user of this address has not answered, in the tenant in force and those below
/// it. What was sent before stops working. Twenty go at once, more of them after the answer.
#[utoipa::path(post, path = "/identity/resources/users/v1/invitation/reset/all", tag = "User management",
    request_body = ResetInvitationBody,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant; not needed with a user token")),
    responses((status = 200, description = "Sent, or on the way; the body is empty"),
        (status = 400, description = "There is nothing to be answered"), (status = 404, description = "No such member")))]
async fn reset_all_invitations(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<ResetInvitationBody>,
) -> Result<Done, Problem> {
    let email = asked(&room, &caller, body).await?;
    let change = room.change_by(&caller);
    let runner = InvitationReset::new(room.app.ids().clone(), room.mailer.clone());
    room.app
        .db()
        .write(async move |tx| reset_all(tx, &change, &runner, &email).await)
        .await?;
    Ok(Done::OK)
}
