//! Decisions about temporary access.

use blocks::audit::AuditRecord;
use blocks::settings;
use db::{StoreError, Tx};
use kit::{Millis, Scope};
use serde_json::json;

use super::model::TemporaryUsers;
use super::store;
use crate::members;
use crate::records;
use crate::room::Change;
use crate::users::UserError;

/// Whether temporary access may be given.
///
/// # Errors
/// When storage fails.
pub(crate) async fn permitted(tx: &Tx, scope: &Scope) -> Result<bool, StoreError> {
    Ok(configuration(tx, scope).await?.enabled)
}

/// The switch belongs to the environment; a tenant has none of its own.
pub(super) async fn configuration(tx: &Tx, scope: &Scope) -> Result<TemporaryUsers, StoreError> {
    let whole = Scope::environment(scope.environment.clone());
    settings::effective(tx, &whole).await
}

pub(super) async fn configure(
    tx: &Tx,
    change: &Change,
    new: TemporaryUsers,
) -> Result<TemporaryUsers, StoreError> {
    let whole = Scope::environment(change.scope.environment.clone());
    let old: TemporaryUsers = settings::effective(tx, &whole).await?;
    if old != new {
        settings::put(tx, &change.ids, &whole, change.now, &new).await?;
        let mut record = change.by.clone().changed(Some(&old), Some(&new));
        record.action = "Temporary users configuration updated".to_owned();
        record.resource = "environment".to_owned();
        change.scope.environment_id().clone_into(&mut record.resource_id);
        record.write(tx, &change.ids, &whole, change.now).await?;
    }
    Ok(new)
}

/// Makes a member's access end `lasting` seconds from now, or never.
pub(super) async fn set_end(
    tx: &Tx,
    change: &Change,
    id: &str,
    lasting: Option<i64>,
) -> Result<(), UserError> {
    let user = members::held(tx, change, id).await?;
    if change
        .bounded_by
        .as_ref()
        .is_some_and(|caller| caller.user.as_str() == id)
    {
        // Else whoever was let in for a while could stay.
        return Err(UserError::OwnEnd);
    }
    if lasting.is_some() && !permitted(tx, &change.scope).await? {
        return Err(UserError::NoTemporary);
    }
    members::check_level(tx, change, &[], &user).await?;
    let old = records::membership(tx, &change.scope, &user.id)
        .await?
        .ok_or(UserError::NotFound)?;
    let end = lasting.map(|seconds| change.now.plus_seconds(seconds));
    if old.expires_at == end {
        return Ok(());
    }
    store::set_end(tx, &change.scope, user.id.as_str(), end).await?;
    let action = match (old.expires_at, end) {
        (_, None) => "User made permanent",
        (None, Some(_)) => "User made temporary",
        (Some(_), Some(_)) => "Temporary access of user changed",
    };
    let shown = |end: Option<Millis>| json!({"temporaryExpirationDate": end});
    members::note(tx, change, action, &user, &shown(old.expires_at), &shown(end)).await?;
    Ok(())
}

/// The record of an end that came by itself.
pub(super) fn ended(user: &str) -> AuditRecord {
    AuditRecord::new("Temporary access of user ended", "user", user)
}
