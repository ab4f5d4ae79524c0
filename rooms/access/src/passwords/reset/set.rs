//! Setting a password with a ticket.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::one_time::{self, Shown};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis};
use people::{PreparedPassword, RESET_PASSWORD, Standing, UserRecord};
use serde::Deserialize;
use thiserror::Error;
use web::{App, Problem, PublicCaller};

use super::ask::CODE;
use super::model::NewPasswordBody;
use crate::letters::scope_of;
use crate::lockout;
use crate::passwords;
use crate::room::Access;
use crate::sessions;

/// Why no password was set.
#[derive(Debug, Error)]
pub(super) enum ResetError {
    #[error("The link has expired or is no longer valid. Ask for a new one.")]
    Link,
    #[error("Invalid code")]
    WrongCode,
    #[error("Code has expired")]
    ExpiredCode,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What its issuer wrote down with a ticket.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    /// The mailbox that the ticket went to; empty where it came another way.
    email: Option<String>,
}

/// Whether a ticket would set a password of this user.
pub(super) async fn is_good(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    token: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let shown = RESET_PASSWORD.look(tx, environment, token, now).await?.good();
    Ok(shown.is_some_and(|good| good.subject == user && !good.owner.is_empty()))
}

/// Judges the password and sets it.
pub(super) async fn reset(
    room: &Access,
    caller: &PublicCaller,
    body: NewPasswordBody,
) -> Result<(), Problem> {
    let mut faults = Vec::new();
    for (name, is_empty) in [
        ("userId", body.user_id.trim().is_empty()),
        ("token", body.token.is_empty()),
        ("password", body.password.is_empty()),
    ] {
        if is_empty {
            faults.push(format!("{name} should not be empty"));
        }
    }
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let environment = caller.environment.clone();
    let (user, token, began) = (body.user_id.clone(), body.token.clone(), room.app.now());
    let good = room
        .app
        .db()
        .read(async move |tx| is_good(tx, &environment, &user, token.reveal(), began).await)
        .await?;
    if !good {
        // A token cannot be guessed, so there is nothing to hide by hashing; and hashing for anybody would be a gift to
        // those who flood.
        return Err(ResetError::Link.into());
    }
    let user = body.user_id.as_str().into();
    let password = room
        .judge
        .for_user(&caller.environment, &user, body.password.clone())
        .await?;
    let (app, caller, now) = (room.app.clone(), caller.clone(), room.app.now());
    room.app
        .db()
        .write(async move |tx| {
            let held = people::hold_user(tx, &caller.environment, &body.user_id).await?;
            let user = held.ok_or(ResetError::Link)?;
            take(tx, &app, &caller, &user, body.token.reveal(), &password, now).await
        })
        .await?;
    Ok(())
}

/// Uses the ticket up and does everything that follows from a new password.
async fn take(
    tx: &Tx,
    app: &App,
    caller: &PublicCaller,
    user: &UserRecord,
    token: &str,
    password: &PreparedPassword,
    now: Millis,
) -> Result<(), ResetError> {
    let environment = &caller.environment;
    let good = match RESET_PASSWORD.take(tx, environment, token, now).await? {
        Shown::Good(good) if good.subject == user.id.as_str() => good,
        Shown::Good(_) | Shown::Unknown | Shown::Expired => return Err(ResetError::Link),
    };
    passwords::set(tx, environment, &user.id, password, now).await?;
    one_time::void(tx, environment, CODE.purpose, user.id.as_str()).await?;
    sessions::end_of_user(tx, environment, &user.id, None, now).await?;
    let written: Written = good.read()?;
    let released = lockout::release(tx, environment, user).await?;
    let standing = Standing {
        locked: released.then_some(false),
        proved: written.email.is_some() && written.email == user.email,
        tokens_end: true,
    };
    let new = people::stand(tx, app.ids(), environment, user, standing, now).await?;
    note(tx, app.ids(), caller, &new, now).await?;
    if released {
        lockout::tell_released(tx, app, environment, &new, now).await?;
    }
    Ok(())
}

async fn note(
    tx: &Tx,
    ids: &Ids,
    caller: &PublicCaller,
    user: &UserRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let mut record = AuditRecord::new("Password reset", "user", user.id.as_str())
        .severity(Severity::Medium)
        .from(&caller.from)
        .about_user(user.id.as_str(), user.email.as_deref());
    record.actor = Actor::User(user.id.to_string());
    record
        .write(tx, ids, &scope_of(&caller.environment, user), now)
        .await
}
