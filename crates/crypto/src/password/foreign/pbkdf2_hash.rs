//! PBKDF2 in the forms that systems export: PHC, passlib, Django, and salt with key under a config.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::config::Config;
use super::{ImportFault, from_base64, salt_and_key};
use crate::password::phc::digits;

/// Most iterations of one hash.
const MAX_ITERATIONS: u32 = 2_000_000;
/// Most iterations over all blocks of a long key.
const MAX_ROUNDS: u64 = 8_000_000;
/// Below this, the iterations are clearly cheaper than a hash of ours.
const LIGHT_ROUNDS: u64 = 50_000;

#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sha1" | "SHA1" | "sha-1" | "SHA-1" => Some(Self::Sha1),
            "sha256" | "SHA256" | "sha-256" | "SHA-256" => Some(Self::Sha256),
            "sha512" | "SHA512" | "sha-512" | "SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

pub(in crate::password) struct Pbkdf2Hash {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Pbkdf2Hash {
    /// A text that describes itself is read by that, whatever the config of its batch says.
    pub(super) fn parse(text: &str, config: &Config) -> Result<Self, ImportFault> {
        if let Some(rest) = text.strip_prefix("$pbkdf2") {
            return dollar_form(rest).ok_or(ImportFault::Hash)?.affordable();
        }
        if let Some(rest) = text.strip_prefix("pbkdf2_") {
            return django_form(rest).ok_or(ImportFault::Hash)?.affordable();
        }
        let digest = config.digest.as_deref().and_then(Digest::parse);
        let iterations = config.iterations.and_then(NonZeroU32::new);
        let (Some(digest), Some(iterations)) = (digest, iterations) else {
            return Err(ImportFault::Config);
        };
        let (salt, key) =
            salt_and_key(text, config.separator(), config.key_length()?).ok_or(ImportFault::Hash)?;
        Self {
            digest,
            iterations,
            salt,
            key,
        }
        .affordable()
    }

    /// Iterations over all blocks: a key longer than one digest costs that many times more.
    fn rounds(&self) -> u64 {
        let blocks = self.key.len().div_ceil(self.digest.bytes());
        u64::from(self.iterations.get()) * u64::try_from(blocks).unwrap_or(u64::MAX)
    }

    fn affordable(self) -> Result<Self, ImportFault> {
        if !(16..=512).contains(&self.key.len()) {
            return Err(ImportFault::Hash);
        }
        if self.iterations.get() > MAX_ITERATIONS || self.rounds() > MAX_ROUNDS {
            return Err(ImportFault::TooCostly);
        }
        Ok(self)
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut key = Zeroizing::new(vec![0; self.key.len()]);
        pbkdf2::derive(
            self.digest.algorithm(),
            self.iterations,
            &self.salt,
            password,
            &mut key,
        );
        kit::same(&key, &self.key)
    }

    pub(super) fn is_light(&self) -> bool {
        self.rounds() < LIGHT_ROUNDS
    }
}

/// What follows `$pbkdf2`: `-sha256$i=…,l=…$salt$hash` (PHC), or `-sha256$iterations$salt$hash` (passlib, which writes
/// `.` for `+` and leaves `-sha1` out).
fn dollar_form(rest: &str) -> Option<Pbkdf2Hash> {
    let (digest, rest) = rest.split_once('$')?;
    let digest = if digest.is_empty() {
        Digest::Sha1
    } else {
        Digest::parse(digest.strip_prefix('-')?)?
    };
    let (parameters, rest) = rest.split_once('$')?;
    let (mut iterations, mut length) = (digits(parameters), None);
    if iterations.is_none() {
        for parameter in parameters.split(',') {
            let (name, value) = parameter.split_once('=')?;
            let slot = match name {
                "i" => &mut iterations,
                "l" => &mut length,
                _ => return None,
            };
            if slot.replace(digits(value)?).is_some() {
                return None;
            }
        }
    }
    let (salt, key) = rest.split_once('$')?;
    let bytes = |text: &str| from_base64(&text.replace('.', "+"));
    let (salt, key) = (bytes(salt)?, bytes(key)?);
    let length_fits = length.is_none_or(|length| usize::try_from(length) == Ok(key.len()));
    length_fits.then_some(Pbkdf2Hash {
        digest,
        iterations: NonZeroU32::new(iterations?)?,
        salt,
        key,
    })
}

/// What follows `pbkdf2_`: `sha256$iterations$salt$hash`, the salt being the bytes of its text (Django).
fn django_form(rest: &str) -> Option<Pbkdf2Hash> {
    let (digest, rest) = rest.split_once('$')?;
    let (iterations, rest) = rest.split_once('$')?;
    let (salt, key) = rest.split_once('$')?;
    Some(Pbkdf2Hash {
        digest: Digest::parse(digest)?,
        iterations: NonZeroU32::new(digits(iterations)?)?,
        salt: salt.as_bytes().to_vec(),
        key: from_base64(key)?,
    })
}
