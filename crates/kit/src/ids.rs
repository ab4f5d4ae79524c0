//! Ids and random bytes as inputs: random in production, counted in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::Millis;

/// Where new ids and secret bytes come from.
pub trait IdSource: Send + Sync {
    /// A UUID v4 in text form. Clients parse most ids as UUIDs.
    fn v4(&self) -> String;
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
            let (v4, v7) = (source.v4(), source.v7(Millis(1_760_000_000_000)));
            assert!(is_uuid(&v4) && v4.as_bytes()[14] == b'4', "{v4}");
            assert!(is_uuid(&v7) && v7.as_bytes()[14] == b'7', "{v7}");
            assert_ne!(source.bytes32(), source.bytes32());
        }
    }

    #[test]
    fn later_v7_ids_sort_after_earlier_ones() {
        let source = RandomIds::new();
        assert!(source.v7(Millis(1_000)) < source.v7(Millis(2_000)));
    }
}
