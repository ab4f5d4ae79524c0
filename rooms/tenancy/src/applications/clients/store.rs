//! SQL of clients.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::{ApplicationClient, ClientType};

fn select() -> Query {
    Query::new(
        "SELECT id, application_id, name, redirect_urls, external_metadata, created_at, updated_at
         FROM application_clients WHERE environment_id = ",
    )
}

fn client_from(row: &Row) -> Result<ApplicationClient, StoreError> {
    let urls: String = row.get(3)?;
    let metadata: Option<String> = row.get(4)?;
    let client = ApplicationClient {
        id: row.get(0)?,
        app_id: row.get(1)?,
        client_name: row.get(2)?,
        client_secret: String::new(),
        client_type: ClientType::Agent,
        redirect_urls: serde_json::from_str(&urls).map_err(StoreError::other)?,
        external_metadata: metadata
            .map(|text| serde_json::from_str(&text).map_err(StoreError::other))
            .transpose()?,
        created_at: Millis(row.get(5)?),
        updated_at: Millis(row.get(6)?),
    };
    Ok(client.hidden())
}

async fn found(tx: &Tx, query: &Query) -> Result<Vec<ApplicationClient>, StoreError> {
    tx.all_built(query).await?.iter().map(client_from).collect()
}

pub(super) async fn by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<ApplicationClient>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str()).push(" AND id = ").bind(id);
    Ok(found(tx, &query).await?.pop())
}

/// Those of an application, the oldest first; there are never many.
pub(super) async fn of_application(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
) -> Result<Vec<ApplicationClient>, StoreError> {
    let mut query = select();
    query
        .bind(environment.as_str())
        .push(" AND application_id = ")
        .bind(application)
        .push(" ORDER BY created_at, id");
    found(tx, &query).await
}

pub(super) async fn count(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
) -> Result<i64, StoreError> {
    tx.one(
        sql!("SELECT COUNT(*) FROM application_clients WHERE environment_id = $1 AND application_id = $2"),
        args![environment.as_str(), application],
    )
    .await?
    .get(0)
}

struct Texts {
    urls: String,
    metadata: Option<String>,
}

fn texts(client: &ApplicationClient) -> Result<Texts, StoreError> {
    let metadata = client.external_metadata.as_ref().map(serde_json::to_string);
    Ok(Texts {
        urls: serde_json::to_string(&client.redirect_urls).map_err(StoreError::other)?,
        metadata: metadata.transpose().map_err(StoreError::other)?,
    })
}

pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    client: &ApplicationClient,
) -> Result<(), StoreError> {
    let texts = texts(client)?;
    tx.exec(
        sql!(
            "INSERT INTO application_clients (environment_id, id, application_id, name, kind, secret_hash, redirect_urls,
               external_metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        args![
            environment.as_str(),
            client.id,
            client.app_id,
            client.client_name,
            client.client_type.word(),
            crypto::sha256_hex(&client.client_secret),
            texts.urls,
            texts.metadata,
            client.created_at.0,
            client.updated_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything that may change of a client.
pub(super) async fn update(
    tx: &Tx,
    environment: &EnvironmentId,
    client: &ApplicationClient,
) -> Result<(), StoreError> {
    let texts = texts(client)?;
    tx.exec(
        sql!(
            "UPDATE application_clients SET name = $3, redirect_urls = $4, external_metadata = $5, updated_at = $6
             WHERE environment_id = $1 AND id = $2"
        ),
        args![
            environment.as_str(),
            client.id,
            client.client_name,
            texts.urls,
            texts.metadata,
            client.updated_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Makes the client wait for other changes of it.
pub(super) async fn hold(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE application_clients SET updated_at = updated_at WHERE environment_id = $1 AND id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// False when there was none.
pub(super) async fn delete(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("DELETE FROM application_clients WHERE environment_id = $1 AND id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    Ok(rows == 1)
}
