//! Rows of `invitation_links`.

use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::model::Link;

fn link_from(row: &Row) -> Result<Link, StoreError> {
    let owner: String = row.get(2)?;
    let roles: String = row.get(5)?;
    Ok(Link {
        id: row.get(0)?,
        tenant: row.get(1)?,
        owner: (!owner.is_empty()).then_some(owner),
        owner_since: Millis(row.get(3)?),
        sealed_token: row.get(4)?,
        role_ids: serde_json::from_str(&roles).map_err(StoreError::other)?,
        should_send_email: row.get(6)?,
        expires_at: row.get::<Option<i64>>(7)?.map(Millis),
        created_at: Millis(row.get(8)?),
    })
}

pub(super) async fn by_token(
    tx: &Tx,
    environment: &EnvironmentId,
    hash: &str,
) -> Result<Option<Link>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                        created_at
                 FROM invitation_links WHERE environment_id = $1 AND token_hash = $2"
            ),
            args![environment.as_str(), hash],
        )
        .await?;
    row.as_ref().map(link_from).transpose()
}

pub(super) async fn of_member(tx: &Tx, scope: &Scope, user: &str) -> Result<Option<Link>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                        created_at
                 FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3
                   AND user_id <> ''"
            ),
            args![scope.environment_id(), scope.tenant_id(), user],
        )
        .await?;
    row.as_ref().map(link_from).transpose()
}

/// Links that have not ended, the newest first: of the scope's tenant, else of the environment.
pub(super) async fn list(
    tx: &Tx,
    scope: &Scope,
    now: Millis,
    (skip, most): (i64, i64),
) -> Result<Vec<Link>, StoreError> {
    let rows = match &scope.tenant {
        Some(tenant) => {
            tx.all(
                sql!(
                    "SELECT id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                            created_at
                     FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2
                       AND (expires_at IS NULL OR expires_at > $3)
                     ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
                ),
                args![scope.environment_id(), tenant.as_str(), now.0, most, skip],
            )
            .await?
        }
        None => {
            tx.all(
                sql!(
                    "SELECT id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                            created_at
                     FROM invitation_links WHERE environment_id = $1 AND (expires_at IS NULL OR expires_at > $2)
                     ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4"
                ),
                args![scope.environment_id(), now.0, most, skip],
            )
            .await?
        }
    };
    rows.iter().map(link_from).collect()
}

/// How many general links a tenant has, once those that have ended are gone.
pub(super) async fn count_general(tx: &Tx, scope: &Scope, now: Millis) -> Result<i64, StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2 AND user_id = ''
               AND expires_at <= $3"
        ),
        args![scope.environment_id(), scope.tenant_id(), now.0],
    )
    .await?;
    let row = tx
        .opt(
            sql!(
                "SELECT COUNT(*) FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2 AND user_id = ''"
            ),
            args![scope.environment_id(), scope.tenant_id()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// The caller holds the tenant and has removed an older link of the same member.
pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    link: &Link,
    hash: &str,
) -> Result<(), StoreError> {
    let roles = serde_json::to_string(&link.role_ids).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "INSERT INTO invitation_links (environment_id, id, tenant_id, user_id, owner_since, token_hash,
               sealed_token, role_ids, should_send_email, expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        args![
            environment.as_str(),
            link.id,
            link.tenant,
            link.owner.as_deref().unwrap_or(""),
            link.owner_since.0,
            hash,
            link.sealed_token,
            roles,
            link.should_send_email,
            link.expires_at.map(|at| at.0),
            link.created_at.0,
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &Tx, environment: &EnvironmentId, link: &Link) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE invitation_links SET should_send_email = $3, expires_at = $4 WHERE environment_id = $1 AND id = $2"
        ),
        args![
            environment.as_str(),
            link.id,
            link.should_send_email,
            link.expires_at.map(|at| at.0)
        ],
    )
    .await?;
    Ok(())
}

/// Removes the link of a member; what it was.
pub(super) async fn remove_of_member(tx: &Tx, scope: &Scope, user: &str) -> Result<Option<Link>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "DELETE FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2 AND user_id = $3
                   AND user_id <> ''
                 RETURNING id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                        created_at"
            ),
            args![scope.environment_id(), scope.tenant_id(), user],
        )
        .await?;
    row.as_ref().map(link_from).transpose()
}

/// Removes a link by its id, of the scope's tenant where it names one; what it was.
pub(super) async fn remove(tx: &Tx, scope: &Scope, id: &str) -> Result<Option<Link>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "DELETE FROM invitation_links WHERE environment_id = $1 AND id = $2 AND (tenant_id = $3 OR $3 = '')
                 RETURNING id, tenant_id, user_id, owner_since, sealed_token, role_ids, should_send_email, expires_at,
                        created_at"
            ),
            args![scope.environment_id(), id, scope.tenant_id()],
        )
        .await?;
    row.as_ref().map(link_from).transpose()
}

pub(super) async fn remove_of_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM invitation_links WHERE environment_id = $1 AND user_id = $2 AND user_id <> ''"),
        args![environment.as_str(), user],
    )
    .await?;
    Ok(())
}

/// Removes up to `most` links of a tenant; how many there were.
pub(super) async fn remove_of_tenant(tx: &Tx, scope: &Scope, most: i64) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM invitation_links WHERE environment_id = $1 AND id IN (
               SELECT id FROM invitation_links WHERE environment_id = $1 AND tenant_id = $2 ORDER BY created_at, id
               LIMIT $3)"
        ),
        args![scope.environment_id(), scope.tenant_id(), most],
    )
    .await
}
