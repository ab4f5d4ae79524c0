//! `users/phone-numbers/v1` and `users/v1/phone`.

use blocks::throttle;
use kit::EnvironmentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{
    Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State, UserCaller,
    routes,
};

use super::domain::{self, Asked, CHANGE, Desk, VERIFY};
use crate::faults::Faults;
use crate::identifiers::errors::IdentifierError;
use crate::identifiers::model::PhoneView;
use crate::room::{Change, People};

pub(crate) fn routes() -> Routes<People> {
    let me = Guard::user(Need::SignedIn).on_behalf();
    Routes::new()
        .on(me, routes!(add_phone))
        .on(me, routes!(preverify_phone))
        .on(me, routes!(verify_phone))
        .on(me, routes!(delete_phone))
        .on(me, routes!(verify_phone_deletion))
        .on(me, routes!(list_own_phones))
        .on(Guard::environment(), routes!(add_phone_as_vendor))
        .on(Guard::environment(), routes!(delete_phone_as_vendor))
        .on(me, routes!(change_own_phone))
        .on(me, routes!(verify_own_phone))
}

/// A phone number in international form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneBody {
    pub(super) phone_number: String,
}

/// A phone number to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewPhoneBody {
    phone_number: String,
    /// Whether a code is sent; it is when this is absent.
    verify: Option<bool>,
}

/// A code from a text message, and what the call that sent it answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PhoneCodeBody {
    otc_token: String,
    code: String,
}

/// The same where the number is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeCodeBody {
    change_phone_id: String,
    code: String,
}

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeSentView {
    /// Id of the number, where it is one of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// To be sent together with the code. Absent when none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    otc_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
}

/// A code is on its way to the number that replaces the one shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeView {
    change_phone_id: String,
}

impl From<Asked> for CodeSentView {
    fn from(asked: Asked) -> Self {
        Self {
            id: Some(asked.phone.id),
            otc_token: asked.code.map(|code| code.handle),
            phone_number: Some(asked.phone.value),
        }
    }
}

pub(super) fn number(text: &str) -> Result<String, IdentifierError> {
    let mut faults = Faults::default();
    let phone = faults.phone(Some(text));
    faults.check().map_err(IdentifierError::Faults)?;
    phone.ok_or(IdentifierError::NoPhone)
}

pub(super) async fn desk(
    room: &People,
    environment: &EnvironmentId,
    change: Change,
) -> Result<Desk, Problem> {
    Ok(Desk {
        app: room.app.clone(),
        key: room.directory.code_key(environment).await?,
        change,
    })
}

/// Counts a message with a code, by who asks and by where it goes.
async fn count(room: &People, caller: &UserCaller, phone: &str) -> Result<(), Problem> {
    let now = room.app.now();
    for who in [caller.user.as_str(), phone] {
        throttle::send(room.app.db(), &room.limits, &caller.environment, who, now).await?;
    }
    Ok(())
}

/// Adds a number to one's own. It counts once the code that is sent to it was entered.
#[utoipa::path(post, path = "/identity/resources/users/phone-numbers/v1", tag = "SMS", request_body = NewPhoneBody,
    responses((status = 201, body = CodeSentView), (status = 409, description = "One's own already")))]
async fn add_phone(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<NewPhoneBody>,
) -> Result<Created<CodeSentView>, Problem> {
    let phone = number(&body.phone_number)?;
    let verify = body.verify.unwrap_or(true);
    if verify {
        count(&room, &caller, &phone).await?;
    }
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let asked = room
        .app
        .db()
        .write(async move |tx| desk.claim(tx, caller.user.as_str(), &phone, verify).await)
        .await?;
    Ok(Created(asked.into()))
}

/// Sends a code to a number that is not among one's own yet; entering it adds the number.
#[utoipa::path(post, path = "/identity/resources/users/phone-numbers/v1/preverify", tag = "SMS",
    request_body = PhoneBody, responses((status = 200, body = CodeSentView)))]
async fn preverify_phone(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<PhoneBody>,
) -> Result<Json<CodeSentView>, Problem> {
    let phone = number(&body.phone_number)?;
    count(&room, &caller, &phone).await?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let shown = phone.clone();
    let code = room
        .app
        .db()
        .write(async move |tx| {
            let user = desk.user(tx, caller.user.as_str()).await?;
            desk.ask(tx, VERIFY, &user, &phone).await
        })
        .await?;
    Ok(Json(CodeSentView {
        id: None,
        otc_token: Some(code.handle),
        phone_number: Some(shown),
    }))
}

/// Proves a number with the code that was sent to it.
#[utoipa::path(post, path = "/identity/resources/users/phone-numbers/v1/verify", tag = "SMS",
    request_body = PhoneCodeBody,
    responses((status = 200, description = "Verified; the body is empty"), (status = 400, description = "Another code, or none"),
        (status = 409, description = "Somebody else has this number")))]
async fn verify_phone(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<PhoneCodeBody>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let db = room.app.db();
    let proof = desk.judge(db, VERIFY, &body.otc_token, &body.code).await?;
    db.write(async move |tx| desk.verify(tx, caller.user.as_str(), &proof).await)
        .await?;
    Ok(Done::OK)
}

/// Asks for the deletion of a number of one's own. A verified one goes once the code that is sent to it was entered;
/// another goes at once, and the answer is empty.
#[utoipa::path(delete, path = "/identity/resources/users/phone-numbers/v1/{id}", tag = "SMS",
    params(("id" = String, Path, description = "Id of the number")),
    responses((status = 200, body = CodeSentView), (status = 404, description = "No number of one's own")))]
async fn delete_phone(
    State(room): State<People>,
    caller: UserCaller,
    Path(phone_id): Path<String>,
) -> Result<Json<CodeSentView>, Problem> {
    let now = room.app.now();
    throttle::send(
        room.app.db(),
        &room.limits,
        &caller.environment,
        caller.user.as_str(),
        now,
    )
    .await?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let asked = room
        .app
        .db()
        .write(async move |tx| desk.ask_delete(tx, caller.user.as_str(), &phone_id).await)
        .await?;
    Ok(Json(asked.map_or(
        CodeSentView {
            id: None,
            otc_token: None,
            phone_number: None,
        },
        Into::into,
    )))
}

/// Deletes a number of one's own with the code that was sent to it.
#[utoipa::path(post, path = "/identity/resources/users/phone-numbers/v1/{id}/delete/verify", tag = "SMS",
    request_body = PhoneCodeBody, params(("id" = String, Path, description = "Id of the number")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 400, description = "Another code, or none"),
        (status = 404, description = "No number of one's own")))]
async fn verify_phone_deletion(
    State(room): State<People>,
    caller: UserCaller,
    Path(phone_id): Path<String>,
    Body(body): Body<PhoneCodeBody>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let db = room.app.db();
    let code = (body.otc_token.as_str(), body.code.as_str());
    let proof = desk
        .judge_delete(db, caller.user.as_str(), &phone_id, code)
        .await?;
    db.write(async move |tx| desk.do_delete(tx, caller.user.as_str(), &phone_id, &proof).await)
        .await?;
    Ok(Done::OK)
}

/// One's own numbers, the one shown first.
#[utoipa::path(get, path = "/identity/resources/users/phone-numbers/v1/me", tag = "SMS",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = Vec<PhoneView>)))]
async fn list_own_phones(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<Vec<PhoneView>>, Problem> {
    let held = room
        .app
        .db()
        .read(async move |tx| domain::own(tx, &caller.environment, caller.user.as_str()).await)
        .await?;
    Ok(Json(held.into_iter().map(Into::into).collect()))
}

/// Adds a verified number to a user's.
#[utoipa::path(post, path = "/identity/resources/users/phone-numbers/v1/vendor/{userId}", tag = "Users",
    request_body = PhoneBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 201, description = "Added; the body is empty"), (status = 404, description = "No such user"),
        (status = 409, description = "Somebody has this number")))]
async fn add_phone_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<PhoneBody>,
) -> Result<Done, Problem> {
    let phone = number(&body.phone_number)?;
    let desk = desk(&room, &caller.environment, room.change_by_environment(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| desk.add(tx, &id, &phone).await)
        .await?;
    Ok(Done::CREATED)
}

/// Deletes a number of a user without a code.
#[utoipa::path(delete, path = "/identity/resources/users/phone-numbers/v1/vendor/{userId}/{phoneId}", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user"),
        ("phoneId" = String, Path, description = "Id of the number")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 404, description = "No such user or number")))]
async fn delete_phone_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path((id, phone_id)): Path<(String, String)>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_environment(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| desk.remove(tx, &id, &phone_id).await)
        .await?;
    Ok(Done::OK)
}

/// Asks for another number in place of the one shown. It takes that place once the code that is sent to it was entered.
#[utoipa::path(post, path = "/identity/resources/users/v1/phone", tag = "User management", request_body = PhoneBody,
    responses((status = 200, body = ChangeView)))]
async fn change_own_phone(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<PhoneBody>,
) -> Result<Json<ChangeView>, Problem> {
    let phone = number(&body.phone_number)?;
    count(&room, &caller, &phone).await?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let code = room
        .app
        .db()
        .write(async move |tx| desk.ask_change(tx, caller.user.as_str(), &phone).await)
        .await?;
    Ok(Json(ChangeView {
        change_phone_id: code.handle,
    }))
}

/// Puts another number in place with the code that was sent to it.
#[utoipa::path(post, path = "/identity/resources/users/v1/phone/verify", tag = "User management",
    request_body = ChangeCodeBody,
    responses((status = 200, description = "Changed; the body is empty"), (status = 400, description = "Another code, or none"),
        (status = 409, description = "Somebody else has this number")))]
async fn verify_own_phone(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<ChangeCodeBody>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let db = room.app.db();
    let proof = desk.judge(db, CHANGE, &body.change_phone_id, &body.code).await?;
    db.write(async move |tx| desk.do_change(tx, caller.user.as_str(), &proof).await)
        .await?;
    Ok(Done::OK)
}
