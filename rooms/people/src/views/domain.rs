//! Puts user objects together: few statements for any number of users.

use std::collections::{BTreeMap, BTreeSet};

use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, TenantId};
use tenancy::{Permission, Role};

use super::model::{TenantView, UserView};
use crate::groups::{self, GroupBrief};
use crate::records::{self, Membership, UserRecord};

/// Who will read the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The environment: everything.
    Environment,
    /// The user concerned, at this moment: no vendor metadata, and what holds from above is the user's own.
    Self_(Millis),
    /// Other users of one tenant: nor the user's other tenants.
    Colleague,
}

/// How much the object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Roles and permissions in the tenant in force, groups, roles in every tenant.
    Full,
    /// Roles in every tenant.
    Bare,
    /// No roles at all, as in `users/v3`.
    Listed,
}

/// How users are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lens<'a> {
    /// The tenant in force; each user's active one where none is named.
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) audience: Audience,
    pub(crate) detail: Detail,
    /// Tenants below the one in force whose members are looked at with its own.
    pub(crate) below: Option<&'a BTreeSet<String>>,
}

/// One user.
///
/// # Errors
/// When storage fails.
pub(crate) async fn view(
    tx: &Tx,
    environment: &EnvironmentId,
    user: UserRecord,
    lens: Lens<'_>,
) -> Result<UserView, StoreError> {
    let held = records::memberships(tx, environment, &user.id).await?;
    let inherited = inherited(tx, environment, &user, &held, lens).await?;
    let counted: Vec<Membership> = held.iter().chain(&inherited).cloned().collect();
    let mut through = through_groups(tx, environment, lens, &[user.id.to_string()]).await?;
    let roles = roles_of(tx, environment, lens.detail, counted.iter(), &through).await?;
    let permissions = permissions_of(tx, environment, lens, [(&user, counted.as_slice())], &through).await?;
    Ok(put_together(
        user,
        &held,
        inherited.as_ref(),
        lens,
        &roles,
        &permissions,
        &mut through,
    ))
}

/// What users who look at themselves have in the tenant of the lens from above, where they are no member there.
async fn inherited(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    held: &[Membership],
    lens: Lens<'_>,
) -> Result<Option<Membership>, StoreError> {
    let (Some(tenant), Audience::Self_(now)) = (lens.tenant, lens.audience) else {
        return Ok(None);
    };
    let member = held
        .iter()
        .any(|one| one.tenant_id == tenant.as_str() && one.decides());
    if member || !held.iter().any(|one| one.sub_accounts) {
        return Ok(None);
    }
    let scope = Scope::tenant(environment.clone(), tenant.clone());
    records::inherited_membership(tx, &scope, &user.id, now).await
}

/// Several users, in their order.
///
/// # Errors
/// When storage fails.
pub(crate) async fn views(
    tx: &Tx,
    environment: &EnvironmentId,
    users: Vec<UserRecord>,
    lens: Lens<'_>,
) -> Result<Vec<UserView>, StoreError> {
    let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
    let all = records::memberships_of(tx, environment, &ids).await?;
    let mut through = through_groups(tx, environment, lens, &ids).await?;
    let roles = roles_of(
        tx,
        environment,
        lens.detail,
        all.iter().map(|(_, membership)| membership),
        &through,
    )
    .await?;
    let mut held: BTreeMap<String, Vec<Membership>> = BTreeMap::new();
    for (user, membership) in all {
        held.entry(user).or_default().push(membership);
    }
    let pairs = users
        .iter()
        .map(|user| (user, held.get(user.id.as_str()).map_or(&[][..], Vec::as_slice)));
    let permissions = permissions_of(tx, environment, lens, pairs, &through).await?;
    Ok(users
        .into_iter()
        .map(|user| {
            let own = held.remove(user.id.as_str()).unwrap_or_default();
            put_together(user, &own, None, lens, &roles, &permissions, &mut through)
        })
        .collect())
}

/// What groups do for users, by user and tenant.
#[derive(Default)]
struct Through {
    groups: BTreeMap<(String, String), Vec<GroupBrief>>,
    role_ids: BTreeMap<(String, String), Vec<String>>,
}

impl Through {
    fn role_ids(&self, user: &UserRecord, tenant: &str) -> &[String] {
        let key = (user.id.to_string(), tenant.to_owned());
        self.role_ids.get(&key).map_or(&[], Vec::as_slice)
    }
}

async fn through_groups(
    tx: &Tx,
    environment: &EnvironmentId,
    lens: Lens<'_>,
    users: &[String],
) -> Result<Through, StoreError> {
    let mut through = Through::default();
    if lens.detail != Detail::Full {
        return Ok(through);
    }
    // Of users of tenants below, each is seen in a tenant of their own.
    let tenant = lens.tenant.filter(|_| lens.below.is_none()).map(TenantId::as_str);
    for (user, tenant, group) in groups::briefs(tx, environment, tenant, users).await? {
        through.groups.entry((user, tenant)).or_default().push(group);
    }
    if through.groups.is_empty() {
        return Ok(through);
    }
    for (user, tenant, role) in groups::role_ids_of(tx, environment, tenant, users).await? {
        through.role_ids.entry((user, tenant)).or_default().push(role);
    }
    Ok(through)
}

async fn roles_of(
    tx: &Tx,
    environment: &EnvironmentId,
    detail: Detail,
    memberships: impl Iterator<Item = &Membership>,
    through: &Through,
) -> Result<Vec<Role>, StoreError> {
    if detail == Detail::Listed {
        return Ok(Vec::new());
    }
    let mut ids: Vec<String> = memberships
        .flat_map(|membership| membership.role_ids.iter().cloned())
        .collect();
    ids.extend(through.role_ids.values().flatten().cloned());
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tenancy::roles_by_id(tx, environment, &ids).await
}

async fn permissions_of<'u>(
    tx: &Tx,
    environment: &EnvironmentId,
    lens: Lens<'_>,
    users: impl IntoIterator<Item = (&'u UserRecord, &'u [Membership])>,
    through: &Through,
) -> Result<Vec<Permission>, StoreError> {
    if lens.detail != Detail::Full {
        return Ok(Vec::new());
    }
    let mut ids = Vec::new();
    for (user, held) in users {
        let tenant = tenant_of(user, held, lens);
        if let Some(membership) = held.iter().find(|membership| membership.tenant_id == tenant) {
            ids.extend(membership.role_ids.iter().cloned());
            ids.extend(through.role_ids(user, &tenant).iter().cloned());
        }
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tenancy::permissions_of_roles(tx, environment, &ids).await
}

/// The tenant in force for a user.
fn tenant_of(user: &UserRecord, held: &[Membership], lens: Lens<'_>) -> String {
    if let Some(tenant) = lens.tenant {
        let below = |one: &&Membership| lens.below.is_some_and(|below| below.contains(&one.tenant_id));
        if held.iter().any(|one| one.tenant_id == tenant.as_str()) {
            return tenant.to_string();
        }
        let other = held.iter().find(below);
        return other.map_or_else(|| tenant.to_string(), |one| one.tenant_id.clone());
    }
    if user.active_tenant.is_empty() {
        return held
            .first()
            .map_or_else(String::new, |membership| membership.tenant_id.clone());
    }
    user.active_tenant.clone()
}

/// The roles held that count in a tenant: the environment's and its own. Those of the membership, and the others named.
fn roles_in(roles: &[Role], membership: &Membership, others: &[String]) -> Vec<Role> {
    let counts = |role: &Role| {
        role.tenant_id
            .as_deref()
            .is_none_or(|tenant| tenant == membership.tenant_id)
    };
    roles
        .iter()
        .filter(|role| (membership.role_ids.contains(&role.id) || others.contains(&role.id)) && counts(role))
        .cloned()
        .collect()
}

fn put_together(
    user: UserRecord,
    held: &[Membership],
    inherited: Option<&Membership>,
    lens: Lens<'_>,
    roles: &[Role],
    permissions: &[Permission],
    through: &mut Through,
) -> UserView {
    let tenant_id = tenant_of(&user, held, lens);
    let here = inherited
        .into_iter()
        .chain(held)
        .find(|membership| membership.tenant_id == tenant_id);
    let activated = here.is_some_and(|membership| membership.status == records::MembershipStatus::Activated);
    let sub_accounts = here.is_some_and(|membership| membership.sub_accounts);
    let (own_roles, own_permissions) = if lens.detail == Detail::Full {
        let others = through.role_ids(&user, &tenant_id);
        let all = here.map_or_else(Vec::new, |membership| roles_in(roles, membership, others));
        let granted = permissions
            .iter()
            .filter(|one| all.iter().any(|role| role.permissions.contains(&one.id)))
            .cloned()
            .collect();
        // Whoever edits a user's roles needs to see those that can be taken; the user, what holds.
        let shown = match lens.audience {
            Audience::Self_(_) => all,
            Audience::Environment | Audience::Colleague => {
                here.map_or_else(Vec::new, |membership| roles_in(roles, membership, &[]))
            }
        };
        (Some(shown), Some(granted))
    } else {
        (None, None)
    };
    let seen = |membership: &&Membership| {
        lens.audience != Audience::Colleague
            || membership.tenant_id == tenant_id
            || lens
                .tenant
                .is_some_and(|tenant| membership.tenant_id == tenant.as_str())
            || lens
                .below
                .is_some_and(|below| below.contains(&membership.tenant_id))
    };
    // A client looks the tenant in force up among the user's own, also where access comes from above.
    let reached = inherited.filter(|one| {
        let own = held.iter().any(|own| own.tenant_id == one.tenant_id);
        matches!(lens.audience, Audience::Self_(_)) && one.tenant_id == tenant_id && !own
    });
    let tenants: Vec<TenantView> = held
        .iter()
        .chain(reached)
        .filter(seen)
        .map(|membership| TenantView {
            tenant_id: membership.tenant_id.clone(),
            roles: (lens.detail != Detail::Listed).then(|| roles_in(roles, membership, &[])),
            temporary_expiration_date: membership.expires_at,
            is_disabled: membership.is_disabled,
        })
        .collect();
    let groups = here.and_then(|_| through.groups.remove(&(user.id.to_string(), tenant_id.clone())));
    let picture = match (user.profile_picture_url, lens.audience) {
        (None, Audience::Self_(_)) => Some(String::new()),
        (picture, _) => picture,
    };
    UserView {
        sub: user.id.to_string(),
        id: user.id.to_string(),
        email: user.email,
        username: user.username,
        name: user.name,
        profile_picture_url: picture,
        verified: user.verified,
        mfa_enrolled: user.mfa_enrolled,
        mfa_bypass: user.mfa_bypass,
        phone_number: user.phone_number,
        roles: own_roles,
        permissions: own_permissions,
        provider: user.provider,
        tenant_ids: tenants.iter().map(|tenant| tenant.tenant_id.clone()).collect(),
        tenant_id,
        activated_for_tenant: activated,
        is_locked: user.is_locked,
        tenants,
        invisible: user.invisible,
        super_user: user.super_user,
        metadata: user.metadata,
        vendor_metadata: user
            .vendor_metadata
            .filter(|_| lens.audience == Audience::Environment),
        external_id: user.external_id,
        created_at: user.created_at,
        last_login: user.last_login,
        groups: (lens.detail == Detail::Full).then(|| groups.unwrap_or_default()),
        sub_account_access_allowed: sub_accounts,
        managed_by: user.managed_by,
        temporary_expiration_date: None,
    }
}
