//! One round of sha256 or sha1: no protection to speak of, and replaced at the first login.

use aws_lc_rs::digest;

use super::config::Config;
use super::{HashKind, ImportFault, key_bytes, key_lengths};

/// Digest, separator, salt in one text (separator `:` unless the config names one); the config's `saltPosition` says
/// whether the salt was hashed before the password (`prefix`, the default) or after it (`suffix`).
pub(in crate::password) struct ShaHash {
    algorithm: &'static digest::Algorithm,
    digest: Vec<u8>,
    salt: Vec<u8>,
    salt_first: bool,
}

impl ShaHash {
    pub(super) fn parse(kind: HashKind, text: &str, config: &Config) -> Result<Self, ImportFault> {
        let algorithm = if kind == HashKind::Sha1 {
            &digest::SHA1_FOR_LEGACY_USE_ONLY
        } else {
            &digest::SHA256
        };
        let salt_first = match config.salt_position.as_deref() {
            None | Some("prefix") => true,
            Some("suffix") => false,
            Some(_) => return Err(ImportFault::Config),
        };
        let separator = config.salt_separator.as_deref().unwrap_or(":");
        if separator.is_empty() {
            return Err(ImportFault::Config);
        }
        let (digest, salt) = split(text, separator, algorithm.output_len()).ok_or(ImportFault::Hash)?;
        Ok(Self {
            algorithm,
            digest,
            salt,
            salt_first,
        })
    }

    pub(super) const fn is_unsalted(&self) -> bool {
        self.salt.is_empty()
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut context = digest::Context::new(self.algorithm);
        if self.salt_first {
            context.update(&self.salt);
            context.update(password);
        } else {
            context.update(password);
            context.update(&self.salt);
        }
        kit::same(context.finish().as_ref(), &self.digest)
    }
}

/// The digest, in hex or base64 by its length, and the salt behind the separator; none when the text ends there.
fn split(text: &str, separator: &str, length: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    key_lengths(length).into_iter().find_map(|(size, is_hex)| {
        let (digest, rest) = text.split_at_checked(size)?;
        let salt = if rest.is_empty() {
            rest
        } else {
            rest.strip_prefix(separator)?
        };
        Some((key_bytes(digest, length, is_hex)?, salt.as_bytes().to_vec()))
    })
}
