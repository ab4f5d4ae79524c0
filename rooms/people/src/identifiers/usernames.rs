//! `usernames/v1`.

use blocks::listing::{Dialect, Order};
use db::Tx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{
    AnyCaller, Body, Done, Guard, Json, Need, Params, Path, Problem, Routes, State, UserCaller, routes,
};

use super::errors::IdentifierError;
use super::store::{self, Names};
use crate::faults::Faults;
use crate::records::{self, UserRecord};
use crate::room::{Change, People};
use crate::users::{UserError, rewrite};

/// Most ids or names that one call names.
const MOST: usize = 250;
/// Most characters of a prefix.
const TEXT: usize = 255;

/// What a list of usernames is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    User,
    Username,
}

const LIST: Dialect<Sort> = Dialect {
    most: 250,
    usual: 50,
    sorts: &[("userId", Sort::User), ("username", Sort::Username)],
};

/// A username and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UsernameView {
    username: String,
    user_id: String,
}

/// A username.
#[derive(Debug, Deserialize, ToSchema)]
struct UsernameBody {
    /// Letters, digits, dots, underscores and hyphens; kept in lower case.
    username: String,
}

pub(super) fn routes() -> Routes<People> {
    let me = Guard::user(Need::SignedIn).on_behalf();
    let read = Guard::environment_or_user(Need::Permission("fe.secure.read.users"));
    Routes::new()
        .on(read, routes!(list_usernames))
        .on(me, routes!(add_username))
        .on(
            Guard::environment_or_user(Need::SignedIn),
            routes!(delete_username),
        )
        .on(me, routes!(read_own_username))
}

/// Usernames and whose they are.
#[utoipa::path(get, path = "/identity/resources/usernames/v1", tag = "User management",
    params(("_limit" = Option<f64>, Query, description = "Usernames per page, 1 to 250; 50 when absent"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("_sortBy" = Option<String>, Query, description = "userId or username (when absent)"),
        ("_order" = Option<String>, Query, description = "ASC (when absent) or DESC"),
        ("_usernamePrefix" = Option<String>, Query, description = "What the username begins with"),
        ("userIds" = Option<Vec<String>>, Query, description = "Only of these users"),
        ("usernames" = Option<Vec<String>>, Query, description = "Only these")),
    responses((status = 200, body = Vec<UsernameView>)))]
async fn list_usernames(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<UsernameView>>, Problem> {
    let page = LIST.read(&params)?;
    let names = params.list("usernames", MOST)?;
    let prefix = params.text_within("_usernamePrefix", TEXT)?;
    let scope = caller.scope();
    let wanted = Names {
        tenant: scope.tenant.as_ref().map(ToString::to_string),
        visible_only: caller.user().is_some(),
        users: params.list("userIds", MOST)?,
        names: names.iter().map(|name| kit::search_key(name)).collect(),
        prefix: prefix.map(kit::search_key).unwrap_or_default(),
    };
    let sort = (
        page.sort == Some(Sort::User),
        page.order.unwrap_or(Order::Ascending),
    );
    let range = (page.skipped(), page.limit);
    let rows = room
        .app
        .db()
        .read(async move |tx| store::usernames(tx, &scope.environment, &wanted, sort, range).await)
        .await?;
    let view = |(username, user_id)| UsernameView { username, user_id };
    Ok(Json(rows.into_iter().map(view).collect()))
}

/// Gives the user a username; a user has one at most.
#[utoipa::path(post, path = "/identity/resources/usernames/v1", tag = "User management", request_body = UsernameBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token")),
    responses((status = 201, description = "Added; the body is empty"),
        (status = 409, description = "Somebody has it, or the user has one already")))]
async fn add_username(
    State(room): State<People>,
    caller: UserCaller,
    Body(body): Body<UsernameBody>,
) -> Result<Done, Problem> {
    let mut faults = Faults::default();
    faults.username(Some(&body.username));
    faults.check().map_err(IdentifierError::Faults)?;
    let (change, username) = (room.change_by_user(&caller), kit::search_key(&body.username));
    room.app
        .db()
        .write(async move |tx| add(tx, &change, caller.user.as_str(), &username).await)
        .await?;
    Ok(Done::CREATED)
}

async fn add(tx: &Tx, change: &Change, id: &str, username: &str) -> Result<(), IdentifierError> {
    let user = records::hold(tx, &change.scope.environment, id).await?;
    let user = user.ok_or(IdentifierError::NoUser)?;
    if user.username.is_some() {
        return Err(IdentifierError::HasUsername);
    }
    let new = UserRecord {
        username: Some(username.to_owned()),
        ..user.clone()
    };
    match rewrite(tx, change, "User username added", &user, &new).await {
        Err(UserError::UsernameTaken) => Err(IdentifierError::UsernameTaken),
        other => Ok(other?),
    }
}

/// Takes a username away: with a user token one's own, with an environment token anybody's.
#[utoipa::path(delete, path = "/identity/resources/usernames/v1/{username}", tag = "User management",
    params(("username" = String, Path, description = "The username, in any case")),
    responses((status = 200, description = "Deleted; the body is empty"), (status = 404, description = "No such username")))]
async fn delete_username(
    State(room): State<People>,
    caller: AnyCaller,
    Path(username): Path<String>,
) -> Result<Done, Problem> {
    let change = room.change_by(&caller);
    room.app
        .db()
        .write(async move |tx| remove(tx, &change, &username).await)
        .await?;
    Ok(Done::OK)
}

async fn remove(tx: &Tx, change: &Change, username: &str) -> Result<(), IdentifierError> {
    let environment = &change.scope.environment;
    let found = records::user_by_username(tx, environment, username).await?;
    let found = found.ok_or(IdentifierError::NoUsername)?;
    let foreign = match (&change.bounded_by, &change.scope.tenant) {
        (Some(caller), _) => caller.user != found.id,
        (None, Some(_)) => records::membership(tx, &change.scope, &found.id).await?.is_none(),
        (None, None) => false,
    };
    let user = records::hold(tx, environment, found.id.as_str()).await?;
    let user = user.filter(|user| !foreign && user.username == found.username);
    let user = user.ok_or(IdentifierError::NoUsername)?;
    if user.email.is_none() {
        return Err(IdentifierError::OnlyUsername);
    }
    let new = UserRecord {
        username: None,
        ..user.clone()
    };
    rewrite(tx, change, "User username removed", &user, &new).await?;
    Ok(())
}

/// One's own username, or none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OwnUsernameView {
    /// Null without one.
    username: Option<String>,
    user_id: String,
}

/// One's own username; null for somebody without one.
#[utoipa::path(get, path = "/identity/resources/usernames/v1/me", tag = "User management",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "A tenant of the user; with an environment token"),
        ("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    responses((status = 200, body = OwnUsernameView)))]
async fn read_own_username(
    State(room): State<People>,
    caller: UserCaller,
) -> Result<Json<OwnUsernameView>, Problem> {
    let user = room
        .app
        .db()
        .read(async move |tx| records::user_by_id(tx, &caller.environment, caller.user.as_str()).await)
        .await?;
    let user = user.ok_or(IdentifierError::NoUser)?;
    Ok(Json(OwnUsernameView {
        username: user.username,
        user_id: user.id.to_string(),
    }))
}
