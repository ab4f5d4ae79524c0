//! `Ranking`: counts and deep pages of large ordered lists without walking them.
//!
//! A list (`users by name`, say) is cut into buckets of neighbouring keys; each bucket's row holds its first key and how
//! many entries it has. Inserting or removing an entry adjusts one bucket in the writing transaction, so counts are exact.
//! The page at offset n is found by adding bucket counts (some hundred rows for a million entries) and then skipping
//! inside a single bucket. Keys are text; [`sortable_number`] makes text of numbers that sorts as they do.
//!
//! ```text
//! const BY_NAME: Ranking = Ranking::new("users.name");
//! BY_NAME.add(tx, environment, &user.name_key, &user.id).await?;
//! let seat = BY_NAME.seat(tx, environment, page.skipped()).await?;   // start at seat.key, skip seat.skip more
//! ```

use db::{StoreError, Tx, args, sql};
use kit::EnvironmentId;

/// A bucket that grows beyond this is split by its owner's next maintenance pass ([`Ranking::overfull`]).
pub const SPLIT_ABOVE: i64 = 4_000;

/// One ordered list of an environment.
#[derive(Clone, Copy, Debug)]
pub struct Ranking {
    list: &'static str,
}

/// Where a page begins: at the first entry not below (`key`, `id`), after `skip` more entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub key: String,
    pub id: String,
    pub skip: i64,
}

impl Ranking {
    #[must_use]
    pub const fn new(list: &'static str) -> Self {
        Self { list }
    }

    /// Counts an entry in. An entry is `key` with `id` as the tie-breaker.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn add(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        if self.adjust(tx, environment, key, id, 1).await? == 0 {
            // The first bucket begins below every key, so that every entry has one.
            tx.exec(
                sql!(
                    "INSERT INTO rankings (environment_id, list, first_key, first_id, entries) VALUES ($1, $2, '', '', 1)
                     ON CONFLICT (environment_id, list, first_key, first_id)
                     DO UPDATE SET entries = rankings.entries + 1"
                ),
                args![environment.as_str(), self.list],
            )
            .await?;
        }
        Ok(())
    }

    /// Counts an entry out.
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
        self.adjust(tx, environment, key, id, -1).await?;
        Ok(())
    }

    async fn adjust(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
        by: i64,
    ) -> Result<u64, StoreError> {
        tx.exec(
            sql!(
                "UPDATE rankings SET entries = entries + $5
                 WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) = (
                   SELECT first_key, first_id FROM rankings
                   WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) <= ($3, $4)
                   ORDER BY first_key DESC, first_id DESC LIMIT 1)"
            ),
            args![environment.as_str(), self.list, key, id, by],
        )
        .await
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
                args![environment.as_str(), self.list],
            )
            .await?;
        row.get(0)
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
                    "SELECT first_key, first_id, CAST(before AS BIGINT) FROM (
                       SELECT first_key, first_id, entries,
                              SUM(entries) OVER (ORDER BY first_key, first_id) - entries AS before
                       FROM rankings WHERE environment_id = $1 AND list = $2) buckets
                     WHERE before <= $3 AND before + entries > $3
                     ORDER BY first_key, first_id LIMIT 1"
                ),
                args![environment.as_str(), self.list, offset],
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
    /// plus the entries between the bucket's first key and it, which the caller counts in its own table.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn bucket_of(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        key: &str,
        id: &str,
    ) -> Result<(Seat, i64), StoreError> {
        let before = tx
            .all(
                sql!(
                    "SELECT first_key, first_id, entries FROM rankings
                     WHERE environment_id = $1 AND list = $2 AND (first_key, first_id) <= ($3, $4)
                     ORDER BY first_key, first_id"
                ),
                args![environment.as_str(), self.list, key, id],
            )
            .await?;
        let mut sum = 0;
        for row in &before {
            sum += row.get::<i64>(2)?;
        }
        let Some(last) = before.last() else {
            return Ok((
                Seat {
                    key: String::new(),
                    id: String::new(),
                    skip: 0,
                },
                0,
            ));
        };
        let own: i64 = last.get(2)?;
        Ok((
            Seat {
                key: last.get(0)?,
                id: last.get(1)?,
                skip: 0,
            },
            sum - own,
        ))
    }

    /// A bucket that should be split, with its size.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn overfull(&self, tx: &Tx) -> Result<Option<(EnvironmentId, Seat, i64)>, StoreError> {
        // all environments: maintenance of the structure itself
        let row = tx
            .opt(
                sql!(
                    "SELECT environment_id, first_key, first_id, entries FROM rankings
                     WHERE list = $1 AND entries > $2 LIMIT 1"
                ),
                args![self.list, SPLIT_ABOVE],
            )
            .await?;
        row.map(|row| {
            let environment: String = row.get(0)?;
            let seat = Seat {
                key: row.get(1)?,
                id: row.get(2)?,
                skip: 0,
            };
            Ok((environment.into(), seat, row.get(3)?))
        })
        .transpose()
    }

    /// Splits the bucket that begins at `bucket`: its entries from (`key`, `id`) on, `moved` of them, become one of their own.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn split(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        bucket: &Seat,
        key: &str,
        id: &str,
        moved: i64,
    ) -> Result<(), StoreError> {
        tx.exec(
            sql!(
                "UPDATE rankings SET entries = entries - $5
                 WHERE environment_id = $1 AND list = $2 AND first_key = $3 AND first_id = $4"
            ),
            args![environment.as_str(), self.list, bucket.key, bucket.id, moved],
        )
        .await?;
        tx.exec(
            sql!(
                "INSERT INTO rankings (environment_id, list, first_key, first_id, entries) VALUES ($1, $2, $3, $4, $5)"
            ),
            args![environment.as_str(), self.list, key, id, moved],
        )
        .await?;
        Ok(())
    }
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
