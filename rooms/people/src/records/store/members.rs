//! The tables memberships, `member_roles` and `member_counts`, row by row.

use db::{Query, Row, StoreError, Tx, Value, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::CHUNK;
use crate::records::{GateView, Membership, MembershipStatus, UserRecord};

fn membership_from(row: &Row) -> Result<Membership, StoreError> {
    Ok(Membership {
        tenant_id: row.get(1)?,
        role_ids: row.get::<Option<String>>(8)?.into_iter().collect(),
        status: MembershipStatus::from_stored(&row.get::<String>(2)?),
        is_disabled: row.get(3)?,
        expires_at: row.get::<Option<i64>>(4)?.map(Millis),
        valid_after: Millis(row.get(5)?),
        sub_accounts: row.get(6)?,
        created_at: Millis(row.get(7)?),
    })
}

/// One row per membership and role becomes one membership with its roles.
pub(super) fn gathered(rows: &[Row]) -> Result<Vec<(String, Membership)>, StoreError> {
    let mut all: Vec<(String, Membership)> = Vec::new();
    for row in rows {
        let user: String = row.get(0)?;
        let mut next = membership_from(row)?;
        match all.last_mut() {
            Some((owner, last)) if *owner == user && last.tenant_id == next.tenant_id => {
                last.role_ids.append(&mut next.role_ids);
            }
            _ => all.push((user, next)),
        }
    }
    Ok(all)
}

/// A user's memberships, the oldest first.
pub(in crate::records) async fn memberships(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<Membership>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT m.user_id, m.tenant_id, m.status, m.is_disabled, m.expires_at, m.valid_after, m.sub_accounts,
                        m.created_at, r.role_id
                 FROM memberships m LEFT JOIN member_roles r ON r.environment_id = m.environment_id
                   AND r.user_id = m.user_id AND r.tenant_id = m.tenant_id
                 WHERE m.environment_id = $1 AND m.user_id = $2
                   AND NOT EXISTS (SELECT 1 FROM closed_tenants c
                     WHERE c.environment_id = $1 AND c.tenant_id = m.tenant_id)
                 ORDER BY m.created_at, m.tenant_id, r.role_id"
            ),
            args![environment.as_str(), user],
        )
        .await?;
    Ok(gathered(&rows)?
        .into_iter()
        .map(|(_, membership)| membership)
        .collect())
}

/// The memberships of several users, each user's oldest first.
pub(in crate::records) async fn memberships_of(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
) -> Result<Vec<(String, Membership)>, StoreError> {
    let mut all = Vec::with_capacity(users.len());
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT m.user_id, m.tenant_id, m.status, m.is_disabled, m.expires_at, m.valid_after, m.sub_accounts,
                    m.created_at, r.role_id
             FROM memberships m LEFT JOIN member_roles r ON r.environment_id = m.environment_id
               AND r.user_id = m.user_id AND r.tenant_id = m.tenant_id
             WHERE m.environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND m.user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        query
            .push(" AND NOT EXISTS (SELECT 1 FROM closed_tenants c WHERE c.environment_id = ")
            .bind(environment.as_str());
        query
            .push(" AND c.tenant_id = m.tenant_id) ORDER BY m.user_id, m.created_at, m.tenant_id, r.role_id");
        all.append(&mut gathered(&tx.all_built(&query).await?)?);
    }
    Ok(all)
}

pub(in crate::records) async fn membership(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
) -> Result<Option<Membership>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT m.user_id, m.tenant_id, m.status, m.is_disabled, m.expires_at, m.valid_after, m.sub_accounts,
                        m.created_at, r.role_id
                 FROM memberships m LEFT JOIN member_roles r ON r.environment_id = m.environment_id
                   AND r.user_id = m.user_id AND r.tenant_id = m.tenant_id
                 WHERE m.environment_id = $1 AND m.tenant_id = $2 AND m.user_id = $3
                   AND NOT EXISTS (SELECT 1 FROM closed_tenants c
                     WHERE c.environment_id = $1 AND c.tenant_id = m.tenant_id)
                 ORDER BY r.role_id"
            ),
            args![environment.as_str(), tenant, user],
        )
        .await?;
    Ok(gathered(&rows)?.pop().map(|(_, membership)| membership))
}

/// Keeps other writers away from a membership until the transaction ends; false when there is none.
pub(in crate::records) async fn hold_membership(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET valid_after = valid_after
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3"
            ),
            args![environment.as_str(), tenant, user],
        )
        .await?;
    Ok(rows == 1)
}

/// False when the user is a member already.
pub(in crate::records) async fn insert_membership(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    membership: &Membership,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO memberships (environment_id, tenant_id, user_id, status, is_disabled, expires_at,
                   valid_after, sub_accounts, created_at, email_key, username_key, name_key, phone_number, class,
                   invisible, user_created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                 ON CONFLICT (environment_id, tenant_id, user_id) DO NOTHING"
            ),
            args![
                environment.as_str(),
                membership.tenant_id,
                user.id.as_str(),
                membership.status.as_str(),
                membership.is_disabled,
                membership.expires_at.map(|at| at.0),
                membership.valid_after.0,
                membership.sub_accounts,
                membership.created_at.0,
                user.email_key(),
                user.username_key(),
                user.name_key(),
                user.phone_number.as_deref().unwrap_or(""),
                user.class(),
                user.invisible,
                user.created_at.0,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Repeats what lists are sorted and searched by in the user's memberships; the tenants these are in.
pub(in crate::records) async fn repeat_keys(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "UPDATE memberships SET email_key = $3, username_key = $4, name_key = $5, phone_number = $6, class = $7,
                   invisible = $8
                 WHERE environment_id = $1 AND user_id = $2 RETURNING tenant_id"
            ),
            args![
                environment.as_str(),
                user.id.as_str(),
                user.email_key(),
                user.username_key(),
                user.name_key(),
                user.phone_number.as_deref().unwrap_or(""),
                user.class(),
                user.invisible,
            ],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// False when there was none.
pub(in crate::records) async fn delete_membership(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
) -> Result<bool, StoreError> {
    // First the row that everybody holds who gives the member something: what they gave is there to be taken then.
    let rows = tx
        .exec(
            sql!("DELETE FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3"),
            args![environment.as_str(), tenant, user],
        )
        .await?;
    for statement in [
        sql!("DELETE FROM member_roles WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3"),
        sql!("DELETE FROM group_members WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3"),
        sql!("DELETE FROM member_applications WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3"),
        sql!(
            "DELETE FROM application_active_tenants WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3"
        ),
    ] {
        tx.exec(statement, args![environment.as_str(), user, tenant])
            .await?;
    }
    Ok(rows == 1)
}

/// What a change to a membership sets; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::records) struct MembershipChange {
    pub(in crate::records) status: Option<MembershipStatus>,
    pub(in crate::records) is_disabled: Option<bool>,
    pub(in crate::records) valid_after: Option<Millis>,
}

/// False when there is no such membership.
pub(in crate::records) async fn change_membership(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
    change: MembershipChange,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET status = COALESCE($4, status), is_disabled = COALESCE($5, is_disabled),
                   valid_after = COALESCE($6, valid_after)
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3"
            ),
            args![
                environment.as_str(),
                tenant,
                user,
                change.status.map(MembershipStatus::as_str),
                change.is_disabled,
                change.valid_after.map(|at| at.0),
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Adds roles that are not held yet; how many were added.
pub(in crate::records) async fn give_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
    roles: &[String],
) -> Result<u64, StoreError> {
    let mut added = 0;
    for role in roles {
        added += tx
            .exec(
                sql!(
                    "INSERT INTO member_roles (environment_id, user_id, tenant_id, role_id) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (environment_id, user_id, tenant_id, role_id) DO NOTHING"
                ),
                args![environment.as_str(), user, tenant, role],
            )
            .await?;
    }
    Ok(added)
}

pub(in crate::records) async fn take_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    user: &str,
    roles: &[String],
) -> Result<u64, StoreError> {
    let mut query = Query::new("DELETE FROM member_roles WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND user_id = ")
        .bind(user)
        .push(" AND tenant_id = ")
        .bind(tenant);
    query
        .push(" AND role_id IN ")
        .bind_list(roles.iter().map(|role| Value::from(role.as_str())));
    tx.exec_built(&query).await
}

pub(in crate::records) async fn role_ids(
    tx: &Tx,
    scope: &Scope,
    user: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT role_id FROM member_roles WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3
                 ORDER BY role_id"
            ),
            args![scope.environment_id(), user, scope.tenant_id()],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The roles that any of these members holds directly, each once for every few hundred members asked about.
pub(in crate::records) async fn role_ids_among(
    tx: &Tx,
    scope: &Scope,
    users: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new("SELECT DISTINCT role_id FROM member_roles WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str))
            .push(" ORDER BY role_id");
        for row in &tx.all_built(&query).await? {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

pub(in crate::records) async fn gate_view(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    tenant: &str,
) -> Result<Option<GateView>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT u.valid_after, m.valid_after, u.is_locked, m.is_disabled, m.expires_at, u.name, u.email_key
                 FROM users u JOIN memberships m ON m.environment_id = u.environment_id AND m.user_id = u.id
                 WHERE u.environment_id = $1 AND u.id = $2 AND m.environment_id = $1 AND m.tenant_id = $3
                   AND m.user_id = $2
                   AND NOT EXISTS (SELECT 1 FROM closed_tenants c
                     WHERE c.environment_id = $1 AND c.tenant_id = $3)"
            ),
            args![environment.as_str(), user, tenant],
        )
        .await?;
    row.map(|row| {
        Ok(GateView {
            user_valid_after: Millis(row.get(0)?),
            membership_valid_after: Millis(row.get(1)?),
            is_locked: row.get(2)?,
            is_disabled: row.get(3)?,
            expires_at: row.get::<Option<i64>>(4)?.map(Millis),
            name: row.get(5)?,
            email: UserRecord::email_of(row.get(6)?),
        })
    })
    .transpose()
}

/// The first login into a tenant confirms the membership; an invitation is not accepted by coming in from above.
pub(in crate::records) async fn activate(tx: &Tx, scope: &Scope, user: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE memberships SET status = 'Activated'
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3
                   AND status IN ('PendingLogin', 'NotActivated')"
            ),
            args![scope.environment_id(), scope.tenant_id(), user],
        )
        .await?;
    Ok(rows == 1)
}

/// The tenant of the user's oldest membership.
pub(in crate::records) async fn oldest_tenant(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Option<String>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT tenant_id FROM memberships WHERE environment_id = $1 AND user_id = $2
                 ORDER BY created_at, tenant_id LIMIT 1"
            ),
            args![environment.as_str(), user],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

/// Every tenant the user belongs to, those being removed too, in a fixed order.
pub(in crate::records) async fn tenants_of(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!("SELECT tenant_id FROM memberships WHERE environment_id = $1 AND user_id = $2 ORDER BY tenant_id"),
            args![environment.as_str(), user],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}
