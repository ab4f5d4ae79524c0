//! The table of environments.

use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::Profile;

/// The notice topic of everything that caches hold of an environment; the payload is its id.
pub(crate) const TOPIC: &str = "environment";

fn profile_from(row: &Row) -> Result<Profile, StoreError> {
    let origins: String = row.get(14)?;
    Ok(Profile {
        id: row.get::<String>(0)?.into(),
        name: row.get(1)?,
        host: row.get(2)?,
        public_url: row.get(3)?,
        secret_hash: row.get(4)?,
        shown_host: row.get(5)?,
        country: row.get(6)?,
        backend_stack: row.get(7)?,
        frontend_stack: row.get(8)?,
        open_saas_installed: row.get(9)?,
        login_url: row.get(10)?,
        logo: row.get(11)?,
        icon: row.get(12)?,
        white_label_mode: row.get(13)?,
        allowed_origins: serde_json::from_str(&origins).map_err(StoreError::other)?,
        version: row.get(15)?,
        created_at: Millis(row.get(16)?),
        updated_at: Millis(row.get(17)?),
    })
}

pub(crate) async fn find(tx: &Tx, id: &str) -> Result<Option<Profile>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT environment_id, name, host, public_url, secret_hash, shown_host, country, backend_stack,
                        frontend_stack, open_saas_installed, login_url, logo, icon, white_label_mode, allowed_origins,
                        version, created_at, updated_at
                 FROM environments WHERE environment_id = $1"
            ),
            args![id],
        )
        .await?;
    row.as_ref().map(profile_from).transpose()
}

pub(crate) async fn version(tx: &Tx, id: &str) -> Result<Option<i64>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT version FROM environments WHERE environment_id = $1"),
            args![id],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

pub(crate) async fn at_host(tx: &Tx, host: &str) -> Result<Option<EnvironmentId>, StoreError> {
    // all environments: the host says which one is meant
    let row = tx
        .opt(
            sql!("SELECT environment_id FROM environments WHERE host = $1"),
            args![host],
        )
        .await?;
    row.map(|row| row.get::<String>(0).map(Into::into)).transpose()
}

/// The first `most` environments in order of creation.
pub(crate) async fn first(tx: &Tx, most: i64) -> Result<Vec<EnvironmentId>, StoreError> {
    // all environments: which ones there are
    let rows = tx
        .all(
            sql!("SELECT environment_id FROM environments ORDER BY position, environment_id LIMIT $1"),
            args![most],
        )
        .await?;
    rows.iter()
        .map(|row| row.get::<String>(0).map(Into::into))
        .collect()
}

pub(crate) async fn all(tx: &Tx) -> Result<Vec<Profile>, StoreError> {
    // all environments: the operator's list
    let rows = tx
        .all(
            sql!(
                "SELECT environment_id, name, host, public_url, secret_hash, shown_host, country, backend_stack,
                        frontend_stack, open_saas_installed, login_url, logo, icon, white_label_mode, allowed_origins,
                        version, created_at, updated_at
                 FROM environments ORDER BY position, environment_id"
            ),
            args![],
        )
        .await?;
    rows.iter().map(profile_from).collect()
}

/// Makes other transactions that change this environment wait until this one ends; false when there is none. To be called
/// before what is going to be changed is read: on PostgreSQL two transactions may otherwise read the same and both write.
pub(crate) async fn lock(tx: &Tx, id: &EnvironmentId) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!("UPDATE environments SET version = version WHERE environment_id = $1"),
            args![id.as_str()],
        )
        .await?;
    Ok(rows == 1)
}

/// Adds an environment behind the others; false when its id, host or place is taken.
pub(crate) async fn insert(tx: &Tx, new: &Profile) -> Result<bool, StoreError> {
    let origins = serde_json::to_string(&new.allowed_origins).map_err(StoreError::other)?;
    // all environments: the next place among them
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO environments (environment_id, name, host, public_url, secret_hash, shown_host, country,
                   backend_stack, frontend_stack, open_saas_installed, login_url, logo, icon, white_label_mode,
                   allowed_origins, position, version, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                   (SELECT COALESCE(MAX(position), 0) + 1 FROM environments), $16, $17, $17)
                 ON CONFLICT DO NOTHING"
            ),
            args![
                new.id.as_str(),
                new.name,
                new.host,
                new.public_url,
                new.secret_hash,
                new.shown_host,
                new.country,
                new.backend_stack,
                new.frontend_stack,
                new.open_saas_installed,
                new.login_url,
                new.logo,
                new.icon,
                new.white_label_mode,
                origins,
                new.version,
                new.created_at.0
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Writes what management clients may change, and the version.
pub(crate) async fn update(tx: &Tx, profile: &Profile, now: Millis) -> Result<(), StoreError> {
    let origins = serde_json::to_string(&profile.allowed_origins).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "UPDATE environments SET name = $2, shown_host = $3, country = $4, backend_stack = $5, frontend_stack = $6,
               open_saas_installed = $7, login_url = $8, logo = $9, icon = $10, white_label_mode = $11,
               allowed_origins = $12, updated_at = $13, version = version + 1
             WHERE environment_id = $1"
        ),
        args![
            profile.id.as_str(),
            profile.name,
            profile.shown_host,
            profile.country,
            profile.backend_stack,
            profile.frontend_stack,
            profile.open_saas_installed,
            profile.login_url,
            profile.logo,
            profile.icon,
            profile.white_label_mode,
            origins,
            now.0
        ],
    )
    .await?;
    told(tx, &profile.id).await
}

/// Where the environment answers from now on. The host must be free.
pub(crate) async fn set_address(
    tx: &Tx,
    id: &EnvironmentId,
    public_url: &str,
    host: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE environments SET public_url = $2, host = $3 WHERE environment_id = $1"),
        args![id.as_str(), public_url, host],
    )
    .await?;
    touch(tx, id, now).await
}

/// Stores the hash of a new secret; false when there is no such environment.
pub(crate) async fn set_secret(
    tx: &Tx,
    id: &EnvironmentId,
    hash: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE environments SET secret_hash = $2, updated_at = $3, version = version + 1
                 WHERE environment_id = $1"
            ),
            args![id.as_str(), hash, now.0],
        )
        .await?;
    told(tx, id).await?;
    Ok(rows == 1)
}

/// Makes every cache of every node read the environment anew, once this transaction is committed.
pub(crate) async fn touch(tx: &Tx, id: &EnvironmentId, now: Millis) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE environments SET updated_at = $2, version = version + 1 WHERE environment_id = $1"),
        args![id.as_str(), now.0],
    )
    .await?;
    told(tx, id).await
}

/// Tells the caches. A new environment is told too: a host that nobody answered at may now be somebody's.
pub(crate) async fn told(tx: &Tx, id: &EnvironmentId) -> Result<(), StoreError> {
    tx.notify(TOPIC, id.as_str()).await
}
