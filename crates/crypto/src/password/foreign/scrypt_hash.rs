//! scrypt, plain and as Firebase wraps it.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use scrypt::Params;
use zeroize::Zeroizing;

use super::config::Config;
use super::{ImportFault, from_base64, salt_and_key};

/// Most of N*r: 128 MiB of memory.
const MAX_MEMORY: u64 = 1 << 20;
/// Most of N*r*p.
const MAX_WORK: u64 = 1 << 22;
/// Below this, N*r*p is clearly cheaper than a hash of ours.
const LIGHT_WORK: u64 = 1 << 15;

/// The parameters, when scrypt allows them and the server can afford them.
fn affordable(log_n: u8, r: u32, p: u32) -> Result<Params, ImportFault> {
    if log_n == 0 || log_n > 31 || r == 0 || p == 0 {
        return Err(ImportFault::Config);
    }
    let memory = (1u64 << log_n) * u64::from(r);
    if memory > MAX_MEMORY || memory.saturating_mul(u64::from(p)) > MAX_WORK {
        return Err(ImportFault::TooCostly);
    }
    Params::new(log_n, r, p).map_err(|_| ImportFault::Config)
}

fn is_light(params: &Params) -> bool {
    params.n() * u64::from(params.r()) * u64::from(params.p()) < LIGHT_WORK
}

/// Salt, separator and key in one text; the config has `N`, `r`, `p`, `keyLen` and `saltSeparator`.
pub(in crate::password) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl ScryptHash {
    pub(super) fn parse(text: &str, config: &Config) -> Result<Self, ImportFault> {
        let n = config
            .n
            .filter(|n| n.is_power_of_two())
            .ok_or(ImportFault::Config)?;
        let log_n = u8::try_from(n.ilog2()).map_err(|_| ImportFault::Config)?;
        let (Some(r), Some(p)) = (config.r, config.p) else {
            return Err(ImportFault::Config);
        };
        let params = affordable(log_n, r, p)?;
        let (salt, key) =
            salt_and_key(text, config.separator(), config.key_length()?).ok_or(ImportFault::Hash)?;
        Ok(Self { params, salt, key })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Option<bool> {
        let mut key = Zeroizing::new(vec![0; self.key.len()]);
        scrypt::scrypt(password, &self.salt, &self.params, &mut key).ok()?;
        Some(kit::same(&key, &self.key))
    }

    pub(super) fn is_light(&self) -> bool {
        is_light(&self.params)
    }
}

/// base64 of the salt, `:`, base64 of the hash, as exported rows have them; the config has `memCost`, `rounds`,
/// `saltSeparator` and `signerKey`, the last two in base64. The hash is the signer key encrypted under the scrypt of the
/// password (github.com/firebase/scrypt).
pub(in crate::password) struct FirebaseHash {
    params: Params,
    salt: Vec<u8>,
    signer: Zeroizing<Vec<u8>>,
    hash: Vec<u8>,
}

impl FirebaseHash {
    pub(super) fn parse(text: &str, config: &Config) -> Result<Self, ImportFault> {
        let (Some(mem_cost), Some(rounds)) = (config.mem_cost, config.rounds) else {
            return Err(ImportFault::Config);
        };
        let params = affordable(
            u8::try_from(mem_cost).map_err(|_| ImportFault::TooCostly)?,
            rounds,
            1,
        )?;
        let signer = config.signer_key.as_deref().and_then(from_base64);
        let signer = Zeroizing::new(signer.filter(|key| key.len() >= 16).ok_or(ImportFault::Config)?);
        let separator = from_base64(config.separator()).ok_or(ImportFault::Config)?;
        let (salt, hash) = text.split_once(':').ok_or(ImportFault::Hash)?;
        let mut salt = from_base64(salt)
            .filter(|salt| !salt.is_empty())
            .ok_or(ImportFault::Hash)?;
        salt.extend_from_slice(&separator);
        let hash = from_base64(hash)
            .filter(|hash| hash.len() == signer.len())
            .ok_or(ImportFault::Hash)?;
        Ok(Self {
            params,
            salt,
            signer,
            hash,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Option<bool> {
        let mut key = Zeroizing::new([0; 32]);
        scrypt::scrypt(password, &self.salt, &self.params, key.as_mut()).ok()?;
        let mut made = self.signer.clone();
        Ctr128BE::<Aes256>::new_from_slices(key.as_ref(), &[0; 16])
            .ok()?
            .try_apply_keystream(&mut made)
            .ok()?;
        Some(kit::same(&made, &self.hash))
    }

    pub(super) fn is_light(&self) -> bool {
        is_light(&self.params)
    }
}
