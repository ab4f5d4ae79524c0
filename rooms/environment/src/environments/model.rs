//! What an environment is.

use std::sync::Arc;

use async_trait::async_trait;
use crypto::KeyError;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Secret};
use thiserror::Error;

/// One environment, as other rooms need it.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Also the client id of its token and the `aud` of its users' tokens.
    pub id: EnvironmentId,
    pub name: String,
    /// `host[:port]` of the public address, lower case.
    pub host: String,
    /// The public address without a trailing slash: issuer of tokens, base of links.
    pub public_url: String,
    /// Origins that may read answers with credentials, letter by letter as they were set.
    pub allowed_origins: Arc<[String]>,
    pub created_at: Millis,
}

/// Everything that is stored of an environment, beside its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) id: EnvironmentId,
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) public_url: String,
    pub(crate) secret_hash: String,
    pub(crate) shown_host: String,
    pub(crate) country: String,
    pub(crate) backend_stack: String,
    pub(crate) frontend_stack: String,
    pub(crate) open_saas_installed: bool,
    pub(crate) login_url: String,
    pub(crate) logo: String,
    pub(crate) icon: String,
    pub(crate) white_label_mode: bool,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) version: i64,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
}

impl From<&Profile> for Environment {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id.clone(),
            name: profile.name.clone(),
            host: profile.host.clone(),
            public_url: profile.public_url.clone(),
            allowed_origins: profile.allowed_origins.clone().into(),
            created_at: profile.created_at,
        }
    }
}

/// What a new environment is made of.
#[derive(Clone, Debug)]
pub struct NewEnvironment {
    /// A UUID.
    pub id: EnvironmentId,
    /// The secret of its back ends; only its SHA-256 is kept.
    pub secret: Secret,
    pub name: String,
    /// `http://…` or `https://…` without a path. Its host tells the environment's requests from others'.
    pub public_url: String,
    pub allowed_origins: Vec<String>,
}

/// What a room puts into every new environment.
#[async_trait]
pub trait Seed: Send + Sync {
    /// Writes it, in the transaction that creates the environment.
    async fn seed(
        &self,
        tx: &Tx,
        ids: &Ids,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Result<(), StoreError>;
}

/// What a rotation of signing keys did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key id of user tokens from now on.
    pub kid: String,
    /// Until when user tokens signed with the key before it are honoured.
    pub previous_until: Millis,
}

/// Why an environment was not created or changed; each is a sentence for the operator.
#[derive(Debug, Error)]
pub enum EnvironmentError {
    #[error("the client id must be a UUID, because published clients parse it as one")]
    Id,
    #[error("the secret must have at least 16 characters")]
    Secret,
    #[error("the name must not be empty or longer than 255 characters")]
    Name,
    #[error("the public address must be http:// or https:// and a host, without a path")]
    PublicUrl,
    /// Another environment has this client id.
    #[error("there is an environment {0} already")]
    Exists(EnvironmentId),
    /// Another environment answers at this host.
    #[error("another environment answers at {0}: each needs a public address of its own")]
    HostTaken(String),
    #[error("there is no environment {0}")]
    NotFound(EnvironmentId),
    #[error("a key could not be made: {0}")]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A host as it is compared: from `host`, `host:port` or an address; lower case, without the port that its scheme implies.
/// `None` for what cannot be a host.
pub(crate) fn host_key(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.trim().to_ascii_lowercase();
    let host = host
        .strip_suffix(":443")
        .or_else(|| host.strip_suffix(":80"))
        .unwrap_or(&host);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']' | '_');
    (!host.is_empty() && host.len() <= 255 && host.chars().all(plain)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_compare_without_scheme_case_and_implied_port() {
        for text in [
            "Login.Acme.Test",
            "login.acme.test:443",
            "https://login.acme.test/",
            "http://login.acme.test:80",
        ] {
            assert_eq!(host_key(text).as_deref(), Some("login.acme.test"), "{text}");
        }
        assert_eq!(host_key("localhost:8787").as_deref(), Some("localhost:8787"));
        assert_eq!(host_key("http://[::1]:8787").as_deref(), Some("[::1]:8787"));
        for text in ["", "https://", "a b", "user@host", &"a".repeat(256)] {
            assert_eq!(host_key(text), None, "{text}");
        }
    }
}
