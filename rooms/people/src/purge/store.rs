//! Memberships by the tenant or the role.

use db::{Query, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

pub(super) async fn close(tx: &Tx, scope: &Scope, now: Millis) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO closed_tenants (environment_id, tenant_id, closed_at) VALUES ($1, $2, $3)
             ON CONFLICT (environment_id, tenant_id) DO NOTHING"
        ),
        args![scope.environment_id(), scope.tenant_id(), now.0],
    )
    .await?;
    Ok(())
}

/// Forgets that the tenant was being removed.
pub(super) async fn finish(tx: &Tx, scope: &Scope) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM closed_tenants WHERE environment_id = $1 AND tenant_id = $2"),
        args![scope.environment_id(), scope.tenant_id()],
    )
    .await?;
    Ok(())
}

pub(super) async fn members(tx: &Tx, scope: &Scope, most: i64) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT user_id FROM memberships WHERE environment_id = $1 AND tenant_id = $2
                 ORDER BY user_id LIMIT $3"
            ),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Takes a role from up to `most` members; how many had it.
pub(super) async fn take_role(
    tx: &Tx,
    environment: &EnvironmentId,
    role: &str,
    most: i64,
) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM member_roles WHERE environment_id = $1 AND role_id = $2 AND (tenant_id, user_id) IN (
               SELECT tenant_id, user_id FROM member_roles WHERE environment_id = $1 AND role_id = $2
               ORDER BY tenant_id, user_id LIMIT $3)"
        ),
        args![environment.as_str(), role, most],
    )
    .await
}

/// Takes a role from up to `most` groups; how many had it.
pub(super) async fn take_role_from_groups(
    tx: &Tx,
    environment: &EnvironmentId,
    role: &str,
    most: i64,
) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM group_roles WHERE environment_id = $1 AND role_id = $2 AND (tenant_id, group_id) IN (
               SELECT tenant_id, group_id FROM group_roles WHERE environment_id = $1 AND role_id = $2
               ORDER BY tenant_id, group_id LIMIT $3)"
        ),
        args![environment.as_str(), role, most],
    )
    .await
}

/// The next members after (`tenant`, `user`); only of `only` where that is not empty.
pub(super) async fn members_after(
    tx: &Tx,
    environment: &EnvironmentId,
    only: &str,
    (tenant, user): (&str, &str),
    most: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = if only.is_empty() {
        tx.all(
            sql!(
                "SELECT tenant_id, user_id FROM memberships
                 WHERE environment_id = $1 AND (tenant_id, user_id) > ($2, $3)
                 ORDER BY tenant_id, user_id LIMIT $4"
            ),
            args![environment.as_str(), tenant, user, most],
        )
        .await?
    } else {
        tx.all(
            sql!(
                "SELECT tenant_id, user_id FROM memberships
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4"
            ),
            args![environment.as_str(), only, user, most],
        )
        .await?
    };
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many rows of a table give each of the roles to somebody in the scope, counted up to `most`.
pub(super) async fn uses(
    tx: &Tx,
    scope: &Scope,
    table: &'static str,
    roles: &[String],
    most: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut uses = Vec::with_capacity(roles.len());
    for chunk in roles.chunks(500) {
        let mut query = Query::new("WITH wanted (id) AS (VALUES ");
        for (index, role) in chunk.iter().enumerate() {
            query
                .push(if index == 0 { "(" } else { ", (" })
                .bind(role.as_str())
                .push(")");
        }
        query
            .push(") SELECT w.id, (SELECT COUNT(*) FROM (SELECT 1 FROM ")
            .push(table)
            .push(" m WHERE m.environment_id = ")
            .bind(scope.environment_id())
            .push(" AND m.role_id = w.id");
        if scope.tenant.is_some() {
            query.push(" AND m.tenant_id = ").bind(scope.tenant_id());
        }
        query.push(" LIMIT ").bind(most).push(") AS found) FROM wanted w");
        for row in &tx.all_built(&query).await? {
            uses.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(uses)
}
