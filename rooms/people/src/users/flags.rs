//! The switches of a user that only the environment turns: lock, verification, super user, visibility, address.

use std::sync::Arc;

use db::Tx;
use web::App;

use super::domain::{UserError, rewrite};
use crate::Credentials;
use crate::identifiers;
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::standing;
use crate::views::{self, Lens, UserView};

/// What to turn.
#[derive(Clone, Debug)]
pub(crate) enum Switch {
    Lock,
    Unlock,
    Verify,
    SuperUser(bool),
    Invisible(bool),
    /// A new address, as [`kit::email_key`] makes it. The environment vouches for it, so it is verified.
    Email(String),
}

impl Switch {
    const fn action(&self) -> &'static str {
        match self {
            Self::Lock => "User locked",
            Self::Unlock => "User unlocked",
            Self::Verify => "User verified",
            Self::SuperUser(_) | Self::Invisible(_) => "User updated",
            Self::Email(_) => "User email changed",
        }
    }

    fn over(self, old: &UserRecord, change: &Change) -> UserRecord {
        let old = old.clone();
        match self {
            Self::Lock => UserRecord {
                is_locked: true,
                valid_after: change.now,
                ..old
            },
            Self::Unlock => UserRecord {
                is_locked: false,
                ..old
            },
            Self::Verify => UserRecord {
                verified: true,
                ..old
            },
            Self::SuperUser(super_user) => UserRecord { super_user, ..old },
            Self::Invisible(invisible) => UserRecord { invisible, ..old },
            Self::Email(email) => UserRecord {
                email: Some(email),
                verified: true,
                ..old
            },
        }
    }
}

/// Turns a switch. Turning it to where it stands changes nothing and is no error.
pub(crate) async fn turn(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
    switch: Switch,
) -> Result<UserRecord, UserError> {
    let old = records::hold(tx, &change.scope.environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    turn_held(tx, change, credentials, &old, switch).await
}

async fn turn_held(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    old: &UserRecord,
    switch: Switch,
) -> Result<UserRecord, UserError> {
    let environment = &change.scope.environment;
    let (locks, verifies) = (matches!(switch, Switch::Lock), matches!(switch, Switch::Verify));
    let unlocks = matches!(switch, Switch::Unlock);
    let action = switch.action();
    let new = switch.over(old, change);
    if new != *old {
        rewrite(tx, change, action, old, &new).await?;
    }
    if locks || unlocks {
        credentials.forgive(tx, environment, &new).await?;
    }
    if locks {
        credentials
            .end_sessions(tx, environment, &new.id, None, change.now)
            .await?;
    }
    if verifies {
        standing::confirm(tx, environment, &new).await?;
    }
    Ok(new)
}

/// The same, answering the user.
pub(crate) async fn turned(
    tx: &Tx,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
    switch: Switch,
    lens: Lens<'_>,
) -> Result<UserView, UserError> {
    let user = turn(tx, change, credentials, id, switch).await?;
    Ok(views::view(tx, &change.scope.environment, user, lens).await?)
}

/// Gives a user another address, which the environment vouches for, and tells the old one.
pub(crate) async fn change_email(
    tx: &Tx,
    app: &App,
    change: &Change,
    credentials: &Arc<dyn Credentials>,
    id: &str,
    email: &str,
    lens: Lens<'_>,
) -> Result<UserView, UserError> {
    let environment = &change.scope.environment;
    let old = records::hold(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let new = turn_held(tx, change, credentials, &old, Switch::Email(email.to_owned())).await?;
    identifiers::address_changed(tx, app, &change.scope, &old, &new, change.now).await?;
    Ok(views::view(tx, environment, new, lens).await?)
}
