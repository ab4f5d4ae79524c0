//! Signing and verifying tokens with the keys of their environment.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blocks::one_time::CodeKey;
use crypto::{Algorithm, JwtError, KeyError, Times, check_times, verify_jwt};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use web::Problem;

use super::{Directory, Known};
use crate::keys::{PublicKey, RingError, refresh_of, store as key_store};

/// Whose token it is; each has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens of users and their machines; the public key is published.
    User,
    /// Tokens of the environment itself: a key that no verifier of user tokens trusts.
    Vendor,
}

/// A token whose signature and times hold.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    pub environment: EnvironmentId,
    pub purpose: Purpose,
    pub claims: Map<String, Value>,
}

/// Why a token was not signed, or does not count.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The token names no environment of this installation.
    #[error("the token names no environment that is known here")]
    NoEnvironment,
    /// Form, algorithm, key, signature or times do not hold.
    #[error("the token does not hold: {0}")]
    Refused(#[from] JwtError),
    /// The environment's keys do not open or are damaged: a fault of the installation.
    #[error("the keys of the environment cannot be used: {0}")]
    Keys(String),
    #[error("the token could not be signed")]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TokenError {
    /// Whether the fault is ours: such a failure says nothing about the token.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Keys(_) | Self::Sign(_) | Self::Store(_))
    }
}

impl From<RingError> for TokenError {
    fn from(error: RingError) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => error.into(),
            fault if fault.is_fault() => Self::internal(&fault),
            _ => Self::unauthorized("Unauthorized"),
        }
    }
}

/// What is read of a token before its signature is checked: only to find the keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peek {
    #[serde(rename = "type")]
    kind: Option<String>,
    aud: Option<String>,
    vendor_id: Option<String>,
}

fn peek(token: &str) -> Result<Peek, JwtError> {
    if token.len() > crypto::MAX_TOKEN_BYTES {
        return Err(JwtError::TooLong);
    }
    let payload = token.split('.').nth(1).ok_or(JwtError::Malformed)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&payload).map_err(|_| JwtError::Claims)
}

impl Directory {
    async fn owner(&self, id: &str) -> Result<Arc<Known>, TokenError> {
        self.known(id).await?.ok_or(TokenError::NoEnvironment)
    }

    /// Signs claims with the environment's key. RS256 costs a quarter of a millisecond of computing, so never inside a
    /// transaction. Environment tokens are always RS256.
    ///
    /// # Errors
    /// [`TokenError`]; nothing here depends on what a caller sent.
    pub async fn sign(
        &self,
        environment: &EnvironmentId,
        purpose: Purpose,
        algorithm: Algorithm,
        claims: &(impl Serialize + Sync),
    ) -> Result<String, TokenError> {
        let known = self.owner(environment.as_str()).await?;
        let ring = known.ring(self)?;
        Ok(match (purpose, algorithm) {
            (Purpose::Vendor, _) => ring.vendor.active.sign_jwt(claims)?,
            (Purpose::User, Algorithm::Rs256) => ring.user.active.sign_jwt(claims)?,
            (Purpose::User, Algorithm::Hs256) => ring.hmac.sign_jwt(claims)?,
        })
    }

    /// Checks a token against the keys of the environment it names. The algorithm is the environment's, never the token's
    /// choice; a token of the environment itself counts only under the environment's own, unpublished key.
    ///
    /// # Errors
    /// [`TokenError`]; see [`TokenError::is_fault`].
    pub async fn verify(&self, token: &str, now: Millis) -> Result<VerifiedToken, TokenError> {
        let peek = peek(token)?;
        let purpose = match peek.kind.as_deref() {
            Some("vendor") => Purpose::Vendor,
            _ => Purpose::User,
        };
        let named = match purpose {
            Purpose::Vendor => peek.vendor_id,
            Purpose::User => peek.aud,
        };
        let known = self.owner(&named.ok_or(TokenError::NoEnvironment)?).await?;
        let ring = known.ring(self)?;
        let algorithm = match purpose {
            Purpose::Vendor => Algorithm::Rs256,
            Purpose::User => known.configuration.jwt_algorithm.into(),
        };
        let keys = match (purpose, algorithm) {
            (Purpose::Vendor, _) => &ring.vendor.verifying,
            (Purpose::User, Algorithm::Rs256) => &ring.user.verifying,
            (Purpose::User, Algorithm::Hs256) => &ring.hmac_verifying,
        };
        let claims: Map<String, Value> = verify_jwt(token, keys, &[algorithm])?;
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
        let times = Times {
            exp: seconds("exp"),
            nbf: seconds("nbf"),
        };
        check_times(&times, now, 0)?;
        Ok(VerifiedToken {
            environment: known.profile.id.clone(),
            purpose,
            claims,
        })
    }

    /// The key from which refresh tokens get their one successor.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn refresh_secret(&self, environment: &EnvironmentId) -> Result<Arc<[u8; 32]>, TokenError> {
        let known = self.owner(environment.as_str()).await?;
        Ok(Arc::clone(&known.ring(self)?.refresh))
    }

    /// The key that one-time codes are digested under: rests sealed, so that a copy of the database gives no code away.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn code_key(&self, environment: &EnvironmentId) -> Result<CodeKey, TokenError> {
        let known = self.owner(environment.as_str()).await?;
        Ok(CodeKey::derived(&*known.ring(self)?.refresh))
    }

    /// The same inside a transaction, which waits for nothing but itself.
    ///
    /// # Errors
    /// When storage fails or the key does not open.
    pub async fn code_key_within(&self, tx: &Tx, environment: &EnvironmentId) -> Result<CodeKey, StoreError> {
        let rows = key_store::of(tx, environment).await?;
        let secret = refresh_of(environment, &rows, self.sealing()).map_err(StoreError::other)?;
        Ok(CodeKey::derived(&secret))
    }

    /// The public user key as PEM, and the secret of HS256 tokens.
    pub(crate) async fn user_keys(
        &self,
        environment: &EnvironmentId,
    ) -> Result<(String, Secret), TokenError> {
        let known = self.owner(environment.as_str()).await?;
        let ring = known.ring(self)?;
        Ok((ring.user.active.public_pem().to_owned(), ring.jwt_secret.clone()))
    }

    /// The public user keys that count now, the signing one first.
    pub(crate) async fn published_keys(
        &self,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Result<Vec<PublicKey>, TokenError> {
        let known = self.owner(environment.as_str()).await?;
        Ok(known.ring(self)?.user.published(now))
    }
}
