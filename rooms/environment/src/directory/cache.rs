//! A bounded map whose entries all grow stale at once when something changed.

use std::sync::atomic::{AtomicU64, Ordering};

use kit::Millis;

/// How many changes there had been at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// A value and when it was read.
#[derive(Clone)]
pub(crate) struct Entry<V> {
    mark: Mark,
    checked_at: Millis,
    pub(crate) value: V,
}

impl<V> Entry<V> {
    /// Whether nothing changed since it was read, and that was not too long ago.
    pub(crate) const fn is_fresh(&self, mark: Mark, now: Millis, millis: i64) -> bool {
        self.mark.0 == mark.0 && now.0.abs_diff(self.checked_at.0) < millis.unsigned_abs()
    }
}

pub(crate) struct Cache<V: Clone + Send + Sync + 'static> {
    entries: moka::sync::Cache<String, Entry<V>>,
    changes: AtomicU64,
}

impl<V: Clone + Send + Sync + 'static> Cache<V> {
    pub(crate) fn new(most: u64) -> Self {
        Self {
            entries: moka::sync::Cache::new(most),
            changes: AtomicU64::new(0),
        }
    }

    /// To be taken before the value is read.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.changes.load(Ordering::Acquire))
    }

    /// Makes every entry stale, also those that are being read now.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry<V>> {
        self.entries.get(key)
    }

    pub(crate) fn put(&self, key: &str, mark: Mark, checked_at: Millis, value: V) {
        let entry = Entry {
            mark,
            checked_at,
            value,
        };
        self.entries.insert(key.to_owned(), entry);
    }

    pub(crate) fn remove(&self, key: &str) {
        self.entries.invalidate(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_entries_stale_even_those_read_before_it_and_stored_after() {
        let cache = Cache::new(9);
        let mark = cache.mark();
        cache.forget();
        cache.put("a", mark, Millis(0), 1);
        let fresh = |now: i64| {
            cache
                .get("a")
                .is_some_and(|e| e.is_fresh(cache.mark(), Millis(now), 10))
        };
        assert!(!fresh(0));
        cache.put("a", cache.mark(), Millis(0), 1);
        assert!(fresh(9) && !fresh(10));
    }
}
