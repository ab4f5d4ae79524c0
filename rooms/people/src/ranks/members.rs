//! Counting the members of tenants, and ranking tenants that have grown large.

use db::{StoreError, Tx};
use futures_util::future::{try_join, try_join3, try_join4};
use kit::EnvironmentId;

use super::domain::{self, Ground, Order};
use super::store;
use crate::families;
use crate::records::UserRecord;
use crate::search;

/// A tenant with more members than this is ranked from then on. Below, skipping members one by one is quick enough.
const RANKED_ABOVE: i64 = 2_000;

/// The lists of a ranked tenant, beside one for each class.
const LISTS: [Order; 6] = [
    Order::Age,
    Order::Email,
    Order::Id,
    Order::Name,
    Order::Phone,
    Order::Username,
];

/// Counts a new member, whose row was written, and does `above`, which counts the user in the environment.
pub(crate) async fn enter(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &UserRecord,
    above: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let ground = Ground {
        environment,
        tenant: Some(tenant),
    };
    // The row of the whole comes first: it makes writers of one tenant wait for each other, so that nobody misses a
    // tenant becoming ranked.
    let (members, ranked) = store::count_member(tx, ground, "", 1).await?;
    let class = user.class();
    let counted = store::count_member(tx, ground, &class, 1);
    if ranked {
        let noted = search::note(tx, environment, user.id.as_str(), user.created_at.0);
        try_join4(counted, noted, domain::enlist(tx, ground, user), above).await?;
        return Ok(());
    }
    let noted = families::note(tx, environment, user.id.as_str(), user.created_at.0);
    if members <= RANKED_ABOVE {
        try_join3(counted, noted, above).await?;
        return Ok(());
    }
    try_join(counted, noted).await?;
    rank_all(tx, ground, tenant).await?;
    // Last, because other tenants wait for it.
    above.await
}

/// Begins to rank the members of a tenant that has grown large.
async fn rank_all(tx: &Tx, ground: Ground<'_>, tenant: &str) -> Result<(), StoreError> {
    for order in LISTS {
        domain::build(tx, ground, &order).await?;
    }
    for (class, _) in store::sizes(tx, ground).await? {
        domain::build(tx, ground, &Order::Class(class)).await?;
    }
    store::set_ranked(tx, ground).await?;
    search::note_members(tx, ground.environment, tenant).await
}

/// Counts a member out, whose row is gone.
pub(crate) async fn leave(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &UserRecord,
) -> Result<(), StoreError> {
    let ground = Ground {
        environment,
        tenant: Some(tenant),
    };
    let (_, ranked) = store::count_member(tx, ground, "", -1).await?;
    let class = user.class();
    let counted = store::count_member(tx, ground, &class, -1);
    if ranked {
        let noted = search::note(tx, environment, user.id.as_str(), user.created_at.0);
        try_join3(counted, noted, domain::strike(tx, ground, user)).await?;
        return Ok(());
    }
    let noted = families::note(tx, environment, user.id.as_str(), user.created_at.0);
    try_join(counted, noted).await?;
    Ok(())
}

/// Moves a member whose row has changed from `old` to `new`.
pub(crate) async fn relist_member(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    old: &UserRecord,
    new: &UserRecord,
) -> Result<(), StoreError> {
    let ground = Ground {
        environment,
        tenant: Some(tenant),
    };
    let (_, ranked) = store::count_member(tx, ground, "", 0).await?;
    if old.class() != new.class() {
        store::count_member(tx, ground, &old.class(), -1).await?;
        store::count_member(tx, ground, &new.class(), 1).await?;
    }
    if ranked {
        domain::relist(tx, ground, old, new).await?;
    }
    Ok(())
}

/// Forgets the counters of a tenant that is gone.
pub(crate) async fn close(tx: &Tx, environment: &EnvironmentId, tenant: &str) -> Result<(), StoreError> {
    let ground = Ground {
        environment,
        tenant: Some(tenant),
    };
    if is_ranked(tx, environment, tenant).await? {
        for order in LISTS {
            order.ranking(ground).clear(tx, environment).await?;
        }
        for (class, _) in store::sizes(tx, ground).await? {
            Order::Class(class).ranking(ground).clear(tx, environment).await?;
        }
    }
    store::forget_counts(tx, ground).await
}

/// Keeps others from joining or leaving a tenant until the transaction ends.
pub(crate) async fn hold_count(tx: &Tx, environment: &EnvironmentId, tenant: &str) -> Result<(), StoreError> {
    let ground = Ground {
        environment,
        tenant: Some(tenant),
    };
    store::count_member(tx, ground, "", 0).await.map(drop)
}

/// Whether the tenant is ranked.
pub(crate) async fn is_ranked(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<bool, StoreError> {
    store::is_ranked(
        tx,
        Ground {
            environment,
            tenant: Some(tenant),
        },
    )
    .await
}

/// The classes of a tenant's members, with how many each has.
pub(crate) async fn sizes(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    store::sizes(
        tx,
        Ground {
            environment,
            tenant: Some(tenant),
        },
    )
    .await
}
