//! Routes of resets.

use web::{Body, Done, Guard, Json, Problem, PublicCaller, Routes, State, routes};

use super::ask::{self, Request};
use super::model::{
    ForgotBody, NewPasswordBody, PasswordResetCodeBody, ResetSessionView, ResetTicketBody, ResetTicketView,
};
use super::set::{self, ResetError};
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .on(Guard::anyone(), routes!(ask_for_reset))
        .on(Guard::anyone(), routes!(ask_for_reset_by_mail))
        .on(Guard::anyone(), routes!(ask_for_reset_by_text))
        .on(Guard::anyone(), routes!(verify_reset_code))
        .on(Guard::anyone(), routes!(validate_reset))
        .on(Guard::anyone(), routes!(reset_password))
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::Link => Self::bad_request(error.to_string()),
            ResetError::WrongCode => Self::bad_request(error.to_string()).with_code("ER-01011"),
            ResetError::ExpiredCode => Self::bad_request(error.to_string()).with_code("ER-01017"),
            ResetError::Store(error) => error.into(),
        }
    }
}

/// Has a link to choose a new password mailed. The answer is the same whether or not there is such a user.
#[utoipa::path(post, path = "/identity/resources/users/v1/passwords/reset", tag = "Password settings",
    request_body = ForgotBody,
    responses((status = 201, description = "If there is such a user, a mail is on its way; the body is empty"),
        (status = 400, description = "Nobody is named")))]
async fn ask_for_reset(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<ForgotBody>,
) -> Result<Done, Problem> {
    let request = if body.recaptcha_token.is_some() {
        Request::admitted(&room, body, &caller).await?
    } else {
        // Login boxes that ask here know nothing of captchas.
        Request::read(body, &caller)?
    };
    ask::by_mail(&room, &caller, request).await?;
    Ok(Done::CREATED)
}

/// Has a link to choose a new password mailed. The answer is the same whether or not there is such a user.
#[utoipa::path(post, path = "/identity/resources/users/v2/passwords/reset/email", tag = "Password settings",
    request_body = ForgotBody,
    responses((status = 200, body = ResetSessionView, description = "If there is such a user, a mail is on its way"),
        (status = 400, description = "Nobody is named")))]
async fn ask_for_reset_by_mail(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<ForgotBody>,
) -> Result<Json<ResetSessionView>, Problem> {
    let request = Request::admitted(&room, body, &caller).await?;
    ask::by_mail(&room, &caller, request).await?;
    Ok(Json(ResetSessionView {
        session_id: room.app.ids().v4(),
    }))
}

/// Has a code texted to a number that the user has proved. The answer is the same whether or not there is such a user.
#[utoipa::path(post, path = "/identity/resources/users/v2/passwords/reset/sms", tag = "Password settings",
    request_body = ForgotBody,
    responses((status = 200, body = ResetSessionView, description = "If there is such a user, a message is on its way"),
        (status = 400, description = "Nobody is named")))]
async fn ask_for_reset_by_text(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<ForgotBody>,
) -> Result<Json<ResetSessionView>, Problem> {
    let request = Request::admitted(&room, body, &caller).await?;
    let session_id = ask::by_text(&room, &caller, request).await?;
    Ok(Json(ResetSessionView { session_id }))
}

/// Turns the code of a text message into a ticket that sets a new password.
#[utoipa::path(post, path = "/identity/resources/users/v2/passwords/reset/sms/verify", tag = "Password settings",
    request_body = PasswordResetCodeBody,
    responses((status = 200, body = ResetTicketView), (status = 400, description = "Another code, or none")))]
async fn verify_reset_code(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<PasswordResetCodeBody>,
) -> Result<Json<ResetTicketView>, Problem> {
    if body.session_id.trim().is_empty() {
        return Err(Problem::bad_request("sessionId should not be empty"));
    }
    if body.otc_token.is_empty() {
        return Err(Problem::bad_request("otcToken should not be empty"));
    }
    let (user, token) = ask::prove_code(&room, &caller, &body.session_id, &body.otc_token).await?;
    Ok(Json(ResetTicketView {
        user_id: user,
        token: token.reveal().to_owned(),
    }))
}

/// Whether a ticket would set a password. It is not used up.
#[utoipa::path(post, path = "/identity/resources/users/v1/passwords/reset/validate", tag = "Password settings",
    request_body = ResetTicketBody,
    responses((status = 200, description = "It would; the body is empty"), (status = 400, description = "It would not")))]
async fn validate_reset(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<ResetTicketBody>,
) -> Result<Done, Problem> {
    if body.user_id.trim().is_empty() {
        return Err(Problem::bad_request("userId should not be empty"));
    }
    let now = room.app.now();
    let good = room
        .app
        .db()
        .read(async move |tx| {
            set::is_good(tx, &caller.environment, &body.user_id, body.token.reveal(), now).await
        })
        .await?;
    if good {
        Ok(Done::OK)
    } else {
        Err(ResetError::Link.into())
    }
}

/// Sets a new password with a ticket. It counts once, ends all sessions of the user, and signs nobody in.
#[utoipa::path(post, path = "/identity/resources/users/v1/passwords/reset/verify", tag = "Password settings",
    request_body = NewPasswordBody,
    responses((status = 201, description = "Set; the body is empty"),
        (status = 400, description = "No such ticket, or a password that may not be set")))]
async fn reset_password(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<NewPasswordBody>,
) -> Result<Done, Problem> {
    set::reset(&room, &caller, body).await?;
    Ok(Done::CREATED)
}
