//! Passwords: their policies, changing and resetting them, and the unlocking of one's own account.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, PASSWORD};

/// Tenants have policies of their own only where the environment lets them.
const LEAVE: [&str; 3] = [
    "allowOverridePasswordComplexity",
    "allowOverridePasswordExpiration",
    "allowOverrideEnforcePasswordHistory",
];

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, _things: &mut Things) {
    for switch in LEAVE {
        vendor
            .post(crate::at::CONFIGURATION, json!({switch: true}))
            .await
            .expect(201);
    }
}

/// What a parameter of one of this area's paths stands for.
pub(super) const fn id(_things: &Things, _entry: &RouteEntry, _name: &str) -> Option<String> {
    None
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(things: &Things, entry: &RouteEntry) -> Option<String> {
    entry
        .path
        .ends_with("/passwords/config")
        .then(|| format!("?userId={}", things.user))
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    if entry.method == "GET" {
        return None;
    }
    let (_, rest) = entry.path.split_at_checked("/identity/resources/".len())?;
    Some(match rest {
        "configurations/v1/password" => json!({"minLength": 9}),
        "configurations/v1/password-history-policy" => json!({"enabled": true, "historySize": 2}),
        "configurations/v1/password-rotation" => json!({"isActive": true}),
        "users/v1/passwords/change" => json!({"password": PASSWORD, "newPassword": "Another-horse-9"}),
        "users/v1/passwords/reset" => json!({"email": things.email}),
        "users/v1/passwords/reset/validate" => json!({"userId": things.user, "token": "nobody-holds-this"}),
        "users/v1/passwords/reset/verify" => {
            json!({"userId": things.user, "token": "nobody-holds-this", "password": "Another-horse-9"})
        }
        "users/v2/passwords/reset/email" | "users/v2/passwords/reset/sms" => {
            json!({"identifier": things.email, "identifierType": "email"})
        }
        "users/v2/passwords/reset/sms/verify" => {
            json!({"sessionId": "nobody-holds-this", "otcToken": "000000"})
        }
        "users/v3/me/unlock" => json!({"token": "nobody-holds-this"}),
        _ => return None,
    })
}
