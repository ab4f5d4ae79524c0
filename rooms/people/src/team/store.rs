//! Figures about members, and the pictures of users.

use db::{Query, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

/// How many members other members do not see.
pub(super) async fn invisible(tx: &Tx, scope: &Scope) -> Result<i64, StoreError> {
    tx.one(
        sql!("SELECT COUNT(*) FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND invisible"),
        args![scope.environment_id(), scope.tenant_id()],
    )
    .await?
    .get(0)
}

/// How many members that others see joined after a moment.
pub(super) async fn joined_since(tx: &Tx, scope: &Scope, since: Millis) -> Result<i64, StoreError> {
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM memberships
             WHERE environment_id = $1 AND tenant_id = $2 AND created_at > $3 AND NOT invisible"
        ),
        args![scope.environment_id(), scope.tenant_id(), since.0],
    )
    .await?
    .get(0)
}

/// How many members that others see hold one of these roles themselves.
pub(super) async fn holders(tx: &Tx, scope: &Scope, roles: &[String]) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(DISTINCT r.user_id) FROM member_roles r
         JOIN memberships m ON m.environment_id = r.environment_id AND m.tenant_id = r.tenant_id AND m.user_id = r.user_id
         WHERE NOT m.invisible AND r.environment_id = ");
    query
        .bind(scope.environment_id())
        .push(" AND r.tenant_id = ")
        .bind(scope.tenant_id())
        .push(" AND r.role_id IN ")
        .bind_list(roles.iter().map(String::as_str));
    tx.one_built(&query).await?.get(0)
}

/// A picture to be stored.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) id: String,
    pub(super) content_type: &'static str,
    /// In base64.
    pub(super) bytes: String,
}

/// Stores the user's picture in the place of an older one.
pub(super) async fn put(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    picture: &Picture,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO profile_images (environment_id, id, user_id, content_type, bytes, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (environment_id, user_id) DO UPDATE SET
               id = excluded.id, content_type = excluded.content_type, bytes = excluded.bytes,
               created_at = excluded.created_at"
        ),
        args![
            environment.as_str(),
            &picture.id,
            user,
            picture.content_type,
            &picture.bytes,
            now.0
        ],
    )
    .await?;
    Ok(())
}

/// The content type and the bytes, in base64, of a picture.
pub(super) async fn picture(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT content_type, bytes FROM profile_images WHERE environment_id = $1 AND id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub(super) async fn forget(tx: &Tx, environment: &EnvironmentId, user: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM profile_images WHERE environment_id = $1 AND user_id = $2"),
        args![environment.as_str(), user],
    )
    .await?;
    Ok(())
}
