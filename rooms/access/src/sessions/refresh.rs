//! How sessions continue: the use of a refresh token.

use std::net::IpAddr;
use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment, TokenError};
use kit::{EnvironmentId, Millis, UserId};
use tenancy::ApplicationError;
use thiserror::Error;
use web::CallOrigin;

use super::cookies::CookieStyle;
use super::domain::{self, SignedIn};
use super::model::{EndReason, MEMORY_SECONDS, Presented, Standing};
use super::store::{self, Moved};
use crate::gate::{self, Goal, Pass, Refusal, SessionRef, Wish};
use crate::room::Access;

/// A refresh was refused. None of these but the last two is a fault of ours.
#[derive(Debug, Error)]
pub(crate) enum RefreshError {
    /// Unknown, expired, ended, reused, or of a user who may not sign in any more.
    #[error("Session not found")]
    NoSession,
    /// An older value within the grace, but further back than the environment honours. The browser may hold a newer
    /// one, so its cookie is left alone.
    #[error("Session not found")]
    Straggler,
    #[error("You are not a member of this account")]
    NotAMember,
    /// The session goes on once its user is back where the tenant lets them in from.
    #[error("You may not sign in to this account from your network")]
    Address,
    /// The session lives: it may go on in another application.
    #[error(transparent)]
    Application(ApplicationError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Continues a session: a new access token, and the one successor of `token`. Any number of callers with one value get one
/// successor, because it is derived from the value.
///
/// # Errors
/// [`RefreshError`].
pub(crate) async fn refresh(
    room: &Access,
    environment: &Environment,
    configuration: &AuthConfiguration,
    token: &str,
    wish: Option<String>,
    device: String,
    from: &CallOrigin,
) -> Result<SignedIn, RefreshError> {
    let now = room.app.now();
    let secret = room.directory.refresh_secret(&environment.id).await?;
    let ask = Arc::new(Ask {
        environment: environment.id.clone(),
        configuration: configuration.clone(),
        hash: crypto::sha256_hex(token),
        successor: crypto::derived_uuid(&*secret, token),
        secret,
        wish,
        ip: from.ip,
        application: from.application.clone(),
        now,
    });
    let reading = Arc::clone(&ask);
    let seen = room.app.db().read(async move |tx| reading.see(tx).await).await?;
    let Some(seen) = seen else {
        return Err(RefreshError::NoSession);
    };
    match seen.standing {
        Standing::Over => return Err(RefreshError::NoSession),
        Standing::Reused => {
            end_reused(room, environment, &seen.presented, from, now).await?;
            return Err(RefreshError::NoSession);
        }
        Standing::InGrace if !seen.honoured => return Err(RefreshError::Straggler),
        Standing::Current | Standing::InGrace => {}
    }
    let pass = match seen.pass {
        Ok(pass) => pass,
        Err(Refusal::Store(error)) => return Err(error.into()),
        Err(Refusal::NotAMember) => return Err(RefreshError::NotAMember),
        Err(Refusal::Address) => return Err(RefreshError::Address),
        Err(Refusal::Application(error)) => return Err(RefreshError::Application(error)),
        Err(_) => return Err(RefreshError::NoSession),
    };
    if !pass.admits_from(seen.presented.session_created_at) {
        return Err(RefreshError::NoSession);
    }
    let session = seen.presented.session.as_str();
    let began = seen.presented.session_created_at;
    let over = pass.limits.over(began, seen.presented.session_refreshed_at, now);
    if let Some(reason) = over {
        end_over(room, environment, &seen.presented, reason, from, now).await?;
        return Err(RefreshError::NoSession);
    }
    let named = SessionRef { id: session, began };
    let minted = gate::mint(&room.directory, environment, configuration, &pass, named, now).await?;
    let refresh_seconds = pass
        .limits
        .cap(configuration.default_refresh_token_expiration, began, now);
    let rotates = configuration.rotate_refresh_tokens || seen.standing == Standing::InGrace;
    if seen.standing == Standing::Current {
        // A tenant that was asked for is for this token only: a browser may hold one tenant per tab.
        let elsewhere = pass.tenant.as_str() != seen.presented.tenant;
        let moves = ask.wish.is_none() && elsewhere;
        let expires_at = now.plus_seconds(refresh_seconds);
        let swept_too_soon = expires_at > seen.presented.sweep_at;
        let step = Step {
            ask: Arc::clone(&ask),
            session: session.to_owned(),
            successor: rotates.then(|| crypto::sha256_hex(&ask.successor)),
            moved: (moves || swept_too_soon).then(|| Moved {
                tenant: moves.then(|| pass.tenant.to_string()),
                sweep_at: store::sweep_at(expires_at, now).max(seen.presented.sweep_at),
            }),
            user: seen.presented.user.clone(),
            most: pass.limits.sessions.filter(|_| elsewhere),
            expires_at,
        };
        room.app.db().write(async move |tx| step.take(tx).await).await?;
    }
    Ok(SignedIn {
        pass,
        minted,
        refresh_token: if rotates {
            ask.successor.clone()
        } else {
            token.to_owned()
        },
        refresh_seconds,
        cookies: CookieStyle::of(environment, configuration),
        device,
    })
}

/// What a caller presents, and what follows from it before anything is read.
struct Ask {
    environment: EnvironmentId,
    configuration: AuthConfiguration,
    hash: String,
    successor: String,
    secret: Arc<[u8; 32]>,
    wish: Option<String>,
    ip: IpAddr,
    /// The application that the request names.
    application: Option<String>,
    now: Millis,
}

/// What is known about it.
struct Seen {
    presented: Presented,
    standing: Standing,
    /// Within the grace: whether the environment still honours a value this far back.
    honoured: bool,
    pass: Result<Pass, Refusal>,
}

/// The furthest back that is ever looked, whatever the environment says.
const FURTHEST: i64 = 100;

impl Ask {
    async fn see(&self, tx: &Tx) -> Result<Option<Seen>, StoreError> {
        let Some(presented) = store::presented(tx, self.environment.as_str(), &self.hash).await? else {
            return Ok(None);
        };
        let Some(user) = people::user_by_id(tx, &self.environment, presented.user.as_str()).await? else {
            return Ok(None);
        };
        let standing = presented.standing(self.now);
        let honoured = standing != Standing::InGrace || self.is_honoured(tx).await?;
        let goal = Goal {
            tenant: self.wish.as_deref().map_or(Wish::Prefer(None), Wish::Exactly),
            application: self.application.as_deref(),
            ip: self.ip,
        };
        let pass = gate::admit(tx, &self.environment, user, &self.configuration, goal, self.now).await;
        Ok(Some(Seen {
            presented,
            standing,
            honoured,
            pass,
        }))
    }

    /// Whether the current value is no more rotations ahead of the presented one than the environment allows.
    async fn is_honoured(&self, tx: &Tx) -> Result<bool, StoreError> {
        let mut value = self.successor.clone();
        for _ in 0..self.configuration.refresh_tokens_rotation_limit.min(FURTHEST) {
            let hash = crypto::sha256_hex(&value);
            let next = store::presented(tx, self.environment.as_str(), &hash).await?;
            match next.map(|next| next.standing(self.now)) {
                Some(Standing::Current) => return Ok(true),
                Some(Standing::InGrace) => value = crypto::derived_uuid(&*self.secret, &value),
                Some(Standing::Reused | Standing::Over) | None => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// One step of a session, ready to be written.
struct Step {
    ask: Arc<Ask>,
    session: String,
    /// Hash of the value that follows; `None` where values are not rotated.
    successor: Option<String>,
    /// A new active tenant or a later sweep.
    moved: Option<Moved>,
    user: UserId,
    /// How many sessions the user may have, where that is to be seen to.
    most: Option<i64>,
    expires_at: Millis,
}

impl Step {
    /// Takes the step, or finds that another caller with the same value has just taken it.
    async fn take(&self, tx: &Tx) -> Result<(), RefreshError> {
        let (environment, hash, now) = (self.ask.environment.as_str(), &self.ask.hash, self.ask.now);
        let ours = match &self.successor {
            Some(_) => store::rotate(tx, environment, hash, now, now.plus_seconds(MEMORY_SECONDS)).await?,
            None => store::extend(tx, environment, hash, now, self.expires_at).await?,
        };
        if !ours {
            let honours = self.ask.configuration.refresh_tokens_rotation_limit > 0;
            return match store::presented(tx, environment, hash).await? {
                Some(now_known) if honours && now_known.standing(now) == Standing::InGrace => Ok(()),
                _ => Err(RefreshError::NoSession),
            };
        }
        if let Some(successor) = &self.successor {
            store::insert_token(tx, environment, successor, &self.session, now, self.expires_at).await?;
        }
        let moved = self.moved.as_ref();
        if !store::touch(tx, environment, &self.session, moved, now, self.expires_at).await? {
            return Err(RefreshError::NoSession); // ended meanwhile; nothing of this transaction is kept
        }
        if let Some(most) = self.most {
            store::trim(tx, environment, self.user.as_str(), &self.session, most - 1, now).await?;
        }
        Ok(())
    }
}

/// A session outlasted what its tenant allows.
async fn end_over(
    room: &Access,
    environment: &Environment,
    presented: &Presented,
    reason: EndReason,
    from: &CallOrigin,
    now: Millis,
) -> Result<(), StoreError> {
    let record = AuditRecord::new("Session expired", "session", &presented.session)
        .from(from)
        .described(match reason {
            EndReason::Idle => "The session was idle for too long",
            _ => "The session lasted as long as sessions may",
        });
    end_with(room, environment, presented, reason, record, now).await
}

/// A value that was replaced long ago came back: one of its two holders is a thief, so the session ends for both.
async fn end_reused(
    room: &Access,
    environment: &Environment,
    presented: &Presented,
    from: &CallOrigin,
    now: Millis,
) -> Result<(), StoreError> {
    let record = AuditRecord::new("Refresh token reused", "session", &presented.session)
        .severity(Severity::High)
        .from(from)
        .described("A refresh token that had been replaced was presented again; its session was ended");
    end_with(room, environment, presented, EndReason::Reuse, record, now).await
}

async fn end_with(
    room: &Access,
    environment: &Environment,
    presented: &Presented,
    reason: EndReason,
    record: AuditRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let ids = room.app.ids().clone();
    let (environment, session) = (environment.id.clone(), presented.session.clone());
    room.app
        .db()
        .write(async move |tx| {
            domain::end(tx, &ids, &environment, &session, reason, record.clone(), now).await
        })
        .await
}
