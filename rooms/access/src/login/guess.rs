//! A password that somebody who is signed in types again: counted as at a sign-in, since an open browser may be anybody's.

use blocks::audit::AuditRecord;
use blocks::throttle;
use crypto::{Admitted, StoredHash};
use db::StoreError;
use kit::{EnvironmentId, UserId};
use people::UserRecord;
use web::CallOrigin;

use super::attempts::{ATTEMPTS, ROW_SECONDS, clear_attempts, is_blocked};
use super::domain::note_failure;
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
    blocked: bool,
    limit: Option<Limit>,
    /// Which attempt in a row this is.
    ticket: i64,
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
        let mut guess = Self {
            environment: environment.clone(),
            user: user.clone(),
            record,
            hash,
            blocked,
            limit,
            ticket: 0,
        };
        // A block is not prolonged by what is tried while it lasts.
        if !guess.is_shut() {
            guess.ticket = throttle::count(
                room.app.db(),
                environment,
                ATTEMPTS,
                user.as_str(),
                ROW_SECONDS,
                now,
            )
            .await?;
        }
        Ok(guess)
    }

    fn is_shut(&self) -> bool {
        self.blocked || self.record.as_ref().is_none_or(|user| user.is_locked)
    }

    /// Whether the right password counts.
    pub(crate) fn may_succeed(&self) -> bool {
        !self.is_shut() && self.limit.is_none_or(|limit| self.ticket <= limit.most)
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
        self.note(room, record, self.limit, from).await
    }

    /// It was right, and does not count. Where too many came before it, not all of them need have been judged, for callers
    /// hang up: they end in a block, but lock nobody.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn refused(
        &self,
        room: &Access,
        record: AuditRecord,
        from: &CallOrigin,
    ) -> Result<(), StoreError> {
        self.note(room, record, self.limit.map(Limit::blocking), from)
            .await
    }

    async fn note(
        &self,
        room: &Access,
        record: AuditRecord,
        limit: Option<Limit>,
        from: &CallOrigin,
    ) -> Result<(), StoreError> {
        let now = room.app.now();
        let last = limit.filter(|limit| !self.is_shut() && self.ticket >= limit.most);
        let strike = match (last, &self.record) {
            (Some(limit), Some(user)) => {
                Some(Strike::count(room, &self.environment, user, limit, from, now).await?)
            }
            _ => None,
        };
        note_failure(room, &self.environment, record, strike, now).await
    }
}
