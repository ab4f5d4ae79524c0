//! Just enough of SQL to see which tables a statement names and which columns a table has.

use std::collections::BTreeSet;

/// Words and single marks of a statement, without string constants and comments; quotes around names are dropped.
pub(crate) fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let word = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '\'' {
            rest.get(1..)
                .and_then(|tail| tail.find('\''))
                .map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("\\n") {
            2
        } else if word > 0 {
            found.extend(rest.get(..word).map(str::to_owned));
            word
        } else {
            if !first.is_whitespace() && first != '"' && first != '\\' {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// The names that stand where a table stands. With `shouted` only upper-case keywords count, so that prose is left alone.
pub(crate) fn tables(sql: &str, shouted: bool) -> BTreeSet<String> {
    let tokens = tokens(sql);
    let is = |token: Option<&String>, word: &str| {
        token.is_some_and(|t| {
            if shouted {
                t == word
            } else {
                t.eq_ignore_ascii_case(word)
            }
        })
    };
    let mut found = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let opens = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];
        if !opens.iter().any(|word| is(Some(token), word)) {
            continue;
        }
        let mut at = index + 1;
        while ["IF", "NOT", "EXISTS", "ONLY", "LATERAL"]
            .iter()
            .any(|word| is(tokens.get(at), word))
        {
            at += 1;
        }
        found.extend(
            tokens
                .get(at)
                .filter(|name| *name != "(")
                .map(|name| name.to_lowercase()),
        );
        if is(Some(token), "FROM") {
            found.extend(listed(tokens.get(at..).unwrap_or_default()));
        }
    }
    found
}

/// The further tables of `FROM a x, b AS y`.
fn listed(tokens: &[String]) -> Vec<String> {
    let ends = [
        "WHERE",
        "GROUP",
        "ORDER",
        "LIMIT",
        "UNION",
        "RETURNING",
        "HAVING",
        "ON",
        "JOIN",
    ];
    let mut found = Vec::new();
    let mut depth = 0_i32;
    let mut after_comma = false;
    for token in tokens {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                after_comma = true;
                continue;
            }
            word if depth == 0 && ends.iter().any(|end| word.eq_ignore_ascii_case(end)) => break,
            word if depth == 0 && after_comma => found.push(word.to_lowercase()),
            _ => {}
        }
        if depth < 0 {
            break;
        }
        after_comma = false;
    }
    found
}

pub(crate) fn has_word(sql: &str, word: &str) -> bool {
    tokens(sql).iter().any(|token| token.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Vec<String> {
        tables(sql, false).into_iter().collect()
    }

    #[test]
    fn tables_are_seen_in_every_kind_of_statement() {
        assert_eq!(
            of("SELECT r.id FROM roles r JOIN role_permissions AS p ON p.role_id = r.id"),
            ["role_permissions", "roles"]
        );
        assert_eq!(
            of("INSERT INTO \"Roles\" (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET x = 1"),
            ["roles", "set"]
        );
        assert_eq!(
            of("delete from users where id in (select user_id from members)"),
            ["members", "users"]
        );
        assert_eq!(
            of("SELECT 1 FROM a x, (SELECT 2 FROM c, d) y, b WHERE x.f IN (e, g)"),
            ["a", "b", "c", "d"]
        );
        assert_eq!(of("SELECT 1\\nFROM (SELECT 2 FROM c) x"), ["c"]);
    }

    #[test]
    fn constants_comments_and_prose_are_not_tables() {
        assert_eq!(
            of("SELECT 'x FROM users' -- FROM tenants\n FROM roles"),
            ["roles"]
        );
        assert!(tables("removed from users", true).is_empty());
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("WHERE r.environment_id = $1", "environment_id"));
        assert!(!has_word("WHERE my_environment_ids = $1", "environment_id"));
    }
}
