//! Everything cryptographic: password hashes and the pool that computes them, token signing and verification, sealing
//! of secrets at rest, digests. No I/O and no clock live here; callers pass time and key material in.
//!
//! - [`HashPool`] hashes and verifies passwords on threads of its own; [`check_import`] reads foreign hashes.
//! - [`SigningKey`] and [`HmacKey`] sign JWTs; [`verify_jwt`] reads them against a [`KeySet`].
//! - [`SealingKey`] encrypts what rests in the database.
//! - [`sha256_hex`], [`hmac_sha256`] and [`derived_uuid`] are how random secrets are stored and derived.

pub mod calibrate;
mod digest;
mod jwt;
mod keys;
mod password;
mod seal;

pub use digest::{derived_uuid, hmac_sha256, leak_digest, sha256, sha256_hex};
pub use jwt::{JwtError, MAX_TOKEN_BYTES, Times, check_times, verify_jws, verify_jwt};
pub use keys::{Algorithm, GeneratedKey, HmacKey, Jwk, KeyError, KeySet, SigningKey, VerifyingKey};
pub use password::{
    Admitted, CostFault, HashCost, HashError, HashKind, HashPool, ImportFault, ImportRules,
    MAX_PASSWORD_BYTES, StoredHash, UnknownKind, Verdict, check_import, check_import_with, normalised,
};
pub use seal::{SealError, Sealed, SealingKey};

/// Fills `bytes` from the operating system's generator. It does not fail once the process runs; if it ever did, going
/// on with predictable salts and nonces would be worse than ending the process.
fn random(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        std::process::abort();
    }
}
