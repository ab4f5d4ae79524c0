//! Calling others over HTTP: with time limits, body limits, and only where it may go.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use thiserror::Error;

use crate::net::is_public;

const CONNECTING: Duration = Duration::from_secs(5);
const WHOLE_CALL: Duration = Duration::from_secs(20);
/// Most bytes of an answer that are read.
const LARGEST_ANSWER: usize = 256 * 1024;

/// The client that all calls share. It is made at the first call, since trust anchors cost memory.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    /// Whether calls may go to addresses off the open internet.
    private: bool,
    client: OnceLock<Option<Client>>,
}

/// One call. Its `Debug` shows neither headers nor body.
pub struct Call {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} …", self.method)
    }
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why nothing came back. The sentences name no address and no secret.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CallError {
    #[error("the address cannot be called")]
    Address,
    #[error("the address lies in a private network, which is not called (TENANTRY_ALLOW_PRIVATE_ADDRESSES)")]
    Private,
    #[error("it did not answer in time")]
    Slow,
    #[error("it could not be reached")]
    Unreachable,
    #[error("its answer is too large")]
    Large,
    #[error("this machine cannot make calls")]
    Client,
}

impl Http {
    /// `private` is TENANTRY_ALLOW_PRIVATE_ADDRESSES.
    #[must_use]
    pub fn new(private: bool) -> Self {
        Self(Arc::new(Inner {
            private,
            client: OnceLock::new(),
        }))
    }

    fn client(&self) -> Option<&Client> {
        let made = self.0.client.get_or_init(|| {
            let built = Client::builder()
                .dns_resolver(Arc::new(Checked {
                    private: self.0.private,
                }))
                // A redirect would take secrets in headers to wherever the other side likes.
                .redirect(redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECTING)
                .timeout(WHOLE_CALL)
                .pool_max_idle_per_host(2)
                .user_agent("tenantry")
                .build();
            built
                .inspect_err(|error| tracing::error!(%error, "no HTTP client can be made"))
                .ok()
        });
        made.as_ref()
    }

    /// Makes the call. A redirect is an answer like any other: it is not followed.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&self, call: Call) -> Result<Reply, CallError> {
        let url: Url = call.url.parse().map_err(|_| CallError::Address)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(CallError::Address);
        }
        // Literal addresses are not resolved, so the resolver does not see them.
        if !self.0.private && literal(&url).is_some_and(|address| !is_public(address)) {
            return Err(CallError::Private);
        }
        let method = Method::from_bytes(call.method.as_bytes()).map_err(|_| CallError::Address)?;
        let client = self.client().ok_or(CallError::Client)?;
        let mut request = client.request(method, url).body(call.body);
        for (name, value) in &call.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| CallError::Address)?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let mut response = request.send().await.map_err(|error| fault(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(CallError::Large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn fault(error: &reqwest::Error) -> CallError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(at) = cause {
        if at.is::<PrivateAddress>() {
            return CallError::Private;
        }
        cause = at.source();
    }
    if error.is_timeout() {
        CallError::Slow
    } else {
        CallError::Unreachable
    }
}

/// Why a name is not called.
#[derive(Debug, Error)]
#[error("the name stands for addresses in private networks only")]
struct PrivateAddress;

/// Looks a name up and keeps the addresses that may be called. The connection goes to one of these very addresses, so that
/// a second look-up cannot slip in another.
struct Checked {
    private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| private || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
