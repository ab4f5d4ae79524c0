//! Memberships whose roles also hold in the tenants below.

use db::{Query, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::members::gathered;
use crate::records::Membership;

/// Whether any membership of the user reaches down: for most users the only thing that is asked.
pub(in crate::records) async fn reaches_down(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT 1 FROM memberships WHERE environment_id = $1 AND user_id = $2 AND sub_accounts LIMIT 1"),
            args![environment.as_str(), user],
        )
        .await?;
    Ok(row.is_some())
}

/// The user's memberships in some tenants that let into the tenants below: those that reach down and let in themselves.
pub(in crate::records) async fn reaching(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    tenants: &[String],
    now: Millis,
) -> Result<Vec<Membership>, StoreError> {
    let mut query = Query::new(
        "SELECT m.user_id, m.tenant_id, m.status, m.is_disabled, m.expires_at, m.valid_after, m.sub_accounts,
                m.created_at, r.role_id
         FROM memberships m LEFT JOIN member_roles r ON r.environment_id = m.environment_id
           AND r.user_id = m.user_id AND r.tenant_id = m.tenant_id
         WHERE m.environment_id = ",
    );
    query
        .bind(environment.as_str())
        .push(" AND m.user_id = ")
        .bind(user)
        .push(" AND m.tenant_id IN ")
        .bind_list(tenants.iter().map(String::as_str));
    query
        .push(
            " AND m.sub_accounts AND NOT m.is_disabled AND m.status IN ('Activated', 'PendingLogin')
              AND (m.expires_at IS NULL OR m.expires_at > ",
        )
        .bind(now.0)
        .push(") AND NOT EXISTS (SELECT 1 FROM closed_tenants c WHERE c.environment_id = ")
        .bind(environment.as_str())
        .push(" AND c.tenant_id = m.tenant_id) ORDER BY m.tenant_id, r.role_id");
    let found = gathered(&tx.all_built(&query).await?)?;
    Ok(found.into_iter().map(|(_, membership)| membership).collect())
}

/// Whether the user is a member whose own membership counts, as [`Membership::decides`] has it.
pub(in crate::records) async fn decides(tx: &Tx, scope: &Scope, user: &str) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT 1 FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3
                   AND (status <> 'PendingInvitation' OR is_disabled)"
            ),
            args![scope.environment_id(), scope.tenant_id(), user],
        )
        .await?;
    Ok(row.is_some())
}

/// False when nothing changed.
pub(in crate::records) async fn set_sub_accounts(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    reach: bool,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET sub_accounts = $4
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3 AND sub_accounts <> $4"
            ),
            args![scope.environment_id(), scope.tenant_id(), user, reach],
        )
        .await?;
    Ok(rows == 1)
}

/// The next members of a tenant after a user.
pub(in crate::records) async fn members_after(
    tx: &Tx,
    scope: &Scope,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT user_id FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND user_id > $3
                 ORDER BY user_id LIMIT $4"
            ),
            args![scope.environment_id(), scope.tenant_id(), after, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Lets the members after one user, up to another, reach down.
pub(in crate::records) async fn reach_down_between(
    tx: &Tx,
    scope: &Scope,
    after: &str,
    last: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE memberships SET sub_accounts = TRUE
             WHERE environment_id = $1 AND tenant_id = $2 AND user_id > $3 AND user_id <= $4 AND NOT sub_accounts"
        ),
        args![scope.environment_id(), scope.tenant_id(), after, last],
    )
    .await?;
    Ok(())
}
