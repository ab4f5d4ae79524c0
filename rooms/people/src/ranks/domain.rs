//! Which orders there are, and where a user stands in each.

use blocks::ranking::{HALF, Ranking, sortable_number};
use db::{StoreError, Tx};
use futures_util::future::{try_join, try_join_all};
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

/// Whose users are ordered: those of an environment, or the members of one large tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) environment: &'a EnvironmentId,
    pub(crate) tenant: Option<&'a str>,
}

impl<'a> Ground<'a> {
    pub(crate) const fn environment(environment: &'a EnvironmentId) -> Self {
        Self {
            environment,
            tenant: None,
        }
    }
}

impl Order {
    pub(super) fn ranking(&self, ground: Ground<'_>) -> Ranking {
        let Some(tenant) = ground.tenant else {
            return match self {
                Self::Id => Ranking::new("users.id"),
                Self::Name => Ranking::new("users.name"),
                Self::Email => Ranking::new("users.email"),
                Self::Age => Ranking::new("users.age"),
                Self::Tenant => Ranking::new("users.tenant"),
                Self::Class(class) => Ranking::part(CLASSES, class),
                Self::Username => Ranking::new("users.username"),
                Self::Phone => Ranking::new("users.phone"),
            };
        };
        match self {
            // All of one tenant.
            Self::Id | Self::Tenant => Ranking::part("members.id", tenant),
            Self::Name => Ranking::part("members.name", tenant),
            Self::Email => Ranking::part("members.email", tenant),
            Self::Age => Ranking::part("members.age", tenant),
            Self::Class(class) => Ranking::part("members.class", &format!("{class}.{tenant}")),
            Self::Username => Ranking::part("members.username", tenant),
            Self::Phone => Ranking::part("members.phone", tenant),
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
    fn all_of(user: &UserRecord, ground: Ground<'_>) -> Vec<Self> {
        let mut orders = vec![
            Self::Age,
            Self::Class(user.class()),
            Self::Email,
            Self::Id,
            Self::Name,
            Self::Phone,
        ];
        if ground.tenant.is_none() {
            orders.push(Self::Tenant);
        }
        orders.push(Self::Username);
        orders
    }
}

impl Place {
    /// Where every order begins.
    pub(super) const fn start() -> Self {
        Self {
            key: String::new(),
            id: String::new(),
        }
    }
}

/// Waits for the turn to count users in or out. Everybody comes to the same few buckets; in a tenant, whose count is held
/// by then, nobody else is left.
async fn line_up(tx: &Tx, ground: Ground<'_>) -> Result<(), StoreError> {
    match ground.tenant {
        None => tx.line_up(&format!("users of {}", ground.environment)).await,
        Some(_) => Ok(()),
    }
}

/// Counts a user in, after the row was written. All lists are sent at once: nobody else splits a bucket meanwhile.
pub(crate) async fn enlist(tx: &Tx, ground: Ground<'_>, user: &UserRecord) -> Result<(), StoreError> {
    let orders = Order::all_of(user, ground).into_iter();
    let added = try_join_all(orders.map(async |order| match order.place(user) {
        Some(place) => add(tx, ground, &order, &place).await,
        None => Ok(()),
    }));
    try_join(line_up(tx, ground), added).await?;
    Ok(())
}

/// Counts a user out, likewise.
pub(crate) async fn strike(tx: &Tx, ground: Ground<'_>, user: &UserRecord) -> Result<(), StoreError> {
    let orders = Order::all_of(user, ground).into_iter();
    let struck = try_join_all(orders.map(async |order| match order.place(user) {
        Some(Place { key, id }) => {
            let ranking = order.ranking(ground);
            ranking.remove(tx, ground.environment, &key, &id).await
        }
        None => Ok(()),
    }));
    try_join(line_up(tx, ground), struck).await?;
    Ok(())
}

/// Moves a user whose row has changed from `old` to `new`.
pub(crate) async fn relist(
    tx: &Tx,
    ground: Ground<'_>,
    old: &UserRecord,
    new: &UserRecord,
) -> Result<(), StoreError> {
    for (from, to) in Order::all_of(old, ground)
        .into_iter()
        .zip(Order::all_of(new, ground))
    {
        let (was, is) = (from.place(old), to.place(new));
        if from == to && was == is {
            continue;
        }
        if let Some(was) = was {
            from.ranking(ground)
                .remove(tx, ground.environment, &was.key, &was.id)
                .await?;
        }
        if let Some(is) = is {
            add(tx, ground, &to, &is).await?;
        }
    }
    Ok(())
}

async fn add(tx: &Tx, ground: Ground<'_>, order: &Order, place: &Place) -> Result<(), StoreError> {
    let ranking = order.ranking(ground);
    let Some(full) = ranking.add(tx, ground.environment, &place.key, &place.id).await? else {
        return Ok(());
    };
    let start = Place {
        key: full.key.clone(),
        id: full.id.clone(),
    };
    if let Some(middle) = store::place_after(tx, ground, order, &start, HALF).await? {
        ranking
            .split(tx, ground.environment, &full, &middle.key, &middle.id)
            .await?;
    }
    Ok(())
}

/// Cuts an order into buckets anew, from what is there.
pub(super) async fn build(tx: &Tx, ground: Ground<'_>, order: &Order) -> Result<(), StoreError> {
    let ranking = order.ranking(ground);
    ranking.clear(tx, ground.environment).await?;
    let mut start = Place::start();
    while let Some(next) = store::place_after(tx, ground, order, &start, HALF).await? {
        let (first, end) = (
            (start.key.as_str(), start.id.as_str()),
            (next.key.as_str(), next.id.as_str()),
        );
        ranking
            .lay(tx, ground.environment, first, Some(end), HALF)
            .await?;
        start = next;
    }
    let rest = store::count_from(tx, ground, order, &start).await?;
    ranking
        .lay(tx, ground.environment, (&start.key, &start.id), None, rest)
        .await
}

/// How many users the order holds.
pub(crate) async fn total(tx: &Tx, ground: Ground<'_>, order: &Order) -> Result<i64, StoreError> {
    order.ranking(ground).total(tx, ground.environment).await
}

/// How many users stand before `key`.
pub(crate) async fn rank(tx: &Tx, ground: Ground<'_>, order: &Order, key: &str) -> Result<i64, StoreError> {
    let rank = order
        .ranking(ground)
        .rank(tx, ground.environment, key, "")
        .await?;
    let from = Place {
        key: rank.key,
        id: rank.id,
    };
    Ok(rank.before + store::count_between(tx, ground, order, &from, key).await?)
}

/// The ids of up to `limit` users from position `offset` on.
pub(crate) async fn page(
    tx: &Tx,
    ground: Ground<'_>,
    order: &Order,
    offset: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let Some(seat) = order.ranking(ground).seat(tx, ground.environment, offset).await? else {
        return Ok(Vec::new());
    };
    let from = Place {
        key: seat.key,
        id: seat.id,
    };
    store::ids_from(tx, ground, order, &from, seat.skip, limit).await
}

/// The classes there are in the environment, with how many users each has.
pub(crate) async fn classes(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<(String, i64)>, StoreError> {
    Ranking::parts(tx, environment, CLASSES).await
}
