//! Queueing the people of a family for the index.

use async_trait::async_trait;
use blocks::jobs::Job;
use db::{Db, StoreError, Tx};
use kit::EnvironmentId;

use super::store::{self, Place};
use crate::ranks;
use crate::search;

/// Most tenants below that a family has; lists look no further either.
const MOST: i64 = 200_000;
/// How many people one transaction queues, and of how many tenants.
const PEOPLE: i64 = 200;
const TENANTS: usize = 100;
/// While more wait in the queue, which every search reads, these are folded in first.
const WAITING: i64 = 1_000;
/// Transactions in one pass.
const STEPS: usize = 50;

/// Puts families into the index that were ordered.
#[derive(Debug)]
pub struct FamilyJob {
    pub db: Db,
}

#[async_trait]
impl Job for FamilyJob {
    fn name(&self) -> &'static str {
        "member-families"
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        let Some((environment, top)) = store::to_do(&self.db).await? else {
            return Ok(false);
        };
        // Read once for many steps: a tenant that comes later has members who are queued as they join.
        let tenants = {
            let (environment, at) = (environment.clone(), top.clone());
            let mut tenants = self
                .db
                .read::<_, StoreError, _>(async move |tx| {
                    tenancy::descendants(tx, &environment, &at, MOST).await
                })
                .await?;
            tenants.push(top.clone());
            tenants.sort_unstable();
            tenants.dedup();
            tenants
        };
        for _ in 0..STEPS {
            if search::waiting_in(&self.db, &environment, WAITING).await? >= WAITING {
                search::fold_in(&self.db, environment.clone()).await?;
                continue;
            }
            let (environment, top, tenants) = (environment.clone(), top.clone(), tenants.clone());
            let more = self
                .db
                .write(async move |tx| step(tx, &environment, &top, &tenants).await)
                .await?;
            if !more {
                break;
            }
        }
        Ok(true)
    }
}

/// Queues the next people. False at the end, and where there is nothing to do any more.
async fn step(
    tx: &Tx,
    environment: &EnvironmentId,
    top: &str,
    tenants: &[String],
) -> Result<bool, StoreError> {
    let Some(mut place) = store::hold(tx, environment, top).await? else {
        return Ok(false);
    };
    if place.groupings != tenancy::groupings(tx, environment).await? {
        // Not worth going on with; whoever lists it next orders it anew.
        store::forget(tx, environment, top).await?;
        return Ok(false);
    }
    let from = tenants.partition_point(|tenant| *tenant < place.tenant);
    let mut room = PEOPLE;
    for tenant in tenants.get(from..).unwrap_or_default().iter().take(TENANTS) {
        if *tenant != place.tenant {
            place = Place {
                tenant: tenant.clone(),
                user: String::new(),
                ..place
            };
        }
        // Whoever is joining has the count; waiting for it, none is missed.
        ranks::hold_count(tx, environment, tenant).await?;
        let queued = search::note_members_after(tx, environment, tenant, &place.user, room).await?;
        room -= i64::try_from(queued.len()).unwrap_or(room);
        if let Some(last) = queued.into_iter().last() {
            place.user = last;
        }
        if room <= 0 {
            break;
        }
    }
    let last = tenants.last().is_none_or(|last| *last == place.tenant) && room > 0;
    if last {
        store::finish(tx, environment, top).await?;
    } else {
        if room > 0 {
            // Done with this tenant: the next one is the least that is greater.
            place.tenant.push('\u{1}');
            place.user.clear();
        }
        store::put(tx, environment, top, &place).await?;
    }
    Ok(!last)
}
