//! Cross-origin reads with credentials, for the origins an environment allows.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static("frontegg-trace-id");
const DAY: HeaderValue = HeaderValue::from_static("86400");

pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; it comes before authentication, because preflights carry no credentials.
pub(crate) fn preflight(asked: &HeaderMap, allowed: bool) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, DAY);
        if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    allow(response.headers_mut(), asked, allowed);
    response
}

/// Lets the page read the answer; without this the browser keeps it from the page. `Vary` goes out either way, so that a
/// cache never hands one origin's answer to another.
pub(crate) fn allow(response: &mut HeaderMap, asked: &HeaderMap, allowed: bool) {
    response.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = asked.get(header::ORIGIN).filter(|_| allowed) else {
        return;
    };
    response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    response.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Whether an origin is on an environment's list. `*` in an entry stands for one run of characters without `/`: a
/// sub-domain in `https://*.acme.test`, a port in `http://localhost:*`. A trailing `/` of an entry is not looked at.
#[must_use]
pub fn origin_allowed(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|entry| {
        let entry = entry.trim().trim_end_matches('/');
        match entry.split_once('*') {
            None => entry.eq_ignore_ascii_case(origin),
            Some((head, tail)) => {
                let (head, tail, origin) = (head.to_lowercase(), tail.to_lowercase(), origin.to_lowercase());
                // A bare `*` would open every site to a logged-in user's session; it is not honoured.
                head.contains("://")
                    && origin
                        .strip_prefix(&head)
                        .and_then(|rest| rest.strip_suffix(&tail))
                        .is_some_and(|run| {
                            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
                            !run.is_empty() && run.chars().all(plain)
                        })
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_a_sub_domain_or_a_port_and_nothing_more() {
        let allowed = [
            "https://app.acme.test/".to_owned(),
            "https://*.acme.test".to_owned(),
            "http://localhost:*".to_owned(),
        ];
        for origin in [
            "https://app.acme.test",
            "https://a.b.acme.test",
            "http://localhost:3000",
            "https://APP.acme.test",
        ] {
            assert!(origin_allowed(&allowed, origin), "{origin}");
        }
        for origin in [
            "https://acme.test",
            "https://evil.test/.acme.test",
            "https://evilacme.test",
            "http://localhost.evil.test",
            "null",
            "http://localhost:3000@evil.test",
        ] {
            assert!(!origin_allowed(&allowed, origin), "{origin}");
        }
        assert!(!origin_allowed(&["*".to_owned()], "https://evil.test"));
    }
}
