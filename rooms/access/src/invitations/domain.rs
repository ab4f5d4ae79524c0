//! Making links, showing them, taking them back.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blocks::audit::AuditRecord;
use blocks::settings;
use crypto::SealError;
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Directory};
use kit::{EnvironmentId, Ids, Millis, Scope, Secret, UserId};
use tenancy::{Role, Unassignable};
use thiserror::Error;

use super::model::{InviteToken, Link, LinkChanges, NewLink};
use super::store;

/// Most general links of a tenant.
const MOST_GENERAL: i64 = 100;

/// Why a call about a link was refused.
#[derive(Debug, Error)]
pub(super) enum LinkError {
    #[error("Invitations are not allowed in this environment")]
    Off,
    #[error("Tenant not found")]
    NoTenant,
    /// It is being removed at this moment.
    #[error("The account is locked: nobody can be invited into it")]
    Locked,
    #[error("User not found")]
    NoUser,
    #[error("Invitation not found")]
    NoLink,
    #[error("{0}")]
    UnknownRoles(String),
    #[error("Roles above your own level cannot be given, taken or edited")]
    TooStrong,
    #[error("An account may have at most {MOST_GENERAL} general invitations")]
    TooMany,
    #[error("the body has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unassignable> for LinkError {
    fn from(error: Unassignable) -> Self {
        match error {
            Unassignable::Unknown(_) => Self::UnknownRoles(error.to_string()),
            Unassignable::Store(error) => Self::Store(error),
        }
    }
}

/// What every change needs besides its transaction.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) scope: Scope,
    pub(super) ids: Ids,
    pub(super) directory: Directory,
    /// Actor and origin; each change adds what happened.
    pub(super) by: AuditRecord,
    pub(super) now: Millis,
}

impl Change {
    async fn note(
        &self,
        tx: &Tx,
        action: &str,
        before: Option<&Link>,
        after: Option<&Link>,
    ) -> Result<(), StoreError> {
        let Some(link) = after.or(before) else {
            return Ok(());
        };
        let (was, is) = (before.map(Link::for_audit), after.map(Link::for_audit));
        let mut record = self.by.clone().changed(was.as_ref(), is.as_ref());
        action.clone_into(&mut record.action);
        record.resource_id.clone_from(&link.id);
        let scope = Scope::tenant(self.scope.environment.clone(), link.tenant.as_str().into());
        record.write(tx, &self.ids, &scope, self.now).await
    }
}

/// Whether links are good here, and users may invite.
pub(super) async fn allowed(tx: &Tx, environment: &EnvironmentId) -> Result<bool, StoreError> {
    let whole = Scope::environment(environment.clone());
    let configuration: AuthConfiguration = settings::effective(tx, &whole).await?;
    Ok(configuration.allow_tenant_invitations)
}

fn place(environment: &EnvironmentId, id: &str) -> String {
    format!("invitation_links/{environment}/{id}")
}

/// Whether the member whose link it is still belongs to the tenant as at the time it was made, and may use it; true of a
/// general one.
pub(super) async fn stands(
    tx: &Tx,
    environment: &EnvironmentId,
    link: &Link,
    now: Millis,
) -> Result<bool, StoreError> {
    let Some(owner) = &link.owner else { return Ok(true) };
    let scope = Scope::tenant(environment.clone(), link.tenant.as_str().into());
    let membership = people::membership(tx, &scope, &UserId::from(owner.as_str())).await?;
    if membership.is_none_or(|one| !one.is_usable(now) || one.created_at != link.owner_since) {
        return Ok(false);
    }
    let owner = people::user_by_id(tx, environment, owner).await?;
    Ok(owner.is_some_and(|owner| !owner.is_locked))
}

/// Whether a link has not ended by itself.
pub(super) fn lasts(link: &Link, now: Millis) -> bool {
    link.expires_at.is_none_or(|end| end > now)
}

/// Those of the roles that a member of the tenant may give, being no weaker than any of them.
pub(super) async fn within_level(
    tx: &Tx,
    scope: &Scope,
    owner: &str,
    roles: Vec<Role>,
    now: Millis,
) -> Result<Vec<Role>, StoreError> {
    if roles.is_empty() {
        return Ok(roles);
    }
    let own = people::strongest(tx, scope, owner, now).await?;
    Ok(roles
        .into_iter()
        .filter(|role| own.is_some_and(|own| role.level >= own))
        .collect())
}

/// Makes a link in the scope's tenant. A member has one: a new one takes the place of the one before.
pub(super) async fn create(tx: &Tx, change: &Change, new: &NewLink) -> Result<InviteToken, LinkError> {
    let (environment, now) = (&change.scope.environment, change.now);
    if !allowed(tx, environment).await? {
        return Err(LinkError::Off);
    }
    // Held, so that it is not deleted before its new link is there to be removed with it, and that links are counted.
    if tenancy::hold_tenant(tx, environment, change.scope.tenant_id())
        .await?
        .is_none()
    {
        return Err(LinkError::Locked);
    }
    let mut owner_since = Millis(0);
    if let Some(owner) = &new.owner {
        let membership = people::membership(tx, &change.scope, &UserId::from(owner.as_str())).await?;
        let membership = membership.filter(|one| one.is_usable(now));
        owner_since = membership.ok_or(LinkError::NoUser)?.created_at;
    }
    let roles = tenancy::assignable_roles(tx, &change.scope, &new.role_ids).await?;
    if let Some(owner) = &new.owner {
        let wanted = roles.len();
        if within_level(tx, &change.scope, owner, roles, now).await?.len() < wanted {
            return Err(LinkError::TooStrong);
        }
    }
    let before = match &new.owner {
        Some(owner) => store::remove_of_member(tx, &change.scope, owner).await?,
        None if store::count_general(tx, &change.scope, now).await? >= MOST_GENERAL => {
            return Err(LinkError::TooMany);
        }
        None => None,
    };
    let (id, token) = (
        change.ids.v4(),
        Secret::new(URL_SAFE_NO_PAD.encode(change.ids.bytes32())),
    );
    let link = Link {
        sealed_token: change.directory.seal(&token, &place(environment, &id)),
        id,
        tenant: change.scope.tenant_id().to_owned(),
        owner: new.owner.clone(),
        owner_since,
        role_ids: new.role_ids.clone(),
        should_send_email: new.should_send_email,
        expires_at: new.minutes.map(|minutes| now.plus_seconds(minutes * 60)),
        created_at: now,
    };
    store::insert(tx, environment, &link, &crypto::sha256_hex(token.reveal())).await?;
    change
        .note(tx, "Invitation link created", before.as_ref(), Some(&link))
        .await?;
    let mut shown = show(tx, &change.directory, environment, vec![link]).await?;
    shown.pop().ok_or(LinkError::NoLink)
}

/// The link of a member of the scope's tenant.
pub(super) async fn own(
    tx: &Tx,
    directory: &Directory,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<Option<InviteToken>, LinkError> {
    let Some(link) = store::of_member(tx, scope, user.as_str()).await? else {
        return Ok(None);
    };
    if !lasts(&link, now) || !stands(tx, &scope.environment, &link, now).await? {
        return Ok(None);
    }
    Ok(show(tx, directory, &scope.environment, vec![link]).await?.pop())
}

/// Changes the link of a member.
pub(super) async fn change_own(
    tx: &Tx,
    change: &Change,
    user: &UserId,
    changes: &LinkChanges,
) -> Result<InviteToken, LinkError> {
    let (environment, now) = (&change.scope.environment, change.now);
    if tenancy::hold_tenant(tx, environment, change.scope.tenant_id())
        .await?
        .is_none()
    {
        return Err(LinkError::Locked);
    }
    let old = store::of_member(tx, &change.scope, user.as_str()).await?;
    let old = old.ok_or(LinkError::NoLink)?;
    if !stands(tx, environment, &old, now).await? {
        return Err(LinkError::NoLink);
    }
    let expires_at = match &changes.minutes {
        kit::Patch::Absent => old.expires_at,
        kit::Patch::Null => None,
        kit::Patch::Value(minutes) => Some(now.plus_seconds(minutes * 60)),
    };
    let new = Link {
        should_send_email: changes.should_send_email.unwrap_or(old.should_send_email),
        expires_at,
        ..old.clone()
    };
    store::update(tx, environment, &new).await?;
    change
        .note(tx, "Invitation link updated", Some(&old), Some(&new))
        .await?;
    let mut shown = show(tx, &change.directory, environment, vec![new]).await?;
    shown.pop().ok_or(LinkError::NoLink)
}

/// Takes back the link of a member.
pub(super) async fn remove_own(tx: &Tx, change: &Change, user: &UserId) -> Result<(), LinkError> {
    let link = store::remove_of_member(tx, &change.scope, user.as_str()).await?;
    let link = link.ok_or(LinkError::NoLink)?;
    change
        .note(tx, "Invitation link deleted", Some(&link), None)
        .await?;
    Ok(())
}

/// Takes back any link of the environment, or of the scope's tenant where it names one.
pub(super) async fn remove(tx: &Tx, change: &Change, id: &str) -> Result<(), LinkError> {
    let link = store::remove(tx, &change.scope, id).await?;
    let link = link.ok_or(LinkError::NoLink)?;
    change
        .note(tx, "Invitation link deleted", Some(&link), None)
        .await?;
    Ok(())
}

/// Links that have not ended, the newest first.
pub(super) async fn list(
    tx: &Tx,
    directory: &Directory,
    scope: &Scope,
    now: Millis,
    page: (i64, i64),
) -> Result<Vec<InviteToken>, LinkError> {
    let links = store::list(tx, scope, now, page).await?;
    show(tx, directory, &scope.environment, links).await
}

/// Links as their owners see them. Those of tenants that are gone are left out.
pub(super) async fn show(
    tx: &Tx,
    directory: &Directory,
    environment: &EnvironmentId,
    links: Vec<Link>,
) -> Result<Vec<InviteToken>, LinkError> {
    let ids: Vec<String> = links.iter().map(|link| link.tenant.clone()).collect();
    let tenants = tenancy::tenants_by_id(tx, environment, &ids).await?;
    let names: BTreeMap<&str, &str> = tenants
        .iter()
        .map(|tenant| (tenant.tenant_id.as_str(), tenant.name.as_str()))
        .collect();
    let mut shown = Vec::with_capacity(links.len());
    for link in links {
        let Some(name) = names.get(link.tenant.as_str()) else {
            continue;
        };
        let token = directory.unseal(&link.sealed_token, &place(environment, &link.id))?;
        shown.push(InviteToken {
            id: link.id,
            vendor_id: environment.to_string(),
            tenant_id: link.tenant,
            user_id: link.owner,
            token: token.reveal().reveal().to_owned(),
            expires: link.expires_at,
            should_send_email: link.should_send_email,
            name: (*name).to_owned(),
            role_ids: Some(link.role_ids),
        });
    }
    Ok(shown)
}

/// Removes the links of a user who is deleted.
///
/// # Errors
/// When storage fails.
pub(crate) async fn forget_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
) -> Result<(), StoreError> {
    store::remove_of_user(tx, environment, user.as_str()).await
}

/// Removes up to `most` links of a deleted tenant; true when none is left.
///
/// # Errors
/// When storage fails.
pub(crate) async fn forget_tenant(tx: &Tx, scope: &Scope, most: i64) -> Result<bool, StoreError> {
    Ok(store::remove_of_tenant(tx, scope, most).await? < most.unsigned_abs())
}
