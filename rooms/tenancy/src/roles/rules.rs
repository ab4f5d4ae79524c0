//! What bounds a user who makes or changes roles: the user's own level, and which permissions are the user's to give.

use db::{StoreError, Tx};

use super::domain::{Change, RoleError};
use crate::permissions::{self, AssignmentType, Permission};

/// Which levels a change may make or touch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    All,
    /// This level and everything weaker.
    From(i64),
    Nothing,
}

impl Reach {
    /// A user may not make or touch a role that is stronger than the user.
    pub(super) const fn check(self, level: i64) -> Result<(), RoleError> {
        match self {
            Self::All => Ok(()),
            Self::From(own) if own <= level => Ok(()),
            Self::From(_) | Self::Nothing => Err(RoleError::TooStrong),
        }
    }

    /// The level of a role made without one: the strongest within reach.
    pub(super) const fn usual(self) -> i64 {
        match self {
            Self::From(own) => own,
            Self::All | Self::Nothing => 0,
        }
    }
}

pub(super) async fn reach(tx: &Tx, change: &Change) -> Result<Reach, StoreError> {
    let Some(caller) = &change.bounded_by else {
        return Ok(Reach::All);
    };
    let own = change.holders.strongest(tx, &change.scope, &caller.user).await?;
    Ok(own.map_or(Reach::Nothing, Reach::From))
}

/// The ids of the permissions that a role ends up with when `wanted` are asked for and it holds `held` so far, sorted.
///
/// For the environment that is what it asks for. A user neither gives nor takes permissions that tenants may never give, cannot
/// leave out those that every role of a tenant has, and gives none that opens this API further than the user may go.
pub(super) async fn permitted(
    tx: &Tx,
    change: &Change,
    wanted: &[String],
    held: &[String],
) -> Result<Vec<String>, RoleError> {
    let environment = &change.scope.environment;
    let mut ids = wanted.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let Some(caller) = &change.bounded_by else {
        let unknown = permissions::unknown(tx, environment, &ids).await?;
        return if unknown.is_empty() {
            Ok(ids)
        } else {
            Err(RoleError::NoPermissions(unknown))
        };
    };
    let mut all = ids.clone();
    all.extend(held.iter().filter(|id| !ids.contains(id)).cloned());
    let found = permissions::permissions_by_id(tx, environment, &all).await?;
    let known = |id: &String| found.iter().find(|permission| permission.id == *id);
    let hidden = |id: &String| known(id).is_some_and(|one| one.assignment_type == AssignmentType::Never);
    let unknown: Vec<String> = ids
        .iter()
        .filter(|id| known(id).is_none() || (hidden(id) && !held.contains(id)))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(RoleError::NoPermissions(unknown));
    }
    let beyond: Vec<String> = ids
        .iter()
        .filter(|id| !held.contains(id))
        .filter_map(known)
        .filter(|permission| opens_this_api(permission) && !caller.may(&permission.key))
        .map(|permission| permission.key.clone())
        .collect();
    if !beyond.is_empty() {
        return Err(RoleError::NotHeld(beyond));
    }
    ids.extend(held.iter().filter(|id| hidden(id)).cloned());
    ids.extend(permissions::in_every_role(tx, environment).await?);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Whether the permission is one that guards of this API ask for, or a wildcard that may cover such a one. What the others mean
/// is the product's affair, which says by their classification who may give them.
fn opens_this_api(permission: &Permission) -> bool {
    permission.fe_permission || permission.key.starts_with("fe.") || permission.key.contains('*')
}
