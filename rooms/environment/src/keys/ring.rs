//! Keys as they are used: opened and parsed once, kept parsed.

use std::sync::Arc;

use crypto::{HmacKey, KeyError, KeySet, SealError, SealingKey, SigningKey, VerifyingKey};
use kit::{EnvironmentId, Millis, Secret};
use thiserror::Error;

use super::model::{KeyRow, PublicKey, Use};

/// Why the keys of an environment cannot be used. A fault of the installation, never of a request.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum RingError {
    #[error("a key of the environment does not open")]
    Sealed(#[from] SealError),
    #[error("a key of the environment is not readable")]
    Key(#[from] KeyError),
    #[error("a key of the environment is missing")]
    Missing,
}

/// The RSA keys of one purpose: one signs, all verify.
pub(crate) struct RsaKeys {
    pub(crate) active: SigningKey,
    pub(crate) verifying: KeySet,
    /// The public keys, the signing one first, each with its end (0 = none).
    published: Vec<(PublicKey, Millis)>,
}

impl RsaKeys {
    /// The public keys that count at `now`, the signing one first.
    pub(crate) fn published(&self, now: Millis) -> Vec<PublicKey> {
        self.published
            .iter()
            .filter(|(_, ends_at)| ends_at.0 == 0 || now < *ends_at)
            .map(|(key, _)| key.clone())
            .collect()
    }
}

/// All keys of an environment.
pub(crate) struct Keyring {
    pub(crate) user: RsaKeys,
    pub(crate) vendor: RsaKeys,
    pub(crate) refresh: Arc<[u8; 32]>,
    pub(crate) jwt_secret: Secret,
    pub(crate) hmac: HmacKey,
    pub(crate) hmac_verifying: KeySet,
}

impl Keyring {
    /// Opens and parses stored keys. Costs some milliseconds.
    ///
    /// # Errors
    /// When a key is missing, does not open with this sealing key, or is no key.
    pub(crate) fn open(
        environment: &EnvironmentId,
        rows: &[KeyRow],
        sealing: &SealingKey,
        now: Millis,
    ) -> Result<Self, RingError> {
        let open = |row: &KeyRow| sealing.open(&row.sealed, &row.purpose.context(environment, &row.kid));
        let signing = |purpose: Use| {
            rows.iter()
                .find(|row| row.purpose == purpose && row.signs())
                .ok_or(RingError::Missing)
        };
        let rsa = |purpose: Use| -> Result<RsaKeys, RingError> {
            let row = signing(purpose)?;
            let active = SigningKey::from_pkcs8(row.kid.clone(), &open(row)?)?;
            let mut verifying = vec![VerifyingKey::try_from(&active)?];
            let mut published = vec![(PublicKey::from(active.jwk()), Millis(0))];
            let retired = |row: &&KeyRow| row.purpose == purpose && !row.signs() && now < row.ends_at;
            for row in rows.iter().filter(retired) {
                let key: PublicKey =
                    serde_json::from_str(&row.public_key).map_err(|_| KeyError::Unreadable)?;
                verifying.push(VerifyingKey::rsa_from_jwk(Some(row.kid.clone()), &key.n, &key.e)?);
                published.push((key, row.ends_at));
            }
            Ok(RsaKeys {
                active,
                verifying: KeySet::new(verifying),
                published,
            })
        };
        let refresh = refresh_of(environment, rows, sealing)?;
        let secret = open(signing(Use::JwtSecret)?)?;
        let jwt_secret = std::str::from_utf8(&secret).map_err(|_| KeyError::Unreadable)?;
        let hmac = HmacKey::new(jwt_secret.as_bytes())?;
        Ok(Self {
            user: rsa(Use::User)?,
            vendor: rsa(Use::Vendor)?,
            refresh: Arc::new(refresh),
            jwt_secret: Secret::new(jwt_secret.to_owned()),
            hmac_verifying: KeySet::new(vec![hmac.clone().into()]),
            hmac,
        })
    }
}

/// The secret of refresh tokens and codes alone, without opening the other keys.
///
/// # Errors
/// When it is missing or does not open with this sealing key.
pub(crate) fn refresh_of(
    environment: &EnvironmentId,
    rows: &[KeyRow],
    sealing: &SealingKey,
) -> Result<[u8; 32], RingError> {
    let row = rows.iter().find(|row| row.purpose == Use::Refresh && row.signs());
    let row = row.ok_or(RingError::Missing)?;
    let opened = sealing.open(&row.sealed, &row.purpose.context(environment, &row.kid))?;
    Ok(opened.as_slice().try_into().map_err(|_| KeyError::Unreadable)?)
}
