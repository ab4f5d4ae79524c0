//! What the connections of each line send.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeys::{Launch, PASSWORD, at};

use crate::load::{Caller, Reply, header, request};

/// The same request over and over.
pub(crate) struct Same {
    bytes: Vec<u8>,
}

impl Same {
    pub(crate) fn new(method: &str, path: &str, token: &str, tenant: &str, body: &str) -> Self {
        let mut headers = String::new();
        if !token.is_empty() {
            headers = format!("authorization: Bearer {token}\r\n");
        }
        if !tenant.is_empty() {
            headers += &format!("frontegg-tenant-id: {tenant}\r\n");
        }
        let mut bytes = Vec::new();
        request(&mut bytes, method, path, &headers, body);
        Self { bytes }
    }

    pub(crate) fn get(path: &str, token: &str, tenant: &str) -> Self {
        Self::new("GET", path, token, tenant, "")
    }

    pub(crate) fn vendor() -> Self {
        let body = format!(
            "{{\"clientId\":\"{}\",\"secret\":\"{}\"}}",
            Launch::CLIENT_ID,
            Launch::SECRET
        );
        Self::new("POST", at::VENDOR, "", "", &body)
    }

    pub(crate) fn login(email: &str, password: &str) -> Self {
        let body = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
        Self::new("POST", at::LOGIN, "", "", &body)
    }
}

impl Caller for Same {
    fn next(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }
}

/// A request that is right when it is refused with 401, such as a login with a wrong password.
pub(crate) struct Refused(pub(crate) Same);

impl Caller for Refused {
    fn next(&mut self, out: &mut Vec<u8>) {
        self.0.next(out);
    }

    fn answered(&mut self, reply: &Reply<'_>) -> bool {
        reply.status == 401
    }
}

/// A sign-in among too many, of which the server may refuse some at once.
pub(crate) struct Crowded(pub(crate) Same);

impl Caller for Crowded {
    fn next(&mut self, out: &mut Vec<u8>) {
        self.0.next(out);
    }

    fn answered(&mut self, reply: &Reply<'_>) -> bool {
        [200, 429, 503].contains(&reply.status)
    }
}

/// A session that refreshes itself again and again.
pub(crate) struct Session {
    cookie: String,
}

impl Session {
    pub(crate) fn new(refresh_token: &str) -> Self {
        let name = format!("fe_refresh_{}", Launch::CLIENT_ID.replacen('-', "", 1));
        Self {
            cookie: format!("{name}={refresh_token}"),
        }
    }
}

impl Caller for Session {
    fn next(&mut self, out: &mut Vec<u8>) {
        let headers = format!("cookie: {}\r\n", self.cookie);
        request(out, "POST", at::REFRESH, &headers, "{}");
    }

    fn answered(&mut self, reply: &Reply<'_>) -> bool {
        let Some(line) = header(reply.head, "set-cookie").filter(|line| line.starts_with("fe_refresh_"))
        else {
            return false;
        };
        self.cookie = line.split(';').next().unwrap_or_default().to_owned();
        reply.status == 200 && !reply.body.is_empty()
    }
}

/// Creates users, each a new one, without a password.
pub(crate) struct Creator {
    headers: String,
    tenant: String,
    number: Arc<AtomicU64>,
}

impl Creator {
    pub(crate) fn new(token: &str, tenant: &str, number: &Arc<AtomicU64>) -> Self {
        Self {
            headers: format!("authorization: Bearer {token}\r\n"),
            tenant: tenant.to_owned(),
            number: Arc::clone(number),
        }
    }
}

impl Caller for Creator {
    fn next(&mut self, out: &mut Vec<u8>) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            "{{\"email\":\"bench{number}@example.com\",\"name\":\"Bench {number}\",\"tenantId\":\"{}\",\"skipInviteEmail\":true}}",
            self.tenant
        );
        request(out, "POST", at::VENDOR_USERS, &self.headers, &body);
    }

    fn answered(&mut self, reply: &Reply<'_>) -> bool {
        reply.status == 201
    }
}

/// The usual password, for messages that must not differ.
pub(crate) const RIGHT: &str = PASSWORD;
