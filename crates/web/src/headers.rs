//! What a request's headers say about who calls and whom they mean.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use ipnet::IpNet;

use crate::app::{Address, Credentials};

/// Longest `User-Agent` that is kept, in bytes.
const USER_AGENT: usize = 512;

/// A header's text; an empty one, or one of nothing but blanks and tabs, counts as absent. One that is given several times
/// reads as a list (RFC 9110 5.3), and bytes that are no UTF-8 as a text that nothing is called: what is given must never pass
/// for absent, or a call that names a tenant means all of them.
#[must_use]
pub fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut given: Option<String> = None;
    for value in headers.get_all(name) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = value.trim_matches([' ', '\t']);
        match &mut given {
            _ if value.is_empty() => {}
            Some(list) => {
                list.push_str(", ");
                list.push_str(value);
            }
            None => given = Some(value.to_owned()),
        }
    }
    given
}

pub(crate) fn credentials(headers: &HeaderMap) -> Credentials {
    let bearer = text(headers, header::AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned())
    });
    Credentials {
        bearer,
        environment_token: text(headers, "x-access-token"),
        api_key: text(headers, "x-api-key"),
        tenant: text(headers, "frontegg-tenant-id"),
        user: text(headers, "frontegg-user-id"),
    }
}

pub(crate) fn address(headers: &HeaderMap) -> Address {
    Address {
        vendor_id: text(headers, "frontegg-vendor-id"),
        environment_id: text(headers, "frontegg-environment-id"),
        vendor_host: text(headers, "frontegg-vendor-host"),
        host: text(headers, header::HOST.as_str()),
        origin: text(headers, header::ORIGIN.as_str()),
    }
}

pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let mut agent = text(headers, header::USER_AGENT.as_str()).unwrap_or_default();
    agent.truncate(agent.floor_char_boundary(USER_AGENT));
    agent
}

/// The client's address. Forwarding headers count only when the peer is a trusted proxy; of their list the last address
/// that is not itself a trusted proxy is the client, since everything before it may be invented.
pub(crate) fn client_ip(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let trusts = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    if !trusts(peer) {
        return peer;
    }
    let mut client = peer;
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in value.to_str().unwrap_or("").rsplit(',') {
            let Ok(ip) = hop.trim().parse::<IpAddr>() else {
                return client;
            };
            client = ip;
            if !trusts(ip) {
                return client;
            }
        }
    }
    client
}

/// The value of one cookie. Accepts pairs joined by `;` with or without a blank.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, value)| *given == name && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn empty_context_headers_count_as_absent() {
        assert_eq!(credentials(&headers(&[("frontegg-tenant-id", " ")])).tenant, None);
    }

    #[test]
    fn what_is_given_never_counts_as_absent() {
        let name = "frontegg-tenant-id";
        let read = |values: &[&[u8]]| {
            let mut given = HeaderMap::new();
            for value in values {
                given.append(name, HeaderValue::from_bytes(value).unwrap());
            }
            text(&given, name)
        };
        assert_eq!(read(&["Zürich".as_bytes()]).as_deref(), Some("Zürich"));
        assert_eq!(read(&[b"", b" acme\t"]).as_deref(), Some("acme"));
        assert_eq!(read(&[b"acme", b"\x80"]).as_deref(), Some("acme, \u{fffd}"));
        for blank in ["\u{a0}", "\u{3000}", "\u{85}", "\u{200b}"] {
            assert_eq!(read(&[blank.as_bytes()]).as_deref(), Some(blank));
        }
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let forwarded = headers(&[("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.2")]);
        let (proxy, stranger): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "9.9.9.9".parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(client_ip(&forwarded, stranger, &trusted), stranger);
        assert_eq!(client_ip(&forwarded, proxy, &[]), proxy);
        assert_eq!(
            client_ip(&forwarded, proxy, &trusted),
            "1.2.3.4".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn cookies_are_found_without_blanks_between_them() {
        let given = headers(&[("cookie", "a=1;fe_refresh_x=abc; b=2")]);
        assert_eq!(cookie(&given, "fe_refresh_x"), Some("abc"));
        assert_eq!(cookie(&given, "c"), None);
    }
}
