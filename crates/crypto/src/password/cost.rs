//! What one hash of our own costs.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::phc::digits;

/// The argon2id cost of new hashes: memory in KiB, passes over it, lanes. Always within the bounds of
/// [`HashCost::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why a cost is not accepted, as a sentence for the operator.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CostFault {
    #[error("the password hash cost must look like argon2id:m=19456,t=2,p=1")]
    Malformed,
    #[error("the memory of the password hash (m) must be between 64 and 1048576 KiB")]
    Memory,
    #[error("the passes of the password hash (t) must be between 1 and 64")]
    Passes,
    #[error(
        "the lanes of the password hash (p) must be between 1 and 16, with at least 8 KiB of memory each"
    )]
    Lanes,
}

impl HashCost {
    /// A cost of `memory_kib` (64 to 1048576), `passes` (1 to 64) and `lanes` (1 to 16, with 8 KiB each at least).
    ///
    /// # Errors
    /// Names the number that is out of bounds.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, CostFault> {
        if memory_kib < 64 || memory_kib > 1_048_576 {
            return Err(CostFault::Memory);
        }
        if passes < 1 || passes > 64 {
            return Err(CostFault::Passes);
        }
        if lanes < 1 || lanes > 16 || memory_kib < 8 * lanes {
            return Err(CostFault::Lanes);
        }
        Ok(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// Memory of one hash in KiB (m).
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over that memory (t).
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes (p). They are computed one after the other: the pool's threads already use every core.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane: the minimum of the OWASP password storage cheat sheet (DESIGN section 3, rule 10).
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl fmt::Display for HashCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "argon2id:m={},t={},p={}",
            self.memory_kib, self.passes, self.lanes
        )
    }
}

impl FromStr for HashCost {
    type Err = CostFault;

    /// Reads the value of `TENANTRY_PASSWORD_HASH`, e.g. `argon2id:m=19456,t=2,p=1`.
    fn from_str(text: &str) -> Result<Self, CostFault> {
        let parameters = text
            .trim()
            .strip_prefix("argon2id:")
            .ok_or(CostFault::Malformed)?;
        let mut parts = parameters.split(',');
        let mut number = |name: &str| {
            let value = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
            digits(value)
        };
        let cost = number("m").zip(number("t")).zip(number("p"));
        match (cost, parts.next()) {
            (Some(((memory_kib, passes), lanes)), None) => Self::new(memory_kib, passes, lanes),
            _ => Err(CostFault::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_reads_back_as_it_is_written() {
        assert_eq!("argon2id:m=19456,t=2,p=1".parse(), Ok(HashCost::default()));
        let cost = HashCost::new(64, 1, 8).unwrap();
        assert_eq!(cost.to_string().parse(), Ok(cost));
    }

    #[test]
    fn a_cost_out_of_bounds_is_named() {
        for (text, fault) in [
            ("", CostFault::Malformed),
            ("bcrypt:12", CostFault::Malformed),
            ("argon2id:m=19456,t=2", CostFault::Malformed),
            ("argon2id:t=2,m=19456,p=1", CostFault::Malformed),
            ("argon2id:m=19456,t=2,p=1,x=1", CostFault::Malformed),
            ("argon2id:m=+19456,t=2,p=1", CostFault::Malformed),
            ("argon2id:m=99999999999,t=2,p=1", CostFault::Malformed),
            ("argon2id:m=63,t=2,p=1", CostFault::Memory),
            ("argon2id:m=1048577,t=2,p=1", CostFault::Memory),
            ("argon2id:m=19456,t=0,p=1", CostFault::Passes),
            ("argon2id:m=19456,t=65,p=1", CostFault::Passes),
            ("argon2id:m=19456,t=2,p=0", CostFault::Lanes),
            ("argon2id:m=64,t=2,p=9", CostFault::Lanes),
        ] {
            assert_eq!(text.parse::<HashCost>(), Err(fault), "{text}");
        }
    }
}
