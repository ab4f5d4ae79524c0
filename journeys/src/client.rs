//! A caller of the API: who it is in headers, and a cookie jar.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use web::Edge;

use crate::Answer;

/// A body as it goes on the wire.
#[derive(Clone, Debug)]
pub enum Payload {
    None,
    Json(Value),
    /// Content type and bytes.
    Raw(&'static str, Vec<u8>),
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// Calls the router as a function: no socket, no port. Cheap to clone; clones share their cookies.
#[derive(Clone)]
pub struct Client {
    edge: Edge,
    peer: IpAddr,
    headers: Vec<(HeaderName, HeaderValue)>,
    jar: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Client {
    pub(crate) fn new(edge: Edge, host: &str) -> Self {
        Self {
            edge,
            peer: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
            headers: Vec::new(),
            jar: Arc::default(),
        }
        .with("host", host)
    }

    /// The same caller with one header set to another value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.without(name);
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        other
            .headers
            .push((name, HeaderValue::from_bytes(value.as_bytes()).unwrap()));
        other
    }

    /// The same caller without a header.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other
            .headers
            .retain(|(known, _)| !known.as_str().eq_ignore_ascii_case(name));
        other
    }

    /// The same caller from another network address.
    #[must_use]
    pub fn at_address(&self, ip: &str) -> Self {
        Self {
            peer: ip.parse().unwrap(),
            ..self.clone()
        }
    }

    /// The same caller with a bearer token.
    #[must_use]
    pub fn bearing(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The token this caller bears.
    #[track_caller]
    #[must_use]
    pub fn token(&self) -> String {
        let (_, value) = self
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .expect("this caller bears no token");
        value.to_str().unwrap().trim_start_matches("Bearer ").to_owned()
    }

    /// The same caller naming a tenant by header.
    #[must_use]
    pub fn in_tenant(&self, id: &str) -> Self {
        self.with("frontegg-tenant-id", id)
    }

    /// The same caller naming a user by header.
    #[must_use]
    pub fn acting_as(&self, user: &str) -> Self {
        self.with("frontegg-user-id", user)
    }

    /// The same caller with an empty cookie jar of its own.
    #[must_use]
    pub fn without_cookies(&self) -> Self {
        Self {
            jar: Arc::default(),
            ..self.clone()
        }
    }

    /// The same caller with a copy of the jar as it is now.
    #[must_use]
    pub fn with_cookies_of_now(&self) -> Self {
        Self {
            jar: Arc::new(Mutex::new(self.jar.lock().unwrap().clone())),
            ..self.clone()
        }
    }

    /// The value of a cookie in the jar.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Payload::None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body.into()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, body.into()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, body.into()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Payload::None).await
    }

    /// A DELETE with a body, as the Terraform provider sends for a user's roles.
    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.send("DELETE", path, body.into()).await
    }

    /// One call. Stops the test when the answer has no trace id, is a fault of the server's own, or refuses without a
    /// sentence.
    pub async fn send(&self, method: &str, path: &str, body: Payload) -> Answer {
        let answer = self.send_unchecked(method, path, body).await;
        answer.check();
        answer
    }

    /// The same without those checks.
    pub async fn send_unchecked(&self, method: &str, path: &str, body: Payload) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let cookies: Vec<String> = self
            .jar
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let bytes = match body {
            Payload::None => Vec::new(),
            Payload::Json(value) => {
                request = request.header("content-type", "application/json");
                serde_json::to_vec(&value).unwrap()
            }
            Payload::Raw(kind, bytes) => {
                request = request.header("content-type", kind);
                bytes
            }
        };
        let request = request
            .header("content-length", bytes.len())
            .body(Body::from(bytes))
            .unwrap_or_else(|error| panic!("{method} {path} is no request: {error}"));
        let response = self.edge.answer(request, self.peer).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let answer = Answer {
            asked: format!("{method} {path}"),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        };
        self.keep(&answer);
        answer
    }

    /// Does with `Set-Cookie` what a browser does, except for time: only `Max-Age=0` and dates of 1970 delete.
    fn keep(&self, answer: &Answer) {
        let mut jar = self.jar.lock().unwrap();
        for line in answer.cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let ended = value.is_empty() || attributes.contains("Max-Age=0") || attributes.contains(" 1970 ");
            if ended {
                jar.remove(name.trim());
            } else {
                jar.insert(name.trim().to_owned(), value.to_owned());
            }
        }
    }
}
