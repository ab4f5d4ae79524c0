//! Statements put together at run time, for lists with optional filters.

use crate::{Param, Value};

/// SQL made only of pieces that stand in the source and of bound values, so what a user typed can never become
/// part of the text.
///
/// ```
/// let mut query = db::Query::new("SELECT id FROM users WHERE environment_id = ");
/// query.bind("e1");
/// query.push(" AND status IN ").bind_list(["active", "invited"]);
/// assert_eq!(query.sql(), "SELECT id FROM users WHERE environment_id = $1 AND status IN ($2, $3)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    values: Vec<Value>,
}

impl Query {
    /// Starts with a piece of SQL.
    #[must_use]
    pub fn new(piece: &'static str) -> Self {
        Self {
            text: piece.to_owned(),
            values: Vec::new(),
        }
    }

    /// Appends a piece of SQL as it stands.
    pub fn push(&mut self, piece: &'static str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    /// Appends the next placeholder and keeps its value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Appends `($n, $n+1, …)`, to stand after `IN`. An empty list becomes `(NULL)`, which no row matches;
    /// do not put that after `NOT IN`, which would match no row either. Both engines end at 32,766 values.
    pub fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.text.push('(');
        let mut first = true;
        for value in values {
            if !first {
                self.text.push_str(", ");
            }
            first = false;
            self.bind(value);
        }
        if first {
            self.text.push_str("NULL");
        }
        self.text.push(')');
        self
    }

    /// The text so far, with `$n` placeholders.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.text
    }

    /// The values so far, in the order of their placeholders.
    #[must_use]
    pub fn args(&self) -> Vec<&(dyn Param + Sync)> {
        self.values
            .iter()
            .map(|value| value as &(dyn Param + Sync))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_and_values_are_numbered_together() {
        let mut query = Query::new("SELECT 1 WHERE a = ");
        query
            .bind("x")
            .push(" AND b IN ")
            .bind_list([1, 2])
            .push(" AND c = ")
            .bind(None::<i64>);
        assert_eq!(query.sql(), "SELECT 1 WHERE a = $1 AND b IN ($2, $3) AND c = $4");
        assert_eq!(query.args().len(), 4);
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let mut query = Query::new("SELECT 1 WHERE a IN ");
        query.bind_list(Vec::<String>::new());
        assert_eq!(query.sql(), "SELECT 1 WHERE a IN (NULL)");
    }
}
