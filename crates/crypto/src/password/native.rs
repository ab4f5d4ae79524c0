//! Computing argon2 with memory that is kept from one hash to the next.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::foreign::Foreign;
use super::phc::Phc;
use super::pool::Verdict;
use super::{HashCost, HashKind, StoredHash, normalised};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Computes hashes on one thread. Its memory comes with the first hash (an idle server stays small) and is then reused:
/// getting 19 MiB from the system for every hash costs more than a tenth of the hash.
pub(crate) struct Hasher {
    cost: HashCost,
    memory: Vec<Block>,
}

impl Hasher {
    pub(crate) const fn new(cost: HashCost) -> Self {
        Self {
            cost,
            memory: Vec::new(),
        }
    }

    /// A new hash of our own of an already normalised password; `None` when memory ran out.
    pub(super) fn hash(&mut self, password: &[u8]) -> Option<String> {
        let mut salt = [0; SALT_BYTES];
        crate::random(&mut salt);
        let mut hash = Zeroizing::new([0; HASH_BYTES]);
        self.own(password, &salt, &mut hash)?;
        Some(Phc::write(self.cost, &salt, hash.as_ref()))
    }

    /// The work of one hash of our own, for nothing. False when memory ran out.
    pub(crate) fn dummy(&mut self, password: &[u8]) -> bool {
        let mut hash = [0; HASH_BYTES];
        let done = self.own(password, &[0x5a; SALT_BYTES], &mut hash).is_some();
        std::hint::black_box(hash);
        done
    }

    /// Whether `password` (as it was typed) belongs to `stored`. `None` when memory ran out. An unreadable stored hash
    /// and one that is cheaper than ours cost a dummy hash, so that the time does not tell them from an unknown user.
    pub(super) fn verify(&mut self, password: &kit::Secret, stored: &StoredHash) -> Option<Verdict> {
        let (matches, stale) = if stored.kind == HashKind::Native {
            let password = normalised(password);
            let password = password.reveal().as_bytes();
            let Some(phc) = Phc::parse(&stored.text).filter(within_our_bounds) else {
                return self.unreadable(password, stored.kind);
            };
            (self.argon2_matches(&phc, password)?, !phc.is_current(self.cost))
        } else {
            let password = password.reveal().as_bytes();
            let Ok(foreign) = Foreign::parse(stored.kind, &stored.text, stored.config.as_deref()) else {
                return self.unreadable(password, stored.kind);
            };
            let matches = foreign.matches(password, self)?;
            if foreign.is_light(self.cost) {
                self.dummy(password);
            }
            (matches, true)
        };
        Some(Verdict {
            matches,
            rehash: matches && stale,
        })
    }

    fn unreadable(&mut self, password: &[u8], kind: HashKind) -> Option<Verdict> {
        tracing::error!(%kind, "a stored password hash is not readable; its user cannot sign in with a password");
        self.dummy(password).then_some(Verdict {
            matches: false,
            rehash: false,
        })
    }

    /// Whether `password` makes the hash of `phc`.
    pub(super) fn argon2_matches(&mut self, phc: &Phc, password: &[u8]) -> Option<bool> {
        let mut hash = Zeroizing::new(vec![0; phc.hash.len()]);
        self.compute(
            phc.algorithm,
            phc.version,
            phc.params()?,
            password,
            &phc.salt,
            &mut hash,
        )?;
        Some(kit::same(&hash, &phc.hash))
    }

    fn own(&mut self, password: &[u8], salt: &[u8], out: &mut [u8; HASH_BYTES]) -> Option<()> {
        let cost = self.cost;
        let params = Params::new(cost.memory_kib(), cost.passes(), cost.lanes(), Some(HASH_BYTES)).ok()?;
        self.compute(Algorithm::Argon2id, Version::V0x13, params, password, salt, out)
    }

    fn compute(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Option<()> {
        let blocks = params.block_count();
        let argon2 = Argon2::new(algorithm, version, params);
        let keep = usize::try_from(self.cost.memory_kib()).ok()?;
        if blocks > keep {
            // Foreign hashes may want far more than ours: that memory goes back at once.
            let mut memory = Vec::new();
            grow(&mut memory, blocks)?;
            return argon2
                .hash_password_into_with_memory(password, salt, out, &mut memory)
                .ok();
        }
        grow(&mut self.memory, blocks)?;
        argon2
            .hash_password_into_with_memory(password, salt, out, &mut self.memory)
            .ok()
    }
}

/// Our own hashes were made at a cost that was once configured.
fn within_our_bounds(phc: &Phc) -> bool {
    HashCost::new(phc.memory_kib, phc.passes, phc.lanes).is_ok()
}

/// At least `blocks` blocks; `None` instead of an abort when there is no memory.
fn grow(memory: &mut Vec<Block>, blocks: usize) -> Option<()> {
    let missing = blocks.saturating_sub(memory.len());
    memory.try_reserve_exact(missing).ok()?;
    memory.resize(memory.len() + missing, Block::new());
    Some(())
}
