//! Rows of `sessions` and `refresh_tokens`. Of a refresh token only its hash is ever here.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::Millis;

use super::model::{EndReason, LiveSession, NewSession, Presented};

/// What is known about the refresh token with this hash, and about its session.
pub(crate) async fn presented(
    tx: &Tx,
    environment: &str,
    hash: &str,
) -> Result<Option<Presented>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT r.session_id, r.expires_at, r.rotated_at, s.user_id, s.tenant_id, s.created_at, s.ended_at,
                   s.last_refreshed_at, s.sweep_at
                 FROM refresh_tokens r
                 JOIN sessions s ON s.environment_id = r.environment_id AND s.id = r.session_id
                 WHERE r.environment_id = $1 AND r.hash = $2"
            ),
            args![environment, hash],
        )
        .await?;
    row.as_ref().map(presented_from).transpose()
}

fn presented_from(row: &Row) -> Result<Presented, StoreError> {
    Ok(Presented {
        session: row.get(0)?,
        expires_at: Millis(row.get(1)?),
        rotated_at: moment(row.get(2)?),
        user: row.get::<String>(3)?.into(),
        tenant: row.get(4)?,
        session_created_at: Millis(row.get(5)?),
        session_ended: row.get::<i64>(6)? != 0,
        session_refreshed_at: Millis(row.get(7)?),
        sweep_at: Millis(row.get(8)?),
    })
}

/// 0 stands for "not yet" in the columns of this file.
const fn moment(stored: i64) -> Option<Millis> {
    if stored == 0 { None } else { Some(Millis(stored)) }
}

pub(crate) async fn insert(tx: &Tx, environment: &str, session: &NewSession) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO sessions (environment_id, id, user_id, tenant_id, created_at, last_refreshed_at, expires_at,
               ended_at, end_reason, ip, user_agent, device_id, sweep_at)
             VALUES ($1, $2, $3, $4, $5, $5, $6, 0, '', $7, $8, $9, $10)"
        ),
        args![
            environment,
            &session.id,
            session.user.as_str(),
            &session.tenant,
            session.created_at.0,
            session.expires_at.0,
            &session.ip,
            &session.user_agent,
            &session.device,
            sweep_at(session.expires_at, session.created_at).0
        ],
    )
    .await?;
    Ok(())
}

/// False when a token with this hash is there already.
pub(crate) async fn insert_token(
    tx: &Tx,
    environment: &str,
    hash: &str,
    session: &str,
    now: Millis,
    expires_at: Millis,
) -> Result<bool, StoreError> {
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO refresh_tokens (environment_id, hash, session_id, issued_at, expires_at, rotated_at)
                 VALUES ($1, $2, $3, $4, $5, 0)
                 ON CONFLICT (environment_id, hash) DO NOTHING"
            ),
            args![environment, hash, session, now.0, expires_at.0],
        )
        .await?;
    Ok(inserted == 1)
}

/// Marks a token as rotated. True for exactly one of any number of callers; false also when it has expired.
/// The row stays until `remembered_until`, or until its own end where that is sooner.
pub(crate) async fn rotate(
    tx: &Tx,
    environment: &str,
    hash: &str,
    now: Millis,
    remembered_until: Millis,
) -> Result<bool, StoreError> {
    let rotated = tx
        .exec(
            sql!(
                "UPDATE refresh_tokens
                 SET rotated_at = $3, expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END
                 WHERE environment_id = $1 AND hash = $2 AND rotated_at = 0 AND expires_at > $3"
            ),
            args![environment, hash, now.0, remembered_until.0],
        )
        .await?;
    Ok(rotated == 1)
}

/// Gives the current token of a session a longer life. False when it was rotated or has expired.
pub(crate) async fn extend(
    tx: &Tx,
    environment: &str,
    hash: &str,
    now: Millis,
    expires_at: Millis,
) -> Result<bool, StoreError> {
    let extended = tx
        .exec(
            sql!(
                "UPDATE refresh_tokens SET expires_at = $4
                 WHERE environment_id = $1 AND hash = $2 AND rotated_at = 0 AND expires_at > $3"
            ),
            args![environment, hash, now.0, expires_at.0],
        )
        .await?;
    Ok(extended == 1)
}

/// When a session that lives until `expires_at` may be swept, as seen at `now`: later by an eighth, so that not every refresh
/// has to move it.
pub(crate) const fn sweep_at(expires_at: Millis, now: Millis) -> Millis {
    Millis(expires_at.0 + (expires_at.0 - now.0) / 8)
}

/// Columns of a session that an index holds; a refresh leaves them alone where it can.
pub(crate) struct Moved {
    /// The active tenant, when it is another.
    pub(crate) tenant: Option<String>,
    /// See [`sweep_at`].
    pub(crate) sweep_at: Millis,
}

/// Notes a refresh. False when the session has ended.
pub(crate) async fn touch(
    tx: &Tx,
    environment: &str,
    session: &str,
    moved: Option<&Moved>,
    now: Millis,
    expires_at: Millis,
) -> Result<bool, StoreError> {
    let touched = match moved {
        None => {
            tx.exec(
                sql!(
                    "UPDATE sessions SET last_refreshed_at = $3, expires_at = $4
                     WHERE environment_id = $1 AND id = $2 AND ended_at = 0"
                ),
                args![environment, session, now.0, expires_at.0],
            )
            .await?
        }
        Some(moved) => {
            tx.exec(
                sql!(
                    "UPDATE sessions SET last_refreshed_at = $3, expires_at = $4, sweep_at = $6,
                       tenant_id = CASE WHEN $5 = '' THEN tenant_id ELSE $5 END
                     WHERE environment_id = $1 AND id = $2 AND ended_at = 0"
                ),
                args![
                    environment,
                    session,
                    now.0,
                    expires_at.0,
                    moved.tenant.as_deref().unwrap_or(""),
                    moved.sweep_at.0
                ],
            )
            .await?
        }
    };
    Ok(touched == 1)
}

/// Ends one session. The user and tenant it was of, when it was alive.
pub(crate) async fn end(
    tx: &Tx,
    environment: &str,
    session: &str,
    reason: EndReason,
    now: Millis,
) -> Result<Option<(String, String)>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "UPDATE sessions SET ended_at = $3, expires_at = $3, sweep_at = $3, end_reason = $4
                 WHERE environment_id = $1 AND id = $2 AND ended_at = 0
                 RETURNING user_id, tenant_id"
            ),
            args![environment, session, now.0, reason.as_str()],
        )
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Ends every session of a user, or those whose active tenant is the one given.
pub(crate) async fn end_of_user(
    tx: &Tx,
    environment: &str,
    user: &str,
    tenant: Option<&str>,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE sessions SET ended_at = $4, expires_at = $4, sweep_at = $4, end_reason = $5
             WHERE environment_id = $1 AND user_id = $2 AND ($3 = '' OR tenant_id = $3) AND ended_at = 0"
        ),
        args![
            environment,
            user,
            tenant.unwrap_or(""),
            now.0,
            EndReason::Revoked.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// Ends every session of a user but one.
pub(crate) async fn end_others(
    tx: &Tx,
    environment: &str,
    user: &str,
    kept: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE sessions SET ended_at = $4, expires_at = $4, sweep_at = $4, end_reason = $5
             WHERE environment_id = $1 AND user_id = $2 AND id <> $3 AND ended_at = 0"
        ),
        args![environment, user, kept, now.0, EndReason::Revoked.as_str()],
    )
    .await?;
    Ok(())
}

fn live_from(row: &Row) -> Result<LiveSession, StoreError> {
    Ok(LiveSession {
        id: row.get(0)?,
        created_at: Millis(row.get(1)?),
        expires_at: Millis(row.get(2)?),
        ip: row.get(3)?,
        user_agent: row.get(4)?,
        impersonated: row.get(5)?,
    })
}

/// The sessions of a user that live, newest first, at most `most`.
pub(crate) async fn live_of_user(
    tx: &Tx,
    environment: &str,
    user: &str,
    now: Millis,
    most: i64,
) -> Result<Vec<LiveSession>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, created_at, expires_at, ip, user_agent, impersonated FROM sessions
                 WHERE environment_id = $1 AND user_id = $2 AND ended_at = 0 AND expires_at > $3
                 ORDER BY id DESC LIMIT $4"
            ),
            args![environment, user, now.0, most],
        )
        .await?;
    rows.iter().map(live_from).collect()
}

/// One session of a user, when it lives.
pub(crate) async fn live(
    tx: &Tx,
    environment: &str,
    user: &str,
    session: &str,
    now: Millis,
) -> Result<Option<LiveSession>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, created_at, expires_at, ip, user_agent, impersonated FROM sessions
                 WHERE environment_id = $1 AND id = $2 AND user_id = $3 AND ended_at = 0 AND expires_at > $4"
            ),
            args![environment, session, user, now.0],
        )
        .await?;
    row.as_ref().map(live_from).transpose()
}

/// Ends all but the newest `keep` sessions of a user, beside the one that is spared. Those that somebody else acts in do
/// not count.
pub(crate) async fn trim(
    tx: &Tx,
    environment: &str,
    user: &str,
    spared: &str,
    keep: i64,
    now: Millis,
) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "UPDATE sessions SET ended_at = $5, expires_at = $5, sweep_at = $5, end_reason = $6
             WHERE environment_id = $1 AND id IN (
               SELECT id FROM sessions
               WHERE environment_id = $1 AND user_id = $2 AND ended_at = 0 AND expires_at > $5 AND id <> $3
                 AND NOT impersonated
               ORDER BY id DESC LIMIT $7 OFFSET $4
             )"
        ),
        args![
            environment,
            user,
            spared,
            keep,
            now.0,
            EndReason::Trimmed.as_str(),
            i64::MAX
        ],
    )
    .await
}

/// When a session began, unless it has ended or was never there.
pub(crate) async fn alive_since(
    tx: &Tx,
    environment: &str,
    session: &str,
) -> Result<Option<Millis>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT created_at FROM sessions WHERE environment_id = $1 AND id = $2 AND ended_at = 0"),
            args![environment, session],
        )
        .await?;
    row.map(|row| row.get(0).map(Millis)).transpose()
}

/// Removes everything of a user.
pub(crate) async fn remove_of_user(tx: &Tx, environment: &str, user: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM refresh_tokens WHERE environment_id = $1 AND session_id IN
               (SELECT id FROM sessions WHERE environment_id = $1 AND user_id = $2)"
        ),
        args![environment, user],
    )
    .await?;
    tx.exec(
        sql!("DELETE FROM sessions WHERE environment_id = $1 AND user_id = $2"),
        args![environment, user],
    )
    .await?;
    Ok(())
}

/// Removes up to `most` sessions of a tenant with their tokens. True when none is left.
pub(crate) async fn remove_of_tenant(
    tx: &Tx,
    environment: &str,
    tenant: &str,
    most: i64,
) -> Result<bool, StoreError> {
    let rows = tx
        .all(
            sql!("SELECT id FROM sessions WHERE environment_id = $1 AND tenant_id = $2 ORDER BY id LIMIT $3"),
            args![environment, tenant, most],
        )
        .await?;
    let ids = rows
        .iter()
        .map(|row| row.get(0))
        .collect::<Result<Vec<String>, _>>()?;
    remove(tx, environment, &ids).await?;
    Ok(i64::try_from(ids.len()).is_ok_and(|found| found < most))
}

/// Sessions of any environment that ended or ran out some time before `before`, oldest first.
pub(crate) async fn due(tx: &Tx, before: Millis, most: i64) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx
        .all(
            // all environments: the sweep takes what is due, wherever it is
            sql!(
                "SELECT environment_id, id FROM sessions WHERE sweep_at < $1 ORDER BY sweep_at, id LIMIT $2"
            ),
            args![before.0, most],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Rotated tokens of any environment that are past their end. One that was never rotated goes with its session.
pub(crate) async fn tokens_due(
    tx: &Tx,
    before: Millis,
    most: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx
        .all(
            // all environments: the sweep takes what is due, wherever it is
            sql!(
                "SELECT environment_id, hash FROM refresh_tokens
                 WHERE rotated_at > 0 AND expires_at < $1 ORDER BY expires_at, hash LIMIT $2"
            ),
            args![before.0, most],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Removes sessions and their tokens.
pub(crate) async fn remove(tx: &Tx, environment: &str, ids: &[String]) -> Result<(), StoreError> {
    for chunk in ids.chunks(500) {
        let mut query = Query::new("DELETE FROM refresh_tokens WHERE environment_id = ");
        query
            .bind(environment)
            .push(" AND session_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        tx.exec_built(&query).await?;
        let mut query = Query::new("DELETE FROM sessions WHERE environment_id = ");
        query
            .bind(environment)
            .push(" AND id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        tx.exec_built(&query).await?;
    }
    Ok(())
}

pub(crate) async fn remove_tokens(tx: &Tx, environment: &str, hashes: &[String]) -> Result<(), StoreError> {
    for chunk in hashes.chunks(500) {
        let mut query = Query::new("DELETE FROM refresh_tokens WHERE environment_id = ");
        query
            .bind(environment)
            .push(" AND hash IN ")
            .bind_list(chunk.iter().map(String::as_str));
        tx.exec_built(&query).await?;
    }
    Ok(())
}
