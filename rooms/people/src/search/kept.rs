//! Columns in memory. A page over most of a large environment looks at eight bytes of every user, which take the longest to
//! read; between two pages hardly any of them change.

use std::sync::Arc;
use std::time::Duration;

use db::{StoreError, Tx};
use kit::EnvironmentId;
use moka::sync::Cache;

use super::store;

/// How many bytes are kept: every column of a million users.
const MOST_BYTES: u64 = 96 << 20;
/// What a block takes besides its bytes.
const OVERHEAD: usize = 128;
/// What nobody has asked for this long is given back.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// Bytes of one stamp.
const STAMP: usize = 8;

/// Blocks of columns that were read, each with its stamp at that time. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct Columns(Cache<Place, Kept>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    environment: EnvironmentId,
    kind: i64,
    block: i64,
}

#[derive(Clone, Debug)]
struct Kept {
    stamp: u64,
    bytes: Arc<[u8]>,
}

impl Default for Columns {
    fn default() -> Self {
        let weigh = |_: &Place, kept: &Kept| u32::try_from(kept.bytes.len() + OVERHEAD).unwrap_or(u32::MAX);
        let cache = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(weigh)
            .time_to_idle(IDLE);
        Self(cache.build())
    }
}

impl Columns {
    /// The bytes of each block of a column, which are given in ascending order; empty where there are none.
    pub(super) async fn read(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        kind: i64,
        blocks: &[i64],
    ) -> Result<Vec<Arc<[u8]>>, StoreError> {
        // Before the blocks: a stamp must not be younger than what it is kept with.
        let stamps = store::stamps(tx, environment).await?;
        let mut place = Place {
            environment: environment.clone(),
            kind,
            block: 0,
        };
        let (mut found, mut missing) = (Vec::with_capacity(blocks.len()), Vec::new());
        for block in blocks {
            place.block = *block;
            let stamp = stamp_of(&stamps, *block);
            let kept = self.0.get(&place).filter(|kept| kept.stamp == stamp);
            if kept.is_none() {
                missing.push((found.len(), *block));
            }
            found.push(kept.map_or_else(Arc::default, |kept| kept.bytes));
        }
        let wanted: Vec<i64> = missing.iter().map(|(_, block)| *block).collect();
        let mut wanting = missing.iter().peekable();
        store::column(tx, environment, kind, &wanted, |block, bytes| {
            while wanting.next_if(|(_, next)| *next < block).is_some() {}
            if let Some((at, _)) = wanting.next_if(|(_, next)| *next == block)
                && let Some(found) = found.get_mut(*at)
            {
                *found = bytes.into();
            }
        })
        .await?;
        for (at, block) in &missing {
            if let Some(bytes) = found.get(*at) {
                place.block = *block;
                let kept = Kept {
                    stamp: stamp_of(&stamps, *block),
                    bytes: Arc::clone(bytes),
                };
                self.0.insert(place.clone(), kept);
            }
        }
        Ok(found)
    }
}

fn span_of(block: i64) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(block).ok()?.checked_mul(STAMP)?;
    Some(start..start + STAMP)
}

fn stamp_of(stamps: &[u8], block: i64) -> u64 {
    let stored = span_of(block).and_then(|span| stamps.get(span)?.first_chunk());
    stored.map_or(0, |stored| u64::from_be_bytes(*stored))
}

/// Notes that a block was written.
pub(super) fn stamp(stamps: &mut Vec<u8>, block: i64) {
    let next = stamp_of(stamps, block).wrapping_add(1);
    let Some(span) = span_of(block) else { return };
    if stamps.len() < span.end {
        stamps.resize(span.end, 0);
    }
    if let Some(to) = stamps.get_mut(span) {
        to.copy_from_slice(&next.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_has_a_stamp_of_its_own() {
        let mut stamps = Vec::new();
        for block in [3, 0, 3] {
            stamp(&mut stamps, block);
        }
        let read: Vec<u64> = (0..5).map(|block| stamp_of(&stamps, block)).collect();
        assert_eq!(read, [1, 0, 0, 2, 0]);
    }
}
