//! Sets of numbers in blocks.

use std::collections::BTreeMap;

/// How many numbers a block holds.
const BLOCK: i64 = 8_192;
const WORDS: usize = 128;
/// A block with this many bytes is a bit per number; a shorter one lists two bytes for each number it holds.
const BITMAP: usize = WORDS * 8;

type Words = [u64; WORDS];

/// Where a number stands: its block and its place in there.
pub(super) const fn place(number: i64) -> (i64, u16) {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of 8192 fits")]
    let rest = number.rem_euclid(BLOCK) as u16;
    (number.div_euclid(BLOCK), rest)
}

fn set(words: &mut Words, at: u16, on: bool) {
    if let Some(word) = words.get_mut(usize::from(at / 64)) {
        let bit = 1 << (at % 64);
        if on {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }
}

fn read(bytes: &[u8]) -> Words {
    let mut words = [0; WORDS];
    if bytes.len() == BITMAP {
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
    } else {
        for pair in bytes.as_chunks::<2>().0 {
            set(&mut words, u16::from_le_bytes(*pair), true);
        }
    }
    words
}

fn written(words: &Words) -> Vec<u8> {
    let count: u32 = words.iter().map(|word| word.count_ones()).sum();
    if usize::try_from(count).is_ok_and(|count| count * 2 < BITMAP) {
        ones(words).flat_map(u16::to_le_bytes).collect()
    } else {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

fn ones(words: &Words) -> impl DoubleEndedIterator<Item = u16> + '_ {
    (0..128_u16)
        .map(|index| index * 64)
        .zip(words)
        .flat_map(|(start, word)| Ones { start, left: *word })
}

/// The bits of a word that are set.
struct Ones {
    start: u16,
    left: u64,
}

impl Iterator for Ones {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let at = u16::try_from(self.left.trailing_zeros())
            .ok()
            .filter(|at| *at < 64)?;
        self.left &= self.left - 1;
        Some(self.start + at)
    }
}

impl DoubleEndedIterator for Ones {
    fn next_back(&mut self) -> Option<u16> {
        let at = 63
            - u16::try_from(self.left.leading_zeros())
                .ok()
                .filter(|at| *at < 64)?;
        self.left &= !(1 << at);
        Some(self.start + at)
    }
}

/// A stored block with some numbers put in and some taken out.
pub(super) fn changed(bytes: &[u8], changes: &[(u16, bool)]) -> Vec<u8> {
    let mut words = read(bytes);
    for (at, on) in changes {
        set(&mut words, *at, *on);
    }
    written(&words)
}

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(BTreeMap<i64, Box<Words>>);

impl Bits {
    /// Puts the numbers of a stored block in.
    pub(super) fn load(&mut self, block: i64, bytes: &[u8]) {
        let loaded = read(bytes);
        let words = self.0.entry(block).or_insert_with(|| Box::new([0; WORDS]));
        for (word, other) in words.iter_mut().zip(loaded) {
            *word |= other;
        }
    }

    pub(crate) fn insert(&mut self, number: i64) {
        let (block, at) = place(number);
        set(
            self.0.entry(block).or_insert_with(|| Box::new([0; WORDS])),
            at,
            true,
        );
    }

    /// Keeps what the other has too.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.0.retain(|block, words| {
            other.0.get(block).is_some_and(|others| {
                let mut any = 0;
                for (word, other) in words.iter_mut().zip(others.iter()) {
                    *word &= other;
                    any |= *word;
                }
                any != 0
            })
        });
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (block, others) in &other.0 {
            let words = self.0.entry(*block).or_insert_with(|| Box::new([0; WORDS]));
            for (word, other) in words.iter_mut().zip(others.iter()) {
                *word |= other;
            }
        }
    }

    pub(super) fn drop(&mut self, other: &Self) {
        for (block, words) in &mut self.0 {
            if let Some(others) = other.0.get(block) {
                for (word, other) in words.iter_mut().zip(others.iter()) {
                    *word &= !other;
                }
            }
        }
    }

    pub(crate) fn count(&self) -> i64 {
        self.0
            .values()
            .flat_map(|words| words.iter())
            .map(|word| i64::from(word.count_ones()))
            .sum()
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        let (block, at) = place(number);
        self.0
            .get(&block)
            .and_then(|words| words.get(usize::from(at / 64)))
            .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// The numbers, ascending from the front and descending from the back. Whole words are skipped where they can be.
    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = i64> + '_ {
        self.0
            .iter()
            .flat_map(|(block, words)| ones(words).map(move |at| block * BLOCK + i64::from(at)))
    }
}

/// Counts in how many sets a number is, up to 255.
///
/// Of a block there is a plane for each binary digit of the counts, so that a set is added to 64 numbers at a time, as a
/// sum with carries.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<i64, Vec<Words>>);

impl Tally {
    const PLANES: usize = 8;

    pub(super) fn count(&mut self, bits: &Bits) {
        for (block, words) in &bits.0 {
            let planes = self.0.entry(*block).or_default();
            let mut carried = **words;
            for plane in planes.iter_mut() {
                let mut any = 0;
                for (digit, carry) in plane.iter_mut().zip(carried.iter_mut()) {
                    let sum = *digit ^ *carry;
                    *carry &= *digit;
                    *digit = sum;
                    any |= *carry;
                }
                if any == 0 {
                    break;
                }
            }
            if carried.iter().all(|carry| *carry == 0) {
                continue;
            }
            if planes.len() < Self::PLANES {
                planes.push(carried);
                continue;
            }
            for plane in planes {
                for (digit, carry) in plane.iter_mut().zip(carried.iter()) {
                    *digit |= carry;
                }
            }
        }
    }

    /// The numbers counted at least `least` times, which is at least once.
    pub(super) fn from(&self, least: u8) -> Bits {
        let mut bits = Bits::default();
        for (block, planes) in &self.0 {
            if planes.len() < Self::PLANES && least >> planes.len() > 0 {
                continue;
            }
            let (mut more, mut equal) = ([0_u64; WORDS], [u64::MAX; WORDS]);
            for (at, plane) in planes.iter().enumerate().rev() {
                let wanted = least >> at & 1 == 1;
                for ((more, equal), digit) in more.iter_mut().zip(equal.iter_mut()).zip(plane.iter()) {
                    if wanted {
                        *equal &= digit;
                    } else {
                        *more |= *equal & digit;
                        *equal &= !digit;
                    }
                }
            }
            for (more, equal) in more.iter_mut().zip(equal) {
                *more |= equal;
            }
            if more.iter().any(|word| *word != 0) {
                bits.0.insert(*block, Box::new(more));
            }
        }
        bits
    }

    /// The highest count.
    pub(super) fn most(&self) -> u8 {
        let of_block = |planes: &Vec<Words>| {
            let (mut left, mut most) = ([u64::MAX; WORDS], 0);
            for (at, plane) in planes.iter().enumerate().rev() {
                let mut having = left;
                for (left, digit) in having.iter_mut().zip(plane.iter()) {
                    *left &= digit;
                }
                if having.iter().any(|word| *word != 0) {
                    left = having;
                    most |= 1 << at;
                }
            }
            most
        };
        self.0.values().map(of_block).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl IntoIterator<Item = i64>) -> Bits {
        let mut bits = Bits::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }

    fn all(bits: &Bits) -> Vec<i64> {
        bits.numbers().collect()
    }

    #[test]
    fn blocks_read_back_as_lists_and_as_bitmaps() {
        for step in [1, 3, 100, 8_191] {
            let changes: Vec<(u16, bool)> = (0..8_192).step_by(step).map(|at| (at, true)).collect();
            let bytes = changed(&[], &changes);
            assert!(bytes.len() <= BITMAP);
            let mut bits = Bits::default();
            bits.load(2, &bytes);
            let wanted: Vec<i64> = changes.iter().map(|(at, _)| 16_384 + i64::from(*at)).collect();
            assert_eq!(all(&bits), wanted);
            let gone: Vec<(u16, bool)> = changes.iter().map(|(at, _)| (*at, false)).collect();
            assert!(changed(&bytes, &gone).is_empty());
        }
    }

    #[test]
    fn sets_are_combined() {
        let (threes, fives) = (of((0..50_000).step_by(3)), of((0..50_000).step_by(5)));
        let mut both = threes.clone();
        both.keep(&fives);
        assert_eq!(all(&both), (0..50_000).step_by(15).collect::<Vec<_>>());
        let mut only = threes.clone();
        only.drop(&fives);
        assert!(only.contains(3) && !only.contains(15));
        let mut either = threes.clone();
        either.add(&fives);
        assert_eq!(either.count(), threes.count() + fives.count() - both.count());
        assert_eq!(either.numbers().next_back(), Some(49_998));
        let mut tally = Tally::default();
        tally.count(&threes);
        tally.count(&fives);
        assert_eq!(tally.most(), 2);
        assert_eq!(tally.from(2), both);
        assert_eq!(tally.from(1), either);
        assert!(tally.from(3).numbers().next().is_none());
    }

    #[test]
    fn a_tally_counts_like_a_counter_and_stops_at_its_top() {
        let mut tally = Tally::default();
        let mut counts = BTreeMap::<i64, u16>::new();
        for set in 1..=300_i64 {
            let numbers = || (0..10_000).step_by(7).filter(|number| number % set < 40);
            tally.count(&of(numbers()));
            for number in numbers() {
                *counts.entry(number).or_default() += 1;
            }
        }
        let top = u16::from(u8::MAX);
        let most = counts.values().copied().max().unwrap().min(top);
        assert_eq!(u16::from(tally.most()), most);
        for least in 1..=u8::MAX {
            let enough = counts
                .iter()
                .filter(|(_, count)| (**count).min(top) >= u16::from(least));
            assert_eq!(
                all(&tally.from(least)),
                enough.map(|(number, _)| *number).collect::<Vec<_>>()
            );
        }
    }
}
