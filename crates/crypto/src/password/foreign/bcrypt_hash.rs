//! bcrypt: `$2a$`, `$2b$` and `$2y$`, which differ in name alone. `$2x$` marks a broken implementation and is refused.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::ImportFault;

/// Some implementations leave bits behind the last byte; every checker ignores them.
const ALPHABET: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// bcrypt reads no more of a password, the end mark included.
const MAX_BYTES: usize = 72;

pub(in crate::password) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    hash: Vec<u8>,
}

impl BcryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, ImportFault> {
        let read = || {
            let rest = ["$2a$", "$2b$", "$2y$"]
                .iter()
                .find_map(|prefix| text.strip_prefix(prefix))?;
            let (cost, rest) = rest.split_once('$')?;
            let cost = (cost.len() == 2).then(|| super::super::phc::digits(cost))??;
            let (salt, hash) = rest.split_at_checked(22)?;
            let hash = (hash.len() == 31).then(|| ALPHABET.decode(hash).ok())??;
            Some(Self {
                cost,
                salt: ALPHABET.decode(salt).ok()?.try_into().ok()?,
                hash,
            })
        };
        let hash = read()
            .filter(|hash| (4..=31).contains(&hash.cost))
            .ok_or(ImportFault::Hash)?;
        if hash.cost > 14 {
            return Err(ImportFault::TooCostly);
        }
        Ok(hash)
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut text = Zeroizing::new([0; MAX_BYTES]);
        for (to, from) in text.iter_mut().zip(password) {
            *to = *from;
        }
        // The end mark belongs to the text unless 72 bytes of password leave it no room.
        let used = (password.len() + 1).min(MAX_BYTES);
        let made = Zeroizing::new(bcrypt::bcrypt(
            self.cost,
            self.salt,
            text.get(..used).unwrap_or_default(),
        ));
        // The text form drops the last of the 24 bytes.
        kit::same(made.get(..23).unwrap_or_default(), &self.hash)
    }

    pub(super) const fn is_light(&self) -> bool {
        self.cost < 8
    }
}
