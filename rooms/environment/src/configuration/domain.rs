//! Reading and changing the document. It belongs to the environment; a tenant has none of its own.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Stored};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use serde_json::{Map, Value};
use web::Problem;

use super::model::AuthConfiguration;
use crate::environments::store;
use crate::keys::store as key_store;

/// The document with its id.
pub(crate) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<Stored<AuthConfiguration>, StoreError> {
    let scope = Scope::environment(environment.clone());
    // Written when the environment was created; an environment without it is damaged.
    settings::written(tx, &scope).await?.ok_or(StoreError::NoRow)
}

/// Lays `changes` over the document. Members that are null count as absent: typed clients send whole structs.
pub(crate) async fn change(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    changes: &Map<String, Value>,
    by: &AuditRecord,
    now: Millis,
) -> Result<Stored<AuthConfiguration>, Problem> {
    store::lock(tx, environment).await?;
    let old = read(tx, environment).await?;
    let mut given = changes.clone();
    given.retain(|_, value| !value.is_null());
    let value = settings::merged(&old.value, given)?;
    if value == old.value {
        return Ok(old);
    }
    let scope = Scope::environment(environment.clone());
    settings::put(tx, ids, &scope, now, &value).await?;
    key_store::may_sign_for(tx, environment, value.default_token_expiration).await?;
    store::touch(tx, environment, now).await?;
    by.clone()
        .changed(Some(&old.value), Some(&value))
        .write(tx, ids, &scope, now)
        .await?;
    Ok(Stored {
        value,
        updated_at: now,
        ..old
    })
}
