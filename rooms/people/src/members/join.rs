//! Coming into a tenant by oneself.

use db::{StoreError, Tx};
use kit::{Millis, Scope, UserId};

use crate::records::{self, Membership, MembershipStatus, UserRecord};

/// What became of somebody who came in.
#[derive(Clone, Debug)]
pub enum Joined {
    /// A new member; [`count_joined`] must follow.
    New(UserRecord),
    /// A member who had been asked to come in.
    Confirmed(UserRecord),
    /// A member before; nothing has changed.
    Before(UserRecord),
}

impl Joined {
    /// The user, as held.
    #[must_use]
    pub const fn user(&self) -> &UserRecord {
        match self {
            Self::New(user) | Self::Confirmed(user) | Self::Before(user) => user,
        }
    }
}

/// Makes a user a confirmed member of the scope's tenant, which the caller holds, with these roles; `reaches` says whether
/// they hold below as well. A member keeps the roles that are there. `None` when there is no such user any more.
///
/// # Errors
/// When storage fails.
pub async fn join(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    role_ids: &[String],
    reaches: bool,
    now: Millis,
) -> Result<Option<Joined>, StoreError> {
    let Some(user) = records::hold(tx, &scope.environment, user.as_str()).await? else {
        return Ok(None);
    };
    let status = MembershipStatus::Activated;
    let membership = Membership::new(scope.tenant_id(), role_ids.to_vec(), status, reaches, now);
    if records::write_new_member(tx, &scope.environment, &user, &membership).await? {
        return Ok(Some(Joined::New(user)));
    }
    let before = records::membership(tx, scope, &user.id).await?;
    if before.is_some_and(|one| one.is_usable(now) && one.status != MembershipStatus::Activated) {
        records::set_membership_status(tx, scope, &user.id, MembershipStatus::Activated).await?;
        return Ok(Some(Joined::Confirmed(user)));
    }
    Ok(Some(Joined::Before(user)))
}

/// Counts a new member wherever such are counted. Comes last in a transaction, because others who come and go wait from
/// here on.
///
/// # Errors
/// When storage fails.
pub async fn count_joined(tx: &Tx, scope: &Scope, joined: &Joined) -> Result<(), StoreError> {
    match joined {
        Joined::New(user) => records::count_in(tx, &scope.environment, user, scope.tenant_id(), false).await,
        Joined::Confirmed(_) | Joined::Before(_) => Ok(()),
    }
}
