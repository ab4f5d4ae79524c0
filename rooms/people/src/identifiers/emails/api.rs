//! `users/emails/v1` and `users/v1/email/me`.

use std::sync::Arc;

use blocks::throttle;
use kit::EnvironmentId;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{
    Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Path, Problem, Routes, State, UserCaller,
    routes,
};

use super::domain::{self, Desk};
use crate::faults::Faults;
use crate::identifiers::errors::IdentifierError;
use crate::identifiers::model::EmailView;
use crate::identifiers::policy;
use crate::room::{Change, People};

pub(crate) fn routes() -> Routes<People> {
    let me = Guard::user(Need::SignedIn).on_behalf();
    Routes::new()
        .on(me, routes!(add_email))
        .on(me, routes!(verify_email))
        .on(me, routes!(delete_email))
        .on(me, routes!(list_own_emails))
        .on(me, routes!(set_own_primary_email))
        .on(Guard::environment(), routes!(add_email_as_vendor))
        .on(Guard::environment(), routes!(delete_email_as_vendor))
        .on(Guard::environment(), routes!(set_primary_email_as_vendor))
        .on(me, routes!(change_own_email))
        .on(me, routes!(verify_own_email))
}

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
struct AddressBody {
    email: String,
}

/// An address that the environment adds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VendorAddressBody {
    email: String,
    /// Whether the environment vouches for it; it does when this is absent.
    is_verified: Option<bool>,
}

/// A code that was mailed to an address.
#[derive(Debug, Deserialize, ToSchema)]
struct AddressCodeBody {
    code: String,
    email: String,
}

fn address(email: &str) -> Result<String, IdentifierError> {
    let mut faults = Faults::default();
    let key = faults.email(Some(email));
    faults.check().map_err(IdentifierError::Faults)?;
    key.ok_or(IdentifierError::NoEmail)
}

async fn desk(room: &People, environment: &EnvironmentId, change: Change) -> Result<Desk, Problem> {
    Ok(Desk {
        app: room.app.clone(),
        credentials: Arc::clone(&room.credentials),
        key: room.directory.code_key(environment).await?,
        change,
    })
}

/// Counts a mail with a code, by who asks and by where it goes.
async fn count(room: &People, caller: &UserCaller, email: &str) -> Result<(), Problem> {
    let now = room.app.now();
    for who in [caller.user.as_str(), email] {
        throttle::send(room.app.db(), &room.limits, &caller.environment, who, now).await?;
    }
    Ok(())
}

/// Adds an address to one's own. It counts once the code that is mailed to it was entered.
#[utoipa::path(post, path = "/identity/resources/users/emails/v1", tag = "User management", request_body = AddressBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 201, body = EmailView), (status = 403, description = "Users may not change addresses here"),
        (status = 409, description = "One's own already")))]
async fn add_email(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<AddressBody>,
) -> Result<Created<EmailView>, Problem> {
    let email = address(&body.email)?;
    count(&room, &caller, &email).await?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let added = room
        .app
        .db()
        .write(async move |tx| {
            policy::check(tx, &caller.environment).await?;
            desk.claim(tx, caller.user.as_str(), &email).await
        })
        .await?;
    Ok(Created(added.into()))
}

/// Proves an address with the code that was mailed to it.
#[utoipa::path(post, path = "/identity/resources/users/emails/v1/verify", tag = "User management",
    request_body = AddressCodeBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 200, description = "Verified; the body is empty"), (status = 400, description = "Another code, or none")))]
async fn verify_email(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<AddressCodeBody>,
) -> Result<Done, Problem> {
    let email = address(&body.email)?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let db = room.app.db();
    let proof = domain::judge_added(db, &desk, caller.user.as_str(), &email, &body.code).await?;
    db.write(async move |tx| desk.verify(tx, caller.user.as_str(), &proof).await)
        .await?;
    Ok(Done::OK)
}

/// Deletes an address of one's own. The primary one stays.
#[utoipa::path(delete, path = "/identity/resources/users/emails/v1/{emailId}", tag = "User management",
    params(("emailId" = String, Path, description = "Id of the address"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 400, description = "The primary one"),
        (status = 404, description = "No address of one's own")))]
async fn delete_email(
    State(room): State<People>,
    caller: UserCaller,
    Path(email_id): Path<String>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| {
            policy::check(tx, &caller.environment).await?;
            desk.remove(tx, caller.user.as_str(), &email_id).await
        })
        .await?;
    Ok(Done::OK)
}

/// One's own addresses, the primary one first.
#[utoipa::path(get, path = "/identity/resources/users/emails/v1/me", tag = "User management",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = Vec<EmailView>)))]
async fn list_own_emails(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<Vec<EmailView>>, Problem> {
    let held = room
        .app
        .db()
        .read(async move |tx| domain::own(tx, &caller.environment, caller.user.as_str()).await)
        .await?;
    Ok(Json(held.into_iter().map(Into::into).collect()))
}

/// Makes a verified address of one's own the primary one; the old one is told.
#[utoipa::path(post, path = "/identity/resources/users/emails/v1/me/primary", tag = "User management",
    request_body = AddressBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 200, description = "Done; the body is empty"), (status = 400, description = "Not verified"),
        (status = 404, description = "No address of one's own")))]
async fn set_own_primary_email(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<AddressBody>,
) -> Result<Done, Problem> {
    let email = address(&body.email)?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| {
            policy::check(tx, &caller.environment).await?;
            desk.choose(tx, caller.user.as_str(), &email).await
        })
        .await?;
    Ok(Done::OK)
}

/// Adds an address to a user's. The environment vouches for it unless it says otherwise.
#[utoipa::path(post, path = "/identity/resources/users/emails/v1/vendor/{userId}", tag = "User management",
    request_body = VendorAddressBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 201, body = EmailView), (status = 404, description = "No such user"),
        (status = 409, description = "Somebody has this address")))]
async fn add_email_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<VendorAddressBody>,
) -> Result<Created<EmailView>, Problem> {
    let email = address(&body.email)?;
    let verified = body.is_verified.unwrap_or(true);
    let desk = desk(&room, &caller.environment, room.change_by_environment(&caller)).await?;
    let added = room
        .app
        .db()
        .write(async move |tx| desk.add(tx, &id, &email, verified).await)
        .await?;
    Ok(Created(added.into()))
}

/// Deletes an address of a user. The primary one stays.
#[utoipa::path(delete, path = "/identity/resources/users/emails/v1/vendor/{userId}/{emailId}", tag = "User management",
    params(("userId" = String, Path, description = "Id of the user"),
        ("emailId" = String, Path, description = "Id of the address")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 400, description = "The primary one"),
        (status = 404, description = "No such user or address")))]
async fn delete_email_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path((id, email_id)): Path<(String, String)>,
) -> Result<Done, Problem> {
    let desk = desk(&room, &caller.environment, room.change_by_environment(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| desk.remove(tx, &id, &email_id).await)
        .await?;
    Ok(Done::OK)
}

/// Makes a verified address of a user the primary one; the old one is told.
#[utoipa::path(post, path = "/identity/resources/users/emails/v1/vendor/{userId}/primary", tag = "User management",
    request_body = AddressBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Done; the body is empty"), (status = 400, description = "Not verified"),
        (status = 404, description = "No such user or address")))]
async fn set_primary_email_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<AddressBody>,
) -> Result<Done, Problem> {
    let email = address(&body.email)?;
    let desk = desk(&room, &caller.environment, room.change_by_environment(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| desk.choose(tx, &id, &email).await)
        .await?;
    Ok(Done::OK)
}

/// Asks for another primary address. It takes the old one's place once the code that is mailed to it was entered.
#[utoipa::path(post, path = "/identity/resources/users/v1/email/me", tag = "User management",
    request_body = AddressBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 200, description = "A code is on its way; the body is empty"),
        (status = 403, description = "Users may not change addresses here")))]
async fn change_own_email(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<AddressBody>,
) -> Result<Done, Problem> {
    let email = address(&body.email)?;
    count(&room, &caller, &email).await?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    room.app
        .db()
        .write(async move |tx| {
            policy::check(tx, &caller.environment).await?;
            desk.ask_change(tx, caller.user.as_str(), &email).await
        })
        .await?;
    Ok(Done::OK)
}

/// Puts another primary address in place with the code that was mailed to it.
#[utoipa::path(post, path = "/identity/resources/users/v1/email/me/verify", tag = "User management",
    request_body = AddressCodeBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 200, description = "Changed; the body is empty"), (status = 400, description = "Another code, or none"),
        (status = 409, description = "Somebody else has this address")))]
async fn verify_own_email(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<AddressCodeBody>,
) -> Result<Done, Problem> {
    let email = address(&body.email)?;
    let desk = desk(&room, &caller.environment, room.change_by_user(&caller)).await?;
    let db = room.app.db();
    let proof = domain::judge_change(db, &desk, caller.user.as_str(), &body.code).await?;
    db.write(async move |tx| {
        policy::check(tx, &caller.environment).await?;
        desk.do_change(tx, caller.user.as_str(), &email, &proof).await
    })
    .await?;
    Ok(Done::OK)
}
