//! A password that somebody who is signed in types again: counted as at a sign-in, since an open browser may be anybody's.

use blocks::audit::AuditRecord;
use crypto::{Admitted, StoredHash};
use db::StoreError;
use kit::{EnvironmentId, UserId};
use people::UserRecord;
use web::CallOrigin;

use super::attempts::{clear_attempts, is_blocked};
use super::domain::note_failure;
use super::turn::{Standing, Turn};
use crate::lockout::{self, Limit, Strike};
use crate::passwords::store as hashes;
use crate::room::Access;

/// One try, counted before it is judged.
pub(crate) struct Guess {
    environment: EnvironmentId,
    user: UserId,
    record: Option<UserRecord>,
    /// What the password is to be compared with.
    pub(crate) hash: Option<StoredHash>,
    /// `None` where the account is blocked or locked: a block is not prolonged by what is tried while it lasts.
    turn: Option<Turn>,
}

impl Guess {
    /// Counts a try, which has its place at the hashing already: what is sent away unjudged is no guess.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn begin(
        room: &Access,
        environment: &EnvironmentId,
        user: &UserId,
        _place: &Admitted,
    ) -> Result<Self, StoreError> {
        let now = room.app.now();
        let (of, whose) = (environment.clone(), user.clone());
        let (record, hash, blocked, limit) = room
            .app
            .db()
            .read(async move |tx| {
                let record = people::user_by_id(tx, &of, whose.as_str()).await?;
                let hash = hashes::hash_of(tx, of.as_str(), whose.as_str()).await?;
                let blocked = is_blocked(tx, &of, whose.as_str(), now).await?;
                let tenant = record.as_ref().map_or("", |user| user.active_tenant.as_str());
                let limit = lockout::limit(tx, &of, tenant).await?;
                Ok::<_, StoreError>((record, hash, blocked, limit))
            })
            .await?;
        let is_shut = blocked || record.as_ref().is_none_or(|user| user.is_locked);
        let turn = if is_shut {
            None
        } else {
            Some(Turn::take(room, environment, user.as_str(), limit, now).await?)
        };
        Ok(Self {
            environment: environment.clone(),
            user: user.clone(),
            record,
            hash,
            turn,
        })
    }

    /// What it is worth that the password is right.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn standing(&self, room: &Access) -> Result<Standing, StoreError> {
        match &self.turn {
            Some(turn) => turn.standing(room, &self.environment, &self.user).await,
            None => Ok(Standing::Spent),
        }
    }

    /// It was right.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn succeeded(&self, room: &Access) -> Result<(), StoreError> {
        clear_attempts(room, &self.environment, &self.user).await
    }

    /// It was wrong.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn failed(
        &self,
        room: &Access,
        record: AuditRecord,
        from: &CallOrigin,
    ) -> Result<(), StoreError> {
        self.note(room, record, self.reached(), from).await
    }

    /// It was right, and does not count: it ends in a block, but locks nobody.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn refused(
        &self,
        room: &Access,
        record: AuditRecord,
        from: &CallOrigin,
    ) -> Result<(), StoreError> {
        let reached = self.reached().map(Limit::blocking);
        self.note(room, record, reached, from).await
    }

    fn reached(&self) -> Option<Limit> {
        self.turn.as_ref().and_then(Turn::reached)
    }

    async fn note(
        &self,
        room: &Access,
        record: AuditRecord,
        reached: Option<Limit>,
        from: &CallOrigin,
    ) -> Result<(), StoreError> {
        let now = room.app.now();
        let whose = self.record.as_ref();
        let strike = Strike::count(room, &self.environment, whose, reached, from, now).await?;
        note_failure(room, &self.environment, record, strike, now).await
    }
}
