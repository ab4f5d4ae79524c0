//! Members that change their tenant: rows first, counters after all of them.

use db::{StoreError, Tx};
use kit::{Millis, Scope};

use super::domain;
use super::model::{Membership, UserRecord, before};
use super::store;
use crate::ranks::{self, Ground};

/// A member that was moved, as it was before.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) user: UserRecord,
    /// Whether the user is new in the target.
    pub(crate) joined: bool,
    /// Whether the source was the tenant the user worked in.
    followed: bool,
}

/// Moves these members, given in the order of their ids. Roles of the environment and of the target go along; a membership
/// of the target that is there already stays as it is. New ones reach down as the target's setting has it: what the source
/// allowed was about the tenants below the source. Who is no member of the source any more is left out.
/// [`count_moved`] must follow.
pub(crate) async fn move_members(
    tx: &Tx,
    source: &Scope,
    target: &Scope,
    ids: &[String],
    (reaches, now): (bool, Millis),
) -> Result<Vec<Moved>, StoreError> {
    let environment = &source.environment;
    // All of them are held before anything is counted, so that writers who meet wait instead of deadlocking.
    let mut users = Vec::with_capacity(ids.len());
    for id in ids {
        users.extend(store::hold(tx, environment, id).await?);
    }
    let mut moved = Vec::with_capacity(users.len());
    for user in users {
        let id = user.id.as_str();
        let Some(old) = store::membership(tx, environment, source.tenant_id(), id).await? else {
            continue;
        };
        let roles = tenancy::roles_held(tx, target, &old.role_ids).await?;
        let new = Membership {
            tenant_id: target.tenant_id().to_owned(),
            role_ids: roles.into_iter().map(|role| role.id).collect(),
            valid_after: before(now),
            sub_accounts: reaches,
            ..old
        };
        let joined = domain::write_new_member(tx, environment, &user, &new).await?;
        store::delete_membership(tx, environment, source.tenant_id(), id).await?;
        let followed = user.active_tenant == source.tenant_id();
        if followed {
            store::set_active_tenant(tx, environment, id, target.tenant_id()).await?;
        }
        moved.push(Moved {
            user,
            joined,
            followed,
        });
    }
    Ok(moved)
}

/// Counts moved members out of the source and into the target.
pub(crate) async fn count_moved(
    tx: &Tx,
    source: &Scope,
    target: &Scope,
    moved: &[Moved],
) -> Result<(), StoreError> {
    let environment = &source.environment;
    let leave = async || {
        for one in moved {
            ranks::leave(tx, environment, source.tenant_id(), &one.user).await?;
        }
        Ok::<(), StoreError>(())
    };
    let enter = async || {
        for one in moved.iter().filter(|one| one.joined) {
            domain::count_in(tx, environment, &one.user, target.tenant_id(), false).await?;
        }
        Ok::<(), StoreError>(())
    };
    // Tenants in the order of their ids, for those who move the other way.
    if source.tenant_id() < target.tenant_id() {
        leave().await?;
        enter().await?;
    } else {
        enter().await?;
        leave().await?;
    }
    for one in moved.iter().filter(|one| one.followed) {
        let new = UserRecord {
            active_tenant: target.tenant_id().to_owned(),
            ..one.user.clone()
        };
        ranks::relist(tx, Ground::environment(environment), &one.user, &new).await?;
    }
    Ok(())
}
