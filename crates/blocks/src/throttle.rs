//! `Throttle`: counts of (what, who) within a window, in the database, so that they survive restarts and all nodes agree.
//! `RateLimit`: the same question for plain request rates, answered from memory because it is asked on every call.
//!
//! Attempts are counted before the attempt is judged and outside its transaction, so that a rollback refunds nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use db::{Db, StoreError, args, sql};
use kit::{EnvironmentId, Millis};
use web::Problem;

/// Adds one and answers the count within the window, this one included. An expired window starts over.
///
/// # Errors
/// When storage fails.
pub async fn count(
    db: &Db,
    environment: &EnvironmentId,
    what: &'static str,
    who: &str,
    window_seconds: i64,
    now: Millis,
) -> Result<i64, StoreError> {
    let fresh_since = now.plus_seconds(-window_seconds).0;
    let (environment, who) = (environment.clone(), who.to_owned());
    db.write(async move |tx| {
        let row = tx
            .one(
                sql!(
                    "INSERT INTO throttles (environment_id, what, who, since, hits) VALUES ($1, $2, $3, $4, 1)
                     ON CONFLICT (environment_id, what, who) DO UPDATE SET
                       hits = CASE WHEN throttles.since <= $5 THEN 1 ELSE throttles.hits + 1 END,
                       since = CASE WHEN throttles.since <= $5 THEN excluded.since ELSE throttles.since END
                     RETURNING hits"
                ),
                args![environment.as_str(), what, &who, now.0, fresh_since],
            )
            .await?;
        row.get(0)
    })
    .await
}

/// The count within the window, without adding to it.
///
/// # Errors
/// When storage fails.
pub async fn hits(
    tx: &db::Tx,
    environment: &EnvironmentId,
    what: &'static str,
    who: &str,
    window_seconds: i64,
    now: Millis,
) -> Result<i64, StoreError> {
    let fresh_since = now.plus_seconds(-window_seconds).0;
    let row = tx
        .opt(
            sql!("SELECT hits FROM throttles WHERE environment_id = $1 AND what = $2 AND who = $3 AND since > $4"),
            args![environment.as_str(), what, who, fresh_since],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Forgets the count, as after a success.
///
/// # Errors
/// When storage fails.
pub async fn clear(
    tx: &db::Tx,
    environment: &EnvironmentId,
    what: &'static str,
    who: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM throttles WHERE environment_id = $1 AND what = $2 AND who = $3"),
        args![environment.as_str(), what, who],
    )
    .await?;
    Ok(())
}

/// A person gets a code this often at most, in seconds.
const PAUSE_SECONDS: i64 = 30;
/// And this many codes at most …
const MOST_SENDS: i64 = 5;
/// … within this time.
const SENDS_SECONDS: i64 = 15 * 60;

/// Counts a mail or message that is about to go to `who` (an address, a number, a user) at somebody's request. Counted
/// alike whether or not `who` is known here, so that the refusal tells nothing.
///
/// # Errors
/// 429 with `Retry-After` when the last one was a moment ago, or there were too many.
pub async fn send(
    db: &Db,
    limits: &RateLimit,
    environment: &EnvironmentId,
    who: &str,
    now: Millis,
) -> Result<(), Problem> {
    match too_soon(db, limits, environment, who, now).await? {
        Some(seconds) => Err(Problem::too_many(u32::try_from(seconds).unwrap_or(1))),
        None => Ok(()),
    }
}

/// The same where the answer is always the same: false when nothing more may be sent.
///
/// # Errors
/// When storage fails.
pub async fn may_send(
    db: &Db,
    limits: &RateLimit,
    environment: &EnvironmentId,
    who: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    Ok(too_soon(db, limits, environment, who, now).await?.is_none())
}

/// How many seconds a window has that is full, where one is.
async fn too_soon(
    db: &Db,
    limits: &RateLimit,
    environment: &EnvironmentId,
    who: &str,
    now: Millis,
) -> Result<Option<i64>, StoreError> {
    if !limits.on {
        return Ok(None);
    }
    for (what, most, seconds) in [
        ("send-pause", 1, PAUSE_SECONDS),
        ("sends", MOST_SENDS, SENDS_SECONDS),
    ] {
        if count(db, environment, what, who, seconds, now).await? > most {
            return Ok(Some(seconds));
        }
    }
    Ok(None)
}

/// At most this many keys are remembered; beyond it the expired ones are dropped, then everything.
const KEYS: usize = 100_000;

/// Request rates by route and caller, in fixed windows. Cheap, per node, forgotten on restart.
#[derive(Clone, Debug)]
pub struct RateLimit {
    on: bool,
    windows: Arc<Mutex<BTreeMap<(&'static str, String), Window>>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Millis,
    count: u32,
}

impl RateLimit {
    /// `on = false` lets everything through (TENANTRY_RATE_LIMITS=off).
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self {
            on,
            windows: Arc::default(),
        }
    }

    /// Whether anything is counted.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Counts one request.
    ///
    /// # Errors
    /// 429 with `Retry-After` when `who` has asked for `what` more than `most` times in this window.
    pub fn check(
        &self,
        what: &'static str,
        who: &str,
        most: u32,
        seconds: i64,
        now: Millis,
    ) -> Result<(), Problem> {
        if !self.on {
            return Ok(());
        }
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEYS {
            windows.retain(|_, window| window.ends > now);
            if windows.len() >= KEYS {
                windows.clear();
            }
        }
        let fresh = Window {
            ends: now.plus_seconds(seconds),
            count: 0,
        };
        let window = windows.entry((what, who.to_owned())).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window.count += 1;
        if window.count > most {
            let wait = u32::try_from((window.ends.0 - now.0) / 1000 + 1).unwrap_or(1);
            return Err(Problem::too_many(wait).with_rate(most, window.ends));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_after_the_last_allowed_one_waits_for_the_next_window() {
        let limit = RateLimit::new(true);
        let at = |seconds: i64, who: &str| limit.check("login", who, 2, 60, Millis(seconds * 1000)).is_ok();
        assert!(at(0, "a") && at(1, "a") && !at(2, "a") && at(2, "b") && at(61, "a"));
        assert!((0..9).all(|_| {
            RateLimit::new(false)
                .check("login", "a", 1, 60, Millis(0))
                .is_ok()
        }));
    }
}
