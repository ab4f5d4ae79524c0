//! Opaque tokens that travel in links.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis, Secret};
use serde::Serialize;

use super::{Bound, Entry, Good, write};

/// One use of tickets.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// Names the use; never changes.
    pub purpose: &'static str,
    /// How long a ticket counts.
    pub seconds: i64,
}

/// What a ticket that somebody shows is worth.
#[derive(Clone, Debug)]
pub enum Shown {
    Good(Good),
    /// Never issued, used, or replaced.
    Unknown,
    Expired,
}

impl Shown {
    /// What a good one is good for.
    #[must_use]
    pub fn good(self) -> Option<Good> {
        match self {
            Self::Good(good) => Some(good),
            Self::Unknown | Self::Expired => None,
        }
    }
}

impl Ticket {
    /// Issues a ticket, which voids the one the subject had. `body` comes back when it is shown.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn issue(
        &self,
        tx: &Tx,
        ids: &Ids,
        bound: &Bound<'_>,
        body: &impl Serialize,
        now: Millis,
    ) -> Result<Secret, StoreError> {
        let token = Secret::new(URL_SAFE_NO_PAD.encode(ids.bytes32()));
        let entry = Entry {
            purpose: self.purpose,
            handle_hash: &crypto::sha256_hex(token.reveal()),
            code_hash: "",
            seconds: self.seconds,
        };
        write(tx, entry, bound, body, now).await?;
        Ok(token)
    }

    /// What a ticket is good for, without using it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn look(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        token: &str,
        now: Millis,
    ) -> Result<Shown, StoreError> {
        let row = tx
            .opt(
                sql!(
                    "SELECT subject, owner, body, expires_at FROM one_time_secrets
                     WHERE environment_id = $1 AND handle_hash = $2 AND purpose = $3 AND code_hash = ''"
                ),
                args![environment.as_str(), crypto::sha256_hex(token), self.purpose],
            )
            .await?;
        match row {
            None => Ok(Shown::Unknown),
            Some(row) if row.get::<i64>(3)? <= now.0 => Ok(Shown::Expired),
            Some(row) => Ok(Shown::Good(good_from(&row)?)),
        }
    }

    /// Uses a ticket up, in the transaction of its effect: of many at once one gets it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn take(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        token: &str,
        now: Millis,
    ) -> Result<Shown, StoreError> {
        let row = tx
            .opt(
                sql!(
                    "DELETE FROM one_time_secrets
                     WHERE environment_id = $1 AND handle_hash = $2 AND purpose = $3 AND code_hash = '' AND expires_at > $4
                     RETURNING subject, owner, body"
                ),
                args![environment.as_str(), crypto::sha256_hex(token), self.purpose, now.0],
            )
            .await?;
        match row {
            Some(row) => Ok(Shown::Good(good_from(&row)?)),
            // Nothing was taken; all that is left to say is why.
            None => match self.look(tx, environment, token, now).await? {
                Shown::Expired => Ok(Shown::Expired),
                Shown::Good(_) | Shown::Unknown => Ok(Shown::Unknown),
            },
        }
    }
}

pub(super) fn good_from(row: &Row) -> Result<Good, StoreError> {
    Ok(Good {
        subject: row.get(0)?,
        owner: row.get(1)?,
        body: row.get(2)?,
    })
}
