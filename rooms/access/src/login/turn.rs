//! One attempt among others at the same account.
//!
//! Whoever knows the password may come as one of many who know it, all of them counted before the first was judged (a page
//! that signs in from every tab). The first success starts a new row; only where none comes, they were guesses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use blocks::throttle;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, UserId};

use super::attempts::{ATTEMPTS, ROW_SECONDS};
use crate::lockout::Limit;
use crate::room::Access;

/// How often, and after how many milliseconds each time, it is looked for the success of somebody who came before.
const LOOKS: u32 = 40;
const LOOK_MILLIS: u64 = 50;

/// The place of an attempt in its row.
pub(super) struct Turn {
    /// Which attempt in a row this is.
    ticket: i64,
    limit: Option<Limit>,
    _early: Option<Early>,
}

/// What a right password is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Counts,
    /// Those who came before are still being judged.
    Busy,
    /// All tries were used up before this one.
    Spent,
}

impl Turn {
    /// Counts an attempt at the user's password, or at nobody's, where `limit` is absent as well.
    ///
    /// # Errors
    /// When storage fails.
    pub(super) async fn take(
        room: &Access,
        environment: &EnvironmentId,
        who: &str,
        limit: Option<Limit>,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let ticket = throttle::count(room.app.db(), environment, ATTEMPTS, who, ROW_SECONDS, now).await?;
        let early = limit.is_some_and(|limit| ticket <= limit.most);
        Ok(Self {
            ticket,
            limit,
            _early: early.then(|| room.underway.enter(environment, who)),
        })
    }

    /// What follows where the password is wrong: the limit that it reaches.
    pub(super) fn reached(&self) -> Option<Limit> {
        self.limit.filter(|limit| self.ticket >= limit.most)
    }

    /// Waits for those who came before, where the right password depends on them.
    ///
    /// # Errors
    /// When storage fails.
    pub(super) async fn standing(
        &self,
        room: &Access,
        environment: &EnvironmentId,
        user: &UserId,
    ) -> Result<Standing, StoreError> {
        let row = self.row();
        if !row.is_used_up() {
            return Ok(Standing::Counts);
        }
        for _ in 0..LOOKS {
            let (environment, user, now) = (environment.clone(), user.clone(), room.app.now());
            let goes_on = room
                .app
                .db()
                .read(async move |tx| row.goes_on(tx, &environment, &user, now).await)
                .await?;
            if !goes_on {
                return Ok(Standing::Counts);
            }
            outbound::pause(LOOK_MILLIS).await;
        }
        Ok(if room.underway.has_any(environment, user.as_str()) {
            Standing::Busy
        } else {
            Standing::Spent
        })
    }

    /// For the transaction that lets the user in.
    pub(super) fn row(&self) -> Row {
        Row {
            ticket: self.ticket,
            most: self.limit.map_or(i64::MAX, |limit| limit.most),
        }
    }
}

/// The row that an attempt belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    ticket: i64,
    most: i64,
}

impl Row {
    const fn is_used_up(self) -> bool {
        self.ticket > self.most
    }

    /// Whether the tries were used up before this attempt, and nobody has succeeded since: a new row has fewer attempts.
    pub(super) async fn goes_on(
        self,
        tx: &Tx,
        environment: &EnvironmentId,
        user: &UserId,
        now: Millis,
    ) -> Result<bool, StoreError> {
        if !self.is_used_up() {
            return Ok(false);
        }
        let hits = throttle::hits(tx, environment, ATTEMPTS, user.as_str(), ROW_SECONDS, now).await?;
        Ok(hits >= self.ticket)
    }
}

/// Attempts of this node that were counted within their limit and are not judged yet: any of them may start a new row.
#[derive(Clone, Default)]
pub(crate) struct Underway(Arc<Mutex<BTreeMap<Account, u32>>>);

type Account = (EnvironmentId, String);

impl Underway {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Account, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, environment: &EnvironmentId, who: &str) -> Early {
        let account = (environment.clone(), who.to_owned());
        *self.lock().entry(account.clone()).or_default() += 1;
        Early {
            among: self.clone(),
            account,
        }
    }

    fn has_any(&self, environment: &EnvironmentId, who: &str) -> bool {
        self.lock().contains_key(&(environment.clone(), who.to_owned()))
    }
}

/// One of them, until it is dropped.
struct Early {
    among: Underway,
    account: Account,
}

impl Drop for Early {
    fn drop(&mut self) {
        let mut underway = self.among.lock();
        if let Some(number) = underway.get_mut(&self.account) {
            *number -= 1;
            if *number == 0 {
                underway.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_remembered_while_any_of_its_attempts_is_underway() {
        let (underway, home) = (Underway::default(), EnvironmentId::from("home"));
        let (one, other) = (underway.enter(&home, "ann"), underway.enter(&home, "ann"));
        drop(one);
        assert!(underway.has_any(&home, "ann") && !underway.has_any(&home, "bob"));
        assert!(!underway.has_any(&EnvironmentId::from("away"), "ann"));
        drop(other);
        assert!(underway.lock().is_empty());
    }
}
