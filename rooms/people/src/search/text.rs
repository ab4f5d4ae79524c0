//! What is searched in, what is searched for, and when the one holds the other.

use std::collections::BTreeSet;

/// Stands before each part of a text, so that the beginning of a part can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Name,
    Email,
    Username,
    Phone,
}

impl Marker {
    const fn character(self) -> char {
        match self {
            Self::Name => '\u{1}',
            Self::Email => '\u{2}',
            Self::Username => '\u{3}',
            Self::Phone => '\u{4}',
        }
    }
}

/// Ends the text of a stored content; tags follow.
const END: char = '\u{6}';
/// Begins a tag.
const TAG: char = '\u{7}';
/// The tag of users whom their tenants do not see.
const INVISIBLE: &str = "invisible";
/// The tag of all users, which none of them stores.
const EVERYBODY: &str = "everybody";

/// All that a search looks at in one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    text: String,
    tags: BTreeSet<String>,
}

impl Content {
    /// Adds a part, given in the form that is searched.
    pub(crate) fn part(&mut self, marker: Marker, part: &str) -> &mut Self {
        if !part.is_empty() {
            self.text.push(marker.character());
            self.text.push_str(&clean(part));
        }
        self
    }

    pub(crate) fn invisible(&mut self) -> &mut Self {
        self.tags.insert(INVISIBLE.to_owned());
        self
    }

    /// The class, by which lists are sorted.
    pub(crate) fn class(&mut self, class: &str) -> &mut Self {
        self.tags.insert(format!("class {class}"));
        self
    }

    pub(crate) fn tenant(&mut self, tenant: &str) -> &mut Self {
        self.tags.insert(tag_of_tenant(tenant));
        self
    }

    /// Whatever else somebody is searched by.
    pub(crate) fn tag(&mut self, tag: String) -> &mut Self {
        self.tags.insert(tag);
        self
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains(tag)
    }

    pub(crate) fn stored(&self) -> String {
        let mut stored = self.text.clone();
        stored.push(END);
        for tag in &self.tags {
            stored.push(TAG);
            stored.push_str(tag);
        }
        stored
    }

    pub(crate) fn from_stored(stored: &str) -> Self {
        let (text, tags) = stored.split_once(END).unwrap_or((stored, ""));
        Self {
            text: text.to_owned(),
            tags: tags
                .split(TAG)
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The numbers of every gram and tag.
    pub(crate) fn grams(&self) -> BTreeSet<i64> {
        let chars: Vec<char> = self.text.chars().collect();
        let mut grams = BTreeSet::new();
        for start in 0..chars.len() {
            let mut gram = 0;
            for (length, c) in chars.iter().skip(start).take(3).enumerate() {
                let marks = c.is_control();
                // A marker counts only where it begins a part.
                if marks && length > 0 {
                    break;
                }
                gram = wider(gram, *c);
                if !(marks && length == 0) {
                    grams.insert(gram);
                }
            }
        }
        grams.extend(self.tags.iter().map(|tag| tag_number(tag)));
        grams.insert(everybody_number());
        grams
    }
}

/// A gram with one more character. A character has 21 bits, so that three fit into a positive number.
const fn wider(gram: i64, c: char) -> i64 {
    (gram << 21) | c as i64
}

fn gram(chars: &[char]) -> i64 {
    chars.iter().fold(0, |gram, c| wider(gram, *c))
}

/// A negative number for a tag (FNV-1a), which no gram is.
pub(super) fn tag_number(tag: &str) -> i64 {
    let hash = tag.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash | (1 << 63)).cast_signed()
}

/// What members of a ranked tenant are tagged with.
pub(crate) fn tag_of_tenant(tenant: &str) -> String {
    format!("tenant {tenant}")
}

pub(super) fn class_number(class: &str) -> i64 {
    tag_number(&format!("class {class}"))
}

pub(super) fn invisible_number() -> i64 {
    tag_number(INVISIBLE)
}

pub(super) fn everybody_number() -> i64 {
    tag_number(EVERYBODY)
}

/// Controls would be taken for markers.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Most grams of one needle that are looked up; the more there are, the less each of them adds.
const MOST_GRAMS: usize = 8;

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needle {
    chars: Vec<char>,
    text: String,
    /// How many characters may differ.
    slack: usize,
}

impl Needle {
    /// A text that may stand anywhere.
    pub(crate) fn anywhere(text: &str) -> Self {
        Self::exactly(clean(&kit::search_key(text)))
    }

    /// A text that a part begins with, in the form the part is searched in.
    pub(crate) fn beginning(marker: Marker, text: &str) -> Self {
        Self::exactly(format!("{}{}", marker.character(), clean(text)))
    }

    /// A text that may be misspelt: by one character from three on, by two from six on.
    pub(crate) fn about(text: &str) -> Self {
        let exact = Self::anywhere(text);
        let slack = match exact.chars.len() {
            0..=2 => 0,
            3..=5 => 1,
            _ => 2,
        };
        Self { slack, ..exact }
    }

    fn exactly(text: String) -> Self {
        Self {
            chars: text.chars().collect(),
            text,
            slack: 0,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    pub(super) const fn is_rough(&self) -> bool {
        self.slack > 0
    }

    /// Whether a text that holds all of [`Needle::grams`] holds the needle.
    pub(super) const fn is_one_gram(&self) -> bool {
        self.chars.len() <= 3
    }

    /// Grams that every text with this needle holds.
    pub(super) fn grams(&self) -> Vec<i64> {
        let windows: Vec<i64> = if self.is_one_gram() {
            vec![gram(&self.chars)]
        } else {
            self.chars.windows(3).map(gram).collect()
        };
        let step = windows.len().div_ceil(MOST_GRAMS).max(1);
        let mut chosen: BTreeSet<i64> = windows.iter().step_by(step).copied().collect();
        chosen.extend(windows.last());
        chosen.into_iter().collect()
    }

    /// The pairs of neighbours, of which a misspelt text still has some.
    pub(super) fn pairs(&self) -> Vec<i64> {
        let pairs: BTreeSet<i64> = self.chars.windows(2).map(gram).collect();
        pairs.into_iter().collect()
    }

    /// How many of the pairs a text within the slack has at least, but one in any case.
    pub(super) fn fewest_pairs(&self) -> usize {
        let lost = 2 * self.slack + 1; // a character that differs is in two pairs, two that changed places are in three
        self.pairs().len().saturating_sub(lost).max(1)
    }

    /// The needle with two neighbours in each other's place: a short one has no pair left to be found by.
    pub(super) fn swapped(&self) -> Vec<Self> {
        if self.slack == 0 || self.chars.len() > 5 {
            return Vec::new();
        }
        (1..self.chars.len())
            .map(|at| {
                let mut chars = self.chars.clone();
                chars.swap(at - 1, at);
                Self::exactly(chars.into_iter().collect())
            })
            .collect()
    }

    fn is_in(&self, content: &Content) -> bool {
        content.text.contains(&self.text)
            || (self.slack > 0 && is_near(&self.chars, &content.text, self.slack))
    }
}

/// Whether some part of the text differs from the needle by at most `slack` insertions, deletions, replacements and
/// exchanged neighbours.
fn is_near(needle: &[char], text: &str, slack: usize) -> bool {
    let width = needle.len();
    // Columns of the usual table, one per character of the text. A match may begin anywhere, so each begins with 0.
    let mut last: Vec<usize> = (0..=width).collect();
    let mut before_last = last.clone();
    let mut column = vec![0; width + 1];
    let mut previous = '\0';
    for c in text.chars() {
        let (mut above, mut diagonal) = (0, 0);
        let mut wanted_before = '\0';
        let rows = needle.iter().zip(last.iter().skip(1));
        for ((wanted, left), (cell, exchange)) in rows.zip(
            column
                .iter_mut()
                .skip(1)
                .zip(std::iter::once(&width).chain(&before_last)),
        ) {
            let mut cost = (diagonal + usize::from(*wanted != c))
                .min(left + 1)
                .min(above + 1);
            if *wanted == previous && wanted_before == c {
                cost = cost.min(exchange + 1);
            }
            *cell = cost;
            (above, diagonal, wanted_before) = (cost, *left, *wanted);
        }
        if above <= slack {
            return true;
        }
        previous = c;
        // The oldest column is written over next.
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut column);
    }
    false
}

/// What a search asks of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// Each must be there.
    pub(crate) all: Vec<Needle>,
    /// One must be there, where any are named.
    pub(crate) any: Vec<Needle>,
    /// None may be there.
    pub(crate) none: Vec<Needle>,
}

impl Phrase {
    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.none.is_empty()
    }

    pub(crate) fn fits(&self, content: &Content) -> bool {
        self.all.iter().all(|needle| needle.is_in(content))
            && (self.any.is_empty() || self.any.iter().any(|needle| needle.is_in(content)))
            && !self.none.iter().any(|needle| needle.is_in(content))
    }

    pub(super) fn is_rough(&self) -> bool {
        self.all.iter().chain(&self.any).any(Needle::is_rough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Content {
        let mut content = Content::default();
        content
            .part(Marker::Name, "ada lovelace")
            .part(Marker::Email, "ada@example.com")
            .part(Marker::Phone, "+49171")
            .tenant("acme");
        content
    }

    #[test]
    fn a_stored_content_reads_back() {
        assert_eq!(Content::from_stored(&ada().stored()), ada());
        assert_eq!(
            Content::from_stored(&Content::default().stored()),
            Content::default()
        );
    }

    #[test]
    fn a_content_has_the_grams_of_all_it_holds() {
        let grams = ada().grams();
        for text in [
            "a",
            "ad",
            "ada",
            "lovelace",
            "a l",
            "@example.com",
            "+49171",
            "71",
        ] {
            let needle = Needle::anywhere(text);
            assert!(needle.grams().iter().all(|gram| grams.contains(gram)), "{text}");
            assert!(needle.is_in(&ada()), "{text}");
        }
        let name = Needle::beginning(Marker::Name, "ad");
        assert!(name.grams().iter().all(|gram| grams.contains(gram)));
        assert!(
            grams.contains(&tag_number(&tag_of_tenant("acme")))
                && !grams.contains(&tag_number(&tag_of_tenant("other")))
        );
    }

    #[test]
    fn a_part_is_searched_from_its_beginning() {
        assert!(Needle::beginning(Marker::Email, "ada@").is_in(&ada()));
        assert!(!Needle::beginning(Marker::Name, "ada@").is_in(&ada()));
        assert!(!Needle::beginning(Marker::Name, "lovelace").is_in(&ada()));
        assert!(!Needle::anywhere("lovelaceada").is_in(&ada()));
    }

    #[test]
    fn controls_are_no_markers() {
        assert!(!Needle::anywhere("\u{1}ada").is_in(&ada()));
        let mut content = Content::default();
        content.part(Marker::Name, "x\u{2}y\u{6}z");
        assert!(Needle::anywhere("x y z").is_in(&content));
    }

    #[test]
    fn a_misspelt_text_is_found_and_an_unlike_one_is_not() {
        for text in [
            "lovelcae",
            "lovlace",
            "lovelaace",
            "example.con",
            "xada",
            "dad",
            "exmple.cmo",
        ] {
            assert!(Needle::about(text).is_in(&ada()), "{text}");
        }
        for text in ["babbage", "zz", "bob", "lvlc"] {
            assert!(!Needle::about(text).is_in(&ada()), "{text}");
        }
    }

    #[test]
    fn a_long_needle_is_looked_up_by_a_few_grams() {
        let needle = Needle::anywhere("abcdefghijklmnopqrstuvwxyz");
        assert!((2..=9).contains(&needle.grams().len()));
    }
}
