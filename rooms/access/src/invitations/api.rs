//! `/identity/resources/tenants/invites`: links into tenants.

use blocks::audit::AuditRecord;
use db::StoreError;
use kit::{Scope, TenantId};
use web::{
    AnyCaller, Body, Created, Done, EnvironmentCaller, Guard, IntoResponse, Json, Need, Params, Path,
    Problem, PublicCaller, Response, Routes, State, UserCaller, routes,
};

use super::domain::{self, Change, LinkError};
use super::model::{
    InvitationConfiguration, InviteChangesBody, InviteToken, InviteTokenBody, NewLink, OwnInviteBody,
    OwnInviteWithRolesBody, VerifyInviteBody,
};
use super::redeem;
use crate::room::Access;

/// Most links of one answer.
const MOST_LISTED: i64 = 1_000;
/// Longest token that is looked for.
const TOKEN_LENGTH: usize = 255;

pub(crate) fn routes() -> Routes<Access> {
    let own = |need| Guard::user(need).on_behalf();
    let write = own(Need::Permission("fe.secure.write.tenantInvites"));
    let delete = own(Need::Permission("fe.secure.delete.tenantInvites"));
    Routes::new()
        .on(own(Need::SignedIn), routes!(read_own_invite))
        .on(write, routes!(create_own_invite))
        .on(write, routes!(change_own_invite))
        .on(delete, routes!(delete_own_invite))
        .on(write, routes!(create_own_invite_with_roles))
        .on(Guard::anyone(), routes!(verify_invite))
        .on(
            Guard::environment_or_user(Need::SignedIn),
            routes!(read_invitation_configuration),
        )
        .on(Guard::environment(), routes!(create_invite))
        .on(Guard::environment(), routes!(list_invites))
        .on(Guard::environment(), routes!(delete_invite))
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        use LinkError as E;
        let sentence = error.to_string();
        match error {
            E::Locked => Self::bad_request(sentence).with_code("ER-01240"),
            E::NoTenant | E::NoUser | E::NoLink => Self::not_found(sentence),
            E::UnknownRoles(_) | E::TooMany => Self::bad_request(sentence),
            E::Off | E::TooStrong => Self::forbidden(sentence),
            E::Faults(sentences) => Self::faults(sentences),
            E::Seal(error) => Self::internal(&error),
            E::Store(error) => error.into(),
        }
    }
}

fn change(room: &Access, caller: &AnyCaller, scope: Scope) -> Change {
    Change {
        scope,
        ids: room.app.ids().clone(),
        directory: room.directory.clone(),
        by: AuditRecord::new("", "invitation", "").by(caller),
        now: room.app.now(),
    }
}

fn change_of_own(room: &Access, caller: &UserCaller) -> Change {
    change(room, &AnyCaller::User(caller.clone()), caller.scope())
}

async fn create(room: &Access, change: Change, new: NewLink) -> Result<Created<InviteToken>, Problem> {
    let made = room
        .app
        .db()
        .write(async move |tx| domain::create(tx, &change, &new).await)
        .await?;
    Ok(Created(made))
}

/// The caller's own link into the tenant. Without one the answer is empty.
#[utoipa::path(get, path = "/identity/resources/tenants/invites/v1/user", tag = "Account invitations",
    params(("frontegg-user-id" = Option<String>, Header, description = "The member; with an environment token"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = InviteToken, description = "The link; an empty body where there is none")))]
async fn read_own_invite(State(room): State<Access>, caller: UserCaller) -> Result<Response, Problem> {
    let (directory, now) = (room.directory.clone(), room.app.now());
    let found = room
        .app
        .db()
        .read(async move |tx| domain::own(tx, &directory, &caller.scope(), &caller.user, now).await)
        .await?;
    Ok(found.map_or_else(|| Done::OK.into_response(), |link| Json(link).into_response()))
}

/// Makes the caller's own link into the tenant: whoever joins by it gets the tenant's default roles. The one before stops
/// working.
#[utoipa::path(post, path = "/identity/resources/tenants/invites/v1/user", tag = "Account invitations",
    params(("frontegg-user-id" = Option<String>, Header, description = "The member; with an environment token"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    request_body = OwnInviteBody,
    responses((status = 201, body = InviteToken), (status = 403, description = "Invitations are not allowed here")))]
async fn create_own_invite(
    State(room): State<Access>,
    caller: UserCaller,
    Body(body): Body<OwnInviteBody>,
) -> Result<Created<InviteToken>, Problem> {
    let new = body.checked(caller.user.to_string()).map_err(LinkError::Faults)?;
    create(&room, change_of_own(&room, &caller), new).await
}

/// The same with roles, none of which may be stronger than the caller's.
#[utoipa::path(post, path = "/identity/resources/tenants/invites/v2/user", tag = "Account invitations",
    params(("frontegg-user-id" = Option<String>, Header, description = "The member; with an environment token"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    request_body = OwnInviteWithRolesBody,
    responses((status = 201, body = InviteToken), (status = 400, description = "A role that cannot be given here"),
        (status = 403, description = "A role stronger than the caller's, or invitations are not allowed here")))]
async fn create_own_invite_with_roles(
    State(room): State<Access>,
    caller: UserCaller,
    Body(body): Body<OwnInviteWithRolesBody>,
) -> Result<Created<InviteToken>, Problem> {
    let new = body.checked(caller.user.to_string()).map_err(LinkError::Faults)?;
    create(&room, change_of_own(&room, &caller), new).await
}

/// Changes the caller's own link; its token stays.
#[utoipa::path(patch, path = "/identity/resources/tenants/invites/v1/user", tag = "Account invitations",
    params(("frontegg-user-id" = Option<String>, Header, description = "The member; with an environment token"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    request_body = InviteChangesBody,
    responses((status = 200, body = InviteToken), (status = 404, description = "The caller has none")))]
async fn change_own_invite(
    State(room): State<Access>,
    caller: UserCaller,
    Body(body): Body<InviteChangesBody>,
) -> Result<Json<InviteToken>, Problem> {
    let changes = body.checked().map_err(LinkError::Faults)?;
    let change = change_of_own(&room, &caller);
    let changed = room
        .app
        .db()
        .write(async move |tx| domain::change_own(tx, &change, &caller.user, &changes).await)
        .await?;
    Ok(Json(changed))
}

/// Takes the caller's own link back.
#[utoipa::path(delete, path = "/identity/resources/tenants/invites/v1/user", tag = "Account invitations",
    params(("frontegg-user-id" = Option<String>, Header, description = "The member; with an environment token"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Taken back; the body is empty"), (status = 404, description = "The caller has none")))]
async fn delete_own_invite(State(room): State<Access>, caller: UserCaller) -> Result<Done, Problem> {
    let change = change_of_own(&room, &caller);
    room.app
        .db()
        .write(async move |tx| domain::remove_own(tx, &change, &caller.user).await)
        .await?;
    Ok(Done::OK)
}

/// What a token invites to. Nothing is used up, and nobody needs to be known.
#[utoipa::path(post, path = "/identity/resources/tenants/invites/v1/verify", tag = "Account invitations",
    request_body = VerifyInviteBody,
    responses((status = 200, body = InviteToken), (status = 400, description = "Unknown, ended or taken back")))]
async fn verify_invite(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<VerifyInviteBody>,
) -> Result<Json<InviteToken>, Problem> {
    if body.token.is_empty() {
        return Err(Problem::bad_request("token should not be empty"));
    }
    if body.token.reveal().len() > TOKEN_LENGTH {
        return Err(redeem::JoinError::Invalid.into());
    }
    let (directory, now) = (room.directory.clone(), room.app.now());
    let found = room
        .app
        .db()
        .read(async move |tx| {
            let link = redeem::look(tx, &caller.environment, body.token.reveal(), now).await?;
            let shown = domain::show(tx, &directory, &caller.environment, vec![link]).await?;
            Ok::<_, Problem>(shown.into_iter().next())
        })
        .await?;
    let mut link = found.ok_or(redeem::JoinError::Locked)?;
    // Whoever holds the token need not know who is behind it, nor what it gives.
    link.user_id = None;
    link.role_ids = None;
    Ok(Json(link))
}

/// Whether users may invite others, and whether mail can be sent.
#[utoipa::path(get, path = "/identity/resources/tenants/invites/v1/configuration", tag = "Account invitations",
    responses((status = 200, body = InvitationConfiguration)))]
async fn read_invitation_configuration(
    State(room): State<Access>,
    caller: AnyCaller,
) -> Result<Json<InvitationConfiguration>, Problem> {
    let (environment, app) = (caller.scope().environment, room.app.clone());
    let found = room
        .app
        .db()
        .read(async move |tx| {
            Ok::<_, StoreError>(InvitationConfiguration {
                tenant_invitations_allowed: domain::allowed(tx, &environment).await?,
                emails_enabled: environment::can_mail(tx, &app, &environment).await?,
            })
        })
        .await?;
    Ok(Json(found))
}

/// Makes a link into a tenant: a general one, or with `userId` that of a member, whose roles then bound what it gives.
#[utoipa::path(post, path = "/identity/resources/tenants/invites/v1", tag = "Account invitations settings",
    request_body = InviteTokenBody,
    responses((status = 201, body = InviteToken), (status = 404, description = "No such tenant, or no such member")))]
async fn create_invite(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    Body(body): Body<InviteTokenBody>,
) -> Result<Created<InviteToken>, Problem> {
    let (tenant, new) = body.checked().map_err(LinkError::Faults)?;
    if caller
        .tenant
        .as_ref()
        .is_some_and(|named| named.as_str() != tenant)
    {
        return Err(LinkError::NoTenant.into());
    }
    let scope = Scope::tenant(caller.environment.clone(), TenantId::from(tenant.as_str()));
    let asked = scope.clone();
    let exists = room
        .app
        .db()
        .read(async move |tx| tenancy::tenant_exists(tx, &asked.environment, asked.tenant_id()).await)
        .await?;
    if !exists {
        return Err(LinkError::NoTenant.into());
    }
    create(&room, change(&room, &AnyCaller::Environment(caller), scope), new).await
}

/// The links of the environment that have not ended, the newest first; of one tenant where a header names it.
#[utoipa::path(get, path = "/identity/resources/tenants/invites/v1/all", tag = "Account invitations settings",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "Only those of this tenant"),
        ("_offset" = Option<f64>, Query, minimum = 0, description = "How many to skip, up to 100000"),
        ("_limit" = Option<f64>, Query, minimum = 1, description = "At most 1000, as when absent")),
    responses((status = 200, body = Vec<InviteToken>)))]
async fn list_invites(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<Vec<InviteToken>>, Problem> {
    let skip = params.integer("_offset", 0, 100_000)?.unwrap_or(0);
    let most = params.integer("_limit", 1, MOST_LISTED)?.unwrap_or(MOST_LISTED);
    let (directory, now) = (room.directory.clone(), room.app.now());
    let found = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &directory, &caller.scope(), now, (skip, most)).await)
        .await?;
    Ok(Json(found))
}

/// Takes a link back.
#[utoipa::path(delete, path = "/identity/resources/tenants/invites/v1/token/{id}", tag = "Account invitations settings",
    params(("id" = String, Path, description = "Id of the link")),
    responses((status = 200, description = "Taken back; the body is empty"), (status = 404, description = "No such link")))]
async fn delete_invite(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let scope = caller.scope();
    let change = change(&room, &AnyCaller::Environment(caller), scope);
    room.app
        .db()
        .write(async move |tx| domain::remove(tx, &change, &id).await)
        .await?;
    Ok(Done::OK)
}
