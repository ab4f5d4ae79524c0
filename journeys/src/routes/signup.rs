//! Sign-up, activation and the captcha.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

const CAPTCHA: &str = "/identity/resources/configurations/v1/captcha-policy";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, _things: &mut Things) {
    let policy =
        json!({"enabled": false, "siteKey": "site", "secretKey": "secret of captcha", "minScore": 0.5});
    let made = vendor.post(CAPTCHA, policy).await;
    // There is one for all the things of an environment.
    assert!([201, 409].contains(&made.status), "{}", made.text());
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(_things: &Things, _entry: &RouteEntry, _name: &str) -> Option<String> {
    None
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(_things: &Things, _entry: &RouteEntry) -> Option<String> {
    None
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    match (entry.method, entry.path.as_str()) {
        ("POST" | "PUT", CAPTCHA) => {
            Some(json!({"enabled": false, "siteKey": "site", "secretKey": "another", "minScore": 0.7}))
        }
        ("POST", "/identity/resources/users/v1/signUp") => Some(json!({"email": "another@example.com"})),
        ("POST", "/identity/resources/users/v1/signUp/username") => {
            Some(json!({"email": "another@example.com", "username": "another"}))
        }
        ("POST", "/identity/resources/users/v1/activate/reset") => Some(json!({"email": things.email})),
        ("POST", "/identity/resources/users/v1/activate") => {
            Some(json!({"userId": things.user, "token": "no-token"}))
        }
        ("POST", "/identity/resources/users/v1/activate/code") => {
            Some(json!({"userId": things.user, "token": "no-token", "code": "000000"}))
        }
        _ => None,
    }
}
