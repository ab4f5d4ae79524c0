//! Ids and random bytes as inputs: random in production, counted in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::Millis;

/// Where new ids and secret bytes come from.
pub trait IdSource: Send + Sync {
    /// A UUID v4 in text form: random, and by its first digit never mistaken for one of [`IdSource::ordered`].
    fn v4(&self) -> String;
    /// A UUID that reads as v4, which clients' validators expect of users and tenants, but begins with the milliseconds of
    /// its making and goes on with 74 random bits. A million rows under random keys are in a million places of every
    /// index; these go to the end of it.
    fn ordered(&self, now: Millis) -> String;
    /// A UUID v7: ascending in time, for tables that only grow at the end (audits, sessions, refresh tokens).
    fn v7(&self, now: Millis) -> String;
    /// Fresh key material.
    fn bytes32(&self) -> [u8; 32];
}

/// The shared handle every crate receives.
#[derive(Clone)]
pub struct Ids(Arc<dyn IdSource>);

impl Ids {
    #[must_use]
    pub fn new(source: impl IdSource + 'static) -> Self {
        Self(Arc::new(source))
    }

    #[must_use]
    pub fn v4(&self) -> String {
        self.0.v4()
    }

    #[must_use]
    pub fn ordered(&self, now: Millis) -> String {
        self.0.ordered(now)
    }

    #[must_use]
    pub fn v7(&self, now: Millis) -> String {
        self.0.v7(now)
    }

    #[must_use]
    pub fn bytes32(&self) -> [u8; 32] {
        self.0.bytes32()
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

/// Ids from the system's random generator.
#[derive(Debug, Default)]
pub struct RandomIds(SystemRandom);

impl RandomIds {
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }

    fn fill(&self, bytes: &mut [u8]) {
        // The generator of the operating system does not fail once the process runs; going on without it would be worse.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

impl IdSource for RandomIds {
    fn v4(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[0] |= 0x80;
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    fn ordered(&self, now: Millis) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        let millis = now.0.to_be_bytes();
        bytes[..6].copy_from_slice(&millis[2..]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    fn v7(&self, now: Millis) -> String {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        let millis = u64::try_from(now.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
            .into_uuid()
            .to_string()
    }

    fn bytes32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }
}

/// Ids that count up from one, shaped like UUIDs, so that tests are exact.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl CountedIds {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl IdSource for CountedIds {
    fn v4(&self) -> String {
        format!("00000000-0000-4000-a000-{:012x}", self.next())
    }

    fn ordered(&self, now: Millis) -> String {
        let millis = format!("{:012x}", now.0);
        let (high, low) = millis.split_at(8);
        format!("{high}-{low}-4000-a000-{:012x}", self.next())
    }

    fn v7(&self, now: Millis) -> String {
        let millis = format!("{:012x}", now.0);
        let (high, low) = millis.split_at(8);
        format!("{high}-{low}-7000-a000-{:012x}", self.next())
    }

    fn bytes32(&self) -> [u8; 32] {
        let mut bytes = [7; 32];
        for (to, from) in bytes.iter_mut().zip(self.next().to_be_bytes()) {
            *to = from;
        }
        bytes
    }
}

/// Gives a UUID the first digit of a random one, so that it cannot be told from those of [`IdSource::v4`].
#[must_use]
pub fn as_random(mut id: String) -> String {
    let first = id.chars().next().and_then(|digit| digit.to_digit(16));
    if let Some(first) = first.and_then(|digit| char::from_digit(digit | 8, 16)) {
        id.replace_range(..1, first.encode_utf8(&mut [0; 4]));
    }
    id
}

/// Whether an id tells when it was made: one of [`IdSource::ordered`], of the years 2004 to 2039.
#[must_use]
pub fn tells_time(id: &str) -> bool {
    is_uuid(id) && id.starts_with("01")
}

/// Whether a text is a UUID in its hyphenated form.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_makes_uuids_of_the_version_it_says() {
        for source in [&RandomIds::new() as &dyn IdSource, &CountedIds::default()] {
            let now = Millis(1_760_000_000_000);
            let (v4, v7, ordered) = (source.v4(), source.v7(now), source.ordered(now));
            assert!(is_uuid(&v4) && v4.as_bytes()[14] == b'4', "{v4}");
            assert!(is_uuid(&ordered) && ordered.as_bytes()[14] == b'4', "{ordered}");
            assert!(tells_time(&ordered) && !tells_time(&v4), "{ordered}, {v4}");
            assert!(is_uuid(&v7) && v7.as_bytes()[14] == b'7', "{v7}");
            assert_ne!(source.bytes32(), source.bytes32());
        }
    }

    #[test]
    fn what_is_derived_looks_like_what_is_random() {
        let derived = as_random("3f2a0000-0000-4000-a000-000000000001".to_owned());
        assert_eq!(derived, "bf2a0000-0000-4000-a000-000000000001");
        assert_eq!(as_random(derived.clone()), derived);
        let source = RandomIds::new();
        for _ in 0..64 {
            let random = source.v4();
            assert_eq!(as_random(random.clone()), random);
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let source = RandomIds::new();
        assert!(source.ordered(Millis(1_000)) < source.ordered(Millis(2_000)));
        assert!(source.v7(Millis(1_000)) < source.v7(Millis(2_000)));
    }
}
