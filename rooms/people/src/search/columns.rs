//! What users are sorted by, in columns.
//!
//! Of every key sixteen bytes are kept beside the number of the user: two columns of eight bytes each, in blocks of
//! neighbouring numbers. A page over ten thousands of users is found among these bytes; only users whose bytes are equal
//! have to be read. Columns are as old as the postings: a user in the queue is not looked up here.

use std::collections::BTreeMap;

use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::kept::{self, Columns};
use super::store;

/// How many numbers one block of a column holds.
const BLOCK: i64 = 1_024;
/// Bytes of one number.
const WIDTH: usize = 8;
/// How many columns a key has.
pub(crate) const PARTS: usize = 2;

/// What users are sorted by here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Name,
    Email,
    Username,
    Phone,
    Id,
    /// When the user was made; a single column.
    Age,
}

impl Key {
    const fn column(self, part: usize) -> i64 {
        let key = match self {
            Self::Name => 0,
            Self::Email => 1,
            Self::Username => 2,
            Self::Phone => 3,
            Self::Id => 4,
            Self::Age => 5,
        };
        key * 2 + if part == 0 { 0 } else { 1 }
    }
}

/// What columns hold of one user, by their numbers.
type Slots = Vec<(i64, u64)>;

/// The keys of one user.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) username: String,
    pub(super) phone: String,
    pub(super) id: String,
    pub(super) created_at: i64,
}

impl Keys {
    /// What each column holds of them.
    fn parts(&self) -> Slots {
        let texts = [
            (Key::Name, &self.name),
            (Key::Email, &self.email),
            (Key::Username, &self.username),
            (Key::Phone, &self.phone),
            (Key::Id, &self.id),
        ];
        let parts = texts
            .into_iter()
            .flat_map(|(key, text)| (0..PARTS).map(move |part| (key.column(part), part_of(text, part))));
        parts
            .chain([(Key::Age.column(0), part_of_time(self.created_at))])
            .collect()
    }
}

/// A moment as a number that sorts as it does, later than any that is missing.
pub(crate) const fn part_of_time(millis: i64) -> u64 {
    millis.cast_unsigned() ^ (1 << 63)
}

/// Eight bytes of a text as a number that sorts as they do. A text that is shorter is filled up with zeros, which no text
/// contains: so two parts that are equal and end in a zero belong to texts that are equal from there on.
pub(crate) fn part_of(text: &str, part: usize) -> u64 {
    let mut bytes = [0; WIDTH];
    let rest = text.as_bytes().get(part * WIDTH..).unwrap_or_default();
    for (to, from) in bytes.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

/// Whether a text is told by its parts up to this one.
pub(crate) const fn is_whole(part: u64) -> bool {
    part & 0xff == 0
}

/// Those of the numbers whose key begins with a prefix. `None` when the columns are too short to tell.
pub(crate) async fn beginning(
    tx: &Tx,
    environment: &EnvironmentId,
    columns: &Columns,
    (key, prefix): (Key, &str),
    docs: Vec<i64>,
) -> Result<Option<Vec<i64>>, StoreError> {
    if prefix.len() > PARTS * WIDTH {
        return Ok(None);
    }
    let mut docs = docs;
    for part in 0..prefix.len().div_ceil(WIDTH) {
        let length = (prefix.len() - part * WIDTH).min(WIDTH);
        let mask = u64::MAX << (8 * (WIDTH - length));
        let wanted = part_of(prefix, part);
        let parts = parts_of(tx, environment, columns, (key, part), &docs).await?;
        docs = docs
            .into_iter()
            .zip(parts)
            .filter(|(_, part)| part & mask == wanted)
            .map(|(doc, _)| doc)
            .collect();
    }
    Ok(Some(docs))
}

/// One part of the keys of users, in the order of their numbers as given, which must ascend.
pub(crate) async fn parts_of(
    tx: &Tx,
    environment: &EnvironmentId,
    columns: &Columns,
    (key, part): (Key, usize),
    docs: &[i64],
) -> Result<Vec<u64>, StoreError> {
    let mut blocks: Vec<i64> = docs.iter().map(|doc| doc.div_euclid(BLOCK)).collect();
    blocks.dedup();
    let bytes = columns.read(tx, environment, key.column(part), &blocks).await?;
    let mut at = 0;
    Ok(docs
        .iter()
        .map(|doc| {
            while blocks.get(at).is_some_and(|block| *block < doc.div_euclid(BLOCK)) {
                at += 1;
            }
            bytes.get(at).map_or(0, |bytes| read(bytes, *doc))
        })
        .collect())
}

/// Where a number stands in its block.
fn place(doc: i64) -> usize {
    usize::try_from(doc.rem_euclid(BLOCK)).unwrap_or(0) * WIDTH
}

fn read(bytes: &[u8], doc: i64) -> u64 {
    let stored = bytes.get(place(doc)..).and_then(<[u8]>::first_chunk);
    stored.map_or(0, |stored| u64::from_be_bytes(*stored))
}

/// Writes the keys of users; of the blocks only those that change.
pub(super) async fn write(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[(i64, Keys)],
) -> Result<(), StoreError> {
    let mut blocks: BTreeMap<i64, Vec<(i64, Slots)>> = BTreeMap::new();
    for (doc, keys) in users {
        let block = blocks.entry(doc.div_euclid(BLOCK)).or_default();
        block.push((*doc, keys.parts()));
    }
    let mut stamps = store::stamps(tx, environment).await?;
    let before = stamps.clone();
    for (block, users) in blocks {
        let stored = store::columns_at(tx, environment, block).await?;
        let mut changed: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        for (doc, parts) in users {
            for (column, new) in parts {
                let now = changed.get(&column).or_else(|| stored.get(&column));
                if now.map_or(0, |bytes| read(bytes, doc)) == new {
                    continue;
                }
                let bytes = changed
                    .entry(column)
                    .or_insert_with(|| stored.get(&column).cloned().unwrap_or_default());
                put(bytes, doc, new);
            }
        }
        if !changed.is_empty() {
            store::put_columns(tx, environment, block, &changed).await?;
            kept::stamp(&mut stamps, block);
        }
    }
    if stamps != before {
        store::put_stamps(tx, environment, stamps).await?;
    }
    Ok(())
}

fn put(bytes: &mut Vec<u8>, doc: i64, part: u64) {
    let start = place(doc);
    if bytes.len() < start + WIDTH {
        bytes.resize(start + WIDTH, 0);
    }
    if let Some(to) = bytes.get_mut(start..start + WIDTH) {
        to.copy_from_slice(&part.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sort_as_texts_do_as_far_as_they_reach() {
        let texts = ["", "a", "ab", "abcdefgh", "abcdefghi", "b", "bö", "bz", "\u{ff}"];
        let mut sorted = texts.to_vec();
        sorted.sort_unstable();
        let keys = |text: &str| (part_of(text, 0), part_of(text, 1));
        assert!(sorted.iter().map(|text| keys(text)).is_sorted());
        assert!(is_whole(part_of("abcdefg", 0)) && !is_whole(part_of("abcdefgh", 0)));
        assert!(is_whole(part_of("abcdefgh", 1)));
    }

    #[test]
    fn a_block_holds_what_was_put_into_it() {
        let mut bytes = Vec::new();
        put(&mut bytes, 5_000, 7);
        put(&mut bytes, 5_001, u64::MAX);
        assert_eq!((read(&bytes, 5_000), read(&bytes, 5_001)), (7, u64::MAX));
        assert_eq!((read(&bytes, 4_999), read(&bytes, 5_002)), (0, 0));
    }
}
