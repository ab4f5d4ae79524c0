//! Decisions about one's own profile and tenants.

use std::collections::{BTreeMap, BTreeSet};

use db::{StoreError, Tx};
use kit::{Millis, Scope, TenantId};
use serde_json::json;
use thiserror::Error;
use web::UserCaller;

use super::model::{OwnTenant, OwnTenants, PlacedTenant};
use crate::applications::{self, EnterError};
use crate::records::{self, Membership};
use crate::room::Change;
use crate::views::{self, Audience, Detail, Lens, UserView};

/// Why a call about oneself was refused.
#[derive(Debug, Error)]
pub(super) enum MeError {
    #[error("User not found")]
    NotFound,
    #[error(transparent)]
    Enter(#[from] EnterError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How users see themselves.
pub(super) const fn own(tenant: &TenantId, detail: Detail, now: Millis) -> Lens<'_> {
    Lens {
        tenant: Some(tenant),
        audience: Audience::Self_(now),
        detail,
        below: None,
    }
}

/// The caller's own user object.
pub(super) async fn profile(
    tx: &Tx,
    caller: &UserCaller,
    detail: Detail,
    now: Millis,
) -> Result<UserView, MeError> {
    let user = records::user_by_id(tx, &caller.environment, caller.user.as_str()).await?;
    let user = user.ok_or(MeError::NotFound)?;
    Ok(views::view(tx, &caller.environment, user, own(&caller.tenant, detail, now)).await?)
}

/// Most tenants that are listed because a membership above reaches them.
const MOST_BELOW: i64 = 500;

/// The tenants the caller may choose between, and the one in force: those of open memberships, then the nearest of those
/// that these reach. What waits for an invitation to be accepted is not among them.
pub(super) async fn tenants(tx: &Tx, caller: &UserCaller, now: Millis) -> Result<OwnTenants, MeError> {
    let environment = &caller.environment;
    let all = records::memberships(tx, environment, &caller.user).await?;
    let deciding = all.iter().filter(|one| one.decides());
    let mut seen: BTreeSet<String> = deciding.map(|one| one.tenant_id.clone()).collect();
    let most = usize::try_from(MOST_BELOW).unwrap_or(usize::MAX);
    let mut held = all.clone();
    held.retain(|one| one.status.is_open() || one.tenant_id == caller.tenant.as_str());
    let mut reached: Vec<Membership> = Vec::new();
    if !seen.contains(caller.tenant.as_str())
        && let Some(here) = records::inherited_membership(tx, &caller.scope(), &caller.user, now).await?
    {
        seen.insert(here.tenant_id.clone());
        reached.push(here);
    }
    for above in all
        .iter()
        .filter(|one| one.sub_accounts && records::lets_in(one, now))
    {
        let below = tenancy::descendants(tx, environment, &above.tenant_id, MOST_BELOW).await?;
        // The same tenant may be reached from several above it.
        let more = below.into_iter().filter(|id| seen.insert(id.clone()));
        reached.extend(more.map(|tenant_id| Membership {
            tenant_id,
            ..above.clone()
        }));
        if reached.len() >= most {
            break;
        }
    }
    reached.truncate(most);
    held.extend(reached);
    let ids: Vec<String> = held.iter().map(|one| one.tenant_id.clone()).collect();
    let found = tenancy::tenants_by_id(tx, environment, &ids).await?;
    let mut by_id: BTreeMap<String, tenancy::Tenant> = found
        .into_iter()
        .map(|tenant| (tenant.tenant_id.clone(), tenant))
        .collect();
    let tenants: Vec<OwnTenant> = held
        .into_iter()
        .filter_map(|one| {
            let tenant = by_id.remove(&one.tenant_id)?;
            let ended = one.expires_at.filter(|_| one.is_expired(now));
            Some(OwnTenant {
                tenant,
                is_disabled: one.is_disabled,
                temporary_expiration_date: ended,
            })
        })
        .collect();
    let active_tenant = tenants
        .iter()
        .find(|own| own.tenant.tenant_id == caller.tenant.as_str())
        .cloned();
    Ok(OwnTenants {
        tenants,
        active_tenant,
    })
}

/// Makes another tenant the one in force from the next token on; in the application that the call names, where it names one.
pub(super) async fn switch(
    tx: &Tx,
    change: &Change,
    caller: &UserCaller,
    tenant: &TenantId,
) -> Result<UserView, MeError> {
    let scope = Scope::tenant(caller.environment.clone(), tenant.clone());
    let user = records::user_by_id(tx, &caller.environment, caller.user.as_str())
        .await?
        .ok_or(MeError::NotFound)?;
    let named = caller.from.application.as_deref();
    applications::enter(tx, &scope, &user, named, change.now).await?;
    let user = records::user_by_id(tx, &caller.environment, caller.user.as_str())
        .await?
        .ok_or(MeError::NotFound)?;
    let (was, is) = (
        json!({"tenantId": caller.tenant.as_str()}),
        json!({"tenantId": tenant.as_str()}),
    );
    let mut record = change.by.clone().changed(Some(&was), Some(&is));
    "User switched tenant".clone_into(&mut record.action);
    user.id.as_str().clone_into(&mut record.resource_id);
    records::audit(tx, &change.ids, &change.scope, record, &user, change.now).await?;
    Ok(views::view(
        tx,
        &caller.environment,
        user,
        own(tenant, Detail::Full, change.now),
    )
    .await?)
}

/// The caller's tenants with their places. A tenant that stands below another of them, whose membership reaches it
/// already, is left out.
pub(super) async fn hierarchy(
    tx: &Tx,
    caller: &UserCaller,
    now: Millis,
) -> Result<Vec<PlacedTenant>, MeError> {
    let environment = &caller.environment;
    let mut held = records::memberships(tx, environment, &caller.user).await?;
    held.retain(|one| one.status.is_open() || one.tenant_id == caller.tenant.as_str());
    let mut ids: Vec<String> = held.iter().map(|one| one.tenant_id.clone()).collect();
    let lineage = tenancy::lineage(tx, environment, &ids, None).await?;
    let reaching: BTreeSet<&str> = held
        .iter()
        .filter(|one| one.sub_accounts && records::lets_in(one, now))
        .map(|one| one.tenant_id.as_str())
        .collect();
    ids.retain(|id| !lineage.above(id).any(|above| reaching.contains(above)));
    let parents = tenancy::parents_among(tx, environment, &ids).await?;
    let found = tenancy::tenants_by_id(tx, environment, &ids).await?;
    let mut by_id: BTreeMap<String, tenancy::Tenant> = found
        .into_iter()
        .map(|tenant| (tenant.tenant_id.clone(), tenant))
        .collect();
    let placed = held.iter().filter(|one| ids.contains(&one.tenant_id));
    Ok(placed
        .filter_map(|one| {
            let tenant = by_id.remove(&one.tenant_id)?;
            Some(PlacedTenant::new(tenant, one, parents.contains(&one.tenant_id)))
        })
        .collect())
}
