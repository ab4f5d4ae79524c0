//! SQL of applications.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::{AccessType, Application, FrontendStack, Kind};

fn select() -> Query {
    Query::new(
        "SELECT id, environment_id, name, app_url, login_url, logo_url, access_type, is_default, is_active, kind,
                frontend_stack, description, metadata, app_host, allow_dcr, auto_assign, integration_finished_at, created_at,
                updated_at
         FROM applications WHERE environment_id = ",
    )
}

fn application_from(row: &Row) -> Result<Application, StoreError> {
    let metadata: String = row.get(12)?;
    Ok(Application {
        id: row.get(0)?,
        vendor_id: row.get(1)?,
        name: row.get(2)?,
        app_url: row.get(3)?,
        login_url: row.get(4)?,
        logo_url: row.get(5)?,
        access_type: AccessType::from_word(&row.get::<String>(6)?).unwrap_or(AccessType::Managed),
        is_default: row.get(7)?,
        is_active: row.get(8)?,
        kind: Kind::from_word(&row.get::<String>(9)?).unwrap_or(Kind::Other),
        frontend_stack: FrontendStack::from_word(&row.get::<String>(10)?).unwrap_or_default(),
        description: row.get(11)?,
        metadata: serde_json::from_str(&metadata).map_err(StoreError::other)?,
        app_host: row.get(13)?,
        allow_dcr: row.get(14)?,
        auto_assign: row.get(15)?,
        integration_finished_at: row.get::<Option<i64>>(16)?.map(Millis),
        created_at: Millis(row.get(17)?),
        updated_at: Millis(row.get(18)?),
    })
}

async fn found(tx: &Tx, query: &Query) -> Result<Vec<Application>, StoreError> {
    tx.all_built(query).await?.iter().map(application_from).collect()
}

pub(super) async fn default(tx: &Tx, environment: &EnvironmentId) -> Result<Option<Application>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str()).push(" AND is_default");
    Ok(found(tx, &query).await?.pop())
}

pub(super) async fn by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Application>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str()).push(" AND id = ").bind(id);
    Ok(found(tx, &query).await?.pop())
}

/// Every one of the environment, the default one first and then the oldest; there are never many.
pub(super) async fn all(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<Application>, StoreError> {
    let mut query = select();
    query
        .bind(environment.as_str())
        .push(" ORDER BY CASE WHEN is_default THEN 0 ELSE 1 END, created_at, id");
    found(tx, &query).await
}

pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Application,
) -> Result<(), StoreError> {
    let metadata = serde_json::to_string(&new.metadata).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "INSERT INTO applications (environment_id, id, name, app_url, login_url, logo_url, access_type, kind,
               frontend_stack, description, is_default, is_active, allow_dcr, metadata, created_at, updated_at, app_host,
               auto_assign, integration_finished_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
        ),
        args![
            environment.as_str(),
            new.id,
            new.name,
            new.app_url,
            new.login_url,
            new.logo_url,
            new.access_type.word(),
            new.kind.word(),
            new.frontend_stack.word(),
            new.description,
            new.is_default,
            new.is_active,
            new.allow_dcr,
            metadata,
            new.created_at.0,
            new.updated_at.0,
            new.app_host,
            new.auto_assign,
            new.integration_finished_at.map(|at| at.0)
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything that may change of an application.
pub(super) async fn update(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Application,
) -> Result<(), StoreError> {
    let metadata = serde_json::to_string(&new.metadata).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "UPDATE applications SET name = $3, app_url = $4, login_url = $5, logo_url = $6, access_type = $7, kind = $8,
               frontend_stack = $9, description = $10, is_default = $11, is_active = $12, allow_dcr = $13, metadata = $14,
               updated_at = $15, app_host = $16, auto_assign = $17
             WHERE environment_id = $1 AND id = $2"
        ),
        args![
            environment.as_str(),
            new.id,
            new.name,
            new.app_url,
            new.login_url,
            new.logo_url,
            new.access_type.word(),
            new.kind.word(),
            new.frontend_stack.word(),
            new.description,
            new.is_default,
            new.is_active,
            new.allow_dcr,
            metadata,
            new.updated_at.0,
            new.app_host,
            new.auto_assign
        ],
    )
    .await?;
    Ok(())
}

/// Makes the application wait for other changes of it; false when there is none.
pub(super) async fn hold(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("UPDATE applications SET updated_at = updated_at WHERE environment_id = $1 AND id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn clear_default(
    tx: &Tx,
    environment: &EnvironmentId,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE applications SET is_default = FALSE, updated_at = $2 WHERE environment_id = $1 AND is_default"
        ),
        args![environment.as_str(), now.0],
    )
    .await?;
    Ok(())
}

/// Notes the first sign-in; later ones change nothing.
pub(super) async fn mark_used(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE applications SET integration_finished_at = $3
             WHERE environment_id = $1 AND id = $2 AND integration_finished_at IS NULL"
        ),
        args![environment.as_str(), id, now.0],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    for statement in [
        sql!("DELETE FROM applications WHERE environment_id = $1 AND id = $2"),
        sql!("DELETE FROM application_credentials WHERE environment_id = $1 AND application_id = $2"),
        sql!("DELETE FROM application_clients WHERE environment_id = $1 AND application_id = $2"),
    ] {
        tx.exec(statement, args![environment.as_str(), id]).await?;
    }
    Ok(())
}

/// The row that whoever adds, removes or promotes an application holds.
pub(super) async fn open_total(tx: &Tx, environment: &EnvironmentId) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO application_totals (environment_id, applications) VALUES ($1, 0)
             ON CONFLICT (environment_id) DO NOTHING"
        ),
        args![environment.as_str()],
    )
    .await?;
    Ok(())
}

/// Counts one more or less and holds the row; false when there would be more than `most`.
pub(super) async fn count(
    tx: &Tx,
    environment: &EnvironmentId,
    by: i64,
    most: i64,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE application_totals SET applications = applications + $2
                 WHERE environment_id = $1 AND applications + $2 <= $3"
            ),
            args![environment.as_str(), by, most],
        )
        .await?;
    Ok(rows == 1)
}
