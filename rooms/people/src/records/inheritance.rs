//! Access that comes from above: a membership whose roles also hold in every tenant below.
//!
//! The nearest membership on the way up decides, beginning with one's own in the tenant itself, whatever state that is
//! in but one: an invitation that waits to be accepted takes nothing away from what holds from above. Above, only
//! memberships count that reach down and let in ([`lets_in`]). Nothing is stored per tenant below, so that a tenant that
//! comes, moves or goes, and a membership that changes, have their effect at once.

use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, UserId};

use super::model::{GateView, Membership, MembershipStatus};
use super::store;
use crate::groups;

/// The membership above the tenant of the scope that lets a user into it who is no member there.
async fn granted_above(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    now: Millis,
) -> Result<Option<Membership>, StoreError> {
    let environment = &scope.environment;
    if !store::reaches_down(tx, environment, user).await? {
        return Ok(None);
    }
    let above = tenancy::ancestors(tx, environment, scope.tenant_id()).await?;
    if above.is_empty() {
        return Ok(None);
    }
    let mut granting = store::reaching(tx, environment, user, &above, now).await?;
    granting.sort_by_key(|one| above.iter().position(|id| *id == one.tenant_id));
    Ok(granting.into_iter().next())
}

/// What a user who is no member of the scope's tenant has there through a membership above it: the same roles, for as
/// long. `None` when nothing above lets the user in.
///
/// # Errors
/// When storage fails.
pub async fn inherited_membership(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<Option<Membership>, StoreError> {
    let granting = granted_above(tx, scope, user.as_str(), now).await?;
    Ok(granting.map(|granting| Membership {
        tenant_id: scope.tenant_id().to_owned(),
        status: MembershipStatus::Activated,
        ..granting
    }))
}

/// The user's own membership in the tenant of the scope, else the one that holds there from above; with the latter, true.
pub(crate) async fn membership_in_force(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<Option<(Membership, bool)>, StoreError> {
    let own = store::membership(tx, &scope.environment, scope.tenant_id(), user.as_str()).await?;
    if own.as_ref().is_some_and(Membership::decides) {
        return Ok(own.map(|own| (own, false)));
    }
    let inherited = inherited_membership(tx, scope, user, now).await?;
    Ok(inherited
        .map(|inherited| (inherited, true))
        .or(own.map(|own| (own, false))))
}

/// Ids of the roles that count for a user in the tenant of the scope: the member's own and those of the member's groups, or
/// those held above. What groups grant does not reach down.
pub(crate) async fn role_ids_in_force(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    if store::decides(tx, scope, user).await? {
        return own_role_ids(tx, scope, user).await;
    }
    match granted_above(tx, scope, user, now).await? {
        Some(granting) => Ok(granting.role_ids),
        None => own_role_ids(tx, scope, user).await,
    }
}

async fn own_role_ids(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, StoreError> {
    let mut own = store::role_ids(tx, scope, user).await?;
    own.extend(groups::role_ids(tx, scope, user).await?);
    Ok(own)
}

/// What the gate asks on every request: one statement over two primary keys for a member. `None` when the user neither is
/// a member nor let in from above.
///
/// # Errors
/// When storage fails.
pub async fn gate_view(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    tenant: &str,
    now: Millis,
) -> Result<Option<GateView>, StoreError> {
    if let Some(view) = store::gate_view(tx, environment, user, tenant).await? {
        return Ok(Some(view));
    }
    let scope = Scope::tenant(environment.clone(), tenant.into());
    match granted_above(tx, &scope, user, now).await? {
        Some(granting) => store::gate_view(tx, environment, user, &granting.tenant_id).await,
        None => Ok(None),
    }
}

/// Lets the roles of a member hold in the tenants below, or no longer; false when that is how it was, or when there is no
/// such member.
pub(crate) async fn set_sub_accounts(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    reach: bool,
) -> Result<bool, StoreError> {
    store::set_sub_accounts(tx, scope, user, reach).await
}

/// Lets the roles of the next `most` members after a user hold in the tenants below; the last of these, `None` when done.
pub(crate) async fn reach_down_after(
    tx: &Tx,
    scope: &Scope,
    after: &str,
    most: i64,
) -> Result<Option<String>, StoreError> {
    let members = store::members_after(tx, scope, after, most).await?;
    let Some(last) = members.last() else {
        return Ok(None);
    };
    store::reach_down_between(tx, scope, after, last).await?;
    let full = i64::try_from(members.len()).unwrap_or(i64::MAX) >= most;
    Ok(full.then(|| last.clone()))
}

/// Whether a membership is confirmed or needs no confirmation, and is neither disabled nor expired.
pub(crate) fn lets_in(membership: &Membership, now: Millis) -> bool {
    membership.is_usable(now) && membership.status.is_open()
}
