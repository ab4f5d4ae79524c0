//! Sealing of secrets at rest with AES-256-GCM (DESIGN section 3, rule 11).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::digest::unhex;

/// Marks the algorithm and layout, so that a later version can be told apart.
const PREFIX: &str = "v1.";
const NONCE_BYTES: usize = 12;

/// Why something was not sealed or opened. Says nothing about the content.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// The key text is neither 64 hex digits nor the base64 of 32 bytes.
    #[error("the sealing key must be 32 bytes in base64 or hex")]
    Key,
    /// The text was not sealed by [`SealingKey::seal`], or was cut.
    #[error("the sealed value is malformed")]
    Malformed,
    /// Sealed under another key, for another context, or altered.
    #[error("the sealed value does not open with this key here")]
    Refused,
}

/// The key under which secrets rest in the database. `Debug` hides it.
///
/// Nonces are random, which is safe for up to 2^32 seals under one key (NIST SP 800-38D, 8.3).
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes);
        zeroize::Zeroize::zeroize(&mut bytes);
        let Ok(unbound) = unbound else {
            // The length fits by type, so the library itself is out of memory or broken.
            std::process::abort()
        };
        Self(LessSafeKey::new(unbound))
    }

    /// A key from the text of the key file or of TENANTRY_SEALING_KEY: 64 hex digits, or base64 of 32 bytes (either
    /// alphabet, padded or not). Blanks around it are ignored.
    ///
    /// # Errors
    /// [`SealError::Key`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            unhex(text)
        } else {
            let plain = text.trim_end_matches('=');
            let plain = Zeroizing::new(plain.replace('+', "-").replace('/', "_"));
            URL_SAFE_NO_PAD.decode(plain.as_str()).ok()
        };
        let bytes = Zeroizing::new(bytes.ok_or(SealError::Key)?);
        let key = bytes.as_slice().try_into().map_err(|_| SealError::Key)?;
        Ok(Self::from_bytes(key))
    }

    /// A new random key as the text that [`parse`](Self::parse) reads, to be written to the key file.
    #[must_use]
    pub fn generate_text() -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        crate::random(bytes.as_mut());
        Zeroizing::new(STANDARD.encode(bytes.as_ref()))
    }

    /// A new random key that is not kept anywhere.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        crate::random(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// Encrypts `plain` for one place. `context` names that place (table, column and row id, e.g.
    /// `smtp/password/<environment id>`): a sealed value copied to another row does not open there. The answer is
    /// `v1.` and the base64url of nonce, ciphertext and tag; sealing the same value twice gives different texts.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> String {
        let mut nonce = [0; NONCE_BYTES];
        crate::random(&mut nonce);
        // The room for the tag is reserved at once: growing would leave an unwiped copy of the plain bytes behind.
        let mut body = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(plain);
        let sealed = self.0.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context.as_bytes()),
            &mut body,
        );
        if sealed.is_err() {
            // Happens only for input beyond 64 GiB, which no row holds; storing it in the clear is no alternative.
            std::process::abort();
        }
        let mut bytes = nonce.to_vec();
        bytes.append(&mut body);
        let mut text = PREFIX.to_owned();
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text
    }

    /// Decrypts what [`seal`](Self::seal) answered, given the same context. The bytes are wiped when dropped.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when the text is no sealed value, [`SealError::Refused`] when key or context differ or
    /// the value was altered.
    pub fn open(&self, sealed: &str, context: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let body = sealed.strip_prefix(PREFIX).ok_or(SealError::Malformed)?;
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Malformed)?);
        let (nonce, body) = bytes
            .split_first_chunk_mut::<NONCE_BYTES>()
            .ok_or(SealError::Malformed)?;
        let plain = self
            .0
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(context.as_bytes()),
                body,
            )
            .map_err(|_| SealError::Refused)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

/// An opened secret on its way through the domain. It has neither `Debug` nor `Serialize`, so it cannot slip into a
/// log line or an answer; reading it takes the word `reveal`.
///
/// ```compile_fail
/// println!("{:?}", crypto::Sealed::new("secret"));
/// ```
/// ```compile_fail
/// serde_json::to_string(&crypto::Sealed::new("secret"));
/// ```
#[derive(Clone)]
pub struct Sealed<T>(T);

impl<T> Sealed<T> {
    /// Wraps an opened value. Prefer values that wipe themselves ([`kit::Secret`], [`Zeroizing`]).
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place to check in review.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"hunter2", "smtp/password/1");
        assert!(sealed.starts_with("v1.") && !sealed.contains("hunter2"));
        assert_eq!(
            key.open(&sealed, "smtp/password/1").unwrap().as_slice(),
            b"hunter2"
        );
        assert_eq!(
            key.open(&sealed, "smtp/password/2").err(),
            Some(SealError::Refused)
        );
        assert_eq!(
            SealingKey::generate().open(&sealed, "smtp/password/1").err(),
            Some(SealError::Refused)
        );
        assert_ne!(sealed, key.seal(b"hunter2", "smtp/password/1"));
        assert!(key.open(&key.seal(b"", "x"), "x").unwrap().is_empty());
    }

    #[test]
    fn an_altered_or_cut_value_is_refused() {
        let key = SealingKey::generate();
        let sealed = key.seal(b"hunter2", "x");
        for text in ["", "v1.", "v1.AAAA", "v2.AAAA", "v1.!!!!", "hunter2"] {
            assert!(key.open(text, "x").is_err(), "{text}");
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(sealed.strip_prefix("v1.").unwrap())
            .unwrap();
        for index in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            let text = format!("v1.{}", URL_SAFE_NO_PAD.encode(&altered));
            assert_eq!(key.open(&text, "x").err(), Some(SealError::Refused));
            let cut = format!("v1.{}", URL_SAFE_NO_PAD.encode(&bytes[..index]));
            assert!(key.open(&cut, "x").is_err());
        }
    }

    #[test]
    fn a_sealed_value_of_another_implementation_opens() {
        // Made with Python cryptography 50: AESGCM(bytes(range(32))).encrypt(bytes(12), b"hunter2", b"ctx").
        let key = SealingKey::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        let sealed = format!(
            "v1.{}",
            URL_SAFE_NO_PAD.encode(
                unhex(concat!(
                    "000000000000000000000000",
                    "66c9dbaad05eb1a10c821b30fc3d8e32bfd1c71980ca50"
                ))
                .unwrap()
            )
        );
        assert_eq!(key.open(&sealed, "ctx").unwrap().as_slice(), b"hunter2");
    }

    #[test]
    fn a_key_is_read_from_hex_and_from_base64() {
        let sealed = SealingKey::from_bytes([0xfb; 32]).seal(b"x", "c");
        let hex = "fb".repeat(32);
        let standard = STANDARD.encode([0xfb; 32]);
        for text in [
            hex.as_str(),
            &hex.to_uppercase(),
            &standard,
            &format!("{standard}\n"),
            &URL_SAFE_NO_PAD.encode([0xfb; 32]),
        ] {
            assert!(
                SealingKey::parse(text).unwrap().open(&sealed, "c").is_ok(),
                "{text}"
            );
        }
        for text in [
            "",
            "short",
            &"zz".repeat(32),
            &"ab".repeat(31),
            &STANDARD.encode([1; 33]),
        ] {
            assert_eq!(SealingKey::parse(text).err(), Some(SealError::Key), "{text}");
        }
        assert!(SealingKey::parse(&SealingKey::generate_text()).is_ok());
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(
            format!("{:?}", SealingKey::from_bytes([7; 32])),
            "SealingKey(***)"
        );
    }
}
