//! The sign-in of somebody who proved in another way than by a password who they are, and whom the gate has let through.

use blocks::audit::{Actor, AuditRecord};
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment, TokenError};
use kit::{Ids, Millis, Scope};
use tenancy::Application;
use thiserror::Error;
use web::{CallOrigin, Problem};

use super::cookies::CookieStyle;
use super::domain::{Opening, SignedIn, open};
use crate::gate::{self, Pass, Refusal, SessionRef};
use crate::room::Access;

/// Somebody about to enter.
#[derive(Debug)]
pub(crate) struct Entrance<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) configuration: &'a AuthConfiguration,
    /// What the gate said.
    pub(crate) pass: Pass,
    /// The browser, where it was here before.
    pub(crate) device: Option<String>,
    pub(crate) from: &'a CallOrigin,
}

/// Why no session was begun.
#[derive(Debug, Error)]
pub(crate) enum BeginError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Refused(refusal) => refusal.into(),
            BeginError::Token(error) => error.into(),
            BeginError::Store(error) => error.into(),
        }
    }
}

/// Mints the token of a session that only has to be written down. Costs an RSA signature: never inside a transaction.
///
/// # Errors
/// When the environment's key cannot be read or does not sign.
pub(crate) async fn prepare(
    room: &Access,
    entrance: Entrance<'_>,
    now: Millis,
) -> Result<(SignedIn, Entry), TokenError> {
    let Entrance {
        environment,
        configuration,
        pass,
        device,
        from,
    } = entrance;
    let session = room.app.ids().v7(now);
    let named = SessionRef {
        id: &session,
        began: now,
    };
    let minted = gate::mint(&room.directory, environment, configuration, &pass, named, now).await?;
    let refresh_token = room.app.ids().v4();
    let refresh_seconds = pass
        .limits
        .cap(configuration.default_refresh_token_expiration, now, now);
    let device = device.unwrap_or_else(|| room.app.ids().v4());
    let entry = Entry {
        scope: Scope::tenant(environment.id.clone(), pass.tenant.clone()),
        user: pass.user.id.clone(),
        email: pass.user.email.clone(),
        application: pass.application.clone(),
        session,
        refresh_token: refresh_token.clone(),
        refresh_seconds,
        device: device.clone(),
        sessions: pass.limits.sessions,
        from: from.clone(),
    };
    let signed_in = SignedIn {
        pass,
        minted,
        refresh_token,
        refresh_seconds,
        cookies: CookieStyle::of(environment, configuration),
        device,
    };
    Ok((signed_in, entry))
}

/// Mints the token and begins the session; `since` is when the gate spoke.
///
/// # Errors
/// [`BeginError`].
pub(crate) async fn begin(
    room: &Access,
    entrance: Entrance<'_>,
    since: Millis,
) -> Result<SignedIn, BeginError> {
    let now = room.app.now();
    let (signed_in, entry) = prepare(room, entrance, now).await?;
    let ids = room.app.ids().clone();
    room.app
        .db()
        .write(async move |tx| {
            entry.check(tx, since, now).await?;
            entry.write(tx, &ids, now).await?;
            Ok::<_, BeginError>(())
        })
        .await?;
    Ok(signed_in)
}

/// A sign-in that only has to be written down.
pub(crate) struct Entry {
    scope: Scope,
    user: kit::UserId,
    email: Option<String>,
    application: Application,
    session: String,
    refresh_token: String,
    refresh_seconds: i64,
    /// The browser.
    device: String,
    /// How many sessions the user may have.
    sessions: Option<i64>,
    from: CallOrigin,
}

impl Entry {
    /// Minting took long enough for a lock or a removal.
    async fn check(&self, tx: &Tx, since: Millis, now: Millis) -> Result<(), BeginError> {
        let (environment, user) = (&self.scope.environment, self.user.as_str());
        let view = people::gate_view(tx, environment, user, self.scope.tenant_id(), now).await?;
        let view = view
            .filter(|view| !view.is_disabled && view.user_valid_after <= since)
            .ok_or(Refusal::NoTenant)?;
        if view.is_locked {
            return Err(Refusal::Locked.into());
        }
        Ok(())
    }

    /// Begins the session. That nothing has come in the way is checked before, in the same transaction.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn write(&self, tx: &Tx, ids: &Ids, now: Millis) -> Result<(), StoreError> {
        let (environment, user) = (&self.scope.environment, self.user.as_str());
        let opening = Opening {
            id: &self.session,
            user: &self.user,
            scope: &self.scope,
            refresh_token: &self.refresh_token,
            refresh_seconds: self.refresh_seconds,
            device: &self.device,
            most: self.sessions,
            from: &self.from,
        };
        // Holds the user.
        people::record_login(tx, &self.scope, &self.user, &self.application, now).await?;
        open(tx, &opening, now).await?;
        tenancy::application_used(tx, environment, &self.application, now).await?;
        let mut record = AuditRecord::new("User logged in", "user", user)
            .about_user(user, self.email.as_deref())
            .from(&self.from);
        record.actor = Actor::User(user.to_owned());
        record.write(tx, ids, &self.scope, now).await
    }
}
