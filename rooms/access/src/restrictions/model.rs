//! Lists and their entries.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use kit::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most entries of one list.
pub(crate) const MOST: usize = 1_000;
/// The longest description, in characters.
pub(crate) const LONGEST: usize = 255;

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ip,
    EmailDomain,
}

impl Kind {
    /// As stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::EmailDomain => "email-domain",
        }
    }
}

/// What it means to be on a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Strategy {
    /// Only what is on the list comes in.
    Allow,
    /// What is on the list stays out.
    #[default]
    Block,
}

impl Strategy {
    /// As stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        if text == Self::Allow.as_str() {
            Self::Allow
        } else {
            Self::Block
        }
    }

    /// Whether something comes in that is, or is not, on the list.
    pub(crate) const fn admits(self, listed: bool) -> bool {
        match self {
            Self::Allow => listed,
            Self::Block => !listed,
        }
    }
}

/// Whether and how a list counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List {
    pub(crate) is_active: bool,
    pub(crate) strategy: Strategy,
    /// Of e-mail domains: whether those of free mail services stay out as well.
    pub(crate) block_public_domains: bool,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) strategy: Strategy,
    pub(crate) value: String,
    pub(crate) is_active: bool,
    pub(crate) description: String,
    pub(crate) created_at: Millis,
}

/// A network from an address or from CIDR notation. IPv6 spellings of IPv4 addresses mean the IPv4 address.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(IpNet::from(ip.to_canonical()));
    }
    match text.parse::<IpNet>().ok()?.trunc() {
        IpNet::V6(six) => match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(96)) {
            (Some(four), Some(length)) => Ipv4Net::new(four, length).ok().map(|net| IpNet::V4(net.trunc())),
            _ => Some(IpNet::V6(six)),
        },
        four @ IpNet::V4(_) => Some(four),
    }
}

/// The one spelling of a network.
pub(crate) fn spelled(network: IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// A domain as it is compared.
pub(crate) fn domain_key(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('@').unwrap_or(text);
    let key = kit::email_key(&format!("a@{text}")).ok()?;
    key.strip_prefix("a@").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_one_spelling() {
        for (text, spelling) in [
            ("10.0.0.1", "10.0.0.1"),
            (" 10.0.0.1/32 ", "10.0.0.1"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).map(spelled).as_deref(), Some(spelling), "{text}");
        }
        for text in [
            "",
            "10.0.0",
            "10.0.0.1/33",
            "10.0.0.1-10.0.0.9",
            "localhost",
            "010.0.0.1",
            "::1/129",
        ] {
            assert_eq!(network(text), None, "{text}");
        }
    }

    #[test]
    fn a_domain_has_one_spelling() {
        assert_eq!(domain_key(" Acme.Test ").as_deref(), Some("acme.test"));
        assert_eq!(domain_key("@acme.test").as_deref(), Some("acme.test"));
        for text in [
            "",
            "acme",
            "a@acme.test",
            "acme..test",
            "*.acme.test",
            "http://acme.test",
            "acme.test.",
        ] {
            assert_eq!(domain_key(text), None, "{text}");
        }
    }
}
