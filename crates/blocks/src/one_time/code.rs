//! Six digits.

use std::fmt::Write;

use db::{Db, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis, Secret};
use serde::Serialize;

use super::ticket::good_from;
use super::{Bound, CodeKey, Entry, Good, Shown, write};

/// Wrong guesses after which a code is burnt.
pub const MOST_TRIES: i64 = 5;

/// One use of codes.
#[derive(Clone, Copy, Debug)]
pub struct OneTimeCode {
    /// Names the use; never changes.
    pub purpose: &'static str,
    /// How long a code counts.
    pub seconds: i64,
}

/// A code on its way to a person.
#[derive(Clone, Debug)]
pub struct IssuedCode {
    /// What the asking client presents together with the code.
    pub handle: String,
    /// Goes to the person by another way, and nowhere else.
    pub code: Secret,
}

/// How a guess says which code it means.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// By the handle that the client got.
    Handle(&'a str),
    /// By the subject, which the request names.
    Subject(&'a str),
}

/// What a guess is worth.
#[derive(Debug)]
pub enum Verdict {
    Right(Proof),
    /// Another code, or none there: unknown, used, replaced or burnt.
    Wrong,
    Expired,
}

/// A code that was guessed right, not yet spent.
#[derive(Clone, Debug)]
pub struct Proof {
    environment: EnvironmentId,
    purpose: &'static str,
    handle_hash: String,
    pub good: Good,
}

impl Proof {
    /// Spends the code in the transaction of its effect. False when somebody else did, or a newer code replaced it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn spend(&self, tx: &Tx, now: Millis) -> Result<bool, StoreError> {
        let rows = tx
            .exec(
                sql!(
                    "DELETE FROM one_time_secrets WHERE environment_id = $1 AND purpose = $2 AND subject = $3
                       AND handle_hash = $4 AND expires_at > $5"
                ),
                args![
                    self.environment.as_str(),
                    self.purpose,
                    self.good.subject,
                    self.handle_hash,
                    now.0
                ],
            )
            .await?;
        Ok(rows == 1)
    }
}

impl OneTimeCode {
    /// Issues a code, which voids the one the subject had. `body` comes back with the proof.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn issue(
        &self,
        tx: &Tx,
        ids: &Ids,
        key: &CodeKey,
        bound: &Bound<'_>,
        body: &impl Serialize,
        now: Millis,
    ) -> Result<IssuedCode, StoreError> {
        let issued = IssuedCode {
            handle: ids.v4(),
            code: six_digits(ids),
        };
        let handle_hash = crypto::sha256_hex(&issued.handle);
        let entry = Entry {
            purpose: self.purpose,
            handle_hash: &handle_hash,
            code_hash: &self.digest(key, bound.environment, &handle_hash, issued.code.reveal()),
            seconds: self.seconds,
        };
        write(tx, entry, bound, body, now).await?;
        Ok(issued)
    }

    /// What a code is good for, by its handle and without a guess. A burnt one is unknown.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn look(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        handle: &str,
        now: Millis,
    ) -> Result<Shown, StoreError> {
        let row = tx
            .opt(
                sql!(
                    "SELECT subject, owner, body, expires_at FROM one_time_secrets
                     WHERE environment_id = $1 AND handle_hash = $2 AND purpose = $3 AND code_hash <> '' AND tries < $4"
                ),
                args![environment.as_str(), crypto::sha256_hex(handle), self.purpose, MOST_TRIES],
            )
            .await?;
        match row {
            None => Ok(Shown::Unknown),
            Some(row) if row.get::<i64>(3)? <= now.0 => Ok(Shown::Expired),
            Some(row) => Ok(Shown::Good(good_from(&row)?)),
        }
    }

    /// Counts a guess, then judges it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn judge(
        &self,
        db: &Db,
        key: &CodeKey,
        environment: &EnvironmentId,
        holder: Holder<'_>,
        code: &str,
        now: Millis,
    ) -> Result<Verdict, StoreError> {
        let (handle, subject) = match holder {
            Holder::Handle(handle) => (crypto::sha256_hex(handle), None),
            Holder::Subject(subject) => (String::new(), Some(subject.to_owned())),
        };
        let (purpose, owner) = (self.purpose, environment.clone());
        let row = db
            .write(async move |tx| match &subject {
                Some(subject) => {
                    tx.opt(
                        sql!(
                            "UPDATE one_time_secrets SET tries = tries + 1
                             WHERE environment_id = $1 AND purpose = $2 AND subject = $3 AND code_hash <> '' AND tries < $4
                             RETURNING subject, owner, body, handle_hash, code_hash, expires_at"
                        ),
                        args![owner.as_str(), purpose, subject, MOST_TRIES],
                    )
                    .await
                }
                None => {
                    tx.opt(
                        sql!(
                            "UPDATE one_time_secrets SET tries = tries + 1
                             WHERE environment_id = $1 AND purpose = $2 AND handle_hash = $3 AND code_hash <> ''
                               AND tries < $4
                             RETURNING subject, owner, body, handle_hash, code_hash, expires_at"
                        ),
                        args![owner.as_str(), purpose, &handle, MOST_TRIES],
                    )
                    .await
                }
            })
            .await?;
        let Some(row) = row else { return Ok(Verdict::Wrong) };
        let (handle_hash, code_hash): (String, String) = (row.get(3)?, row.get(4)?);
        if row.get::<i64>(5)? <= now.0 {
            return Ok(Verdict::Expired);
        }
        let guessed = self.digest(key, environment, &handle_hash, code.trim());
        if !kit::same(guessed.as_bytes(), code_hash.as_bytes()) {
            return Ok(Verdict::Wrong);
        }
        Ok(Verdict::Right(Proof {
            environment: environment.clone(),
            purpose: self.purpose,
            handle_hash,
            good: Good {
                subject: row.get(0)?,
                owner: row.get(1)?,
                body: row.get(2)?,
            },
        }))
    }

    /// The handle is part of it, so that equal codes do not look equal.
    fn digest(&self, key: &CodeKey, environment: &EnvironmentId, handle_hash: &str, code: &str) -> String {
        let text = format!("{environment}\0{}\0{handle_hash}\0{code}", self.purpose);
        let mut hex = String::with_capacity(64);
        for byte in crypto::hmac_sha256(&key.0, text.as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

/// Every code is as likely as every other, to one part in ten trillion.
fn six_digits(ids: &Ids) -> Secret {
    let bytes = ids.bytes32();
    let number = bytes
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Secret::new(format!("{:06}", number % 1_000_000))
}

#[cfg(test)]
mod tests {
    use kit::RandomIds;

    use super::*;

    #[test]
    fn a_code_is_six_digits_and_another_one_each_time() {
        let ids = Ids::new(RandomIds::new());
        let codes: std::collections::BTreeSet<String> =
            (0..50).map(|_| six_digits(&ids).reveal().to_owned()).collect();
        assert!(codes.len() > 45);
        assert!(
            codes
                .iter()
                .all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
