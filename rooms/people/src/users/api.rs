//! `/identity/resources/users/v1`, `users/v2` and `vendor-only/users/v1`: single users.

use std::sync::Arc;

use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Params, Path, Problem, Routes,
    State, routes,
};

use super::create::{self, Prepared};
use super::domain::{self, UserError};
use super::flags::{self, Switch};
use super::model::{Creation, EmailBody, GlobalBody, InvisibleBody, InviteBody, SuperUserBody, VendorBody};
use crate::room::{Change, People};
use crate::views::{Audience, Detail, Lens, UserView};

pub(crate) fn routes() -> Routes<People> {
    let invite = Guard::environment_or_user(Need::Permission("fe.secure.write.users")).with_tenant();
    let remove = Guard::environment_or_user(Need::Permission("fe.secure.delete.users"));
    Routes::new()
        .on(Guard::environment(), routes!(create_user_as_vendor))
        .on(Guard::environment(), routes!(read_user_as_vendor))
        .on(Guard::environment(), routes!(update_user_as_vendor))
        .on(invite, routes!(create_user))
        .on(invite, routes!(invite_user))
        .on(Guard::environment(), routes!(read_user_by_email))
        .on(Guard::environment(), routes!(read_user))
        .on(Guard::environment(), routes!(update_user_globally))
        .on(remove, routes!(delete_user))
        .on(Guard::environment(), routes!(lock_user))
        .on(Guard::environment(), routes!(unlock_user))
        .on(Guard::environment(), routes!(verify_user))
        .on(Guard::environment(), routes!(set_super_user))
        .on(Guard::environment(), routes!(set_invisible))
        .on(Guard::environment(), routes!(change_user_email))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound | UserError::NoTenant | UserError::NoTask => {
                Self::not_found(error.to_string())
            }
            UserError::AlreadyMember
            | UserError::EmailTaken
            | UserError::UsernameTaken
            | UserError::AlwaysOpen
            | UserError::InAlready
            | UserError::Tenant(_) => Self::conflict(error.to_string()),
            UserError::UnknownRoles(_) | UserError::NotMemberOf(_) | UserError::NotWaiting => {
                Self::bad_request(error.to_string())
            }
            UserError::TooStrong
            | UserError::MayNotTake(_)
            | UserError::NoPermission(_)
            | UserError::TenantNamed
            | UserError::NoTemporary
            | UserError::NoInvitations
            | UserError::AddressNotAdmitted
            | UserError::OwnEnd => Self::forbidden(error.to_string()),
            UserError::Faults(sentences) => Self::faults(sentences),
            UserError::Store(error) => error.into(),
        }
    }
}

/// Hashes the password, if there is one, before the transaction opens: hashing takes longer than any write may.
async fn add(room: &People, change: Change, mut creation: Creation) -> Result<Created<UserView>, Problem> {
    let password = match creation.password.take() {
        Some(password) => {
            let scope = creation.scope(&change.scope);
            Some(room.credentials.prepare(&scope, password).await?)
        }
        None => None,
    };
    let id = room.app.ids().ordered(change.now);
    let prepared = Prepared {
        creation,
        password,
        id,
    };
    let (credentials, mailer) = (Arc::clone(&room.credentials), room.mailer.clone());
    let added = room
        .app
        .db()
        .write(async move |tx| create::create(tx, &change, (&credentials, Some(&mailer)), &prepared).await)
        .await?;
    Ok(Created(added))
}

/// Creates a user in a tenant without any mail; the environment vouches for the address. Somebody who exists already
/// becomes a member and stays otherwise as they are.
#[utoipa::path(post, path = "/identity/resources/vendor-only/users/v1", tag = "Users", request_body = VendorBody,
    responses((status = 201, body = UserView), (status = 404, description = "No such tenant"),
        (status = 409, description = "A member already, or the username is taken")))]
async fn create_user_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Body(body): Body<VendorBody>,
) -> Result<Created<UserView>, Problem> {
    let creation = body.checked().map_err(UserError::Faults)?;
    add(&room, room.change_by_environment(&caller), creation).await
}

/// Creates a user in the tenant, or adds one who exists. They get a mail with a link or a code unless `skipInviteEmail` is
/// true.
#[utoipa::path(post, path = "/identity/resources/users/v1", tag = "User management", request_body = InviteBody,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant to add the user to")),
    responses((status = 201, body = UserView), (status = 409, description = "A member already")))]
async fn create_user(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<InviteBody>,
) -> Result<Created<UserView>, Problem> {
    let creation = body.checked().map_err(UserError::Faults)?;
    add(&room, room.change_by(&caller), creation).await
}

/// Invites somebody into the tenant: a new user gets a mail to activate the account, one who exists a mail to accept. For a
/// member who did neither yet the mail is sent again, with a new link or code, and nothing else changes.
#[utoipa::path(post, path = "/identity/resources/users/v2", tag = "User management", request_body = InviteBody,
    params(("frontegg-tenant-id" = String, Header, description = "The tenant to invite into")),
    responses((status = 201, body = UserView), (status = 409, description = "A member already")))]
async fn invite_user(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<InviteBody>,
) -> Result<Created<UserView>, Problem> {
    let mut creation = body.checked().map_err(UserError::Faults)?;
    creation.resends = true;
    add(&room, room.change_by(&caller), creation).await
}

async fn found(room: &People, caller: EnvironmentCaller, id: String) -> Result<Json<UserView>, Problem> {
    let user = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &caller.environment, &id, everything(&caller)).await)
        .await?;
    Ok(Json(user))
}

/// All there is to see, in the tenant named by header where one is.
const fn everything(caller: &EnvironmentCaller) -> Lens<'_> {
    Lens {
        tenant: caller.tenant.as_ref(),
        audience: Audience::Environment,
        detail: Detail::Full,
        below: None,
    }
}

/// The user, with roles in every tenant.
#[utoipa::path(get, path = "/identity/resources/vendor-only/users/v1/{userId}", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user")))]
async fn read_user_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    found(&room, caller, id).await
}

/// The user, with roles in the tenant named by header.
#[utoipa::path(get, path = "/identity/resources/users/v1/{userId}", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header,
            description = "The tenant in force; without it the one the user last worked in")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user")))]
async fn read_user(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    found(&room, caller, id).await
}

/// The user with this address.
#[utoipa::path(get, path = "/identity/resources/users/v1/email", tag = "Users",
    params(("email" = String, Query, description = "The whole address, in any case")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user")))]
async fn read_user_by_email(
    State(room): State<People>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<UserView>, Problem> {
    let email =
        kit::email_key(params.required("email")?).map_err(|fault| Problem::bad_request(fault.to_string()))?;
    let user = room
        .app
        .db()
        .read(async move |tx| {
            let lens = Lens {
                detail: Detail::Bare,
                below: None,
                ..everything(&caller)
            };
            domain::read_by_email(tx, &caller.environment, &email, lens).await
        })
        .await?;
    Ok(Json(user))
}

async fn update(
    room: &People,
    caller: EnvironmentCaller,
    id: String,
    body: GlobalBody,
) -> Result<Json<UserView>, Problem> {
    let changes = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let user = room
        .app
        .db()
        .write(async move |tx| {
            domain::change_profile(tx, &change, &id, changes.clone(), everything(&caller)).await
        })
        .await?;
    Ok(Json(user))
}

/// Changes the user in all tenants.
#[utoipa::path(put, path = "/identity/resources/users/v1/{userId}", tag = "Users", request_body = GlobalBody,
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user")))]
async fn update_user_globally(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<GlobalBody>,
) -> Result<Json<UserView>, Problem> {
    update(&room, caller, id, body).await
}

/// The same at the address that one client uses.
#[utoipa::path(put, path = "/identity/resources/vendor-only/users/v1/{userId}", tag = "Users",
    request_body = GlobalBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView), (status = 404, description = "No such user")))]
async fn update_user_as_vendor(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<GlobalBody>,
) -> Result<Json<UserView>, Problem> {
    update(&room, caller, id, body).await
}

/// Removes the user from the tenant named by header or token; from everywhere when none is named. The last membership
/// takes the user along.
#[utoipa::path(delete, path = "/identity/resources/users/v1/{userId}", tag = "User management",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant to remove the user from")),
    responses((status = 200, description = "Removed; the body is empty"), (status = 404, description = "No such user")))]
async fn delete_user(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let (change, credentials) = (room.change_by(&caller), Arc::clone(&room.credentials));
    room.app
        .db()
        .write(async move |tx| domain::remove(tx, &change, &credentials, &id).await)
        .await?;
    Ok(Done::OK)
}

async fn turn(
    room: &People,
    caller: &EnvironmentCaller,
    id: String,
    switch: Switch,
) -> Result<Done, Problem> {
    let (change, credentials) = (room.change_by_environment(caller), Arc::clone(&room.credentials));
    room.app
        .db()
        .write(async move |tx| flags::turn(tx, &change, &credentials, &id, switch.clone()).await)
        .await?;
    Ok(Done::OK)
}

async fn turned(
    room: &People,
    caller: EnvironmentCaller,
    id: String,
    switch: Switch,
) -> Result<Json<UserView>, Problem> {
    let (change, credentials) = (room.change_by_environment(&caller), Arc::clone(&room.credentials));
    let user = room
        .app
        .db()
        .write(async move |tx| {
            flags::turned(
                tx,
                &change,
                &credentials,
                &id,
                switch.clone(),
                everything(&caller),
            )
            .await
        })
        .await?;
    Ok(Json(user))
}

/// Locks the user out of every tenant and ends all sessions.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/lock", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Locked; the body is empty")))]
async fn lock_user(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    turn(&room, &caller, id, Switch::Lock).await
}

/// Lets a locked user in again.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/unlock", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Unlocked; the body is empty")))]
async fn unlock_user(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    turn(&room, &caller, id, Switch::Unlock).await
}

/// Counts the user's address as verified.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/verify", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "Verified; the body is empty")))]
async fn verify_user(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    turn(&room, &caller, id, Switch::Verify).await
}

/// Marks a super user, or unmarks one.
#[utoipa::path(put, path = "/identity/resources/users/v1/{userId}/superuser", tag = "Users",
    request_body = SuperUserBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView)))]
async fn set_super_user(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<SuperUserBody>,
) -> Result<Json<UserView>, Problem> {
    turned(&room, caller, id, Switch::SuperUser(body.super_user)).await
}

/// Hides the user from the lists that other users see, or shows them again.
#[utoipa::path(put, path = "/identity/resources/users/v1/{userId}/invisible", tag = "Users",
    request_body = InvisibleBody, params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView)))]
async fn set_invisible(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<InvisibleBody>,
) -> Result<Json<UserView>, Problem> {
    turned(&room, caller, id, Switch::Invisible(body.invisible)).await
}

/// Changes the user's address at once and everywhere; so no tenant may be named.
#[utoipa::path(put, path = "/identity/resources/users/v1/{userId}/email", tag = "Users", request_body = EmailBody,
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 200, body = UserView), (status = 403, description = "A tenant was named"),
        (status = 409, description = "Another user has this address")))]
async fn change_user_email(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(body): Body<EmailBody>,
) -> Result<Json<UserView>, Problem> {
    if caller.tenant.is_some() {
        return Err(UserError::TenantNamed.into());
    }
    let email = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by_environment(&caller);
    let (credentials, app) = (Arc::clone(&room.credentials), room.app.clone());
    let user = room
        .app
        .db()
        .write(async move |tx| {
            let lens = everything(&caller);
            flags::change_email(tx, &app, &change, &credentials, &id, &email, lens).await
        })
        .await?;
    Ok(Json(user))
}
