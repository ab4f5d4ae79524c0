//! argon2 hashes as PHC strings, ours and those of others.

use argon2::{Algorithm, Params, Version};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};

use super::HashCost;

/// Longer texts are no hash; refused before they are split.
pub(super) const MAX_HASH_BYTES: usize = 4096;

/// Other systems pad or not, and some leave bits behind the last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 as other systems write it: either alphabet, padded or not.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok()
}

/// A decimal number of digits alone, without sign.
pub(super) fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|c| c.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// An argon2 hash with everything that made it.
pub(super) struct Phc {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Phc {
    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, also without `v` (then version 16). Says nothing about cost.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_HASH_BYTES {
            return None;
        }
        let (algorithm, rest) = text.strip_prefix('$')?.split_once('$')?;
        let algorithm = match algorithm {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        let (version, rest) = match rest.strip_prefix("v=") {
            Some(rest) => rest.split_once('$')?,
            None => ("16", rest),
        };
        let version = match version {
            "19" => Version::V0x13,
            "16" => Version::V0x10,
            _ => return None,
        };
        let (parameters, rest) = rest.split_once('$')?;
        let (mut memory_kib, mut passes, mut lanes) = (None, None, None);
        for parameter in parameters.split(',') {
            let (name, value) = parameter.split_once('=')?;
            let slot = match name {
                "m" => &mut memory_kib,
                "t" => &mut passes,
                "p" => &mut lanes,
                _ => return None,
            };
            if slot.replace(digits(value)?).is_some() {
                return None;
            }
        }
        let (salt, hash) = rest.split_once('$')?;
        let (salt, hash) = (from_base64(salt)?, from_base64(hash)?);
        let sizes_fit = (8..=64).contains(&salt.len()) && (12..=128).contains(&hash.len());
        let phc = Self {
            algorithm,
            version,
            memory_kib: memory_kib?,
            passes: passes?,
            lanes: lanes?,
            salt,
            hash,
        };
        (sizes_fit && phc.params().is_some()).then_some(phc)
    }

    /// The parameters in the library's form; `None` when argon2 itself does not allow them.
    pub(super) fn params(&self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(self.hash.len())).ok()
    }

    /// Whether a new hash of `cost` would be made in just this way.
    pub(super) fn is_current(&self, cost: HashCost) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && HashCost::new(self.memory_kib, self.passes, self.lanes) == Ok(cost)
    }

    /// The text form of a hash of our own.
    pub(super) fn write(cost: HashCost, salt: &[u8], hash: &[u8]) -> String {
        format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            cost.memory_kib(),
            cost.passes(),
            cost.lanes(),
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        )
    }
}
