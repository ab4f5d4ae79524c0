//! SQL of members and their applications.

use db::{Query, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::domain::Walk;

/// Gives a member an application; when that was, be it now or long ago, and whether it is new.
pub(super) async fn give(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    application: &str,
    now: Millis,
) -> Result<(Millis, bool), StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO member_applications (environment_id, user_id, tenant_id, application_id, created_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (environment_id, user_id, tenant_id, application_id) DO NOTHING"
            ),
            args![scope.environment_id(), user, scope.tenant_id(), application, now.0],
        )
        .await?;
    if rows == 1 {
        return Ok((now, true));
    }
    let row = tx
        .opt(
            sql!(
                "SELECT created_at FROM member_applications
                 WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3 AND application_id = $4"
            ),
            args![scope.environment_id(), user, scope.tenant_id(), application],
        )
        .await?;
    let since = row.map(|row| row.get(0)).transpose()?;
    Ok((since.map_or(now, Millis), false))
}

/// False when the member did not have it.
pub(super) async fn take(tx: &Tx, scope: &Scope, user: &str, application: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "DELETE FROM member_applications
                 WHERE environment_id = $1 AND user_id = $2 AND tenant_id = $3 AND application_id = $4"
            ),
            args![scope.environment_id(), user, scope.tenant_id(), application],
        )
        .await?;
    Ok(rows == 1)
}

/// The tenants in which a user was given an application.
pub(super) async fn tenants_given(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    application: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT tenant_id FROM member_applications
                 WHERE environment_id = $1 AND application_id = $2 AND user_id = $3 ORDER BY tenant_id"
            ),
            args![environment.as_str(), application, user],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The users of a walk who were given an application; in one tenant, where the scope names one.
pub(super) async fn users_of(
    tx: &Tx,
    scope: &Scope,
    application: &str,
    walk: &Walk,
) -> Result<Vec<String>, StoreError> {
    let rows = if scope.tenant.is_some() {
        tx.all(
            sql!(
                "SELECT a.user_id FROM member_applications a
                 WHERE a.environment_id = $1 AND a.application_id = $2 AND a.tenant_id = $3 AND a.user_id > $4
                   AND NOT ($6 AND EXISTS (SELECT 1 FROM memberships m WHERE m.environment_id = $1
                     AND m.tenant_id = $3 AND m.user_id = a.user_id AND m.invisible))
                 ORDER BY a.user_id LIMIT $5"
            ),
            args![
                scope.environment_id(),
                application,
                scope.tenant_id(),
                walk.after,
                walk.most,
                walk.visible_only,
            ],
        )
        .await?
    } else {
        tx.all(
            sql!(
                "SELECT DISTINCT user_id FROM member_applications
                 WHERE environment_id = $1 AND application_id = $2 AND user_id > $3
                 ORDER BY user_id LIMIT $4"
            ),
            args![scope.environment_id(), application, walk.after, walk.most],
        )
        .await?
    };
    rows.iter().map(|row| row.get(0)).collect()
}

/// What these users were given, as (user, application), in that order; in one tenant, where the scope names one. At most 500
/// users at once.
pub(super) async fn of_users(
    tx: &Tx,
    scope: &Scope,
    users: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    let mut query = Query::new(
        "SELECT DISTINCT user_id, application_id FROM member_applications WHERE environment_id = ",
    );
    query
        .bind(scope.environment_id())
        .push(" AND user_id IN ")
        .bind_list(users.iter().map(String::as_str));
    if scope.tenant.is_some() {
        query.push(" AND tenant_id = ").bind(scope.tenant_id());
    }
    query.push(" ORDER BY user_id, application_id");
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The tenants that a user works in, as (application, tenant).
pub(super) async fn active(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT application_id, tenant_id FROM application_active_tenants
                 WHERE environment_id = $1 AND user_id = $2 ORDER BY application_id"
            ),
            args![environment.as_str(), user],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The tenant that a user works in when using an application.
pub(super) async fn active_in(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    application: &str,
) -> Result<Option<String>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT tenant_id FROM application_active_tenants
                 WHERE environment_id = $1 AND user_id = $2 AND application_id = $3"
            ),
            args![environment.as_str(), user, application],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

pub(super) async fn set_active(
    tx: &Tx,
    scope: &Scope,
    user: &str,
    application: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO application_active_tenants (environment_id, user_id, application_id, tenant_id, updated_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (environment_id, user_id, application_id)
             DO UPDATE SET tenant_id = excluded.tenant_id, updated_at = excluded.updated_at"
        ),
        args![scope.environment_id(), user, application, scope.tenant_id(), now.0],
    )
    .await?;
    Ok(())
}

/// Removes up to `most` rows of each kind about an application; true when none is left.
pub(crate) async fn forget_application(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    most: i64,
) -> Result<bool, StoreError> {
    let given = tx
        .exec(
            sql!(
                "DELETE FROM member_applications WHERE environment_id = $1 AND application_id = $2
                 AND (user_id, tenant_id) IN (SELECT user_id, tenant_id FROM member_applications
                   WHERE environment_id = $1 AND application_id = $2 ORDER BY user_id, tenant_id LIMIT $3)"
            ),
            args![environment.as_str(), application, most],
        )
        .await?;
    let active = tx
        .exec(
            sql!(
                "DELETE FROM application_active_tenants WHERE environment_id = $1 AND application_id = $2
                 AND user_id IN (SELECT user_id FROM application_active_tenants
                   WHERE environment_id = $1 AND application_id = $2 ORDER BY user_id LIMIT $3)"
            ),
            args![environment.as_str(), application, most],
        )
        .await?;
    Ok(given.max(active) < most.unsigned_abs())
}
