//! Static SQL, and the one difference between the engines' placeholders.

/// A statement that stands in the source as a literal. Made by [`sql!`](crate::sql!) only, so text that came
/// from outside cannot become SQL, and a scan of the source finds every statement there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sql(&'static str);

impl Sql {
    #[doc(hidden)]
    #[must_use]
    pub const fn __from_literal(text: &'static str) -> Self {
        Self(text)
    }

    /// The text as written, with `$n` placeholders.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.0
    }
}

/// The only way to write a static statement: `sql!("SELECT name FROM users WHERE id = $1")`.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {
        $crate::Sql::__from_literal($text)
    };
}

/// Turns `$n` into `?n` outside of quotes and comments. SQLite numbers `$n` by first appearance, not by n, so
/// without this `SELECT $2, $1` would swap its values in silence.
pub(crate) fn for_sqlite(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' | '`' => {
                out.push(c);
                // A doubled quote ends and starts again, which copies the same characters.
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == c {
                        break;
                    }
                }
            }
            '-' if chars.peek() == Some(&'-') => {
                out.push(c);
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == '\n' {
                        break;
                    }
                }
            }
            '/' if chars.peek() == Some(&'*') => {
                out.push(c);
                let mut last = ' ';
                for inner in chars.by_ref() {
                    out.push(inner);
                    if last == '*' && inner == '/' {
                        break;
                    }
                    // The star that opens the comment does not close it.
                    last = if out.ends_with("/*") && last == ' ' {
                        '\n'
                    } else {
                        inner
                    };
                }
            }
            '$' if chars.peek().is_some_and(char::is_ascii_digit) && !out.ends_with(is_word) => out.push('?'),
            _ => out.push(c),
        }
    }
    out
}

/// A `$` inside a name belongs to the name.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_keep_their_numbers() {
        assert_eq!(for_sqlite("SELECT $2, $1, $10"), "SELECT ?2, ?1, ?10");
        assert_eq!(for_sqlite("a=$1 AND b IN ($2,$2)"), "a=?1 AND b IN (?2,?2)");
    }

    #[test]
    fn quotes_and_comments_are_left_alone() {
        for same in [
            "SELECT '$1', 'it''s $2'",
            "SELECT \"$1\"",
            "SELECT `$1`",
            "SELECT 1 -- costs $1",
            "SELECT /* $1 */ 1",
            "SELECT /**/ 1",
            "SELECT /*/ $1 */ 1",
            "SELECT a$1",
            "SELECT '$",
        ] {
            assert_eq!(for_sqlite(same), same);
        }
        assert_eq!(for_sqlite("SELECT 1 -- $1\n, $1"), "SELECT 1 -- $1\n, ?1");
        assert_eq!(for_sqlite("SELECT /**/ $1"), "SELECT /**/ ?1");
        assert_eq!(for_sqlite("'a''$1' || $1"), "'a''$1' || ?1");
    }
}
