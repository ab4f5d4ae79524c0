//! What a key is for, what it is called, and how it is sealed.

use crypto::{KeyError, SealingKey, SigningKey};
use kit::{EnvironmentId, Ids, Millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The life of an environment token in seconds.
pub(crate) const VENDOR_SECONDS: i64 = 86_400;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// RS256 tokens of users; the public half is published.
    User,
    /// RS256 tokens of the environment itself. Never published, so that no verifier of user tokens takes one.
    Vendor,
    /// Derives the successor of a refresh token.
    Refresh,
    /// HS256 tokens of users, where the environment chose that.
    JwtSecret,
}

impl Use {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Vendor => "vendor",
            Self::Refresh => "refresh",
            Self::JwtSecret => "jwt_secret",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Vendor, Self::Refresh, Self::JwtSecret]
            .into_iter()
            .find(|one| one.word() == word)
    }

    /// The key id: the first 8 characters of the client id for the first user key, `<8>-<n>` for later ones; other purposes carry their name, so that no id means two keys.
    pub(crate) fn kid(self, environment: &EnvironmentId, position: i64) -> String {
        let head: String = environment.as_str().chars().take(8).collect();
        match (self, position) {
            (Self::User, 1) => head,
            (Self::User, _) => format!("{head}-{position}"),
            (_, 1) => format!("{head}-{}", self.word()),
            _ => format!("{head}-{}-{position}", self.word()),
        }
    }

    /// The one place a sealed key opens in.
    pub(crate) fn context(self, environment: &EnvironmentId, kid: &str) -> String {
        format!("signing_keys/sealed/{environment}/{}/{kid}", self.word())
    }
}

/// A public key as it stands in the key set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PublicKey {
    /// Always `RSA`.
    kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    usage: String,
    /// The id that a token's header names.
    pub(crate) kid: String,
    /// Always `RS256`.
    alg: String,
    /// Modulus, base64url without padding.
    pub(crate) n: String,
    /// Exponent, base64url without padding.
    pub(crate) e: String,
}

impl From<crypto::Jwk> for PublicKey {
    fn from(key: crypto::Jwk) -> Self {
        Self {
            kty: key.kty.to_owned(),
            usage: key.usage.to_owned(),
            kid: key.kid,
            alg: key.alg.to_owned(),
            n: key.n,
            e: key.e,
        }
    }
}

/// A key as stored.
#[derive(Clone, Debug)]
pub(crate) struct KeyRow {
    pub(crate) purpose: Use,
    pub(crate) kid: String,
    pub(crate) position: i64,
    /// `''` once it signs no more: a retired key only verifies.
    pub(crate) sealed: String,
    /// The public half as JSON; `''` for symmetric keys.
    pub(crate) public_key: String,
    pub(crate) longest_seconds: i64,
    pub(crate) retired_at: Millis,
    pub(crate) ends_at: Millis,
}

impl KeyRow {
    pub(crate) const fn signs(&self) -> bool {
        self.retired_at.0 == 0
    }
}

/// A key to be stored.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) purpose: Use,
    pub(crate) kid: String,
    pub(crate) position: i64,
    pub(crate) sealed: String,
    pub(crate) public_key: String,
    pub(crate) longest_seconds: i64,
}

/// Seals a fresh RSA key under the id of its place.
///
/// # Errors
/// When the library cannot read what it made.
pub(crate) fn next_key(
    environment: &EnvironmentId,
    purpose: Use,
    position: i64,
    pkcs8: &[u8],
    longest_seconds: i64,
    sealing: &SealingKey,
) -> Result<NewKey, KeyError> {
    let kid = purpose.kid(environment, position);
    let key = SigningKey::from_pkcs8(kid.clone(), pkcs8)?;
    let public_key = serde_json::to_string(&PublicKey::from(key.jwk())).map_err(|_| KeyError::Claims)?;
    Ok(NewKey {
        purpose,
        sealed: sealing.seal(pkcs8, &purpose.context(environment, &kid)),
        kid,
        position,
        public_key,
        longest_seconds,
    })
}

/// The keys of a new environment. Makes two RSA keys, which takes a moment: not in a transaction.
///
/// # Errors
/// When the library fails.
pub(crate) fn first_keys(
    environment: &EnvironmentId,
    ids: &Ids,
    token_seconds: i64,
    sealing: &SealingKey,
) -> Result<Vec<NewKey>, KeyError> {
    let symmetric = |purpose: Use, bytes: &[u8]| {
        let kid = purpose.kid(environment, 1);
        NewKey {
            purpose,
            sealed: sealing.seal(bytes, &purpose.context(environment, &kid)),
            kid,
            position: 1,
            public_key: String::new(),
            longest_seconds: token_seconds,
        }
    };
    let hex: String = ids.bytes32().iter().map(|byte| format!("{byte:02x}")).collect();
    let (user, vendor) = (SigningKey::generate_rsa()?, SigningKey::generate_rsa()?);
    Ok(vec![
        next_key(environment, Use::User, 1, &user.pkcs8, token_seconds, sealing)?,
        next_key(
            environment,
            Use::Vendor,
            1,
            &vendor.pkcs8,
            VENDOR_SECONDS,
            sealing,
        )?,
        symmetric(Use::Refresh, &ids.bytes32()),
        symmetric(Use::JwtSecret, hex.as_bytes()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_key_is_named_after_the_client_id_and_no_name_means_two_keys() {
        let id = EnvironmentId::from("a1b2c3d4-0000-4000-8000-000000000001");
        assert_eq!(Use::User.kid(&id, 1), "a1b2c3d4");
        assert_eq!(Use::User.kid(&id, 2), "a1b2c3d4-2");
        assert_eq!(Use::Vendor.kid(&id, 1), "a1b2c3d4-vendor");
        assert_eq!(Use::Vendor.kid(&id, 3), "a1b2c3d4-vendor-3");
    }

    #[test]
    fn every_purpose_reads_back() {
        for purpose in [Use::User, Use::Vendor, Use::Refresh, Use::JwtSecret] {
            assert_eq!(Use::from_word(purpose.word()), Some(purpose));
        }
        assert_eq!(Use::from_word("other"), None);
    }
}
