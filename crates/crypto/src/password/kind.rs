//! A hash as it is stored.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What made a hash. The text form is `passwordHashType` of the migration routes and
/// stands in the database; `native` is our own and cannot be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashKind {
    /// Our own: an argon2id PHC string.
    Native,
    Bcrypt,
    Scrypt,
    FirebaseScrypt,
    Pbkdf2,
    /// Any argon2 (i, d or id) of another system, as a PHC string.
    Argon2,
    Sha256,
    Sha1,
}

/// No kind has this name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the kind of password hash is not known")]
pub struct UnknownKind;

impl HashKind {
    /// Every kind, our own first.
    pub const ALL: [Self; 8] = [
        Self::Native,
        Self::Bcrypt,
        Self::Scrypt,
        Self::FirebaseScrypt,
        Self::Pbkdf2,
        Self::Argon2,
        Self::Sha256,
        Self::Sha1,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bcrypt => "bcrypt",
            Self::Scrypt => "scrypt",
            Self::FirebaseScrypt => "firebase-scrypt",
            Self::Pbkdf2 => "pbkdf2",
            Self::Argon2 => "argon2",
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
        }
    }
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HashKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownKind)
    }
}

/// A hash from the database. `Debug` shows the kind alone: a hash is something to guess against.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash {
    pub kind: HashKind,
    /// The hash in the form of its kind.
    pub text: String,
    /// `passwordHashConfig` as it was imported: JSON text, absent for our own.
    pub config: Option<String>,
}

impl StoredHash {
    /// A hash that [`HashPool::hash`](super::HashPool::hash) made.
    #[must_use]
    pub const fn native(text: String) -> Self {
        Self {
            kind: HashKind::Native,
            text,
            config: None,
        }
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredHash({})", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_and_a_hash_is_not_printed() {
        for kind in HashKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("md5".parse::<HashKind>(), Err(UnknownKind));
        let stored = StoredHash::native("$argon2id$secret".to_owned());
        assert_eq!(format!("{stored:?}"), "StoredHash(native)");
    }
}
