//! A new number for somebody who lost the old one: the mailbox proves who it is.

use blocks::audit::{Actor, AuditRecord};
use blocks::one_time::{self, Bound, IssuedCode, OneTimeCode, Ticket};
use blocks::throttle;
use db::Tx;
use environment::MailTemplate;
use kit::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Body, Done, Guard, Json, Problem, PublicCaller, Routes, State, routes};

use super::api::{PhoneBody, desk, number};
use super::domain::Desk;
use crate::faults::Faults;
use crate::identifiers::errors::IdentifierError;
use crate::identifiers::notices;
use crate::records;
use crate::room::{Change, People};

/// Proves the mailbox. The subject is the user; where there is none, one of a few that stand for nobody.
const RESET: OneTimeCode = OneTimeCode {
    purpose: "reset-phone",
    seconds: 600,
};
/// Lets whoever proved the mailbox name a number.
const NAME: Ticket = Ticket {
    purpose: "name-phone",
    seconds: 600,
};

pub(super) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::anyone(), routes!(reset_phone))
        .on(Guard::anyone(), routes!(verify_phone_reset))
        .on(Guard::anyone(), routes!(name_phone))
}

/// Whose number it is.
#[derive(Debug, Deserialize, ToSchema)]
struct ResetBody {
    email: String,
}

/// A code is on its way to the mailbox, if it is somebody's.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResetView {
    reset_phone_number_token: String,
}

/// The code from the mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResetCodeBody {
    reset_phone_number_token: String,
    code: String,
}

/// Lets the client name a number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NameView {
    change_phone_number_token: String,
}

/// The new number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NameBody {
    change_phone_number_token: String,
    #[serde(flatten)]
    phone: PhoneBody,
}

impl People {
    /// A change by somebody who has proved no more than a mailbox.
    fn change_by_anyone(&self, caller: &PublicCaller) -> Change {
        Change {
            scope: Scope::environment(caller.environment.clone()),
            ids: self.app.ids().clone(),
            now: self.app.now(),
            by: AuditRecord::new("", "user", "").from(&caller.from),
            bounded_by: None,
        }
    }
}

/// Mails a code to the user with this address. The answer is the same when there is none.
#[utoipa::path(post, path = "/identity/resources/users/v1/phone/reset", tag = "User management",
    request_body = ResetBody, responses((status = 200, body = ResetView)))]
async fn reset_phone(
    State(room): State<People>,
    caller: PublicCaller,
    Body(body): Body<ResetBody>,
) -> Result<Json<ResetView>, Problem> {
    let mut faults = Faults::default();
    let email = faults.email(Some(&body.email)).unwrap_or_default();
    faults.check().map_err(IdentifierError::Faults)?;
    let desk = desk(&room, &caller.environment, room.change_by_anyone(&caller)).await?;
    throttle::send(
        room.app.db(),
        &room.limits,
        &caller.environment,
        &email,
        desk.change.now,
    )
    .await?;
    let code = room
        .app
        .db()
        .write(async move |tx| issue(tx, &desk, &email).await)
        .await?;
    Ok(Json(ResetView {
        reset_phone_number_token: code.handle,
    }))
}

async fn issue(tx: &Tx, desk: &Desk, email: &str) -> Result<IssuedCode, IdentifierError> {
    let (environment, change) = (desk.environment(), &desk.change);
    let user = records::user_by_email(tx, environment, email).await?;
    let user = user.filter(|user| !user.is_locked);
    // Nobody's code is written as well, so that both cases cost and answer the same.
    let subject = user
        .as_ref()
        .map_or_else(|| one_time::nobody(email), |user| user.id.to_string());
    let owner = user.as_ref().map_or("", |user| user.id.as_str());
    let bound = Bound {
        environment,
        subject: &subject,
        owner,
    };
    let code = RESET
        .issue(tx, &change.ids, &desk.key, &bound, &(), change.now)
        .await?;
    if let Some(user) = &user {
        let kind = (MailTemplate::ResetPhoneNumber, email);
        let sent = (&code, RESET.seconds);
        let posted = notices::mail_code(tx, &desk.app, &change.scope, kind, user, sent, change.now).await;
        // Without a way to send mail the answer stays the same; the log says so.
        if !matches!(posted, Err(IdentifierError::NoWay)) {
            posted?;
        }
    }
    Ok(code)
}

/// Takes the code from the mail.
#[utoipa::path(post, path = "/identity/resources/users/v1/phone/reset/verify", tag = "User management",
    request_body = ResetCodeBody,
    responses((status = 200, body = NameView), (status = 400, description = "Another code, or none")))]
async fn verify_phone_reset(
    State(room): State<People>,
    caller: PublicCaller,
    Body(body): Body<ResetCodeBody>,
) -> Result<Json<NameView>, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_anyone(&caller)).await?;
    let db = room.app.db();
    let proof = desk
        .judge(db, RESET, &body.reset_phone_number_token, &body.code)
        .await?;
    let token = db
        .write(async move |tx| {
            let (environment, change) = (desk.environment(), &desk.change);
            let owner = proof.good.owner.as_str();
            if owner.is_empty() || !proof.spend(tx, change.now).await? {
                return Err(IdentifierError::WrongCode);
            }
            let bound = Bound {
                environment,
                subject: owner,
                owner,
            };
            Ok(NAME.issue(tx, &change.ids, &bound, &(), change.now).await?)
        })
        .await?;
    Ok(Json(NameView {
        change_phone_number_token: token.reveal().to_owned(),
    }))
}

/// Puts a number in the place of the lost one. The mailbox proves who asks and nothing about the number, which counts as
/// proved once its own code was entered.
#[utoipa::path(put, path = "/identity/resources/users/v1/phone/change", tag = "User management",
    request_body = NameBody,
    responses((status = 200, description = "Changed; the body is empty"), (status = 400, description = "A token that does not count")))]
async fn name_phone(
    State(room): State<People>,
    caller: PublicCaller,
    Body(body): Body<NameBody>,
) -> Result<Done, Problem> {
    let phone = number(&body.phone.phone_number)?;
    let desk = desk(&room, &caller.environment, room.change_by_anyone(&caller)).await?;
    let token = body.change_phone_number_token;
    room.app
        .db()
        .write(async move |tx| name(tx, &desk, &token, &phone).await)
        .await?;
    Ok(Done::OK)
}

async fn name(tx: &Tx, desk: &Desk, token: &str, phone: &str) -> Result<(), IdentifierError> {
    let environment = desk.environment();
    let shown = NAME.take(tx, environment, token, desk.change.now).await?;
    let good = shown.good().ok_or(IdentifierError::WrongToken)?;
    let user = desk.user(tx, &good.owner).await?;
    if user.is_locked {
        return Err(IdentifierError::WrongToken);
    }
    let mut by = desk.change.by.clone();
    by.actor = Actor::User(user.id.to_string());
    let change = Change {
        by,
        ..desk.change.clone()
    };
    let desk = Desk {
        change,
        ..desk.clone()
    };
    desk.replace(tx, &user, phone, false).await
}
