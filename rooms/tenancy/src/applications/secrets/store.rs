//! SQL of sealed secrets.

use db::{StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

/// Both secrets, sealed.
#[derive(Clone)]
pub(super) struct SealedPair {
    pub(super) client: String,
    pub(super) shared: String,
}

pub(super) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
) -> Result<Option<SealedPair>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT client_secret, shared_secret FROM application_credentials
                 WHERE environment_id = $1 AND application_id = $2"
            ),
            args![environment.as_str(), application],
        )
        .await?;
    row.map(|row| {
        Ok(SealedPair {
            client: row.get(0)?,
            shared: row.get(1)?,
        })
    })
    .transpose()
}

/// Writes both secrets over whatever was there.
pub(super) async fn put(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    pair: &SealedPair,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO application_credentials (environment_id, application_id, client_secret, shared_secret, updated_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (environment_id, application_id) DO UPDATE
             SET client_secret = excluded.client_secret, shared_secret = excluded.shared_secret,
                 updated_at = excluded.updated_at"
        ),
        args![environment.as_str(), application, pair.client, pair.shared, now.0],
    )
    .await?;
    Ok(())
}
