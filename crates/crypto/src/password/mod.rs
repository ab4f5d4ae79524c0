//! Password hashes: our own, those imported from other systems, and the pool of threads that computes both.

mod cost;
mod foreign;
mod kind;
mod native;
mod phc;
mod pool;

use kit::Secret;
use unicode_normalization::UnicodeNormalization;

pub use cost::{CostFault, HashCost};
pub use foreign::{ImportFault, ImportRules, check_import, check_import_with};
pub use kind::{HashKind, StoredHash, UnknownKind};
pub(crate) use native::Hasher;
pub use pool::{Admitted, HashError, HashPool, Verdict};

/// Longer passwords are not hashed at all. Callers refuse them earlier, with a sentence for the user.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The password in Unicode form NFC, as our own hashes take it: the same letters typed on different systems arrive
/// composed or decomposed. Nothing is trimmed. Foreign hashes are checked against the bytes as
/// given, since that is what the other system hashed.
#[must_use]
pub fn normalised(password: &Secret) -> Secret {
    let text = password.reveal();
    if unicode_normalization::is_nfc(text) {
        return password.clone();
    }
    // NFC is at most three times as long in UTF-8; a reallocation would leave an unwiped copy behind.
    let mut composed = String::with_capacity(text.len() * 3);
    composed.extend(text.nfc());
    Secret::new(composed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        let decomposed = normalised(&Secret::new("cafe\u{301} ".to_owned()));
        assert_eq!(decomposed.reveal(), "caf\u{e9} ");
        assert_eq!(normalised(&Secret::new("plain".to_owned())).reveal(), "plain");
    }
}
