//! Routes of signing up.

use web::{Body, Created, Guard, HeaderMap, Problem, PublicCaller, Routes, State, WithHeaders, routes};

use super::domain::{self, Done, Order};
use super::model::{SignUpAnswer, SignUpBody};
use crate::captcha::{self, Form};
use crate::login::answer;
use crate::room::Access;
use crate::sessions::cookies;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .on(Guard::anyone(), routes!(sign_up))
        .on(Guard::anyone(), routes!(sign_up_with_username))
}

async fn signed_up(
    room: &Access,
    caller: &PublicCaller,
    headers: &HeaderMap,
    body: SignUpBody,
) -> Result<WithHeaders<Created<SignUpAnswer>>, Problem> {
    let environment = room.environment(&caller.environment).await?;
    let configuration = room.configuration(&environment.id).await?;
    let captcha_answer = body.recaptcha_token.clone();
    let order = Order::read(body, caller, &configuration)?;
    let form = Form {
        answer: captcha_answer.as_deref(),
        email: order.email(),
    };
    captcha::passes(room, &environment.id, form, &caller.from).await?;
    let device = cookies::device(headers, environment.id.as_str());
    let done = domain::sign_up(room, &environment, &configuration, order, device, caller).await?;
    Ok(match done {
        Done::Waiting {
            user,
            tenant,
            activation_token,
        } => {
            let answer = SignUpAnswer {
                should_activate: true,
                user_id: user,
                tenant_id: tenant,
                auth_response: None,
                activation_token: activation_token.map(|token| token.reveal().to_owned()),
            };
            WithHeaders(HeaderMap::new(), Created(answer))
        }
        Done::In(signed_in) => {
            let cookies = cookies::signing_in(environment.id.as_str(), &signed_in, room.app.now());
            let answer = SignUpAnswer {
                should_activate: false,
                user_id: signed_in.pass.user.id.to_string(),
                tenant_id: signed_in.pass.tenant.to_string(),
                auth_response: Some(answer(*signed_in)),
                activation_token: None,
            };
            WithHeaders(cookies, Created(answer))
        }
    })
}

/// Signs a new user up, with a tenant of their own or by an invitation link.
#[utoipa::path(post, path = "/identity/resources/users/v1/signUp", tag = "General",
    params(("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell"),
        ("frontegg-application-id" = Option<String>, Header, description = "Application to sign in to; the default one where absent")),
    request_body = SignUpBody,
    responses((status = 201, body = SignUpAnswer, description = "Signed up; the refresh cookie is set where the user is signed in"),
        (status = 400, description = "A value is wrong"),
        (status = 403, description = "Sign-up is off, not for this address, or the answer to the captcha is wrong"),
        (status = 409, description = "The username is taken, or the address where that cannot be hidden")))]
async fn sign_up(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<SignUpBody>,
) -> Result<WithHeaders<Created<SignUpAnswer>>, Problem> {
    if body.email.as_deref().is_none_or(|email| email.trim().is_empty()) {
        return Err(Problem::bad_request("email should not be empty"));
    }
    signed_up(&room, &caller, &headers, body).await
}

/// The same for a user with a username, who needs an address only where addresses are verified first.
#[utoipa::path(post, path = "/identity/resources/users/v1/signUp/username", tag = "General",
    params(("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell"),
        ("frontegg-application-id" = Option<String>, Header, description = "Application to sign in to; the default one where absent")),
    request_body = SignUpBody,
    responses((status = 201, body = SignUpAnswer, description = "Signed up; the refresh cookie is set where the user is signed in"),
        (status = 400, description = "A value is wrong"),
        (status = 403, description = "Sign-up is off, not for this address, or the answer to the captcha is wrong"),
        (status = 409, description = "The username is taken, or the address where that cannot be hidden")))]
async fn sign_up_with_username(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<SignUpBody>,
) -> Result<WithHeaders<Created<SignUpAnswer>>, Problem> {
    if body.username.as_deref().is_none_or(|name| name.trim().is_empty()) {
        return Err(Problem::bad_request("username should not be empty"));
    }
    signed_up(&room, &caller, &headers, body).await
}
