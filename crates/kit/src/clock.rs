//! Time as an input: production reads the system clock, tests move a hand.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment as milliseconds since 1970-01-01T00:00:00Z; the form in which every time is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// This moment and `seconds` more (or fewer, when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds since the epoch, as JWT claims (`iat`, `exp`) want them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// ISO 8601 in UTC with milliseconds and `Z`, the form of every date the API sends.
    #[must_use]
    pub fn iso(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| String::new(), |t| format!("{t:.3}"))
    }

    /// The moment an ISO 8601 text with a zone names.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// RFC 1123 in GMT, e.g. `Fri, 10 Oct 2025 09:46:40 GMT`, as cookies and token answers want it.
    #[must_use]
    pub fn rfc1123(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| String::new(),
            |t| {
                t.to_zoned(jiff::tz::TimeZone::UTC)
                    .strftime("%a, %d %b %Y %H:%M:%S GMT")
                    .to_string()
            },
        )
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_iso(&text)
            .ok_or_else(|| serde::de::Error::custom("expected an ISO 8601 date with a time zone"))
    }
}

/// Where the current moment comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Millis;
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        Millis(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    #[must_use]
    pub const fn at(moment: Millis) -> Self {
        Self(AtomicI64::new(moment.0))
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_sent_with_milliseconds_and_z() {
        assert_eq!(Millis(1_760_000_000_000).iso(), "2025-10-09T08:53:20.000Z");
        assert_eq!(
            Millis::from_iso("2025-10-09T08:53:20.000Z"),
            Some(Millis(1_760_000_000_000))
        );
        assert_eq!(Millis::from_iso("2025-10-09"), None);
    }

    #[test]
    fn token_expiry_is_a_date_that_javascript_parses() {
        assert_eq!(
            Millis(1_760_089_600_000).rfc1123(),
            "Fri, 10 Oct 2025 09:46:40 GMT"
        );
    }

    #[test]
    fn a_hand_clock_moves_only_by_hand() {
        let clock = HandClock::at(Millis(5));
        clock.advance_seconds(2);
        assert_eq!(clock.now(), Millis(2005));
    }
}
