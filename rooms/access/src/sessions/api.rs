//! `POST /identity/resources/auth/v1/user/token/refresh` and `POST /identity/resources/auth/v1/logout`.

use environment::Environment;
use web::{
    Body, Done, Guard, HeaderMap, Json, Problem, PublicCaller, Routes, State, WithHeaders, header, routes,
};

use super::cookies::{self, CookieStyle, with_cookie};
use super::domain;
use super::model::LONGEST_TOKEN;
use super::refresh::{self, RefreshError};
use crate::login::{RefreshBody, RefreshResponse, answer};
use crate::room::Access;
use crate::tokens::Holder;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .on(Guard::anyone(), routes!(refresh_token))
        .on(Guard::anyone(), routes!(log_out))
        .and(super::own::routes())
}

/// A refusal that may take the cookie with it.
type Refused = WithHeaders<Problem>;

/// Continues a session: a new user token and, where the environment rotates them, a new refresh token.
#[utoipa::path(
    post,
    path = "/identity/resources/auth/v1/user/token/refresh",
    tag = "General",
    params(
        ("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell"),
        ("frontegg-requested-application-id" = Option<String>, Header, description = "Application to go on in; the default one where absent"),
    ),
    request_body = Option<RefreshBody>,
    responses(
        (status = 200, body = RefreshResponse, description = "Refreshed; the cookie is set anew"),
        (status = 404, description = "The tenant does not have the application asked for"),
        (status = 401, description = "There is no session, or it has ended; the cookie is cleared"),
        (status = 403, description = "The user may not enter the tenant or application asked for, or the page's origin is not allowed"),
    )
)]
async fn refresh_token(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<Option<RefreshBody>>,
) -> Result<WithHeaders<Json<RefreshResponse>>, Refused> {
    let now = room.app.now();
    let environment = room.environment(&caller.environment).await.map_err(bare)?;
    own_page(&environment, caller.from.origin.as_deref()).map_err(bare)?;
    let configuration = room.configuration(&environment.id).await.map_err(bare)?;
    let wish = body.unwrap_or_default().tenant_id.filter(|id| !id.is_empty());
    let token = cookies::presented(
        &headers,
        environment.id.as_str(),
        caller.from.application.as_deref(),
    );
    let result = match token.filter(|token| token.len() <= LONGEST_TOKEN) {
        Some(token) => {
            let device = cookies::device(&headers, environment.id.as_str());
            let device = device.unwrap_or_else(|| room.app.ids().v4());
            refresh::refresh(
                &room,
                &environment,
                &configuration,
                token,
                wish,
                device,
                &caller.from,
            )
            .await
        }
        None => Err(RefreshError::NoSession),
    };
    let signed_in = match result {
        Ok(signed_in) => signed_in,
        Err(RefreshError::NoSession) => {
            let style = CookieStyle::of(&environment, &configuration);
            let cleared = style.clearing(environment.id.as_str(), now);
            return Err(WithHeaders(with_cookie(cleared), RefreshError::NoSession.into()));
        }
        Err(error) => return Err(bare(error.into())),
    };
    let cookies = cookies::signing_in(environment.id.as_str(), &signed_in, now);
    let auth = answer(signed_in);
    let body = RefreshResponse {
        snake_token_type: auth.token_type,
        snake_access_token: auth.access_token.clone(),
        snake_refresh_token: auth.refresh_token.clone(),
        id_token: auth.access_token.clone(),
        auth,
    };
    Ok(WithHeaders(cookies, Json(body)))
}

/// Ends the session of the refresh cookie, or else of the user token. Succeeds whatever the request brings.
#[utoipa::path(
    post,
    path = "/identity/resources/auth/v1/logout",
    tag = "General",
    params(
        ("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell"),
    ),
    responses((status = 201, description = "Logged out; the cookie is cleared"))
)]
async fn log_out(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
) -> Result<WithHeaders<Done>, Problem> {
    let environment = room.environment(&caller.environment).await?;
    own_page(&environment, caller.from.origin.as_deref())?;
    let token = cookies::presented(
        &headers,
        environment.id.as_str(),
        caller.from.application.as_deref(),
    )
    .filter(|token| token.len() <= LONGEST_TOKEN);
    let session = session_of_bearer(&room, &environment, &headers).await?;
    domain::log_out(&room, &environment.id, token, session, &caller.from).await?;
    let style = CookieStyle::of(&environment, &room.configuration(&environment.id).await?);
    let cleared = style.clearing(environment.id.as_str(), room.app.now());
    Ok(WithHeaders(with_cookie(cleared), Done::CREATED))
}

async fn session_of_bearer(
    room: &Access,
    environment: &Environment,
    headers: &HeaderMap,
) -> Result<Option<String>, Problem> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = bearer else { return Ok(None) };
    let verified = room.tokens.verify(token.trim(), room.app.now()).await?;
    Ok(verified
        .filter(|token| token.environment == environment.id)
        .and_then(|token| match &token.holder {
            Holder::User(user) => Some(user.session.clone()),
            Holder::Environment | Holder::Other => None,
        }))
}

/// A cookie goes wherever a browser is sent, so pages of other sites must not drive these calls: an `Origin`, when there
/// is one, is the environment's own or one it allows.
fn own_page(environment: &Environment, origin: Option<&str>) -> Result<(), Problem> {
    let Some(origin) = origin else { return Ok(()) };
    if is_own(&environment.public_url, origin) || web::origin_allowed(&environment.allowed_origins, origin) {
        return Ok(());
    }
    Err(Problem::forbidden("The origin of this page is not allowed"))
}

/// Whether an origin is that of the environment's public address, which may have a path.
fn is_own(public_url: &str, origin: &str) -> bool {
    let authority = public_url.find("://").map_or(0, |at| at + 3);
    let end = public_url
        .get(authority..)
        .and_then(|rest| rest.find('/'))
        .map_or(public_url.len(), |at| authority + at);
    public_url
        .get(..end)
        .is_some_and(|own| own.eq_ignore_ascii_case(origin))
}

fn bare(problem: Problem) -> Refused {
    WithHeaders(HeaderMap::new(), problem)
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        let sentence = error.to_string();
        match error {
            RefreshError::NoSession | RefreshError::Straggler => Self::unauthorized(sentence),
            RefreshError::NotAMember | RefreshError::Address => Self::forbidden(sentence),
            RefreshError::Application(error) => error.into(),
            RefreshError::Store(error) => error.into(),
            RefreshError::Token(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environments_own_pages_are_known_by_their_origin() {
        assert!(is_own("https://login.acme.test", "https://login.acme.test"));
        assert!(is_own("http://localhost:8787/base", "http://LOCALHOST:8787"));
        assert!(!is_own(
            "https://login.acme.test",
            "https://login.acme.test.evil.test"
        ));
        assert!(!is_own("https://login.acme.test", "http://login.acme.test"));
        assert!(!is_own("https://login.acme.test", "null"));
    }
}
