//! What the room of credentials finds out about a user, and has written down here.

use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, UserId};

use crate::identifiers;
use crate::records::{self, MembershipStatus, UserRecord};

/// What has become known of a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Whether the user is locked from now on; `None` leaves it.
    pub locked: Option<bool>,
    /// The user has shown that the primary address is theirs.
    pub proved: bool,
    /// No token from before now counts any more.
    pub tokens_end: bool,
}

/// A user, kept from other writers until the transaction ends.
///
/// # Errors
/// When storage fails.
pub async fn hold_user(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    records::hold(tx, environment, id).await
}

/// The user who has proved this number, given as [`kit::phone_key`] makes it.
///
/// # Errors
/// When storage fails.
pub async fn user_by_phone(
    tx: &Tx,
    environment: &EnvironmentId,
    number: &str,
) -> Result<Option<UserRecord>, StoreError> {
    records::by_phone(tx, environment, number).await
}

/// A number that the user has proved: the one shown before others, then the oldest.
///
/// # Errors
/// When storage fails.
pub async fn proved_number(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserId,
) -> Result<Option<String>, StoreError> {
    identifiers::proved_number(tx, environment, user.as_str()).await
}

/// Writes down what has become known of a held user. The caller records why.
///
/// # Errors
/// When storage fails.
pub async fn stand(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    held: &UserRecord,
    standing: Standing,
    now: Millis,
) -> Result<UserRecord, StoreError> {
    let verified = held.verified || (standing.proved && held.email.is_some());
    // A new password with the first proof of the address: whoever was in before may have been a stranger.
    let strange = if verified && !held.verified && standing.tokens_end {
        identifiers::proved_beside(tx, environment, held.id.as_str()).await?
    } else {
        Vec::new()
    };
    let number = held.phone_number.clone();
    let new = UserRecord {
        is_locked: standing.locked.unwrap_or(held.is_locked),
        verified,
        phone_number: number.filter(|number| !strange.iter().any(|one| one.is_number(number))),
        valid_after: if standing.tokens_end {
            now
        } else {
            held.valid_after
        },
        ..held.clone()
    };
    if new != *held && !records::write_user(tx, environment, ids, held, &new, now).await? {
        // Neither address nor username changes, so nobody can be in the way.
        return Err(StoreError::NoRow);
    }
    identifiers::disown(tx, environment, held.id.as_str(), &strange).await?;
    if new.verified && !held.verified {
        confirm(tx, environment, &new).await?;
    }
    Ok(new)
}

/// Who is verified has answered the activation mail, wherever one is still waiting.
pub(crate) async fn confirm(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    for membership in records::memberships(tx, environment, &user.id).await? {
        if membership.status == MembershipStatus::NotActivated {
            let scope = Scope::tenant(environment.clone(), membership.tenant_id.as_str().into());
            records::set_membership_status(tx, &scope, &user.id, MembershipStatus::Activated).await?;
        }
    }
    Ok(())
}
