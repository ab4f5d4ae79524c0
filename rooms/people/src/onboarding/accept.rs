//! `users/v1/invitation/accept` and `/accept/code`: a member confirms a membership that was mailed to them.

use std::sync::Arc;

use blocks::audit::{Actor, AuditRecord};
use blocks::one_time::{Good, Holder, OneTimeCode, Proof, Verdict};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, Secret, UserId};
use serde::Deserialize;
use thiserror::Error;
use utoipa::ToSchema;
use web::{Body, CallOrigin, Done, Guard, Problem, PublicCaller, Routes, State, routes};

use super::mailer::{INVITE, Invited, subject};
use crate::records::{self, MembershipStatus, UserRecord};
use crate::room::People;
use crate::{Credentials, PreparedPassword};

/// Longest token that is looked for.
const TOKEN_LENGTH: usize = 255;

/// Why an invitation was not accepted.
#[derive(Debug, Error)]
pub(super) enum AcceptError {
    /// Never sent, used, replaced, too old, of another user, or its membership is over.
    #[error("The invitation is invalid or has expired")]
    Invalid,
    #[error("Invalid code")]
    WrongCode,
    #[error("Code has expired")]
    ExpiredCode,
    /// Its tenant takes nobody in any more.
    #[error("The account of this invitation is locked")]
    Locked,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        let sentence = error.to_string();
        match error {
            AcceptError::Invalid => Self::bad_request(sentence).with_code("ER-01061"),
            AcceptError::WrongCode => Self::bad_request(sentence).with_code("ER-01011"),
            AcceptError::ExpiredCode => Self::bad_request(sentence).with_code("ER-01017"),
            AcceptError::Locked => Self::bad_request(sentence).with_code("ER-01239"),
            AcceptError::Store(error) => error.into(),
        }
    }
}

/// An invitation by link, as its page sends it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AcceptInvitationBody {
    user_id: String,
    #[schema(value_type = String)]
    token: Secret,
    /// Becomes the user's password where there is none; otherwise it is not looked at.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    password: Option<Secret>,
}

/// An invitation by code, as its page sends it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AcceptInvitationWithCodeBody {
    user_id: String,
    #[schema(value_type = String)]
    token: Secret,
    /// The six digits of the mail.
    #[schema(value_type = String)]
    code: Secret,
    /// As without a code.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    password: Option<Secret>,
}

pub(super) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::anyone(), routes!(accept_invitation))
        .on(Guard::anyone(), routes!(accept_invitation_with_code))
}

/// What the call brings.
enum Key {
    Link(Secret),
    Code(Proof),
}

/// One call, ready to be carried out.
struct Accepting {
    environment: EnvironmentId,
    user: String,
    key: Key,
    from: Arc<CallOrigin>,
    ids: kit::Ids,
    now: Millis,
}

impl Accepting {
    /// What the key is good for, without using it.
    async fn good(&self, tx: &Tx) -> Result<Invited, AcceptError> {
        let good = match &self.key {
            Key::Link(token) => {
                let shown = INVITE
                    .look(tx, &self.environment, token.reveal(), self.now)
                    .await?;
                shown.good().ok_or(AcceptError::Invalid)?
            }
            Key::Code(proof) => proof.good.clone(),
        };
        self.read(&good)
    }

    /// The invitation, when it is this user's.
    fn read(&self, good: &Good) -> Result<Invited, AcceptError> {
        let invited: Invited = good.read()?;
        if good.owner == self.user && good.subject == subject(&self.user, &invited.tenant_id) {
            Ok(invited)
        } else {
            Err(AcceptError::Invalid)
        }
    }

    /// Uses the key up: of many at once one succeeds.
    async fn spend(&self, tx: &Tx) -> Result<bool, StoreError> {
        match &self.key {
            Key::Link(token) => {
                let taken = INVITE
                    .take(tx, &self.environment, token.reveal(), self.now)
                    .await?;
                Ok(taken.good().is_some())
            }
            Key::Code(proof) => proof.spend(tx, self.now).await,
        }
    }

    async fn carry_out(
        &self,
        tx: &Tx,
        credentials: &Arc<dyn Credentials>,
        password: Option<&PreparedPassword>,
    ) -> Result<(), AcceptError> {
        let (environment, now) = (&self.environment, self.now);
        let invited = self.good(tx).await?;
        // Tenants before users, and the key last: whoever sends a new one goes the same way.
        if tenancy::hold_tenant(tx, environment, &invited.tenant_id)
            .await?
            .is_none()
        {
            return Err(AcceptError::Locked);
        }
        let scope = Scope::tenant(environment.clone(), invited.tenant_id.as_str().into());
        let user = records::hold(tx, environment, &self.user)
            .await?
            .ok_or(AcceptError::Invalid)?;
        let membership = records::membership(tx, &scope, &user.id).await?;
        let membership = membership
            .filter(|one| one.created_at == invited.since)
            .ok_or(AcceptError::Invalid)?;
        // Whoever reads the mailbox of an address that the user gave up is not the user.
        let owner = records::user_by_email(tx, environment, &invited.email).await?;
        if owner.is_none_or(|owner| owner.id != user.id) || !self.spend(tx).await? {
            return Err(AcceptError::Invalid);
        }
        if membership.status != MembershipStatus::Activated {
            records::set_membership_status(tx, &scope, &user.id, MembershipStatus::Activated).await?;
        }
        if let Some(password) = password
            && !credentials.has_password(tx, environment, &user.id).await?
        {
            credentials
                .store(tx, environment, &user.id, password, now)
                .await?;
        }
        self.note(tx, &scope, &user).await?;
        Ok(())
    }

    async fn note(&self, tx: &Tx, scope: &Scope, user: &UserRecord) -> Result<(), StoreError> {
        let mut record = AuditRecord::new("User accepted invitation", "user", user.id.as_str())
            .about_user(user.id.as_str(), user.email.as_deref())
            .from(&self.from);
        record.actor = Actor::User(user.id.to_string());
        record.write(tx, &self.ids, scope, self.now).await
    }
}

/// Hashes the password of a call, when the key is good and the user has none: nobody else's time is spent on it.
async fn prepared(
    room: &People,
    accepting: &Arc<Accepting>,
    password: Option<Secret>,
) -> Result<Option<PreparedPassword>, Problem> {
    let Some(password) = password.filter(|password| !password.is_empty()) else {
        return Ok(None);
    };
    let credentials = Arc::clone(&room.credentials);
    let (accepting, user) = (Arc::clone(accepting), UserId::from(accepting.user.as_str()));
    let environment = accepting.environment.clone();
    let wanted = room
        .app
        .db()
        .read(async move |tx| {
            let invited = accepting.good(tx).await?;
            let has = credentials
                .has_password(tx, &accepting.environment, &user)
                .await?;
            Ok::<_, AcceptError>((!has).then_some(invited))
        })
        .await?;
    let Some(invited) = wanted else { return Ok(None) };
    let scope = Scope::tenant(environment, invited.tenant_id.as_str().into());
    Ok(Some(room.credentials.prepare(&scope, password).await?))
}

async fn accept(
    room: &People,
    caller: PublicCaller,
    (user, key): (String, Key),
    password: Option<Secret>,
) -> Result<Done, Problem> {
    let accepting = Arc::new(Accepting {
        environment: caller.environment,
        user,
        key,
        from: caller.from,
        ids: room.app.ids().clone(),
        now: room.app.now(),
    });
    let password = prepared(room, &accepting, password).await?;
    let credentials = Arc::clone(&room.credentials);
    room.app
        .db()
        .write(async move |tx| accepting.carry_out(tx, &credentials, password.as_ref()).await)
        .await?;
    Ok(Done::OK)
}

/// A text that has to be there.
fn given(name: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::bad_request(format!("{name} should not be empty")));
    }
    if text.len() > TOKEN_LENGTH {
        return Err(AcceptError::Invalid.into());
    }
    Ok(())
}

/// Accepts an invitation with the link of the mail, which is used up by this. The user is not signed in.
#[utoipa::path(post, path = "/identity/resources/users/v1/invitation/accept", tag = "User management",
    request_body = AcceptInvitationBody,
    responses((status = 200, description = "Accepted; the body is empty"),
        (status = 400, description = "Unknown, used, replaced, too old or somebody else's")))]
async fn accept_invitation(
    State(room): State<People>,
    caller: PublicCaller,
    Body(body): Body<AcceptInvitationBody>,
) -> Result<Done, Problem> {
    given("userId", &body.user_id)?;
    given("token", body.token.reveal())?;
    accept(
        &room,
        caller,
        (body.user_id, Key::Link(body.token)),
        body.password,
    )
    .await
}

/// Accepts an invitation with the code of the mail. Five wrong ones burn it.
#[utoipa::path(post, path = "/identity/resources/users/v1/invitation/accept/code", tag = "User management",
    request_body = AcceptInvitationWithCodeBody,
    responses((status = 200, description = "Accepted; the body is empty"),
        (status = 400, description = "A wrong or old code, or no such invitation")))]
async fn accept_invitation_with_code(
    State(room): State<People>,
    caller: PublicCaller,
    Body(body): Body<AcceptInvitationWithCodeBody>,
) -> Result<Done, Problem> {
    given("userId", &body.user_id)?;
    given("token", body.token.reveal())?;
    given("code", body.code.reveal())?;
    let key = room.directory.code_key(&caller.environment).await?;
    // The seconds are the issuer's business: the row knows its end.
    let code = OneTimeCode {
        purpose: INVITE.purpose,
        seconds: 0,
    };
    let verdict = code
        .judge(
            room.app.db(),
            &key,
            &caller.environment,
            Holder::Handle(body.token.reveal()),
            body.code.reveal(),
            room.app.now(),
        )
        .await?;
    let proof = match verdict {
        Verdict::Right(proof) => proof,
        Verdict::Wrong => return Err(AcceptError::WrongCode.into()),
        Verdict::Expired => return Err(AcceptError::ExpiredCode.into()),
    };
    accept(&room, caller, (body.user_id, Key::Code(proof)), body.password).await
}
