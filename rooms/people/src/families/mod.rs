//! Lists of everybody in a tenant and in those below it, where these are thousands.
//!
//! The first such list looks at every member, and orders the *family* to be kept in the search index: [`FamilyJob`] queues
//! its members there, as fast as they are folded in. From then on each of them carries a tag of the family, and lists take
//! their pages from the index. Whoever joins or leaves a tenant is queued while the environment has families. A family holds
//! for one shape of the hierarchy: after a tenant has moved, it is void until it is ordered anew.

mod job;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, StoreError, Tx};
use kit::{EnvironmentId, TenantId};

use crate::search;

pub use job::FamilyJob;
pub(crate) use store::{any, forget};

/// From so many people, or tenants below, on a family is kept in the index.
const KEPT_ABOVE: i64 = 2_000;
const TENANTS_ABOVE: usize = 500;

/// A family that is in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    tenant: TenantId,
    groupings: i64,
}

impl Family {
    /// What its people are tagged with.
    pub(crate) fn tag(&self) -> String {
        tag(self.groupings, self.tenant.as_str())
    }
}

fn tag(groupings: i64, tenant: &str) -> String {
    format!("below {groupings} {tenant}")
}

/// The family of a tenant, when it is in the index and nobody of it is on the way out with a tenant that is being removed.
pub(crate) async fn ready(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &TenantId,
) -> Result<Option<Family>, StoreError> {
    let Some(groupings) = store::ready(tx, environment, tenant.as_str()).await? else {
        return Ok(None);
    };
    if groupings != tenancy::groupings(tx, environment).await? || store::is_closing(tx, environment).await? {
        return Ok(None);
    }
    Ok(Some(Family {
        tenant: tenant.clone(),
        groupings,
    }))
}

/// Orders a family into the index after a list found `people` in `tenants` below, if that is many.
pub(crate) async fn order(
    db: &Db,
    environment: &EnvironmentId,
    tenant: &TenantId,
    (people, tenants): (i64, usize),
) -> Result<(), StoreError> {
    if people <= KEPT_ABOVE && tenants <= TENANTS_ABOVE {
        return Ok(());
    }
    let (of, top) = (environment.clone(), tenant.clone());
    let ordered = db.read::<_, StoreError, _>(async move |tx| {
        let made_for = store::made_for(tx, &of, top.as_str()).await?;
        Ok(made_for == Some(tenancy::groupings(tx, &of).await?))
    });
    if ordered.await? {
        return Ok(());
    }
    let (environment, tenant) = (environment.clone(), tenant.clone());
    db.write(async move |tx| {
        let groupings = tenancy::groupings(tx, &environment).await?;
        store::order(tx, &environment, tenant.as_str(), groupings).await
    })
    .await
}

/// The tags of people, given the tenants they are members of.
pub(crate) async fn tags(
    tx: &Tx,
    environment: &EnvironmentId,
    held: &[(String, String)],
) -> Result<Vec<(String, String)>, StoreError> {
    let families: BTreeMap<String, i64> = store::all(tx, environment).await?.into_iter().collect();
    let tenants: BTreeSet<&String> = held.iter().map(|(_, tenant)| tenant).collect();
    let tenants: Vec<String> = tenants.into_iter().cloned().collect();
    let lineage = tenancy::lineage(tx, environment, &tenants, None).await?;
    let mut tags = Vec::new();
    for (user, tenant) in held {
        for top in std::iter::once(tenant.as_str()).chain(lineage.above(tenant)) {
            if let Some(groupings) = families.get(top) {
                tags.push((user.clone(), tag(*groupings, top)));
            }
        }
    }
    Ok(tags)
}

/// Queues somebody who has joined or left a tenant. Comes after the tenant's count was written, which a family that is
/// being put into the index waits for.
pub(crate) async fn note(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    created_at: i64,
) -> Result<(), StoreError> {
    if any(tx, environment).await? {
        search::note(tx, environment, user, created_at).await?;
    }
    Ok(())
}
