//! Walks along the indexes of users and of memberships, and the counters of members.

use db::{Query, Row, StoreError, Tx, args, sql};

use super::domain::{Ground, Order, Place};

/// `SELECT` of key, tie-breaker and id; the lower bound; the order.
struct Pieces {
    select: &'static str,
    lower: &'static str,
    sorted: &'static str,
}

const fn of_users(order: &Order) -> Pieces {
    let (select, lower, sorted) = match order {
        Order::Id | Order::Class(_) => (
            "SELECT id, '', id FROM users WHERE environment_id = ",
            " AND id >= ",
            " ORDER BY id",
        ),
        Order::Name => (
            "SELECT name_key, id, id FROM users WHERE environment_id = ",
            " AND (name_key, id) >= (",
            " ORDER BY name_key, id",
        ),
        Order::Email => (
            "SELECT email_key, '', id FROM users WHERE environment_id = ",
            " AND email_key >= ",
            " ORDER BY email_key",
        ),
        // Under another name: ORDER BY takes what is selected under its name, before the column.
        Order::Age => (
            "SELECT CAST(created_at AS TEXT) AS place, id, id FROM users WHERE environment_id = ",
            " AND (created_at, id) >= (",
            " ORDER BY created_at, id",
        ),
        Order::Tenant => (
            "SELECT active_tenant, id, id FROM users WHERE environment_id = ",
            " AND (active_tenant, id) >= (",
            " ORDER BY active_tenant, id",
        ),
        Order::Username => (
            "SELECT username_key, id, id FROM users WHERE environment_id = ",
            " AND username_key <> '' AND (username_key, id) >= (",
            " ORDER BY username_key, id",
        ),
        Order::Phone => (
            "SELECT phone_number, id, id FROM users WHERE environment_id = ",
            " AND phone_number <> '' AND (phone_number, id) >= (",
            " ORDER BY phone_number, id",
        ),
    };
    Pieces {
        select,
        lower,
        sorted,
    }
}

const fn of_members(order: &Order) -> Pieces {
    let (select, lower, sorted) = match order {
        Order::Id | Order::Class(_) | Order::Tenant => (
            "SELECT user_id, '', user_id FROM memberships WHERE environment_id = ",
            " AND user_id >= ",
            " ORDER BY user_id",
        ),
        Order::Name => (
            "SELECT name_key, user_id, user_id FROM memberships WHERE environment_id = ",
            " AND (name_key, user_id) >= (",
            " ORDER BY name_key, user_id",
        ),
        Order::Email => (
            "SELECT email_key, '', user_id FROM memberships WHERE environment_id = ",
            " AND email_key >= ",
            " ORDER BY email_key",
        ),
        Order::Age => (
            "SELECT CAST(user_created_at AS TEXT) AS place, user_id, user_id FROM memberships WHERE environment_id = ",
            " AND (user_created_at, user_id) >= (",
            " ORDER BY user_created_at, user_id",
        ),
        Order::Username => (
            "SELECT username_key, user_id, user_id FROM memberships WHERE environment_id = ",
            " AND username_key <> '' AND (username_key, user_id) >= (",
            " ORDER BY username_key, user_id",
        ),
        Order::Phone => (
            "SELECT phone_number, user_id, user_id FROM memberships WHERE environment_id = ",
            " AND phone_number <> '' AND (phone_number, user_id) >= (",
            " ORDER BY phone_number, user_id",
        ),
    };
    Pieces {
        select,
        lower,
        sorted,
    }
}

const fn pieces(ground: Ground<'_>, order: &Order) -> Pieces {
    if ground.tenant.is_some() {
        of_members(order)
    } else {
        of_users(order)
    }
}

/// The conditions of a walk that begins at `from`.
fn bound(query: &mut Query, ground: Ground<'_>, order: &Order, from: &Place) {
    query.bind(ground.environment.as_str());
    if let Some(tenant) = ground.tenant {
        query.push(" AND tenant_id = ").bind(tenant);
    }
    if let Order::Class(class) = order {
        query.push(" AND class = ").bind(class.as_str());
    }
    query.push(pieces(ground, order).lower);
    match order {
        Order::Id | Order::Class(_) | Order::Email => {
            query.bind(from.key.as_str());
        }
        Order::Tenant if ground.tenant.is_some() => {
            query.bind(from.key.as_str());
        }
        Order::Age => {
            query
                .bind(from.key.parse::<i64>().unwrap_or(0))
                .push(", ")
                .bind(from.id.as_str())
                .push(")");
        }
        Order::Name | Order::Tenant | Order::Username | Order::Phone => {
            query
                .bind(from.key.as_str())
                .push(", ")
                .bind(from.id.as_str())
                .push(")");
        }
    }
}

fn walk(ground: Ground<'_>, order: &Order, from: &Place, take: i64, skip: i64) -> Query {
    let pieces = pieces(ground, order);
    let mut query = Query::new(pieces.select);
    bound(&mut query, ground, order, from);
    query
        .push(pieces.sorted)
        .push(" LIMIT ")
        .bind(take)
        .push(" OFFSET ")
        .bind(skip);
    query
}

/// The place of the entry that has `skip` entries between `from` and itself.
pub(super) async fn place_after(
    tx: &Tx,
    ground: Ground<'_>,
    order: &Order,
    from: &Place,
    skip: i64,
) -> Result<Option<Place>, StoreError> {
    let row = tx.opt_built(&walk(ground, order, from, 1, skip)).await?;
    row.map(|row| place_from(&row, order)).transpose()
}

fn place_from(row: &Row, order: &Order) -> Result<Place, StoreError> {
    let key: String = row.get(0)?;
    let key = match order {
        Order::Age => blocks::ranking::sortable_number(key.parse().unwrap_or(0)),
        _ => key,
    };
    Ok(Place { key, id: row.get(1)? })
}

/// The ids of `limit` users after skipping `skip` from `from` on.
pub(super) async fn ids_from(
    tx: &Tx,
    ground: Ground<'_>,
    order: &Order,
    from: &Place,
    skip: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    tx.all_built(&walk(ground, order, from, limit, skip))
        .await?
        .iter()
        .map(|row| row.get(2))
        .collect()
}

fn counting(ground: Ground<'_>, order: &Order, from: &Place) -> Query {
    let mut query = Query::new(if ground.tenant.is_some() {
        "SELECT COUNT(*) FROM memberships WHERE environment_id = "
    } else {
        "SELECT COUNT(*) FROM users WHERE environment_id = "
    });
    bound(&mut query, ground, order, from);
    query
}

/// How many users stand from `from` on. A walk to the end; for cutting an order into buckets.
pub(super) async fn count_from(
    tx: &Tx,
    ground: Ground<'_>,
    order: &Order,
    from: &Place,
) -> Result<i64, StoreError> {
    tx.one_built(&counting(ground, order, from)).await?.get(0)
}

/// How many users stand from `from` on, but before `key`. `from` is where a bucket begins, so this is a short walk.
pub(super) async fn count_between(
    tx: &Tx,
    ground: Ground<'_>,
    order: &Order,
    from: &Place,
    key: &str,
) -> Result<i64, StoreError> {
    let mut query = counting(ground, order, from);
    let in_tenant = ground.tenant.is_some();
    match order {
        Order::Id | Order::Class(_) if in_tenant => query.push(" AND user_id < ").bind(key),
        Order::Tenant if in_tenant => query.push(" AND user_id < ").bind(key),
        Order::Age if in_tenant => query
            .push(" AND user_created_at < ")
            .bind(key.parse::<i64>().unwrap_or(0)),
        Order::Id | Order::Class(_) => query.push(" AND id < ").bind(key),
        Order::Age => query
            .push(" AND created_at < ")
            .bind(key.parse::<i64>().unwrap_or(0)),
        Order::Name => query.push(" AND name_key < ").bind(key),
        Order::Email => query.push(" AND email_key < ").bind(key),
        Order::Tenant => query.push(" AND active_tenant < ").bind(key),
        Order::Username => query.push(" AND username_key < ").bind(key),
        Order::Phone => query.push(" AND phone_number < ").bind(key),
    };
    tx.one_built(&query).await?.get(0)
}

fn tenant_of<'a>(ground: Ground<'a>) -> &'a str {
    ground.tenant.unwrap_or("")
}

/// Counts members of a class (`""`: all of them) in or out; how many there are now, and whether the tenant is ranked.
pub(super) async fn count_member(
    tx: &Tx,
    ground: Ground<'_>,
    class: &str,
    by: i64,
) -> Result<(i64, bool), StoreError> {
    let row = tx
        .one(
            sql!(
                "INSERT INTO member_counts (environment_id, tenant_id, class, members, ranked)
                 VALUES ($1, $2, $3, $4, FALSE)
                 ON CONFLICT (environment_id, tenant_id, class)
                 DO UPDATE SET members = member_counts.members + excluded.members
                 RETURNING members, ranked"
            ),
            args![ground.environment.as_str(), tenant_of(ground), class, by],
        )
        .await?;
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) async fn set_ranked(tx: &Tx, ground: Ground<'_>) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE member_counts SET ranked = TRUE WHERE environment_id = $1 AND tenant_id = $2 AND class = ''"
        ),
        args![ground.environment.as_str(), tenant_of(ground)],
    )
    .await?;
    Ok(())
}

pub(super) async fn is_ranked(tx: &Tx, ground: Ground<'_>) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT ranked FROM member_counts WHERE environment_id = $1 AND tenant_id = $2 AND class = ''"
            ),
            args![ground.environment.as_str(), tenant_of(ground)],
        )
        .await?;
    row.map_or(Ok(false), |row| row.get(0))
}

/// The classes of a tenant's members, with how many each has.
pub(super) async fn sizes(tx: &Tx, ground: Ground<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT class, members FROM member_counts
                 WHERE environment_id = $1 AND tenant_id = $2 AND class <> '' ORDER BY class"
            ),
            args![ground.environment.as_str(), tenant_of(ground)],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(super) async fn forget_counts(tx: &Tx, ground: Ground<'_>) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM member_counts WHERE environment_id = $1 AND tenant_id = $2"),
        args![ground.environment.as_str(), tenant_of(ground)],
    )
    .await?;
    Ok(())
}
