//! Reading and changing the document.

use blocks::audit::AuditRecord;
use blocks::settings;
use db::{StoreError, Tx};
use kit::{Ids, Millis, Scope};
use serde_json::{Map, Value};
use web::Problem;

use super::model::{Limits, SessionConfiguration};

/// The document in force for the tenant of the scope, or for the environment.
pub(crate) async fn read(tx: &Tx, scope: &Scope) -> Result<SessionConfiguration, StoreError> {
    let whole = Scope::environment(scope.environment.clone());
    let environment = settings::written(tx, &whole).await?.map(|stored| stored.value);
    let tenant = match &scope.tenant {
        Some(_) => settings::written(tx, scope).await?.map(|stored| stored.value),
        None => None,
    };
    Ok(SessionConfiguration::in_force(tenant, environment))
}

/// What holds for sessions whose active tenant is that of the scope.
///
/// # Errors
/// When storage fails.
pub(crate) async fn limits(tx: &Tx, scope: &Scope) -> Result<Limits, StoreError> {
    Ok(read(tx, scope).await?.limits())
}

/// Lays the parts that are given over the document of this level.
pub(crate) async fn change(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    changes: &Map<String, Value>,
    by: &AuditRecord,
    now: Millis,
) -> Result<(), Problem> {
    // So that there is a row to hold, and two changes at once do not lose one another's part.
    let first = settings::create(tx, ids, scope, now, &SessionConfiguration::default()).await?;
    let old = settings::hold::<SessionConfiguration>(tx, scope).await?;
    let old = old.map(|stored| stored.value).unwrap_or_default();
    let mut given = changes.clone();
    given.retain(|_, value| !value.is_null());
    let new = settings::merged(&old, given)?;
    if new == old && !first {
        return Ok(());
    }
    settings::put(tx, ids, scope, now, &new).await?;
    by.clone()
        .changed(Some(&old), Some(&new))
        .write(tx, ids, scope, now)
        .await?;
    Ok(())
}
