//! What too many wrong passwords in a row bring about, and how it ends.
//!
//! Where the policy says `block`, passwords are not looked at for a while; where it says `lock`, the user is locked until
//! they unlock themselves, set a new password, or the environment unlocks them. Either way the owner is told, and gets a
//! link that ends it at once.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::one_time::{self, Bound, Ticket};
use blocks::throttle;
use db::{StoreError, Tx};
use environment::MailTemplate;
use kit::{EnvironmentId, Millis};
use people::{Standing, UserRecord};
use serde_json::json;
use web::{App, CallOrigin};

use super::model::{Limit, LockoutAction};
use super::store::{mark, unmark};
use crate::letters::{happened, letter, scope_of, towards};
use crate::login::{ATTEMPTS, BLOCK_SECONDS, BLOCKS};
use crate::room::Access;
use crate::sessions;

/// Ends a block or a lock that wrong passwords brought about. The subject is the user.
pub(super) const UNLOCK_USER: Ticket = Ticket {
    purpose: "unlock-user",
    seconds: 24 * 3600,
};

/// Counts mails about locks by user.
const MAILS: &str = "lock-mails";
/// Whoever attacks an account all day shall not fill its owner's mailbox.
const MOST_MAILS: i64 = 5;
const MAILS_SECONDS: i64 = 24 * 3600;

/// The last wrong password that was allowed.
pub(crate) struct Strike {
    user: UserRecord,
    action: LockoutAction,
    /// Of many at once, one does what follows.
    is_first: bool,
    tells: bool,
    from: CallOrigin,
}

impl Strike {
    /// Counts it, before the transaction of what follows; `None` where no limit was reached, or by nobody.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn count(
        room: &Access,
        environment: &EnvironmentId,
        user: Option<&UserRecord>,
        reached: Option<Limit>,
        from: &CallOrigin,
        now: Millis,
    ) -> Result<Option<Self>, StoreError> {
        let Some((user, limit)) = user.zip(reached) else {
            return Ok(None);
        };
        let (db, who) = (room.app.db(), user.id.as_str());
        let is_first = throttle::count(db, environment, BLOCKS, who, BLOCK_SECONDS, now).await? == 1;
        let tells =
            is_first && throttle::count(db, environment, MAILS, who, MAILS_SECONDS, now).await? <= MOST_MAILS;
        Ok(Some(Self {
            user: user.clone(),
            action: limit.action,
            is_first,
            tells,
            from: from.clone(),
        }))
    }

    /// Everything that follows.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn write(
        &self,
        tx: &Tx,
        app: &App,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let id = self.user.id.as_str();
        throttle::clear(tx, environment, ATTEMPTS, id).await?;
        if !self.is_first {
            return Ok(());
        }
        let Some(user) = people::hold_user(tx, environment, id).await? else {
            return Ok(());
        };
        if user.is_locked {
            return Ok(());
        }
        let locks = self.action == LockoutAction::Lock;
        if locks {
            mark(tx, environment, id, now).await?;
            sessions::end_of_user(tx, environment, &user.id, None, now).await?;
            let standing = Standing {
                locked: Some(true),
                tokens_end: true,
                ..Standing::default()
            };
            people::stand(tx, app.ids(), environment, &user, standing, now).await?;
        }
        let words = if locks { "User locked" } else { "User blocked" };
        let mut record = AuditRecord::new(words, "user", id)
            .severity(Severity::High)
            .described("too many wrong passwords")
            .from(&self.from)
            .about_user(id, user.email.as_deref());
        record.actor = Actor::System;
        record
            .write(tx, app.ids(), &scope_of(environment, &user), now)
            .await?;
        if self.tells {
            self.tell(tx, app, environment, &user, now).await?;
        }
        Ok(())
    }

    /// Says so, and mails the link that ends it.
    async fn tell(
        &self,
        tx: &Tx,
        app: &App,
        environment: &EnvironmentId,
        user: &UserRecord,
        now: Millis,
    ) -> Result<(), StoreError> {
        let Some(to) = &user.email else { return Ok(()) };
        let scope = scope_of(environment, user);
        let notice =
            letter(MailTemplate::BruteForceProtection, user, to).with("metadata", happened(&self.from, now));
        environment::send_mail(tx, app, &scope, &notice, now).await?;
        let bound = Bound {
            environment,
            subject: user.id.as_str(),
            owner: user.id.as_str(),
        };
        let token = UNLOCK_USER.issue(tx, app.ids(), &bound, &json!({}), now).await?;
        let link = letter(MailTemplate::UnlockUser, user, to)
            .link("token", token.reveal())
            .expires_in(UNLOCK_USER.seconds);
        let link = towards(tx, environment, &self.from, link).await?;
        environment::send_mail(tx, app, &scope, &link, now).await?;
        Ok(())
    }
}

/// Ends what wrong passwords brought about. True when the held user was locked by them and must be unlocked; a lock of the
/// environment stays.
///
/// # Errors
/// When storage fails.
pub(crate) async fn release(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<bool, StoreError> {
    let marked = forget(tx, environment, user.id.as_str()).await?;
    Ok(marked && user.is_locked)
}

/// Forgets all of it, when the user goes.
///
/// # Errors
/// When storage fails.
pub(crate) async fn forget(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    throttle::clear(tx, environment, ATTEMPTS, id).await?;
    throttle::clear(tx, environment, BLOCKS, id).await?;
    throttle::clear(tx, environment, MAILS, id).await?;
    one_time::void(tx, environment, UNLOCK_USER.purpose, id).await?;
    unmark(tx, environment, id).await
}

/// Tells the owner that the account is open again.
///
/// # Errors
/// When storage fails.
pub(crate) async fn tell_released(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
    user: &UserRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let Some(to) = &user.email else { return Ok(()) };
    let order = letter(MailTemplate::UnlockUserSuccess, user, to);
    environment::send_mail(tx, app, &scope_of(environment, user), &order, now).await?;
    Ok(())
}
