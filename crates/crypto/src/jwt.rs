//! Reading JWTs: compact JWS (RFC 7515) with the algorithm pinned by the caller and by the key, never by the header.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Millis;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::keys::{Algorithm, KeySet};

/// Longer tokens are refused before anything of them is parsed. Our own are far below.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token is not accepted. Callers answer all of them alike (401); the difference is for logs and tests.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum JwtError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is too long")]
    TooLong,
    /// Not three base64url parts with a JSON header, or with a `crit` extension, of which we know none.
    #[error("the token is malformed")]
    Malformed,
    /// The header's algorithm is not allowed here or is not the key's own.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// The header names a key that is not in the set, or the set is empty.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// The payload is not the JSON that was asked for, or lacks `exp`.
    #[error("the token's claims are not readable")]
    Claims,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The header members that matter. `jwk`, `jku`, `x5u` and `x5c` are ignored: keys come from the caller alone.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// True whenever the member is there, whatever it holds.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Checks the signature of a compact JWS and answers its payload bytes. `allowed` pins the algorithms; the key that the
/// header's `kid` picks (the first one of the set where there is none) must be of the very algorithm the header names.
/// Says nothing about times: see [`check_times`].
///
/// # Errors
/// See [`JwtError`]; nothing of the payload is parsed before the signature holds.
pub fn verify_jws(token: &str, keys: &KeySet, allowed: &[Algorithm]) -> Result<Vec<u8>, JwtError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwtError::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    // A further dot is no base64url character and fails below, as do padding and stray trailing bits.
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Malformed);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JwtError::Malformed)?;
    if header.crit {
        return Err(JwtError::Malformed);
    }
    let payload = decode(payload)?;
    let signature = decode(signature)?;
    let algorithm = allowed
        .iter()
        .find(|algorithm| algorithm.as_str() == header.alg)
        .ok_or(JwtError::Algorithm)?;
    let key = keys.pick(header.kid.as_deref()).ok_or(JwtError::UnknownKey)?;
    if key.algorithm() != *algorithm {
        return Err(JwtError::Algorithm);
    }
    if !key.verify(signed.as_bytes(), &signature) {
        return Err(JwtError::Signature);
    }
    Ok(payload)
}

/// [`verify_jws`], with the payload read into `T`. Put a `#[serde(flatten)]` [`Times`] into `T` and pass it to
/// [`check_times`].
///
/// # Errors
/// Those of [`verify_jws`], and [`JwtError::Claims`] when the payload is not a `T`.
pub fn verify_jwt<T: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    allowed: &[Algorithm],
) -> Result<T, JwtError> {
    let payload = verify_jws(token, keys, allowed)?;
    serde_json::from_slice(&payload).map_err(|_| JwtError::Claims)
}

/// The time claims of a token (RFC 7519, 4.1.4 and 4.1.5), as seconds since the epoch, fractions allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Times {
    /// When the token ends; required by [`check_times`].
    #[serde(default)]
    pub exp: Option<f64>,
    /// Before when the token does not count.
    #[serde(default)]
    pub nbf: Option<f64>,
}

/// Whether a token counts at `now`, its clock differing from ours by at most `leeway_seconds`. It ends in the very
/// moment of `exp`.
///
/// # Errors
/// [`JwtError::Claims`] when there is no `exp`, [`JwtError::Expired`], [`JwtError::NotYetValid`].
pub fn check_times(times: &Times, now: Millis, leeway_seconds: u32) -> Result<(), JwtError> {
    let leeway = i64::from(leeway_seconds);
    // A float beyond the range of an i64 becomes its end, which is as far away as can be said.
    let moment = |seconds: f64| Millis((seconds * 1000.0) as i64);
    let exp = times.exp.ok_or(JwtError::Claims)?;
    if now >= moment(exp).plus_seconds(leeway) {
        return Err(JwtError::Expired);
    }
    match times.nbf {
        Some(nbf) if now.plus_seconds(leeway) < moment(nbf) => Err(JwtError::NotYetValid),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
