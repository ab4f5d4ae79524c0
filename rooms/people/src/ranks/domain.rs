//! Which orders there are, and where a user stands in each.

use blocks::ranking::{HALF, Ranking, sortable_number};
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::store;
use crate::records::UserRecord;

/// An order over users of one environment. Ties are broken by the user's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Id,
    Name,
    Email,
    Age,
    Tenant,
    /// Users of one class, by id.
    Class(String),
    /// Users that have a username.
    Username,
    /// Users that have a phone number.
    Phone,
}

/// The family of orders over the users of one class.
const CLASSES: &str = "users.class";

/// A position: the sort key and the id that breaks ties (`""` where the key alone is unique).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) id: String,
}

impl Order {
    fn ranking(&self) -> Ranking {
        match self {
            Self::Id => Ranking::new("users.id"),
            Self::Name => Ranking::new("users.name"),
            Self::Email => Ranking::new("users.email"),
            Self::Age => Ranking::new("users.age"),
            Self::Tenant => Ranking::new("users.tenant"),
            Self::Class(class) => Ranking::part(CLASSES, class),
            Self::Username => Ranking::new("users.username"),
            Self::Phone => Ranking::new("users.phone"),
        }
    }

    /// Where a user stands; `None` when not in this order at all.
    fn place(&self, user: &UserRecord) -> Option<Place> {
        let id = || user.id.to_string();
        let place = |key: String, id: String| Place { key, id };
        match self {
            Self::Id | Self::Class(_) => Some(place(id(), String::new())),
            Self::Name => Some(place(user.name_key(), id())),
            Self::Email => Some(place(user.email_key(), String::new())),
            Self::Age => Some(place(sortable_number(user.created_at.0), id())),
            Self::Tenant => Some(place(user.active_tenant.clone(), id())),
            Self::Username => user.username.as_ref().map(|_| place(user.username_key(), id())),
            Self::Phone => user.phone_number.as_ref().map(|phone| place(phone.clone(), id())),
        }
    }

    /// Every order, always in this sequence: writers that meet then wait for each other instead of deadlocking.
    fn all_of(user: &UserRecord) -> [Self; 8] {
        [
            Self::Age,
            Self::Class(user.class()),
            Self::Email,
            Self::Id,
            Self::Name,
            Self::Phone,
            Self::Tenant,
            Self::Username,
        ]
    }
}

/// Counts a user in, after the row was written.
pub(crate) async fn enlist(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    for order in Order::all_of(user) {
        if let Some(place) = order.place(user) {
            add(tx, environment, &order, &place).await?;
        }
    }
    Ok(())
}

/// Counts a user out.
pub(crate) async fn strike(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<(), StoreError> {
    for order in Order::all_of(user) {
        if let Some(place) = order.place(user) {
            order
                .ranking()
                .remove(tx, environment, &place.key, &place.id)
                .await?;
        }
    }
    Ok(())
}

/// Moves a user whose row has changed from `old` to `new`.
pub(crate) async fn relist(
    tx: &Tx,
    environment: &EnvironmentId,
    old: &UserRecord,
    new: &UserRecord,
) -> Result<(), StoreError> {
    for (from, to) in Order::all_of(old).into_iter().zip(Order::all_of(new)) {
        let (was, is) = (from.place(old), to.place(new));
        if from == to && was == is {
            continue;
        }
        if let Some(was) = was {
            from.ranking().remove(tx, environment, &was.key, &was.id).await?;
        }
        if let Some(is) = is {
            add(tx, environment, &to, &is).await?;
        }
    }
    Ok(())
}

async fn add(tx: &Tx, environment: &EnvironmentId, order: &Order, place: &Place) -> Result<(), StoreError> {
    let ranking = order.ranking();
    let Some(full) = ranking.add(tx, environment, &place.key, &place.id).await? else {
        return Ok(());
    };
    let start = Place {
        key: full.key.clone(),
        id: full.id.clone(),
    };
    if let Some(middle) = store::place_after(tx, environment, order, &start, HALF).await? {
        ranking
            .split(tx, environment, &full, &middle.key, &middle.id)
            .await?;
    }
    Ok(())
}

/// How many users the order holds.
pub(crate) async fn total(tx: &Tx, environment: &EnvironmentId, order: &Order) -> Result<i64, StoreError> {
    order.ranking().total(tx, environment).await
}

/// How many users stand before `key`.
pub(crate) async fn rank(
    tx: &Tx,
    environment: &EnvironmentId,
    order: &Order,
    key: &str,
) -> Result<i64, StoreError> {
    let rank = order.ranking().rank(tx, environment, key, "").await?;
    let from = Place {
        key: rank.key,
        id: rank.id,
    };
    Ok(rank.before + store::count_between(tx, environment, order, &from, key).await?)
}

/// The ids of up to `limit` users from position `offset` on.
pub(crate) async fn page(
    tx: &Tx,
    environment: &EnvironmentId,
    order: &Order,
    offset: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let Some(seat) = order.ranking().seat(tx, environment, offset).await? else {
        return Ok(Vec::new());
    };
    let from = Place {
        key: seat.key,
        id: seat.id,
    };
    store::ids_from(tx, environment, order, &from, seat.skip, limit).await
}

/// The classes there are, with how many users each has.
pub(crate) async fn classes(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<(String, i64)>, StoreError> {
    Ranking::parts(tx, environment, CLASSES).await
}
