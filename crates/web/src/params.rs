//! Path and query parameters.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::Problem;

/// Path parameters: one value, or a tuple in the order of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found
            .map(|path| Self(path.0))
            .map_err(|_| Problem::bad_request("The address holds a value that is not valid"))
    }
}

/// Query parameters. Unknown ones are ignored; each reader method names the fault in the words clients know.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, Vec<String>>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or(""))
    }
}

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 when an escape is not UTF-8 or holds U+0000.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
            values.entry(name).or_default().push(decoded(value)?);
        }
        Ok(Self(values))
    }

    /// The value, when given and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .and_then(|all| all.last())
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The value, at most `most` characters.
    ///
    /// # Errors
    /// 400 when longer.
    pub fn text_within(&self, name: &str, most: usize) -> Result<Option<&str>, Problem> {
        match self.text(name) {
            Some(value) if value.chars().count() > most => Err(Problem::bad_request(format!(
                "{name} must be shorter than or equal to {most} characters"
            ))),
            value => Ok(value),
        }
    }

    /// A value that must be given.
    ///
    /// # Errors
    /// 400 when absent or empty.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)
            .ok_or_else(|| Problem::bad_request(format!("{name} should not be empty")))
    }

    /// A `Link` header that names the next part of a list at `path`: the same query, going on after `after`. Empty where the
    /// list has ended.
    #[must_use]
    pub fn next_page(&self, path: &str, after: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some(after) = after else { return headers };
        let mut query = String::new();
        for (name, value) in self.rest(&["_after"]).chain([("_after", after)]) {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
            query.push('=');
            query.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        if let Ok(value) = HeaderValue::from_str(&format!("<{path}{query}>; rel=\"next\"")) {
            headers.insert(header::LINK, value);
        }
        headers
    }

    /// Values given as repeated parameters, as `name[]`, or separated by commas; at most `most`.
    ///
    /// # Errors
    /// 400 when there are more.
    pub fn list(&self, name: &str, most: usize) -> Result<Vec<String>, Problem> {
        let all: Vec<String> = self
            .0
            .get(name)
            .into_iter()
            .flatten()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        if all.len() > most {
            return Err(Problem::bad_request(format!(
                "{name} must contain no more than {most} elements"
            )));
        }
        Ok(all)
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// 400 in the words of the class-validator family that clients match.
    pub fn integer(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let value: i64 = text
            .parse()
            .map_err(|_| Problem::bad_request(format!("{name} must be an integer number")))?;
        if value < least {
            return Err(Problem::bad_request(format!(
                "{name} must not be less than {least}"
            )));
        }
        if value > most {
            return Err(Problem::bad_request(format!(
                "{name} must not be greater than {most}"
            )));
        }
        Ok(Some(value))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.text(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::bad_request(format!("{name} must be a boolean value"))),
        }
    }

    /// Every parameter but those named, for filters whose names are free.
    pub fn others<'a>(&'a self, known: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()))
            .filter_map(|(name, values)| values.last().map(|value| (name.as_str(), value.as_str())))
    }

    /// Everything that was given under other names, in a query that gives the same again.
    pub fn rest<'a>(&'a self, known: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let others = self.0.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        others.flat_map(|(name, all)| all.iter().map(move |value| (name.as_str(), value.as_str())))
    }
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let plain = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| Problem::bad_request("The query holds bytes that are not UTF-8"))?;
    if plain.contains('\0') {
        return Err(Problem::bad_request("Text must not contain the character U+0000"));
    }
    Ok(plain.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_three_spellings() {
        for query in ["ids=a,b", "ids=a&ids=b", "ids[]=a&ids[]=b", "ids=a%2Cb"] {
            assert_eq!(
                Params::parse(query).unwrap().list("ids", 9).unwrap(),
                ["a", "b"],
                "{query}"
            );
        }
    }

    #[test]
    fn numbers_outside_their_bounds_are_refused_in_known_words() {
        let params = Params::parse("_limit=201&_offset=-1&count=x").unwrap();
        let said = |result: Result<Option<i64>, Problem>| format!("{:?}", result.unwrap_err());
        assert!(said(params.integer("_limit", 1, 200)).contains("_limit must not be greater than 200"));
        assert!(said(params.integer("_offset", 0, 9)).contains("_offset must not be less than 0"));
        assert!(said(params.integer("count", 0, 9)).contains("count must be an integer number"));
    }

    #[test]
    fn the_next_part_of_a_list_is_the_same_query_after_the_last_one() {
        let params = Params::parse("ids=a,b&_after=x&name=%26").unwrap();
        assert!(params.next_page("/list", None).is_empty());
        let headers = params.next_page("/list", Some("y z"));
        assert_eq!(
            headers["link"],
            "</list?ids=a%2Cb&name=%26&%5Fafter=y%20z>; rel=\"next\""
        );
    }

    #[test]
    fn broken_escapes_are_refused() {
        assert!(Params::parse("a=%ff").is_err());
        assert!(Params::parse("a=%00").is_err());
    }
}
