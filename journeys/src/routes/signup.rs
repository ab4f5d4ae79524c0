//! Sign-up, activation and the captcha.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, at};

const CAPTCHA: &str = "/identity/resources/configurations/v1/captcha-policy";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let policy =
        json!({"enabled": false, "siteKey": "site", "secretKey": "secret of captcha", "minScore": 0.5});
    let made = vendor.post(CAPTCHA, policy).await;
    // There is one for all the things of an environment.
    assert!([201, 409].contains(&made.status), "{}", made.text());
    let email = format!("waiting-{}@example.com", things.mark);
    let waiting = json!({"email": email, "skipInviteEmail": true});
    let waiting = vendor.in_tenant(&things.tenant).post(at::USERS, waiting).await;
    things
        .own
        .insert("somebody who waits", waiting.expect(201).text_at("/id"));
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    let resend = "/team/resources/members/v1/{userId}/resendActivationEmail";
    (entry.path == resend && name == "userId").then(|| things.own("somebody who waits"))
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
