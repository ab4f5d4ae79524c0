//! `Ranking`: counts and deep pages of large ordered lists without walking them.
//!
//! A list (`users by name`, say) is cut into buckets of neighbouring keys; each bucket's row holds where it begins and
//! ends and how many entries it has. Inserting or removing an entry adjusts one bucket in the writing transaction, so
//! counts are exact. The page at offset n is found by adding bucket counts (some hundred rows for a million entries) and
//! then skipping inside a single bucket. Keys are text; [`sortable_number`] makes text of numbers that sorts as they do.
//!
//! A bucket that has grown too large is handed back by [`Ranking::add`], and its owner, who alone can look into the
//! ranked table, splits it in the same transaction. That costs a walk over [`HALF`] index entries once in as many inserts.
//!
//! ```text
//! const BY_NAME: Ranking = Ranking::new("users.name");
//! if let Some(full) = BY_NAME.add(tx, environment, &user.name_key, &user.id).await? {
//!     if let Some((key, id)) = store::name_at(tx, environment, &full, ranking::HALF).await? {
//!         BY_NAME.split(tx, environment, &full, &key, &id).await?;
//!     }
//! }
//! let seat = BY_NAME.seat(tx, environment, page.skipped()).await?;   // start at seat.key, skip seat.skip more
//! ```
//!
//! Writers that meet in one bucket wait for each other on PostgreSQL. One that waited while the bucket was split or folded
//! finds that the row no longer holds its key (the end is part of the condition) and looks again. A transaction that
//! touches several lists should do so in the same order everywhere.

use std::borrow::Cow;

use db::{Row, StoreError, Tx, args, sql};
use kit::EnvironmentId;

/// A bucket that grows beyond this is to be split.
pub const SPLIT_ABOVE: i64 = 4_000;

/// How many entries the lower part keeps when a bucket is split.
pub const HALF: i64 = 2_000;

/// How often a writer looks again after a bucket changed under it.
const ATTEMPTS: usize = 16;

/// One ordered list of an environment.
#[derive(Clone, Debug)]
pub struct Ranking {
    list: Cow<'static, str>,
}

/// Where a page begins: at the first entry not below (`key`, `id`), after `skip` more entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub key: String,
    pub id: String,
    pub skip: i64,
}

/// A bucket with more than [`SPLIT_ABOVE`] entries, beginning at (`key`, `id`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overfull {
    pub key: String,
    pub id: String,
    entries: i64,
    end_key: String,
    end_id: String,
}

/// How many entries lie before a key: those of whole buckets, and those from (`key`, `id`) on that the owner counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    pub key: String,
    pub id: String,
    pub before: i64,
}

impl Ranking {
    #[must_use]
    pub const fn new(list: &'static str) -> Self {
        Self {
            list: Cow::Borrowed(list),
        }
    }

    /// One of a family of lists, as one per status: `part` is any short text.
    #[must_use]
    pub fn part(family: &str, part: &str) -> Self {
        Self {
            list: Cow::Owned(format!("{family}.{part}")),
        }
    }

    /// Counts an entry in, after it was written. An entry is `key` with `id` as the tie-breaker. Answers the bucket when it should be split.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn add(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
    ) -> Result<Option<Overfull>, StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.adjust(tx, environment, key, id, 1).await? {
                let bucket = bucket_from(&row)?;
                return Ok((bucket.entries > SPLIT_ABOVE).then_some(bucket));
            }
            // The first bucket begins below every key, so that every entry has one.
            tx.exec(
                sql!(
                    "INSERT INTO rankings (environment_id, list, first_key, first_id, end_key, end_id, entries)
                     VALUES ($1, $2, '', '', '', '', 0)
                     ON CONFLICT (environment_id, list, first_key, first_id) DO NOTHING"
                ),
                args![environment.as_str(), &*self.list],
            )
            .await?;
        }
        Err(StoreError::RetriesExhausted)
    }

    /// Counts an entry out. A bucket that is empty then joins its lower neighbour.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn remove(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.adjust(tx, environment, key, id, -1).await? {
                let bucket = bucket_from(&row)?;
                let first = bucket.key.is_empty() && bucket.id.is_empty();
                if bucket.entries <= 0 && !first {
                    self.fold(tx, environment, &bucket).await?;
                }
                return Ok(());
            }
        }
        // There is no bucket at all: nothing was ever counted in.
        Ok(())
    }

    async fn adjust(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
        by: i64,
    ) -> Result<Option<Row>, StoreError> {
        tx.opt(
            sql!(
                "UPDATE rankings SET entries = entries + $5
                 WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) = (
                   SELECT first_key, first_id FROM rankings
                   WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) <= ($3, $4)
                   ORDER BY first_key DESC, first_id DESC LIMIT 1)
                 AND ((end_key = '' AND end_id = '') OR (end_key, end_id) > ($3, $4))
                 RETURNING first_key, first_id, entries, end_key, end_id"
            ),
            args![environment.as_str(), &*self.list, key, id, by],
        )
        .await
    }

    async fn fold(&self, tx: &Tx, environment: &EnvironmentId, empty: &Overfull) -> Result<(), StoreError> {
        tx.exec(
            sql!(
                "DELETE FROM rankings
                 WHERE environment_id = $1 AND list = $2 AND first_key = $3 AND first_id = $4"
            ),
            args![environment.as_str(), &*self.list, empty.key, empty.id],
        )
        .await?;
        tx.exec(
            sql!(
                "UPDATE rankings SET end_key = $5, end_id = $6
                 WHERE environment_id = $1 AND list = $2 AND end_key = $3 AND end_id = $4"
            ),
            args![
                environment.as_str(),
                &*self.list,
                empty.key,
                empty.id,
                empty.end_key,
                empty.end_id
            ],
        )
        .await?;
        Ok(())
    }

    /// Splits a bucket that [`Ranking::add`] just handed out: its first [`HALF`] entries stay, those from (`key`, `id`)
    /// on, the entry after them, become a bucket of their own.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn split(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        bucket: &Overfull,
        key: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        tx.exec(
            sql!(
                "UPDATE rankings SET entries = $5, end_key = $6, end_id = $7
                 WHERE environment_id = $1 AND list = $2 AND first_key = $3 AND first_id = $4"
            ),
            args![
                environment.as_str(),
                &*self.list,
                bucket.key,
                bucket.id,
                HALF,
                key,
                id
            ],
        )
        .await?;
        tx.exec(
            sql!(
                "INSERT INTO rankings (environment_id, list, first_key, first_id, end_key, end_id, entries)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"
            ),
            args![
                environment.as_str(),
                &*self.list,
                key,
                id,
                bucket.end_key,
                bucket.end_id,
                bucket.entries - HALF
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets the whole list.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn clear(&self, tx: &Tx, environment: &EnvironmentId) -> Result<(), StoreError> {
        tx.exec(
            sql!("DELETE FROM rankings WHERE environment_id = $1 AND list = $2"),
            args![environment.as_str(), &*self.list],
        )
        .await?;
        Ok(())
    }

    /// Writes one bucket of a list that is built from what its owner has: it begins at `first`, the next one at `end`
    /// (`None` for the last). The first bucket of a list begins at (`""`, `""`).
    ///
    /// # Errors
    /// When storage fails.
    pub async fn lay(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        first: (&str, &str),
        end: Option<(&str, &str)>,
        entries: i64,
    ) -> Result<(), StoreError> {
        let end = end.unwrap_or(("", ""));
        tx.exec(
            sql!(
                "INSERT INTO rankings (environment_id, list, first_key, first_id, end_key, end_id, entries)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"
            ),
            args![
                environment.as_str(),
                &*self.list,
                first.0,
                first.1,
                end.0,
                end.1,
                entries
            ],
        )
        .await?;
        Ok(())
    }

    /// How many entries the list has.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn total(&self, tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
        let row = tx
            .one(
                sql!(
                    "SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) FROM rankings
                     WHERE environment_id = $1 AND list = $2"
                ),
                args![environment.as_str(), &*self.list],
            )
            .await?;
        row.get(0)
    }

    /// The parts of a family (see [`Ranking::part`]) and how many entries each has, in the order of their names.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn parts(
        tx: &Tx,
        environment: &EnvironmentId,
        family: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let first = format!("{family}.");
        let end = kit::prefix_end(&first).unwrap_or_default();
        let rows = tx
            .all(
                sql!(
                    "SELECT list, CAST(SUM(entries) AS BIGINT) FROM rankings
                     WHERE environment_id = $1 AND list >= $2 AND list < $3 GROUP BY list ORDER BY list"
                ),
                args![environment.as_str(), &first, end],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let list: String = row.get(0)?;
                let part = list.strip_prefix(&first).unwrap_or(&list).to_owned();
                Ok((part, row.get(1)?))
            })
            .collect()
    }

    /// Where the entry with `offset` entries before it is; `None` past the end.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn seat(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        offset: i64,
    ) -> Result<Option<Seat>, StoreError> {
        let row = tx
            .opt(
                sql!(
                    "SELECT first_key, first_id, before FROM (
                       SELECT first_key, first_id, entries,
                              CAST(SUM(entries) OVER (ORDER BY first_key, first_id) AS BIGINT) - entries AS before
                       FROM rankings WHERE environment_id = $1 AND list = $2) buckets
                     WHERE before <= $3 AND before + entries > $3
                     ORDER BY first_key, first_id LIMIT 1"
                ),
                args![environment.as_str(), &*self.list, offset],
            )
            .await?;
        row.map(|row| {
            let before: i64 = row.get(2)?;
            Ok(Seat {
                key: row.get(0)?,
                id: row.get(1)?,
                skip: offset - before,
            })
        })
        .transpose()
    }

    /// The bucket that (`key`, `id`) falls into and how many entries lie before that bucket: the rank of a key is this
    /// plus the entries between the bucket's beginning and it, which the caller counts in its own table.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn rank(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
    ) -> Result<Rank, StoreError> {
        let row = tx
            .opt(
                sql!(
                    "SELECT own.first_key, own.first_id, CAST((
                       SELECT COALESCE(SUM(entries), 0) FROM rankings
                       WHERE environment_id = $1 AND list = $2
                         AND (first_key, first_id) < (own.first_key, own.first_id)) AS BIGINT)
                     FROM rankings own
                     WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) <= ($3, $4)
                     ORDER BY first_key DESC, first_id DESC LIMIT 1"
                ),
                args![environment.as_str(), &*self.list, key, id],
            )
            .await?;
        row.map_or_else(
            || {
                Ok(Rank {
                    key: String::new(),
                    id: String::new(),
                    before: 0,
                })
            },
            |row| {
                Ok(Rank {
                    key: row.get(0)?,
                    id: row.get(1)?,
                    before: row.get(2)?,
                })
            },
        )
    }
}

fn bucket_from(row: &Row) -> Result<Overfull, StoreError> {
    Ok(Overfull {
        key: row.get(0)?,
        id: row.get(1)?,
        entries: row.get(2)?,
        end_key: row.get(3)?,
        end_id: row.get(4)?,
    })
}

/// A non-negative number as text of fixed width, which sorts as numbers do.
#[must_use]
pub fn sortable_number(number: i64) -> String {
    format!("{:019}", number.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text_sort_as_numbers() {
        assert!(sortable_number(9) < sortable_number(10));
        assert!(sortable_number(1_760_000_000_000) < sortable_number(i64::MAX));
    }
}
