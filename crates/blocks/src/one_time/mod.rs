//! `OneTimeCode` and `Ticket`: the registry of secrets that count once.
//!
//! A *code* is six digits that a person reads in a mail or a message and types. A *ticket* is an opaque token of 256 bits
//! that travels in a link. Both are bound to an environment, a purpose, a subject and an end; of one purpose a subject has
//! at most one, so that a new one voids the old. Neither is stored: of a ticket the SHA-256 is, of a code an HMAC under a
//! key of the environment that rests sealed, because a million possibilities are tried in a moment by whoever reads the
//! database.
//!
//! A guess at a code is counted before it is judged and outside the transaction of its effect, so that a rollback refunds
//! nothing; after [`MOST_TRIES`] the code is burnt. What is proved is spent by a guarded DELETE in the transaction of the
//! effect: of many at once one wins, and an effect that fails leaves the secret good.
//!
//! ```text
//! const VERIFY: OneTimeCode = OneTimeCode { purpose: "verify-email", seconds: 600 };
//! let issued = VERIFY.issue(tx, ids, &key, &Bound { environment, subject: &row.id, owner: user.as_str() }, &body, now).await?;
//! // later, from the client that holds `issued.handle`, or for a subject that the request names
//! match VERIFY.judge(db, &key, environment, &Holder::Handle(handle), &code, now).await? {
//!     Verdict::Right(proof) => db.write(async move |tx| if proof.spend(tx, now).await? { … }),
//!     Verdict::Wrong | Verdict::Expired => …
//! }
//! ```

mod code;
mod sweep;
mod ticket;

use std::fmt;

use db::{StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use code::{Holder, IssuedCode, MOST_TRIES, OneTimeCode, Proof, Verdict};
pub use sweep::OneTimeSweep;
pub use ticket::{Shown, Ticket};

/// The key under which an environment's codes are digested.
#[derive(Clone)]
pub struct CodeKey([u8; 32]);

impl CodeKey {
    /// A key of its own, made from another secret of the environment.
    #[must_use]
    pub fn derived(secret: &[u8]) -> Self {
        Self(crypto::hmac_sha256(secret, b"tenantry one-time codes v1"))
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(***)")
    }
}

/// What a secret is bound to beside its purpose.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    pub environment: &'a EnvironmentId,
    /// What it is about: a user, an address, a session of somebody who has not said who they are.
    pub subject: &'a str,
    /// The user it goes with, so that it goes when the user does; `""` without one.
    pub owner: &'a str,
}

/// Stands for somebody who is not there, so that the same is written for them as for anybody: one of a few thousand subjects,
/// so that made-up names fill no table.
#[must_use]
pub fn nobody(name: &str) -> String {
    let digest = crypto::sha256_hex(name);
    format!("nobody-{}", digest.get(..3).unwrap_or_default())
}

/// What a secret is good for, as its issuer wrote it down.
#[derive(Clone, Debug)]
pub struct Good {
    pub subject: String,
    pub owner: String,
    body: String,
}

impl Good {
    /// What was written down.
    ///
    /// # Errors
    /// When it was something else.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_str(&self.body).map_err(StoreError::other)
    }
}

/// What is written for a secret; replaces an older one of the same purpose and subject.
struct Entry<'a> {
    purpose: &'static str,
    handle_hash: &'a str,
    code_hash: &'a str,
    seconds: i64,
}

async fn write(
    tx: &Tx,
    entry: Entry<'_>,
    bound: &Bound<'_>,
    body: &impl Serialize,
    now: Millis,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(body).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "INSERT INTO one_time_secrets (environment_id, purpose, subject, owner, handle_hash, code_hash, body, tries,
               created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
             ON CONFLICT (environment_id, purpose, subject) DO UPDATE SET owner = excluded.owner,
               handle_hash = excluded.handle_hash, code_hash = excluded.code_hash, body = excluded.body, tries = 0,
               created_at = excluded.created_at, expires_at = excluded.expires_at"
        ),
        args![
            bound.environment.as_str(),
            entry.purpose,
            bound.subject,
            bound.owner,
            entry.handle_hash,
            entry.code_hash,
            body,
            now.0,
            now.plus_seconds(entry.seconds).0,
        ],
    )
    .await?;
    Ok(())
}

/// Voids what a subject has of one purpose.
///
/// # Errors
/// When storage fails.
pub async fn void(
    tx: &Tx,
    environment: &EnvironmentId,
    purpose: &'static str,
    subject: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM one_time_secrets WHERE environment_id = $1 AND purpose = $2 AND subject = $3"),
        args![environment.as_str(), purpose, subject],
    )
    .await?;
    Ok(())
}

/// Voids everything that goes with a user, when the user goes.
///
/// # Errors
/// When storage fails.
pub async fn void_all_of(tx: &Tx, environment: &EnvironmentId, owner: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM one_time_secrets WHERE environment_id = $1 AND owner = $2 AND owner <> ''"),
        args![environment.as_str(), owner],
    )
    .await?;
    Ok(())
}
