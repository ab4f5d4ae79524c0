//! Routes of activation.

use web::{
    Body, Done, Guard, HeaderMap, Json, Params, Problem, PublicCaller, Routes, State, WithHeaders, routes,
};

use super::again;
use super::domain::{self, Shows, Wanted};
use super::model::{ActivationBody, ActivationNeeds, ActivationResetBody, CodeActivationBody};
use crate::login::{AuthResponse, answer};
use crate::room::Access;
use crate::sessions::cookies;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .on(Guard::anyone(), routes!(read_activation_needs))
        .on(Guard::anyone(), routes!(activate_user))
        .on(Guard::anyone(), routes!(activate_user_with_code))
        .on(Guard::anyone(), routes!(reset_activation))
}

/// Whether whoever opened an activation link has to choose a password. The link stays good.
#[utoipa::path(get, path = "/identity/resources/users/v1/activate/strategy", tag = "User management",
    params(("userId" = String, Query, description = "Whom the link names"),
        ("token" = String, Query, description = "What the link carries")),
    responses((status = 200, body = ActivationNeeds),
        (status = 400, description = "The link is invalid, was used before or has expired")))]
async fn read_activation_needs(
    State(room): State<Access>,
    caller: PublicCaller,
    params: Params,
) -> Result<Json<ActivationNeeds>, Problem> {
    let user = params.required("userId")?.to_owned();
    let token = kit::Secret::new(params.required("token")?.to_owned());
    let configuration = room.configuration(&caller.environment).await?;
    let now = room.app.now();
    let needs = room
        .app
        .db()
        .read(async move |tx| {
            let token = token.reveal();
            domain::needs_password(tx, &caller.environment, &configuration, &user, token, now).await
        })
        .await?;
    Ok(Json(ActivationNeeds {
        should_set_password: needs,
    }))
}

async fn activate(
    room: &Access,
    caller: &PublicCaller,
    headers: &HeaderMap,
    mut wanted: Wanted,
) -> Result<WithHeaders<Json<AuthResponse>>, Problem> {
    let environment = room.environment(&caller.environment).await?;
    let configuration = room.configuration(&environment.id).await?;
    wanted.device = cookies::device(headers, environment.id.as_str());
    let signed_in = domain::activate(room, &environment, &configuration, wanted, &caller.from).await?;
    let cookies = cookies::signing_in(environment.id.as_str(), &signed_in, room.app.now());
    Ok(WithHeaders(cookies, Json(answer(signed_in))))
}

/// Activates a user through the link of a mail and signs them in.
#[utoipa::path(post, path = "/identity/resources/users/v1/activate", tag = "User management",
    params(("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell")),
    request_body = ActivationBody,
    responses((status = 200, body = AuthResponse, description = "Activated and signed in; the refresh cookie is set"),
        (status = 400, description = "The link is invalid, was used before or has expired; or the password may not be set"),
        (status = 403, description = "The answer to the captcha is wrong, or the gate lets the user into no account")))]
async fn activate_user(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<ActivationBody>,
) -> Result<WithHeaders<Json<AuthResponse>>, Problem> {
    let wanted = Wanted {
        user: body.user_id,
        shows: Shows::Link(body.token),
        password: body.password,
        captcha: body.recaptcha_token,
        terms: body.last_terms_check,
        device: None,
    };
    activate(&room, &caller, &headers, wanted).await
}

/// Activates a user with the code of a mail and signs them in. After five wrong codes a new one is needed.
#[utoipa::path(post, path = "/identity/resources/users/v1/activate/code", tag = "User management",
    params(("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell")),
    request_body = CodeActivationBody,
    responses((status = 200, body = AuthResponse, description = "Activated and signed in; the refresh cookie is set"),
        (status = 400, description = "The code is wrong, was used before or has expired; or the password may not be set"),
        (status = 403, description = "The answer to the captcha is wrong, or the gate lets the user into no account")))]
async fn activate_user_with_code(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<CodeActivationBody>,
) -> Result<WithHeaders<Json<AuthResponse>>, Problem> {
    let wanted = Wanted {
        user: body.user_id,
        shows: Shows::Code(body.token, body.code),
        password: body.password,
        captcha: body.recaptcha_token,
        terms: body.last_terms_check,
        device: None,
    };
    activate(&room, &caller, &headers, wanted).await
}

/// Mails a new activation to an address, if somebody with it has yet to activate the account. Earlier links and codes stop
/// working. The answer is the same in any case.
#[utoipa::path(post, path = "/identity/resources/users/v1/activate/reset", tag = "User management",
    request_body = ActivationResetBody,
    responses((status = 201, description = "Taken; the body is empty"),
        (status = 400, description = "No address")))]
async fn reset_activation(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<ActivationResetBody>,
) -> Result<Done, Problem> {
    again::ask(&room, &caller, body).await?;
    Ok(Done::CREATED)
}
