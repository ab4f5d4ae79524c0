//! The table users, row by row.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, UserId};

use super::CHUNK;
use crate::records::UserRecord;

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn user_from(row: &Row) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        id: UserId::from(row.get::<String>(0)?),
        email: UserRecord::email_of(row.get(1)?),
        username: given(row.get(2)?),
        name: row.get(3)?,
        phone_number: given(row.get(4)?),
        verified: row.get(5)?,
        is_locked: row.get(6)?,
        provider: row.get(7)?,
        managed_by: row.get(8)?,
        invisible: row.get(9)?,
        super_user: row.get(10)?,
        mfa_enrolled: row.get(11)?,
        mfa_bypass: row.get(12)?,
        metadata: row.get(13)?,
        vendor_metadata: given(row.get(14)?),
        profile_picture_url: given(row.get(15)?),
        external_id: given(row.get(16)?),
        active_tenant: row.get(17)?,
        valid_after: Millis(row.get(18)?),
        last_login: row.get::<Option<i64>>(19)?.map(Millis),
        created_at: Millis(row.get(20)?),
    })
}

pub(in crate::records) async fn by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, email_key, username, name, phone_number, verified, is_locked, provider, managed_by,
                        invisible, super_user, mfa_enrolled, mfa_bypass, metadata, vendor_metadata,
                        profile_picture_url, external_id, active_tenant, valid_after, last_login, created_at
                 FROM users WHERE environment_id = $1 AND id = $2"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    row.as_ref().map(user_from).transpose()
}

/// The user who owns an address or a number.
pub(in crate::records) async fn by_identifier(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: &str,
    value: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, email_key, username, name, phone_number, verified, is_locked, provider, managed_by,
                        invisible, super_user, mfa_enrolled, mfa_bypass, metadata, vendor_metadata,
                        profile_picture_url, external_id, active_tenant, valid_after, last_login, created_at
                 FROM users WHERE environment_id = $1 AND id = (
                   SELECT user_id FROM user_identifiers
                   WHERE environment_id = $1 AND kind = $2 AND value = $3 AND owned)"
            ),
            args![environment.as_str(), kind, value],
        )
        .await?;
    row.as_ref().map(user_from).transpose()
}

pub(in crate::records) async fn by_username(
    tx: &Tx,
    environment: &EnvironmentId,
    key: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, email_key, username, name, phone_number, verified, is_locked, provider, managed_by,
                        invisible, super_user, mfa_enrolled, mfa_bypass, metadata, vendor_metadata,
                        profile_picture_url, external_id, active_tenant, valid_after, last_login, created_at
                 FROM users WHERE environment_id = $1 AND username_key = $2 AND username_key <> ''"
            ),
            args![environment.as_str(), key],
        )
        .await?;
    row.as_ref().map(user_from).transpose()
}

/// Reads a user and keeps other writers away from it until the transaction ends, so that changes to different fields
/// at the same time are all kept.
pub(in crate::records) async fn hold(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "UPDATE users SET valid_after = valid_after WHERE environment_id = $1 AND id = $2
                 RETURNING id, email_key, username, name, phone_number, verified, is_locked, provider, managed_by,
                        invisible, super_user, mfa_enrolled, mfa_bypass, metadata, vendor_metadata,
                        profile_picture_url, external_id, active_tenant, valid_after, last_login, created_at"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    row.as_ref().map(user_from).transpose()
}

/// Those of the ids that are users, in no particular order.
pub(in crate::records) async fn by_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<UserRecord>, StoreError> {
    let mut users = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT id, email_key, username, name, phone_number, verified, is_locked, provider, managed_by,
                    invisible, super_user, mfa_enrolled, mfa_bypass, metadata, vendor_metadata,
                    profile_picture_url, external_id, active_tenant, valid_after, last_login, created_at
             FROM users WHERE environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            users.push(user_from(row)?);
        }
    }
    Ok(users)
}

/// False when the e-mail address or the username is taken.
pub(in crate::records) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO users (environment_id, id, email_key, username, username_key, name, name_key,
                   phone_number, verified, is_locked, provider, class, managed_by, invisible, super_user,
                   mfa_enrolled, mfa_bypass, metadata, vendor_metadata, profile_picture_url, external_id,
                   active_tenant, valid_after, last_login, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                   $21, $22, $23, $24, $25)
                 ON CONFLICT DO NOTHING"
            ),
            args![
                environment.as_str(),
                user.id.as_str(),
                user.email_key(),
                user.username.as_deref().unwrap_or(""),
                user.username_key(),
                user.name,
                user.name_key(),
                user.phone_number.as_deref().unwrap_or(""),
                user.verified,
                user.is_locked,
                user.provider,
                user.class(),
                user.managed_by,
                user.invisible,
                user.super_user,
                user.mfa_enrolled,
                user.mfa_bypass,
                user.metadata,
                user.vendor_metadata.as_deref().unwrap_or(""),
                user.profile_picture_url.as_deref().unwrap_or(""),
                user.external_id.as_deref().unwrap_or(""),
                user.active_tenant,
                user.valid_after.0,
                user.last_login.map(|at| at.0),
                user.created_at.0,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Writes every field that can change. False when the new e-mail address or username is taken.
pub(in crate::records) async fn update(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE users SET email_key = $3, username = $4, username_key = $5, name = $6, name_key = $7,
                   phone_number = $8, verified = $9, is_locked = $10, provider = $11, class = $12, managed_by = $13,
                   invisible = $14, super_user = $15, mfa_enrolled = $16, mfa_bypass = $17, metadata = $18,
                   vendor_metadata = $19, profile_picture_url = $20, external_id = $21, active_tenant = $22,
                   valid_after = $23, last_login = $24
                 WHERE environment_id = $1 AND id = $2
                   AND NOT EXISTS (SELECT 1 FROM users other
                     WHERE other.environment_id = $1 AND other.email_key = $3 AND other.id <> $2)
                   AND NOT EXISTS (SELECT 1 FROM users other
                     WHERE other.environment_id = $1 AND other.username_key = $5 AND other.username_key <> ''
                       AND other.id <> $2)"
            ),
            args![
                environment.as_str(),
                user.id.as_str(),
                user.email_key(),
                user.username.as_deref().unwrap_or(""),
                user.username_key(),
                user.name,
                user.name_key(),
                user.phone_number.as_deref().unwrap_or(""),
                user.verified,
                user.is_locked,
                user.provider,
                user.class(),
                user.managed_by,
                user.invisible,
                user.super_user,
                user.mfa_enrolled,
                user.mfa_bypass,
                user.metadata,
                user.vendor_metadata.as_deref().unwrap_or(""),
                user.profile_picture_url.as_deref().unwrap_or(""),
                user.external_id.as_deref().unwrap_or(""),
                user.active_tenant,
                user.valid_after.0,
                user.last_login.map(|at| at.0),
            ],
        )
        .await?;
    Ok(rows == 1)
}

pub(in crate::records) async fn delete(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM users WHERE environment_id = $1 AND id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// Notes a login without rewriting the rest of the user. The active tenant before it, when there is such a user.
pub(in crate::records) async fn note_login(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    now: Millis,
) -> Result<Option<String>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "UPDATE users SET last_login = $3 WHERE environment_id = $1 AND id = $2 RETURNING active_tenant"
            ),
            args![environment.as_str(), user, now.0],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

pub(in crate::records) async fn set_active_tenant(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    tenant: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE users SET active_tenant = $3 WHERE environment_id = $1 AND id = $2"),
        args![environment.as_str(), user, tenant],
    )
    .await?;
    Ok(())
}
