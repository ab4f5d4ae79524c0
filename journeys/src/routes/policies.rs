//! Policies: sessions, lockout, restrictions; and what is read at boot.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, PASSWORD, at, claims};

const SESSIONS: &str = "/identity/resources/users/sessions/v1";
const IP: &str = "/identity/resources/configurations/v1/restrictions/ip";
const DOMAIN: &str = "/identity/resources/configurations/restrictions/v1/email-domain";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let credentials = json!({"email": things.email, "password": PASSWORD});
    let entered = vendor
        .without_cookies()
        .post(at::LOGIN, credentials)
        .await
        .expect(200);
    let session = claims(&entered.text_at("/accessToken"))["sid"].clone();
    things.own.insert("session", session.as_str().unwrap().to_owned());
    let inside = vendor.in_tenant(&things.tenant);
    let ip = json!({"ip": "203.0.113.9", "strategy": "BLOCK"});
    let ip = inside.post(IP, ip).await.expect(201).text_at("/id");
    things.own.insert("ip restriction", ip);
    let domain = json!({"domain": "blocked.example.com", "type": "BLOCK"});
    let domain = inside.post(DOMAIN, domain).await.expect(201).text_at("/id");
    things.own.insert("domain restriction", domain);
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    let path = entry.path.as_str();
    match name {
        "id" if path.starts_with(SESSIONS) => Some(things.own("session")),
        "id" if path.starts_with(IP) => Some(things.own("ip restriction")),
        "id" if path.starts_with(DOMAIN) => Some(things.own("domain restriction")),
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(_things: &Things, entry: &RouteEntry) -> Option<String> {
    (entry.path == "/metadata").then(|| "?entityName=adminBox".to_owned())
}

/// A body that one of this area's routes takes.
pub(super) fn body(_things: &Things, entry: &RouteEntry) -> Option<Value> {
    let path = entry.path.as_str();
    match entry.method {
        "POST" if path == "/metadata" => Some(json!({"entityName": "adminBox", "configuration": {}})),
        "POST" if path == IP => Some(json!({"ip": "203.0.113.10", "strategy": "BLOCK"})),
        "POST" if path.starts_with(IP) && path.ends_with("/bulk") => {
            Some(json!({"ips": [{"ip": "203.0.113.11"}]}))
        }
        "POST" if path.starts_with(IP) && path.ends_with("/config") => Some(json!({"isActive": false})),
        "POST" if path == DOMAIN => Some(json!({"domain": "other.example.com", "type": "BLOCK"})),
        "POST" if path.ends_with("/replace-bulk") => {
            Some(json!({"type": "BLOCK", "domains": ["other.example.com"]}))
        }
        "POST" if path.starts_with(DOMAIN) => Some(json!({"active": false})),
        "POST" | "PATCH" if path.ends_with("/lockout-policy") => {
            Some(json!({"enabled": true, "maxAttempts": 5}))
        }
        _ => None,
    }
}
