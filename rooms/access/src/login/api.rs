//! `POST /identity/resources/auth/v1/user`.

use std::sync::Arc;

use kit::email_key;
use web::{Body, Guard, HeaderMap, Json, Problem, PublicCaller, Routes, State, WithHeaders, routes};

use super::domain::{self, Attempt, Entered, Identity, LoginError};
use super::model::{AuthResponse, PasswordLogin};
use crate::captcha::{self, Form};
use crate::gate::Refusal;
use crate::passwords::hash_problem;
use crate::room::Access;
use crate::sessions::SignedIn;
use crate::sessions::cookies;

/// Longest text taken as a name to sign in with.
const LONGEST_NAME: usize = 256;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new().on(Guard::anyone(), routes!(log_in))
}

/// Signs a user in with address or username and password.
#[utoipa::path(
    post,
    path = "/identity/resources/auth/v1/user",
    tag = "General",
    params(
        ("frontegg-vendor-host" = Option<String>, Header, description = "Host of the environment, where the address of the request does not tell"),
        ("frontegg-requested-application-id" = Option<String>, Header, description = "Application to sign in to; the default one where absent"),
        ("frontegg-scoped-tenant" = Option<String>, Header, description = "Tenant to sign in to, if the user is a member"),
    ),
    request_body = PasswordLogin,
    responses(
        (status = 200, body = AuthResponse, description = "Signed in, with the refresh cookie; or the password has expired, and what sets a new one is there in place of tokens"),
        (status = 401, description = "Address or password are wrong"),
        (status = 403, description = "The user may not use the application, or the answer to the captcha is wrong"),
        (status = 404, description = "The user's tenant does not have the application"),
        (status = 423, description = "The password is right, but the account is locked"),
    )
)]
async fn log_in(
    State(room): State<Access>,
    caller: PublicCaller,
    headers: HeaderMap,
    Body(body): Body<PasswordLogin>,
) -> Result<WithHeaders<Json<AuthResponse>>, Problem> {
    let now = room.app.now();
    let environment = room.environment(&caller.environment).await?;
    let scoped = web::header_text(&headers, "frontegg-scoped-tenant");
    let answer_to_captcha = body.recaptcha_token.clone();
    let mut attempt = attempt(body, scoped)?;
    let form = Form {
        answer: answer_to_captcha.as_deref(),
        email: attempt.identity.email(),
    };
    captcha::passes(&room, &environment.id, form, &caller.from).await?;
    attempt.device = cookies::device(&headers, environment.id.as_str());
    let configuration = room.configuration(&environment.id).await?;
    // What is counted is judged, also where the caller hangs up: otherwise right passwords would end as guesses.
    let of = Arc::clone(&environment);
    let entered =
        web::to_the_end(
            async move { domain::login(&room, &of, &configuration, attempt, &caller.from).await },
        );
    let (signed_in, remarks) = match entered.await? {
        Entered::In(signed_in, remarks) => (*signed_in, remarks),
        Entered::Expired { user, token } => {
            let answer = AuthResponse {
                token_type: "bearer",
                reset_password_token: Some(token.reveal().to_owned()),
                user_id: Some(user.id.to_string()),
                user_email: user.email,
                email_verified: Some(user.verified),
                ..AuthResponse::default()
            };
            return Ok(WithHeaders(HeaderMap::new(), Json(answer)));
        }
    };
    let cookies = cookies::signing_in(environment.id.as_str(), &signed_in, now);
    let answer = AuthResponse {
        password_expires_in: remarks.ending.map(|(minutes, _)| minutes),
        notification_period: remarks.ending.map(|(_, period)| period),
        is_breached_password: remarks.is_leaked.then_some(true),
        ..answer(signed_in)
    };
    Ok(WithHeaders(cookies, Json(answer)))
}

fn attempt(body: PasswordLogin, scoped_tenant: Option<String>) -> Result<Attempt, Problem> {
    if body.password.reveal().len() > crypto::MAX_PASSWORD_BYTES {
        return Err(Problem::bad_request("password is too long"));
    }
    let identity = match (given(body.email), given(body.username)) {
        (Some(email), _) => {
            Identity::Email(email_key(&email).map_err(|fault| Problem::bad_request(fault.to_string()))?)
        }
        (None, Some(name)) if name.chars().count() > LONGEST_NAME => {
            return Err(Problem::bad_request(format!(
                "username must be shorter than or equal to {LONGEST_NAME} characters"
            )));
        }
        (None, Some(name)) => Identity::Username(name),
        (None, None) => return Err(Problem::bad_request("email should not be empty")),
    };
    let tenant = given(body.tenant_id).or_else(|| given(scoped_tenant));
    Ok(Attempt {
        identity,
        password: body.password,
        tenant,
        invitation: body
            .invitation_token
            .filter(|token| !token.reveal().trim().is_empty()),
        device: None,
    })
}

/// Login boxes send what they do not know as empty texts.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The answer of every way of signing in.
pub(crate) fn answer(signed_in: SignedIn) -> AuthResponse {
    let user = signed_in.pass.user;
    AuthResponse {
        token_type: "bearer",
        access_token: Some(signed_in.minted.token),
        refresh_token: Some(signed_in.refresh_token),
        expires_in: Some(signed_in.minted.expires_in),
        expires: Some(signed_in.minted.expires.rfc1123()),
        user_id: Some(user.id.to_string()),
        user_email: user.email,
        email_verified: Some(user.verified),
        ..AuthResponse::default()
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let sentence = error.to_string();
        match error {
            LoginError::Incorrect => Self::unauthorized(sentence).with_code("ER-01078"),
            LoginError::NoPasswords => Self::bad_request(sentence).with_code("ER-01012"),
            LoginError::Refused(refusal) => refusal.into(),
            LoginError::Unverified(_) => Self::bad_request(sentence).with_code("ER-01060"),
            LoginError::Invitation(error) => error.into(),
            LoginError::Hash(error) => hash_problem(&error),
            LoginError::Token(error) => error.into(),
            LoginError::Store(error) => error.into(),
        }
    }
}

/// Told only to those who proved who they are.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let sentence = refusal.to_string();
        match refusal {
            Refusal::Locked => Self::locked(sentence).with_code("ER-01034"),
            Refusal::NotVerified => Self::bad_request(sentence).with_code("ER-01060"),
            Refusal::NotAMember
            | Refusal::Invited
            | Refusal::Expired
            | Refusal::NoTenant
            | Refusal::Address => Self::forbidden(sentence),
            Refusal::Application(error) => error.into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Attempt, Problem> {
        attempt(web::decode(json.as_bytes())?, None)
    }

    #[test]
    fn the_body_of_the_login_box_is_read_with_its_empty_texts() {
        let sent = r#"{"email":"Ada@Acme.test","username":"","password":"p","recaptchaToken":"","invitationToken":""}"#;
        let attempt = read(sent).unwrap();
        assert!(matches!(attempt.identity, Identity::Email(key) if key == "ada@acme.test"));
        let attempt = read(r#"{"email":"","username":"ada","password":"p"}"#).unwrap();
        assert!(matches!(attempt.identity, Identity::Username(name) if name == "ada"));
    }

    #[test]
    fn bodies_that_name_nobody_or_no_password_are_refused() {
        for (json, sentence) in [
            (r#"{"password":"p"}"#, "email should not be empty"),
            (r#"{"email":"ada@acme.test"}"#, "password should not be empty"),
            (r#"{"email":"ada","password":"p"}"#, "email must be an email"),
            (
                r#"{"email":"ada@acme.test","password":7}"#,
                "password must be a string",
            ),
        ] {
            let problem = format!("{:?}", read(json).unwrap_err());
            assert!(problem.contains(sentence), "{json}: {problem}");
        }
    }
}
