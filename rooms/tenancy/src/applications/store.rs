//! SQL of applications.

use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::Application;

fn application_from(row: &Row) -> Result<Application, StoreError> {
    Ok(Application {
        id: row.get(0)?,
        name: row.get(1)?,
        app_url: row.get(2)?,
        login_url: row.get(3)?,
        logo_url: row.get(4)?,
        is_default: row.get(5)?,
        is_active: row.get(6)?,
        created_at: Millis(row.get(7)?),
        updated_at: Millis(row.get(8)?),
    })
}

pub(super) async fn default(tx: &Tx, environment: &EnvironmentId) -> Result<Option<Application>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, name, app_url, login_url, logo_url, is_default, is_active, created_at, updated_at
                 FROM applications WHERE environment_id = $1 AND is_default"
            ),
            args![environment.as_str()],
        )
        .await?;
    row.as_ref().map(application_from).transpose()
}

pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Application,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO applications (environment_id, id, name, app_url, login_url, logo_url, access_type, kind,
               frontend_stack, description, is_default, is_active, allow_dcr, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'FREE_ACCESS', 'web', 'react', '', $7, $8, $9, '{}', $10, $11)"
        ),
        args![
            environment.as_str(),
            new.id,
            new.name,
            new.app_url,
            new.login_url,
            new.logo_url,
            new.is_default,
            new.is_active,
            false,
            new.created_at.0,
            new.updated_at.0
        ],
    )
    .await?;
    Ok(())
}
