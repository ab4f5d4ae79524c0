//! Keeping the identifiers in step with the users, and counted.
//!
//! Rows are written where the change is decided; the counts of [`enlist`] and [`strike`] follow members and users, in which
//! sequence everybody waits.

use blocks::one_time;
use blocks::ranking::{HALF, Ranking};
use db::{StoreError, Tx};
use futures_util::future::try_join_all;
use kit::{EnvironmentId, Ids, Millis};

use super::model::{Identifier, Kind};
use super::store;
use crate::records::UserRecord;

pub(super) const fn ranking(kind: Kind) -> Ranking {
    match kind {
        Kind::Email => Ranking::new("identifiers.email"),
        Kind::Phone => Ranking::new("identifiers.phone"),
    }
}

/// Counts in what was written.
pub(super) async fn enlist(tx: &Tx, environment: &EnvironmentId, one: &Identifier) -> Result<(), StoreError> {
    let ranking = ranking(one.kind);
    let Some(full) = ranking.add(tx, environment, &one.value, &one.id).await? else {
        return Ok(());
    };
    let start = (full.key.as_str(), full.id.as_str());
    if let Some((value, id)) = store::place_after(tx, environment, one.kind, start, HALF).await? {
        ranking.split(tx, environment, &full, &value, &id).await?;
    }
    Ok(())
}

/// Counts out what was deleted.
pub(super) async fn strike(tx: &Tx, environment: &EnvironmentId, one: &Identifier) -> Result<(), StoreError> {
    ranking(one.kind)
        .remove(tx, environment, &one.value, &one.id)
        .await
}

/// Writes and counts one that is new. False when it is somebody's.
pub(super) async fn add(tx: &Tx, environment: &EnvironmentId, one: &Identifier) -> Result<bool, StoreError> {
    if !store::insert(tx, environment, one).await? {
        return Ok(false);
    }
    enlist(tx, environment, one).await?;
    Ok(true)
}

/// Deletes one.
pub(super) async fn remove(tx: &Tx, environment: &EnvironmentId, one: &Identifier) -> Result<(), StoreError> {
    if store::delete(tx, environment, one).await? {
        strike(tx, environment, one).await?;
    }
    Ok(())
}

/// The address and the number that a new user comes with. They have the user's id.
fn first(user: &UserRecord) -> Vec<Identifier> {
    let one = |kind: Kind, value: &str, verified: bool| Identifier {
        kind,
        id: user.id.to_string(),
        user_id: user.id.to_string(),
        value: value.to_owned(),
        verified,
        is_primary: true,
        created_at: user.created_at,
        updated_at: user.created_at,
    };
    let email = user
        .email
        .iter()
        .map(|email| one(Kind::Email, email, user.verified));
    // Nobody has proved the number yet.
    let phone = user
        .phone_number
        .iter()
        .map(|phone| one(Kind::Phone, phone, false));
    email.chain(phone).collect()
}

/// Writes the identifiers of a user who is about to be written. False when the address is somebody's. Counting follows
/// with [`enlist_all`].
pub(crate) async fn open(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<bool, StoreError> {
    for one in first(user) {
        if !store::insert(tx, environment, &one).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts a new user's identifiers in.
pub(crate) async fn enlist_all(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    let first = first(user);
    try_join_all(first.iter().map(|one| enlist(tx, environment, one))).await?;
    Ok(())
}

/// What a user was found by who is gone, and that is still counted.
#[derive(Clone, Debug)]
pub(crate) struct Erased(Vec<Identifier>);

/// Removes what a user who goes is found by, and the open codes and tickets. Counting follows with [`strike_all`].
pub(crate) async fn erase(tx: &Tx, environment: &EnvironmentId, user: &str) -> Result<Erased, StoreError> {
    let mut erased = Vec::new();
    for kind in [Kind::Email, Kind::Phone] {
        for one in store::of_user(tx, environment, kind, user).await? {
            if store::delete(tx, environment, &one).await? {
                erased.push(one);
            }
        }
    }
    one_time::void_all_of(tx, environment, user).await?;
    Ok(Erased(erased))
}

/// Counts out what was erased.
pub(crate) async fn strike_all(
    tx: &Tx,
    environment: &EnvironmentId,
    Erased(erased): &Erased,
) -> Result<(), StoreError> {
    try_join_all(erased.iter().map(|one| strike(tx, environment, one))).await?;
    Ok(())
}

/// A number that a user has proved: the primary one, else the oldest.
pub(crate) async fn proved_number(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Option<String>, StoreError> {
    let mut held = store::of_user(tx, environment, Kind::Phone, user)
        .await?
        .into_iter();
    Ok(held.find(|one| one.verified).map(|one| one.value))
}

/// What a user has proved beside the primary address.
pub(crate) async fn proved_beside(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<Identifier>, StoreError> {
    let mut all = store::of_user(tx, environment, Kind::Email, user).await?;
    all.retain(|one| !one.is_primary);
    all.append(&mut store::of_user(tx, environment, Kind::Phone, user).await?);
    all.retain(|one| one.verified);
    Ok(all)
}

/// Takes these identifiers from a user, with every code and ticket that is open: nobody who had them gets in by them.
pub(crate) async fn disown(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    strange: &[Identifier],
) -> Result<(), StoreError> {
    if strange.is_empty() {
        return Ok(());
    }
    for one in strange {
        remove(tx, environment, one).await?;
    }
    one_time::void_all_of(tx, environment, user).await
}

/// Brings the identifiers of a held user in step with a changed row. False when the new address is somebody else's.
pub(crate) async fn follow(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &Ids,
    old: &UserRecord,
    new: &UserRecord,
    now: Millis,
) -> Result<bool, StoreError> {
    if (&old.email, old.verified) != (&new.email, new.verified) {
        let (value, verified) = (new.email.as_deref(), Some(new.verified));
        if !put_primary(tx, environment, ids, (Kind::Email, new), value, verified, now).await? {
            return Ok(false);
        }
    }
    if old.phone_number != new.phone_number {
        let value = new.phone_number.as_deref();
        return put_primary(tx, environment, ids, (Kind::Phone, new), value, None, now).await;
    }
    Ok(true)
}

/// Makes `value` the primary one. The one before it goes, but a number that was proved stays beside: only its own code
/// takes it away.
async fn put_primary(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &Ids,
    (kind, user): (Kind, &UserRecord),
    value: Option<&str>,
    verified: Option<bool>,
    now: Millis,
) -> Result<bool, StoreError> {
    let held = store::of_user(tx, environment, kind, user.id.as_str()).await?;
    let before = held.iter().find(|one| one.is_primary);
    let named = held.iter().find(|one| Some(one.value.as_str()) == value);
    if let (Some(before), true) = (before, before.map(|one| &one.id) != named.map(|one| &one.id)) {
        if matches!(kind, Kind::Phone) && before.verified {
            let aside = Identifier {
                is_primary: false,
                updated_at: now,
                ..before.clone()
            };
            store::update(tx, environment, &aside).await?;
        } else {
            remove(tx, environment, before).await?;
        }
    }
    let Some(value) = value else { return Ok(true) };
    if let Some(named) = named {
        let raised = Identifier {
            is_primary: true,
            verified: named.verified || verified.unwrap_or(false),
            updated_at: now,
            ..named.clone()
        };
        return if raised == *named {
            Ok(true)
        } else {
            store::update(tx, environment, &raised).await
        };
    }
    let fresh = Identifier {
        kind,
        id: ids.ordered(now),
        user_id: user.id.to_string(),
        value: value.to_owned(),
        verified: verified.unwrap_or(false),
        is_primary: true,
        created_at: now,
        updated_at: now,
    };
    add(tx, environment, &fresh).await
}
