//! Hashes imported from other systems.

mod bcrypt_hash;
mod config;
mod pbkdf2_hash;
mod scrypt_hash;
mod sha_hash;

use thiserror::Error;

use super::native::Hasher;
use super::phc::{MAX_HASH_BYTES, Phc, from_base64};
use super::{HashCost, HashKind};
use crate::digest::unhex;
use bcrypt_hash::BcryptHash;
use config::Config;
use pbkdf2_hash::Pbkdf2Hash;
use scrypt_hash::{FirebaseHash, ScryptHash};
use sha_hash::ShaHash;

/// Why an imported hash is refused: an error of its row, not of the batch. The sentences never quote the hash.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ImportFault {
    /// `native` names our own hashes, which come from nowhere else.
    #[error("passwordHashType is not one of the supported types")]
    Kind,
    #[error("passwordHash is not readable as a hash of its type")]
    Hash,
    #[error("passwordHashConfig is not readable or lacks what its type needs")]
    Config,
    /// Every login would cost more than the server can give: bcrypt above 14, scrypt with N*r above 2^20 or N*r*p above
    /// 2^22, PBKDF2 above 2,000,000 iterations, argon2 above 256 MiB or 2 GiB over all passes.
    #[error("passwordHash costs more to check than this server allows")]
    TooCostly,
    /// A sha256 or sha1 without salt, while the server's switch for them is off.
    #[error("passwordHash has no salt, which this server does not allow")]
    Unsalted,
}

/// What the operator allows beyond the normal. The default allows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportRules {
    /// Accept sha256 and sha1 hashes that have no salt.
    pub unsalted_sha: bool,
}

/// Whether a hash can be imported: readable, and within the cost that a login may have. Unsalted sha hashes cannot.
///
/// # Errors
/// What is wrong with this row.
pub fn check_import(kind: HashKind, text: &str, config: Option<&str>) -> Result<(), ImportFault> {
    check_import_with(kind, text, config, ImportRules::default())
}

/// [`check_import`] under the operator's own rules.
///
/// # Errors
/// What is wrong with this row.
pub fn check_import_with(
    kind: HashKind,
    text: &str,
    config: Option<&str>,
    rules: ImportRules,
) -> Result<(), ImportFault> {
    match Foreign::parse(kind, text, config)? {
        Foreign::Sha(hash) if hash.is_unsalted() && !rules.unsalted_sha => Err(ImportFault::Unsalted),
        _ => Ok(()),
    }
}

/// A foreign hash, read and within the cost caps.
pub(super) enum Foreign {
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
    Firebase(FirebaseHash),
    Pbkdf2(Pbkdf2Hash),
    Argon2(Phc),
    Sha(ShaHash),
}

impl Foreign {
    pub(super) fn parse(kind: HashKind, text: &str, config: Option<&str>) -> Result<Self, ImportFault> {
        if text.len() > MAX_HASH_BYTES {
            return Err(ImportFault::Hash);
        }
        let config = Config::parse(config)?;
        match kind {
            HashKind::Native => Err(ImportFault::Kind),
            HashKind::Bcrypt => BcryptHash::parse(text).map(Self::Bcrypt),
            HashKind::Scrypt => ScryptHash::parse(text, &config).map(Self::Scrypt),
            HashKind::FirebaseScrypt => FirebaseHash::parse(text, &config).map(Self::Firebase),
            HashKind::Pbkdf2 => Pbkdf2Hash::parse(text, &config).map(Self::Pbkdf2),
            HashKind::Argon2 => affordable_argon2(text).map(Self::Argon2),
            HashKind::Sha256 | HashKind::Sha1 => ShaHash::parse(kind, text, &config).map(Self::Sha),
        }
    }

    /// Whether `password`, byte for byte, makes this hash. `None` when memory ran out.
    pub(super) fn matches(&self, password: &[u8], hasher: &mut Hasher) -> Option<bool> {
        match self {
            Self::Bcrypt(hash) => Some(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password),
            Self::Firebase(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => Some(hash.matches(password)),
            Self::Argon2(hash) => hasher.argon2_matches(hash, password),
            Self::Sha(hash) => Some(hash.matches(password)),
        }
    }

    /// Whether checking this costs clearly less than one hash of ours at its default cost or, for argon2, at `cost`.
    pub(super) fn is_light(&self, cost: HashCost) -> bool {
        match self {
            Self::Bcrypt(hash) => hash.is_light(),
            Self::Scrypt(hash) => hash.is_light(),
            Self::Firebase(hash) => hash.is_light(),
            Self::Pbkdf2(hash) => hash.is_light(),
            Self::Argon2(hash) => {
                work(hash.memory_kib, hash.passes) < work(cost.memory_kib(), cost.passes()) / 2
            }
            Self::Sha(_) => true,
        }
    }
}

/// KiB touched over all passes.
fn work(memory_kib: u32, passes: u32) -> u64 {
    u64::from(memory_kib) * u64::from(passes)
}

fn affordable_argon2(text: &str) -> Result<Phc, ImportFault> {
    let phc = Phc::parse(text).ok_or(ImportFault::Hash)?;
    let affordable = phc.memory_kib <= 256 * 1024
        && phc.passes <= 64
        && phc.lanes <= 64
        && work(phc.memory_kib, phc.passes) <= 2 * 1024 * 1024;
    if affordable {
        Ok(phc)
    } else {
        Err(ImportFault::TooCostly)
    }
}

/// The texts that a key of `length` bytes can be, by their lengths: hex, base64 padded, base64 not padded.
fn key_lengths(length: usize) -> [(usize, bool); 3] {
    [
        (length * 2, true),
        (length.div_ceil(3) * 4, false),
        ((length * 4).div_ceil(3), false),
    ]
}

/// A key of exactly `length` bytes in hex or base64.
fn key_bytes(text: &str, length: usize, is_hex: bool) -> Option<Vec<u8>> {
    let bytes = if is_hex { unhex(text) } else { from_base64(text) };
    bytes.filter(|bytes| bytes.len() == length)
}

/// Splits salt, separator and key, in that order: the key is told apart by its length, so the separator may be empty or
/// occur inside the salt. The salt is the bytes of its text.
fn salt_and_key(text: &str, separator: &str, length: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    key_lengths(length).into_iter().find_map(|(size, is_hex)| {
        let (head, key) = text.split_at_checked(text.len().checked_sub(size)?)?;
        let salt = head.strip_suffix(separator)?;
        let key = key_bytes(key, length, is_hex)?;
        (!salt.is_empty()).then(|| (salt.as_bytes().to_vec(), key))
    })
}

#[cfg(test)]
mod tests;
