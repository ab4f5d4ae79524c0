//! Cookies as published clients expect them spelled.

use axum::http::HeaderValue;
use kit::Millis;

/// `SameSite` of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

/// A cookie to set or clear. Always `HttpOnly` and `Path=/`; host-only unless a domain is given.
#[derive(Debug)]
pub struct SetCookie<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub same_site: SameSite,
    pub secure: bool,
    pub max_age_seconds: i64,
    /// Now, from which `Expires` is counted.
    pub now: Millis,
}

impl SetCookie<'_> {
    /// The header value, attributes separated by `; ` as one proxy splits them. `None` when name or value hold bytes that
    /// a header cannot carry.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        };
        let secure = if self.secure { "; Secure" } else { "" };
        let (name, value, age) = (self.name, self.value, self.max_age_seconds);
        let expires = self.now.plus_seconds(age).rfc1123();
        let text = format!(
            "{name}={value}; Path=/; Max-Age={age}; Expires={expires}; HttpOnly{secure}; SameSite={same_site}"
        );
        HeaderValue::from_str(&text).ok()
    }

    /// The header value that makes a browser forget the cookie.
    #[must_use]
    pub fn clearing(&self) -> Option<HeaderValue> {
        Self {
            value: "",
            max_age_seconds: 0,
            ..*self
        }
        .header()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_spelled_and_separated_as_clients_parse_them() {
        let cookie = SetCookie {
            name: "a",
            value: "b",
            same_site: SameSite::None,
            secure: true,
            max_age_seconds: 60,
            now: Millis(0),
        };
        assert_eq!(
            cookie.header().unwrap(),
            "a=b; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:01:00 GMT; HttpOnly; Secure; SameSite=None"
        );
        assert_eq!(
            cookie.clearing().unwrap(),
            "a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None"
        );
    }
}
