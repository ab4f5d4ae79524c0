//! The table `user_identifiers`, and the usernames in users.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::{Identifier, Kind};

fn from_row(kind: Kind, row: &Row) -> Result<Identifier, StoreError> {
    Ok(Identifier {
        kind,
        id: row.get(0)?,
        user_id: row.get(1)?,
        value: row.get(2)?,
        verified: row.get(3)?,
        is_primary: row.get(4)?,
        created_at: Millis(row.get(5)?),
        updated_at: Millis(row.get(6)?),
    })
}

fn from_rows(kind: Kind, rows: &[Row]) -> Result<Vec<Identifier>, StoreError> {
    rows.iter().map(|row| from_row(kind, row)).collect()
}

/// False when it is somebody's, or the user has it already.
pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    one: &Identifier,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO user_identifiers (environment_id, kind, id, user_id, value, verified, is_primary, owned,
                   created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING"
            ),
            args![
                environment.as_str(),
                one.kind.as_str(),
                one.id,
                one.user_id,
                one.value,
                one.verified,
                one.is_primary,
                one.is_owned(),
                one.created_at.0,
                one.updated_at.0,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Writes what can change. False when it would be owned and is somebody else's.
pub(super) async fn update(
    tx: &Tx,
    environment: &EnvironmentId,
    one: &Identifier,
) -> Result<bool, StoreError> {
    let written = tx
        .exec(
            sql!(
                "UPDATE user_identifiers SET value = $4, verified = $5, is_primary = $6, owned = $7, updated_at = $8
                 WHERE environment_id = $1 AND kind = $2 AND id = $3
                   AND NOT ($7 AND EXISTS (SELECT 1 FROM user_identifiers other
                     WHERE other.environment_id = $1 AND other.kind = $2 AND other.value = $4 AND other.owned
                       AND other.id <> $3))"
            ),
            args![
                environment.as_str(),
                one.kind.as_str(),
                one.id,
                one.value,
                one.verified,
                one.is_primary,
                one.is_owned(),
                one.updated_at.0,
            ],
        )
        .await;
    match written {
        // Two writers at once on PostgreSQL: the index decides. The caller gives the transaction up.
        Err(StoreError::Unique { .. }) => Ok(false),
        other => Ok(other? == 1),
    }
}

pub(super) async fn delete(
    tx: &Tx,
    environment: &EnvironmentId,
    one: &Identifier,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("DELETE FROM user_identifiers WHERE environment_id = $1 AND kind = $2 AND id = $3"),
            args![environment.as_str(), one.kind.as_str(), one.id],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    id: &str,
) -> Result<Option<Identifier>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, user_id, value, verified, is_primary, created_at, updated_at FROM user_identifiers
                 WHERE environment_id = $1 AND kind = $2 AND id = $3"
            ),
            args![environment.as_str(), kind.as_str(), id],
        )
        .await?;
    row.as_ref().map(|row| from_row(kind, row)).transpose()
}

/// What a user has of one kind, the primary one first.
pub(super) async fn of_user(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    user: &str,
) -> Result<Vec<Identifier>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, user_id, value, verified, is_primary, created_at, updated_at FROM user_identifiers
                 WHERE environment_id = $1 AND kind = $2 AND user_id = $3
                 ORDER BY is_primary DESC, created_at, id"
            ),
            args![environment.as_str(), kind.as_str(), user],
        )
        .await?;
    from_rows(kind, &rows)
}

/// Whether somebody other than `user` owns the value.
pub(super) async fn is_owned_elsewhere(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    value: &str,
    user: &str,
) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT 1 FROM user_identifiers
                 WHERE environment_id = $1 AND kind = $2 AND value = $3 AND owned AND user_id <> $4"
            ),
            args![environment.as_str(), kind.as_str(), value, user],
        )
        .await?;
    Ok(row.is_some())
}

/// The entry that comes `skip` after (`value`, `id`) in the order of values.
pub(super) async fn place_after(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    (value, id): (&str, &str),
    skip: i64,
) -> Result<Option<(String, String)>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT value, id FROM user_identifiers
                 WHERE environment_id = $1 AND kind = $2 AND (value, id) >= ($3, $4)
                 ORDER BY value, id LIMIT 1 OFFSET $5"
            ),
            args![environment.as_str(), kind.as_str(), value, id, skip],
        )
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// How many entries there are from (`value`, `id`) on that sort before `end`.
pub(super) async fn count_between(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    (value, id): (&str, &str),
    end: &str,
) -> Result<i64, StoreError> {
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM user_identifiers
             WHERE environment_id = $1 AND kind = $2 AND (value, id) >= ($3, $4) AND value < $5"
        ),
        args![environment.as_str(), kind.as_str(), value, id, end],
    )
    .await?
    .get(0)
}

/// The entries from (`value`, `id`) on, after skipping some, in the order of values.
pub(super) async fn from_place(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    (value, id): (&str, &str),
    skip: i64,
    take: i64,
) -> Result<Vec<Identifier>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, user_id, value, verified, is_primary, created_at, updated_at FROM user_identifiers
                 WHERE environment_id = $1 AND kind = $2 AND (value, id) >= ($3, $4)
                 ORDER BY value, id LIMIT $5 OFFSET $6"
            ),
            args![environment.as_str(), kind.as_str(), value, id, take, skip],
        )
        .await?;
    from_rows(kind, &rows)
}

/// A list that filters: of some users, of the members of one tenant, or by a prefix in another order than that of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) tenant: Option<String>,
    /// Leave out members who are not to be seen.
    pub(super) visible_only: bool,
    pub(super) users: Option<Vec<String>>,
    pub(super) prefix: Option<String>,
}

fn filtered(query: &mut Query, environment: &EnvironmentId, kind: Kind, filter: &Filter) {
    query.push(" FROM user_identifiers i");
    if filter.tenant.is_some() {
        query.push(" JOIN memberships m ON m.environment_id = i.environment_id AND m.user_id = i.user_id");
    }
    query
        .push(" WHERE i.environment_id = ")
        .bind(environment.as_str())
        .push(" AND i.kind = ")
        .bind(kind.as_str());
    if let Some(tenant) = &filter.tenant {
        query
            .push(" AND m.environment_id = ")
            .bind(environment.as_str())
            .push(" AND m.tenant_id = ")
            .bind(tenant.as_str());
        if filter.visible_only {
            query.push(" AND NOT m.invisible");
        }
    }
    if let Some(users) = &filter.users {
        query
            .push(" AND i.user_id IN ")
            .bind_list(users.iter().map(String::as_str));
    }
    if let Some(prefix) = &filter.prefix {
        query.push(" AND i.value >= ").bind(prefix.as_str());
        if let Some(end) = kit::prefix_end(prefix) {
            query.push(" AND i.value < ").bind(end);
        }
    }
}

pub(super) async fn count_filtered(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    filter: &Filter,
) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*)");
    filtered(&mut query, environment, kind, filter);
    tx.one_built(&query).await?.get(0)
}

/// One page of a filtered list, by value or by user.
pub(super) async fn page_filtered(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: Kind,
    filter: &Filter,
    (by_user, order): (bool, Order),
    (skip, take): (i64, i64),
) -> Result<Vec<Identifier>, StoreError> {
    let mut query =
        Query::new("SELECT i.id, i.user_id, i.value, i.verified, i.is_primary, i.created_at, i.updated_at");
    filtered(&mut query, environment, kind, filter);
    query.push(match (by_user, order) {
        (true, Order::Ascending) => " ORDER BY i.user_id, i.value, i.id",
        (true, Order::Descending) => " ORDER BY i.user_id DESC, i.value DESC, i.id DESC",
        (false, Order::Ascending) => " ORDER BY i.value, i.id",
        (false, Order::Descending) => " ORDER BY i.value DESC, i.id DESC",
    });
    query.push(" LIMIT ").bind(take).push(" OFFSET ").bind(skip);
    from_rows(kind, &tx.all_built(&query).await?)
}

/// Which usernames are wanted; empty parts ask for nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Only of members of this tenant.
    pub(super) tenant: Option<String>,
    /// Leave out members who are not to be seen.
    pub(super) visible_only: bool,
    pub(super) users: Vec<String>,
    /// As usernames are compared.
    pub(super) names: Vec<String>,
    pub(super) prefix: String,
}

/// Usernames with their users.
pub(super) async fn usernames(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Names,
    (by_user, order): (bool, Order),
    (skip, take): (i64, i64),
) -> Result<Vec<(String, String)>, StoreError> {
    let mut query = Query::new("SELECT u.username, u.id FROM users u");
    if wanted.tenant.is_some() {
        query.push(" JOIN memberships m ON m.environment_id = u.environment_id AND m.user_id = u.id");
    }
    query
        .push(" WHERE u.environment_id = ")
        .bind(environment.as_str())
        .push(" AND u.username_key <> ''");
    if let Some(tenant) = &wanted.tenant {
        query
            .push(" AND m.environment_id = ")
            .bind(environment.as_str())
            .push(" AND m.tenant_id = ")
            .bind(tenant.as_str())
            .push(" AND m.username_key <> ''");
        if wanted.visible_only {
            query.push(" AND NOT m.invisible");
        }
    }
    if !wanted.users.is_empty() {
        query
            .push(" AND u.id IN ")
            .bind_list(wanted.users.iter().map(String::as_str));
    }
    if !wanted.names.is_empty() {
        query
            .push(" AND u.username_key IN ")
            .bind_list(wanted.names.iter().map(String::as_str));
    }
    if !wanted.prefix.is_empty() {
        query.push(" AND u.username_key >= ").bind(wanted.prefix.as_str());
        if let Some(end) = kit::prefix_end(&wanted.prefix) {
            query.push(" AND u.username_key < ").bind(end);
        }
    }
    query.push(match (by_user, order) {
        (true, Order::Ascending) => " ORDER BY u.id",
        (true, Order::Descending) => " ORDER BY u.id DESC",
        (false, Order::Ascending) => " ORDER BY u.username_key, u.id",
        (false, Order::Descending) => " ORDER BY u.username_key DESC, u.id DESC",
    });
    query.push(" LIMIT ").bind(take).push(" OFFSET ").bind(skip);
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
