//! Digests of random secrets, and values derived from them.

use std::fmt::Write;

use aws_lc_rs::{digest, hmac};
use kit::Secret;

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// SHA-256 of a text as 64 lower-case hex digits: the form in which random secrets, one-time codes and refresh tokens
/// are stored and looked up. Only for values that nobody can guess; passwords go through
/// [`HashPool`](crate::HashPool).
#[must_use]
pub fn sha256_hex(text: &str) -> String {
    hex(&sha256(text.as_bytes()))
}

/// SHA-1 of a password as 40 upper-case hex digits: how lists of leaked passwords name them. Nothing is kept or trusted by
/// it.
#[must_use]
pub fn leak_digest(password: &Secret) -> String {
    let digest = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        super::normalised(password).reveal().as_bytes(),
    );
    hex(digest.as_ref()).to_ascii_uppercase()
}

/// HMAC-SHA-256 of `data` under `key`. Compare results with [`kit::same`].
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

/// The one successor of a presented refresh token: an HMAC under `key`, shaped as a UUID v4. A retry within the grace
/// period derives the same value again, so that only hashes need to rest in the database.
/// The derivation has a label of its own, so `key` may serve other purposes too.
#[must_use]
pub fn derived_uuid(key: &[u8], presented: &str) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(b"tenantry refresh successor v1\0");
    context.update(presented.as_bytes());
    let tag = fixed(context.sign().as_ref());
    let mut text = String::with_capacity(36);
    for (index, byte) in tag.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match index {
            6 => (byte & 0x0f) | 0x40, // version 4
            8 => (byte & 0x3f) | 0x80, // RFC 9562 variant
            _ => *byte,
        };
        push_hex(&mut text, byte);
    }
    text
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        push_hex(&mut text, *byte);
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "{byte:02x}");
}

/// The bytes of hex digits in either case; `None` when a character is none or the count is odd.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

fn fixed(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_agrees_with_the_published_vector() {
        // FIPS 180-4, example "abc".
        assert_eq!(
            sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn hmac_agrees_with_the_published_vector() {
        // RFC 4231, test case 2.
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_successor_is_the_same_every_time_and_a_uuid_v4() {
        let presented = "3f0c1d2e-0000-4000-8000-000000000001";
        let successor = derived_uuid(b"key", presented);
        assert_eq!(successor, derived_uuid(b"key", presented));
        assert_ne!(successor, derived_uuid(b"other key", presented));
        assert_ne!(successor, derived_uuid(b"key", &successor));
        assert!(kit::is_uuid(&successor), "{successor}");
        assert_eq!(successor.as_bytes()[14], b'4');
        assert!(matches!(successor.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn hex_is_read_in_either_case_and_only_in_pairs() {
        assert_eq!(unhex("00fFAb"), Some(vec![0x00, 0xff, 0xab]));
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("é"), None);
    }
}
