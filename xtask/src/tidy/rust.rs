//! Just enough of Rust's lexical structure to tell code, comments and string literals apart.

use std::ops::Range;

/// A source file taken apart. Offsets in `code` are those of the text it came from.
pub(crate) struct Source {
    /// The text with comments and the insides of literals blanked.
    pub(crate) code: String,
    pub(crate) literals: Vec<Literal>,
    pub(crate) comments: Vec<Literal>,
    line_starts: Vec<usize>,
}

pub(crate) struct Literal {
    pub(crate) at: usize,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Parts {
            text,
            code: text.as_bytes().to_vec(),
            literals: Vec::new(),
            comments: Vec::new(),
        };
        parts.scan();
        let line_starts = std::iter::once(0)
            .chain(
                text.bytes()
                    .enumerate()
                    .filter(|(_, b)| *b == b'\n')
                    .map(|(i, _)| i + 1),
            )
            .collect();
        Self {
            code: String::from_utf8_lossy(&parts.code).into_owned(),
            literals: parts.literals,
            comments: parts.comments,
            line_starts,
        }
    }

    /// The line, counted from 1, that holds an offset.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The string literals that begin inside a range of the code.
    pub(crate) fn literals_in(&self, range: &Range<usize>) -> impl Iterator<Item = &Literal> {
        self.literals
            .iter()
            .filter(move |literal| range.contains(&literal.at))
    }

    /// Where the bracket that opens at `open` is closed, or the end of the file.
    pub(crate) fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth <= 1 => return offset,
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
        }
        self.code.len()
    }
}

struct Parts<'a> {
    text: &'a str,
    code: Vec<u8>,
    literals: Vec<Literal>,
    comments: Vec<Literal>,
}

impl Parts<'_> {
    fn scan(&mut self) {
        let mut at = 0;
        let mut after_word = false;
        while let Some(rest) = self.text.get(at..) {
            let Some(first) = rest.chars().next() else { break };
            let end = if rest.starts_with("//") {
                self.comment(at, at + rest.find('\n').unwrap_or(rest.len()))
            } else if rest.starts_with("/*") {
                self.comment(at, at + block_comment(rest))
            } else if let Some(prefix) = (!after_word || first == '"')
                .then(|| string_prefix(rest))
                .flatten()
            {
                self.string(at, prefix)
            } else if first == '\'' {
                self.quote(at)
            } else {
                at + first.len_utf8()
            };
            after_word = first.is_alphanumeric() || first == '_';
            at = end;
        }
    }

    fn comment(&mut self, from: usize, to: usize) -> usize {
        self.comments.push(self.part(from, from..to));
        self.blank(from..to);
        to
    }

    /// A string whose prefix (`"`, `r#"`, `b"` …) has the given length; the quotes stay in the code.
    fn string(&mut self, at: usize, prefix: usize) -> usize {
        let inside = at + prefix;
        let opening = self.text.get(at..inside).unwrap_or_default();
        let rest = self.text.get(inside..).unwrap_or_default();
        let closing = format!("\"{}", "#".repeat(opening.matches('#').count()));
        let length = if opening.contains('r') {
            rest.find(&closing).unwrap_or(rest.len())
        } else {
            plain_string(rest)
        };
        let end = inside + length;
        self.literals.push(self.part(at, inside..end));
        self.blank(inside..end);
        (end + closing.len()).min(self.text.len())
    }

    /// A character literal, or the tick of a lifetime.
    fn quote(&mut self, at: usize) -> usize {
        let rest = self.text.get(at + 1..).unwrap_or_default();
        let length = if let Some(escaped) = rest.strip_prefix('\\') {
            let skipped = escaped.chars().next().map_or(0, char::len_utf8);
            let tail = escaped.get(skipped..).unwrap_or_default();
            tail.find('\'').map(|close| 1 + skipped + close)
        } else {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            rest.get(first..)
                .is_some_and(|tail| tail.starts_with('\''))
                .then_some(first)
        };
        let Some(length) = length else { return at + 1 };
        self.blank(at + 1..at + 1 + length);
        at + 1 + length + 1
    }

    fn part(&self, at: usize, range: Range<usize>) -> Literal {
        Literal {
            at,
            text: self.text.get(range).unwrap_or_default().to_owned(),
        }
    }

    fn blank(&mut self, range: Range<usize>) {
        for byte in self.code.get_mut(range).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
}

/// The length of what opens a string here, quote included.
fn string_prefix(rest: &str) -> Option<usize> {
    let letters = rest.find(|c| !matches!(c, 'r' | 'b' | 'c')).unwrap_or(rest.len());
    let hashes = rest.get(letters..)?.bytes().take_while(|b| *b == b'#').count();
    let raw = rest.get(..letters)?.contains('r');
    let opens = rest.get(letters + hashes..)?.starts_with('"');
    (letters <= 2 && opens && (raw || hashes == 0)).then_some(letters + hashes + 1)
}

fn plain_string(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset,
            _ => {}
        }
    }
    rest.len()
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(text: &str) -> Vec<String> {
        Source::parse(text).literals.into_iter().map(|l| l.text).collect()
    }

    #[test]
    fn strings_of_every_kind_are_found_and_blanked() {
        let text = r##"let a = "x \" y"; let b = r#"raw " one"#; let c = b"bytes"; call(r"z\")"##;
        assert_eq!(literals(text), [r#"x \" y"#, r#"raw " one"#, "bytes", r"z\"]);
        let code = Source::parse(text).code;
        assert!(!code.contains("raw \""));
        assert_eq!(code.len(), text.len());
    }

    #[test]
    fn comments_and_characters_are_not_code() {
        let source =
            Source::parse("a // web::x \"no\"\n/* b /* c */ \" */ d '\"' '\\'' 'e: &'static str \"yes\"");
        assert_eq!(
            source
                .literals
                .iter()
                .map(|l| l.text.as_str())
                .collect::<Vec<_>>(),
            ["yes"]
        );
        assert_eq!(source.comments.len(), 2);
        assert!(!source.code.contains("web::"));
        assert!(source.code.contains("&'static str"));
    }

    #[test]
    fn names_that_end_like_a_prefix_do_not_open_a_string() {
        assert_eq!(literals("for \"a\" r#type bar\"b\""), ["a", "b"]);
    }

    #[test]
    fn lines_and_closing_brackets() {
        let source = Source::parse("one\nsql!(f(\")\"), 2)\nthree");
        assert_eq!(source.line(0), 1);
        assert_eq!(source.line(4), 2);
        assert_eq!(source.code.get(source.closing(8)..=source.closing(8)), Some(")"));
        assert_eq!(source.line(source.closing(8)), 2);
    }
}
