//! Sessions as values.

use kit::{Millis, UserId};

/// How long a rotated value answers with its successor, for parallel tabs and retries.
pub(crate) const GRACE_SECONDS: i64 = 30;

/// How long a rotated value is remembered, so that presenting it again ends its session. Whoever comes back later than
/// this with an old value is refused as a stranger.
pub(crate) const MEMORY_SECONDS: i64 = 7 * 24 * 3600;

/// Longer values are no refresh tokens; ours have 36 characters.
pub(crate) const LONGEST_TOKEN: usize = 128;

/// A session to be stored.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) id: String,
    pub(crate) user: UserId,
    pub(crate) tenant: String,
    pub(crate) created_at: Millis,
    pub(crate) expires_at: Millis,
    pub(crate) ip: String,
    pub(crate) user_agent: String,
    /// The browser, by its device cookie.
    pub(crate) device: String,
}

/// A session that lives, as its user sees it.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) id: String,
    pub(crate) created_at: Millis,
    pub(crate) expires_at: Millis,
    pub(crate) ip: String,
    pub(crate) user_agent: String,
    pub(crate) impersonated: bool,
}

/// A refresh token that was shown to us, and its session.
#[derive(Clone, Debug)]
pub(crate) struct Presented {
    pub(crate) session: String,
    pub(crate) expires_at: Millis,
    /// When its successor was made; `None` while it is the current one.
    pub(crate) rotated_at: Option<Millis>,
    pub(crate) user: UserId,
    pub(crate) tenant: String,
    pub(crate) session_created_at: Millis,
    pub(crate) session_refreshed_at: Millis,
    pub(crate) session_ended: bool,
    /// When the session may be swept; never before it ends.
    pub(crate) sweep_at: Millis,
}

impl Presented {
    /// What may be done with this token at `now`.
    pub(crate) fn standing(&self, now: Millis) -> Standing {
        let over = self.session_ended || now >= self.expires_at;
        match self.rotated_at {
            _ if over => Standing::Over,
            None => Standing::Current,
            Some(at) if now <= at.plus_seconds(GRACE_SECONDS) => Standing::InGrace,
            Some(_) => Standing::Reused,
        }
    }
}

/// See [`Presented::standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The session's newest token.
    Current,
    /// Rotated a moment ago: the same successor is handed out again.
    InGrace,
    /// Rotated long ago: two parties hold tokens of this session, so it ends.
    Reused,
    /// Expired, or its session ended.
    Over,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    Logout,
    /// An administrator, a lock, a new password, a deleted tenant.
    Revoked,
    /// A rotated refresh token was presented again.
    Reuse,
    /// Nobody refreshed it for too long.
    Idle,
    /// It lasted as long as sessions may.
    Expired,
    /// A newer session took its place.
    Trimmed,
}

impl EndReason {
    /// As stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Revoked => "revoked",
            Self::Reuse => "reuse",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::Trimmed => "trimmed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_honoured_for_thirty_seconds_after_its_rotation() {
        let presented = |rotated_at, session_ended| Presented {
            session: "s".to_owned(),
            expires_at: Millis(100_000),
            rotated_at,
            user: "u".into(),
            tenant: "t".to_owned(),
            session_created_at: Millis(0),
            session_refreshed_at: Millis(0),
            session_ended,
            sweep_at: Millis(0),
        };
        let standing = |rotated_at, ended, now| presented(rotated_at, ended).standing(Millis(now));
        assert_eq!(standing(None, false, 99_999), Standing::Current);
        assert_eq!(standing(None, false, 100_000), Standing::Over);
        assert_eq!(standing(Some(Millis(1_000)), false, 31_000), Standing::InGrace);
        assert_eq!(standing(Some(Millis(1_000)), false, 31_001), Standing::Reused);
        assert_eq!(standing(Some(Millis(1_000)), true, 31_001), Standing::Over);
    }
}
