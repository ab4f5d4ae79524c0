//! Routes of the policy.

use blocks::audit::AuditRecord;
use blocks::settings::Stored;
use web::{Body, Created, EnvironmentCaller, Guard, Json, Problem, PublicCaller, Routes, State, routes};

use super::domain::{self, CaptchaError, Change};
use super::model::{
    CaptchaPolicy, CaptchaPolicyBody, CaptchaPolicyView, Changes, PublicCaptchaPolicy, place,
};
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .on(Guard::environment(), routes!(read_captcha_policy))
        .on(Guard::environment(), routes!(create_captcha_policy))
        .on(Guard::environment(), routes!(change_captcha_policy))
        .on(Guard::anyone(), routes!(read_public_captcha_policy))
}

fn change(room: &Access, caller: &EnvironmentCaller, given: &Changes) -> Change {
    let seal = |secret| room.directory.seal(secret, &place(&caller.environment));
    Change {
        environment: caller.environment.clone(),
        ids: room.app.ids().clone(),
        now: room.app.now(),
        by: AuditRecord::new("", "policy", "captcha-policy").by_environment(caller),
        sealed: given.secret_key.as_ref().map(seal),
    }
}

fn view(
    room: &Access,
    caller: &EnvironmentCaller,
    stored: Stored<CaptchaPolicy>,
) -> Result<CaptchaPolicyView, CaptchaError> {
    let secret = domain::secret(room, &caller.environment, &stored.value)?;
    Ok(CaptchaPolicyView {
        id: stored.id,
        site_key: stored.value.site_key,
        secret_key: secret.reveal().to_owned(),
        enabled: stored.value.enabled,
        min_score: stored.value.min_score,
        ignored_emails: stored.value.ignored_emails,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
    })
}

/// The policy, its secret key included.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/captcha-policy", tag = "Core settings",
    responses((status = 200, body = CaptchaPolicyView), (status = 404, description = "Nobody has written one")))]
async fn read_captcha_policy(
    State(room): State<Access>,
    caller: EnvironmentCaller,
) -> Result<Json<CaptchaPolicyView>, Problem> {
    let environment = caller.environment.clone();
    let found = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &environment).await)
        .await?;
    Ok(Json(view(&room, &caller, found.ok_or(CaptchaError::Absent)?)?))
}

/// Writes the first policy.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/captcha-policy", tag = "Core settings",
    request_body = CaptchaPolicyBody,
    responses((status = 201, body = CaptchaPolicyView), (status = 409, description = "There is one")))]
async fn create_captcha_policy(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    Body(body): Body<CaptchaPolicyBody>,
) -> Result<Created<CaptchaPolicyView>, Problem> {
    let given = body.whole().map_err(Problem::faults)?;
    let change = change(&room, &caller, &given);
    let stored = room
        .app
        .db()
        .write(async move |tx| domain::create(tx, &change, &given).await)
        .await?;
    Ok(Created(view(&room, &caller, stored)?))
}

/// Changes the members that are given.
#[utoipa::path(put, path = "/identity/resources/configurations/v1/captcha-policy", tag = "Core settings",
    request_body = CaptchaPolicyBody,
    responses((status = 200, body = CaptchaPolicyView), (status = 404, description = "There is none")))]
async fn change_captcha_policy(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    Body(body): Body<CaptchaPolicyBody>,
) -> Result<Json<CaptchaPolicyView>, Problem> {
    let given = body.part().map_err(Problem::faults)?;
    let change = change(&room, &caller, &given);
    let stored = room
        .app
        .db()
        .write(async move |tx| domain::change(tx, &change, &given).await)
        .await?;
    Ok(Json(view(&room, &caller, stored)?))
}

/// What a page needs to show the widget.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/captcha-policy/public", tag = "Boot",
    responses((status = 200, body = PublicCaptchaPolicy)))]
async fn read_public_captcha_policy(
    State(room): State<Access>,
    caller: PublicCaller,
) -> Result<Json<PublicCaptchaPolicy>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &caller.environment).await)
        .await?;
    Ok(Json(found.map_or_else(PublicCaptchaPolicy::default, Into::into)))
}
