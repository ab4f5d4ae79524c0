//! The table of families.

use db::{Db, StoreError, Tx, args, sql};
use kit::EnvironmentId;

/// How far a family is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) groupings: i64,
    pub(super) tenant: String,
    pub(super) user: String,
}

/// Whether the environment has any.
pub(crate) async fn any(tx: &Tx, environment: &EnvironmentId) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT 1 FROM member_families WHERE environment_id = $1 LIMIT 1"),
            args![environment.as_str()],
        )
        .await?;
    Ok(row.is_some())
}

/// Those of the environment, with the shape of the hierarchy they are made for.
pub(super) async fn all(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx
        .all(
            sql!("SELECT tenant_id, groupings FROM member_families WHERE environment_id = $1"),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The shape that a tenant's family is made for, once it is complete.
pub(super) async fn ready(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Option<i64>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT groupings FROM member_families WHERE environment_id = $1 AND tenant_id = $2 AND ready"
            ),
            args![environment.as_str(), tenant],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

/// The shape that a tenant's family is or will be made for.
pub(super) async fn made_for(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Option<i64>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT groupings FROM member_families WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), tenant],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

/// Whether a tenant of the environment is being removed.
pub(super) async fn is_closing(tx: &Tx, environment: &EnvironmentId) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT 1 FROM closed_tenants WHERE environment_id = $1 LIMIT 1"),
            args![environment.as_str()],
        )
        .await?;
    Ok(row.is_some())
}

/// Begins a family, unless there is one for this shape.
pub(super) async fn order(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    groupings: i64,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO member_families (environment_id, tenant_id, groupings, ready, at_tenant, at_user)
             VALUES ($1, $2, $3, FALSE, '', '')
             ON CONFLICT (environment_id, tenant_id) DO UPDATE
             SET groupings = excluded.groupings, ready = FALSE, at_tenant = '', at_user = ''
             WHERE member_families.groupings <> excluded.groupings"
        ),
        args![environment.as_str(), tenant, groupings],
    )
    .await?;
    Ok(())
}

/// Ends a family; its tags go as its people are written.
pub(crate) async fn forget(tx: &Tx, environment: &EnvironmentId, tenant: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM member_families WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), tenant],
    )
    .await?;
    Ok(())
}

/// A family that is not complete.
pub(super) async fn to_do(db: &Db) -> Result<Option<(EnvironmentId, String)>, StoreError> {
    let row = db
        .opt(
            // all environments: the job serves one after the other
            sql!(
                "SELECT environment_id, tenant_id FROM member_families WHERE NOT ready
                 ORDER BY environment_id, tenant_id LIMIT 1"
            ),
            args![],
        )
        .await?;
    row.map(|row| Ok((row.get::<String>(0)?.into(), row.get(1)?)))
        .transpose()
}

/// How far a family that is not complete has come; makes others who work on it wait.
pub(super) async fn hold(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Option<Place>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "UPDATE member_families SET ready = FALSE
                 WHERE environment_id = $1 AND tenant_id = $2 AND NOT ready
                 RETURNING groupings, at_tenant, at_user"
            ),
            args![environment.as_str(), tenant],
        )
        .await?;
    row.map(|row| {
        Ok(Place {
            groupings: row.get(0)?,
            tenant: row.get(1)?,
            user: row.get(2)?,
        })
    })
    .transpose()
}

pub(super) async fn put(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    place: &Place,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE member_families SET at_tenant = $3, at_user = $4
             WHERE environment_id = $1 AND tenant_id = $2"
        ),
        args![environment.as_str(), tenant, place.tenant, place.user],
    )
    .await?;
    Ok(())
}

/// Everybody is in the index, or queued for it.
pub(super) async fn finish(tx: &Tx, environment: &EnvironmentId, tenant: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE member_families SET ready = TRUE WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), tenant],
    )
    .await?;
    Ok(())
}
