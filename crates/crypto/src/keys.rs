//! Signing and verifying keys, parsed once and kept parsed: parsing an RSA key costs more than signing with it.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeySize, PublicKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// The signature algorithms of our tokens. There is no `none` and nothing that reads one from a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, the default of every environment.
    Rs256,
    /// HMAC with SHA-256 under the environment's `jwtSecret`.
    Hs256,
}

impl Algorithm {
    /// The name as it stands in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

/// Why a key could not be made, read or used. Never holds key material.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum KeyError {
    /// Neither PKCS#8, PEM nor a JWK of an RSA key of 2048 to 8192 bits, as the call asked.
    #[error("the key is not a readable RSA key of at least 2048 bits")]
    Unreadable,
    /// An HMAC secret without a single byte.
    #[error("the signing secret is empty")]
    Empty,
    /// The claims did not serialise to JSON.
    #[error("the claims do not serialise to JSON")]
    Claims,
    /// The library failed to generate or to sign.
    #[error("the cryptographic library failed")]
    Failed,
}

/// A freshly made private key, to be sealed and stored.
pub struct GeneratedKey {
    /// PKCS#8 DER, wiped when dropped.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

/// A public key as it stands in `/.well-known/jwks.json` (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    pub kty: &'static str,
    #[serde(rename = "use")]
    pub usage: &'static str,
    pub kid: String,
    pub alg: &'static str,
    /// Modulus, base64url without padding.
    pub n: String,
    /// Exponent, base64url without padding.
    pub e: String,
}

/// An RS256 key of an environment. Signing costs one RSA operation and nothing else: the key is parsed and the token's
/// header is already encoded. Share it behind an `Arc`. `Debug` shows the kid alone.
pub struct SigningKey {
    kid: String,
    pair: RsaKeyPair,
    public_pem: String,
    jwk: Jwk,
    header: String,
}

impl SigningKey {
    /// Makes a new RSA key of 2048 bits. Takes 50 to 150 ms, at worst seconds: call it on a blocking thread, never in a
    /// request or a transaction.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when the library does.
    pub fn generate_rsa() -> Result<GeneratedKey, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Failed)?;
        let der = pair.as_der().map_err(|_| KeyError::Failed)?;
        Ok(GeneratedKey {
            pkcs8: Zeroizing::new(der.as_ref().to_vec()),
        })
    }

    /// Reads a private key. The kid is the first 8 characters of the environment's client id for its first key, with
    /// `-<n>` behind it for later ones.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] when `der` is not the PKCS#8 of an RSA key of 2048 to 8192 bits.
    pub fn from_pkcs8(kid: String, der: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Unreadable)?;
        let public = pair.public_key();
        let spki = public.as_der().map_err(|_| KeyError::Unreadable)?;
        let jwk = Jwk {
            kty: "RSA",
            usage: "sig",
            kid: kid.clone(),
            alg: Algorithm::Rs256.as_str(),
            n: URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            e: URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        };
        Ok(Self {
            public_pem: pem(spki.as_ref()),
            header: header(Algorithm::Rs256, Some(&kid)),
            kid,
            pair,
            jwk,
        })
    }

    /// The key id that stands in every token's header.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as PEM SubjectPublicKeyInfo, lines of 64 characters separated by `\n` alone, the last one ended
    /// too: the Java SDK removes `\n` and the armour but no `\r`.
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The public key for the key set of the environment.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        self.jwk.clone()
    }

    /// A compact JWT with the header `{"alg":"RS256","typ":"JWT","kid":…}`. Times are claims and come from the caller.
    ///
    /// # Errors
    /// [`KeyError::Claims`] when the claims do not serialise, [`KeyError::Failed`] when the library does not sign.
    pub fn sign_jwt<C: Serialize>(&self, claims: &C) -> Result<String, KeyError> {
        let mut token = unsigned(&self.header, claims)?;
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &aws_lc_rs::rand::SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| KeyError::Failed)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// An HS256 key: the `jwtSecret` of an environment that asked for symmetric tokens. `Debug` hides it.
#[derive(Clone)]
pub struct HmacKey {
    key: hmac::Key,
    kid: Option<String>,
    header: String,
}

impl HmacKey {
    /// A key from the bytes of the secret. Tokens carry no `kid`.
    ///
    /// # Errors
    /// [`KeyError::Empty`] when there are none: anyone could sign with that.
    pub fn new(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::Empty);
        }
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            kid: None,
            header: header(Algorithm::Hs256, None),
        })
    }

    /// The same key under a key id, which then stands in every token's header.
    #[must_use]
    pub fn with_kid(self, kid: String) -> Self {
        Self {
            header: header(Algorithm::Hs256, Some(&kid)),
            kid: Some(kid),
            ..self
        }
    }

    /// A compact JWT with the header `{"alg":"HS256","typ":"JWT"}`, with `kid` where one was given.
    ///
    /// # Errors
    /// [`KeyError::Claims`] when the claims do not serialise.
    pub fn sign_jwt<C: Serialize>(&self, claims: &C) -> Result<String, KeyError> {
        let mut token = unsigned(&self.header, claims)?;
        let tag = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        Ok(token)
    }

    /// Whether `tag` is this key's HMAC-SHA-256 of `message`, in constant time.
    #[must_use]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.key, message, tag).is_ok()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(***)")
    }
}

/// A key that tokens are checked against. It knows its own algorithm, so a public key can never serve as HMAC secret.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(ParsedPublicKey),
    Hmac(Box<HmacKey>),
}

impl VerifyingKey {
    /// An RSA public key in PEM ("BEGIN PUBLIC KEY", SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] when the text is not one of 2048 to 8192 bits.
    pub fn rsa_from_pem(kid: Option<String>, pem: &str) -> Result<Self, KeyError> {
        let body: String = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(KeyError::Unreadable)?
            .split_ascii_whitespace()
            .collect();
        let der = STANDARD.decode(body).map_err(|_| KeyError::Unreadable)?;
        Self::rsa(kid, &der)
    }

    /// An RSA public key from the members `n` and `e` of a JWK (base64url, unpadded).
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] when they are not base64url or do not make a key.
    pub fn rsa_from_jwk(kid: Option<String>, n: &str, e: &str) -> Result<Self, KeyError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Unreadable);
        let components = PublicKeyComponents {
            n: decode(n)?,
            e: decode(e)?,
        };
        let der = components.as_der().map_err(|_| KeyError::Unreadable)?;
        Self::rsa(kid, der.as_ref())
    }

    /// The library refuses short keys only when it verifies with them; a key that can never serve is refused here.
    fn rsa(kid: Option<String>, der: &[u8]) -> Result<Self, KeyError> {
        let public = PublicKey::from_der(der).map_err(|_| KeyError::Unreadable)?;
        if !(256..=1024).contains(&public.modulus_len()) {
            return Err(KeyError::Unreadable);
        }
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::Unreadable)?;
        Ok(Self {
            kid,
            material: Material::Rsa(key),
        })
    }

    /// The key id that a token's header must name to be checked against this key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm this key serves.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa(_) => Algorithm::Rs256,
            Material::Hmac(_) => Algorithm::Hs256,
        }
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa(key) => key.verify_sig(message, signature).is_ok(),
            Material::Hmac(key) => key.verify(message, signature),
        }
    }
}

impl TryFrom<&SigningKey> for VerifyingKey {
    type Error = KeyError;

    /// The public half, for checking our own tokens.
    fn try_from(key: &SigningKey) -> Result<Self, KeyError> {
        Self::rsa(Some(key.kid.clone()), key.pair.public_key().as_ref())
    }
}

impl From<HmacKey> for VerifyingKey {
    fn from(key: HmacKey) -> Self {
        Self {
            kid: key.kid.clone(),
            material: Material::Hmac(Box::new(key)),
        }
    }
}

/// The keys that may have signed a token, the active one first.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// A set of keys, the active one first: it also checks the tokens that name no key.
    #[must_use]
    pub const fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys }
    }

    /// The key a header means: the one of that name, or the first one where the header names none.
    #[must_use]
    pub fn pick(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match kid {
            Some(kid) => self.keys.iter().find(|key| key.kid() == Some(kid)),
            None => self.keys.first(),
        }
    }
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = String::with_capacity(body.len() + body.len() / 64 + 64);
    text.push_str("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = next;
    }
    text.push_str("-----END PUBLIC KEY-----\n");
    text
}

/// The encoded header, members in the order of the real service.
fn header(algorithm: Algorithm, kid: Option<&str>) -> String {
    let alg = algorithm.as_str();
    let json = kid.map_or_else(
        || format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#),
        |kid| {
            let kid = serde_json::Value::from(kid);
            format!(r#"{{"alg":"{alg}","typ":"JWT","kid":{kid}}}"#)
        },
    );
    URL_SAFE_NO_PAD.encode(json)
}

/// Header and payload with room for the signature behind them.
fn unsigned<C: Serialize>(header: &str, claims: &C) -> Result<String, KeyError> {
    let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Claims)?;
    let mut token = String::with_capacity(header.len() + payload.len().div_ceil(3) * 4 + 700);
    token.push_str(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&payload, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_reads_back_and_publishes_pem_and_jwk() {
        let made = SigningKey::generate_rsa().unwrap();
        let key = SigningKey::from_pkcs8("abcdef01".to_owned(), &made.pkcs8).unwrap();
        let pem = key.public_pem();
        assert!(
            pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----END PUBLIC KEY-----\n")
        );
        assert!(!pem.contains('\r') && pem.lines().all(|line| line.len() <= 64));
        let jwk = serde_json::to_value(key.jwk()).unwrap();
        assert_eq!(jwk["kty"], "RSA");
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["alg"], "RS256");
        assert_eq!(jwk["kid"], "abcdef01");
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(
            URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap().len(),
            256
        );
        assert_eq!(format!("{key:?}"), "SigningKey(abcdef01)");

        let token = key.sign_jwt(&serde_json::json!({"sub": "x"})).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for verifying in [
            VerifyingKey::try_from(&key).unwrap(),
            VerifyingKey::rsa_from_pem(None, pem).unwrap(),
            VerifyingKey::rsa_from_jwk(None, &key.jwk().n, &key.jwk().e).unwrap(),
        ] {
            assert!(verifying.verify(message.as_bytes(), &signature));
            assert!(!verifying.verify(b"other", &signature));
        }
    }

    #[test]
    fn the_header_is_the_one_of_the_contract() {
        let decoded = |text: String| String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        assert_eq!(
            decoded(header(Algorithm::Rs256, Some("abcdef01"))),
            r#"{"alg":"RS256","typ":"JWT","kid":"abcdef01"}"#
        );
        assert_eq!(
            decoded(header(Algorithm::Hs256, None)),
            r#"{"alg":"HS256","typ":"JWT"}"#
        );
        assert_eq!(
            decoded(header(Algorithm::Rs256, Some("a\"b"))),
            r#"{"alg":"RS256","typ":"JWT","kid":"a\"b"}"#
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(
            SigningKey::from_pkcs8("k".to_owned(), b"junk").err(),
            Some(KeyError::Unreadable)
        );
        assert_eq!(HmacKey::new(b"").err(), Some(KeyError::Empty));
        // 1024 bits, made with Python cryptography 50.
        let short = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCsgieAqat/cK1SGhDQxY3W3uHw
Wi/F5Hc3R4tLTbMBKJVZrbszDT67XuTuDNLekjNLkIp5fXozH4nNaG9rhrm87J+6
7iwQ938P9MhoiotfithmpVjnRsP3hHeFm9B47eU0vFgcvXg61rzV/fNWbQumW8f4
LhIVtxPXYsDSeQTebwIDAQAB
-----END PUBLIC KEY-----";
        for pem in [
            "",
            "junk",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            short,
        ] {
            assert_eq!(
                VerifyingKey::rsa_from_pem(None, pem).err(),
                Some(KeyError::Unreadable)
            );
        }
        for (n, e) in [("", ""), ("AQAB", "AQAB"), ("!", "AQAB")] {
            assert!(VerifyingKey::rsa_from_jwk(None, n, e).is_err(), "{n} {e}");
        }
    }
}
