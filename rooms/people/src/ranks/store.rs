//! Walks along the indexes of the table users.

use db::{Query, Row, StoreError, Tx};
use kit::EnvironmentId;

use super::domain::{Order, Place};

/// The beginning of a statement up to the place to start from, and its ORDER BY.
fn walk(environment: &EnvironmentId, order: &Order, from: &Place) -> (Query, &'static str) {
    let (select, lower, sorted) = pieces(order);
    let mut query = Query::new(select);
    query.bind(environment.as_str());
    bound(&mut query, order, lower, from);
    (query, sorted)
}

const fn pieces(order: &Order) -> (&'static str, &'static str, &'static str) {
    match order {
        Order::Id => (
            "SELECT id, '', id FROM users WHERE environment_id = ",
            " AND id >= ",
            " ORDER BY id",
        ),
        Order::Class(_) => (
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
        Order::Age => (
            "SELECT CAST(created_at AS TEXT), id, id FROM users WHERE environment_id = ",
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
    }
}

fn bound(query: &mut Query, order: &Order, lower: &'static str, from: &Place) {
    if let Order::Class(class) = order {
        query.push(" AND class = ").bind(class.as_str());
    }
    query.push(lower);
    match order {
        Order::Id | Order::Class(_) | Order::Email => {
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

/// The place of the entry that has `skip` entries between `from` and itself.
pub(super) async fn place_after(
    tx: &Tx,
    environment: &EnvironmentId,
    order: &Order,
    from: &Place,
    skip: i64,
) -> Result<Option<Place>, StoreError> {
    let (mut query, sorted) = walk(environment, order, from);
    query.push(sorted).push(" LIMIT 1 OFFSET ").bind(skip);
    let row = tx.opt_built(&query).await?;
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
    environment: &EnvironmentId,
    order: &Order,
    from: &Place,
    skip: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let (mut query, sorted) = walk(environment, order, from);
    query
        .push(sorted)
        .push(" LIMIT ")
        .bind(limit)
        .push(" OFFSET ")
        .bind(skip);
    tx.all_built(&query).await?.iter().map(|row| row.get(2)).collect()
}

/// How many users stand from `from` on, but before `key`. `from` is where a bucket begins, so this is a short walk.
pub(super) async fn count_between(
    tx: &Tx,
    environment: &EnvironmentId,
    order: &Order,
    from: &Place,
    key: &str,
) -> Result<i64, StoreError> {
    let (_, lower, _) = pieces(order);
    let mut query = Query::new("SELECT COUNT(*) FROM users WHERE environment_id = ");
    query.bind(environment.as_str());
    bound(&mut query, order, lower, from);
    match order {
        Order::Id | Order::Class(_) => query.push(" AND id < ").bind(key),
        Order::Name => query.push(" AND name_key < ").bind(key),
        Order::Email => query.push(" AND email_key < ").bind(key),
        Order::Age => query
            .push(" AND created_at < ")
            .bind(key.parse::<i64>().unwrap_or(0)),
        Order::Tenant => query.push(" AND active_tenant < ").bind(key),
        Order::Username => query.push(" AND username_key < ").bind(key),
        Order::Phone => query.push(" AND phone_number < ").bind(key),
    };
    tx.one_built(&query).await?.get(0)
}
