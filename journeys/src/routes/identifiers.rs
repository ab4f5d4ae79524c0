//! Addresses, usernames and phone numbers of users.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

const EMAILS: &str = "/identity/resources/users/emails/v1";
const PHONES: &str = "/identity/resources/users/phone-numbers/v1";

/// A number that nobody else's mark gives.
fn number(things: &Things, last: u32) -> String {
    let sum = things.mark.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    format!("+1555{:06}{last}", sum % 1_000_000)
}

fn second(things: &Things) -> String {
    format!("second-{}", things.email)
}

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let user = things.user.clone();
    let email = vendor
        .post(
            &format!("{EMAILS}/vendor/{user}"),
            json!({"email": second(things)}),
        )
        .await
        .expect(201)
        .text_at("/id");
    vendor
        .post(
            &format!("{PHONES}/vendor/{user}"),
            json!({"phoneNumber": number(things, 0)}),
        )
        .await
        .expect(201);
    let phone = vendor
        .get(&format!(
            "/identity/resources/users/phone-numbers/v2?userIds={user}"
        ))
        .await
        .expect(200)
        .text_at("/items/0/id");
    let username = format!("name-{}", things.mark);
    vendor
        .in_tenant(&things.tenant)
        .acting_as(&user)
        .post("/identity/resources/usernames/v1", json!({"username": username}))
        .await
        .expect(201);
    things.own.insert("email", email);
    things.own.insert("phone", phone);
    things.own.insert("username", username);
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    match name {
        "emailId" => Some(things.own("email")),
        "phoneId" => Some(things.own("phone")),
        "id" if entry.path.starts_with(PHONES) => Some(things.own("phone")),
        "username" => Some(things.own("username")),
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) const fn query(_things: &Things, _entry: &RouteEntry) -> Option<String> {
    None
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    if entry.method == "GET" || entry.method == "DELETE" {
        return None;
    }
    let path = entry.path.as_str();
    let phone = || json!({"phoneNumber": number(things, 1)});
    let code = || json!({"otcToken": "nobody-holds-this", "code": "000000"});
    if let Some(rest) = path.strip_prefix(EMAILS) {
        return Some(match rest {
            "/verify" => json!({"email": second(things), "code": "000000"}),
            "/me/primary" | "/vendor/{userId}/primary" => json!({"email": second(things)}),
            _ => json!({"email": format!("third-{}", things.email)}),
        });
    }
    if let Some(rest) = path.strip_prefix(PHONES) {
        return Some(if rest.ends_with("/verify") && rest != "/preverify" {
            code()
        } else {
            phone()
        });
    }
    let (_, rest) = path.split_at_checked("/identity/resources/".len())?;
    Some(match rest {
        "usernames/v1" => json!({"username": format!("other-{}", things.mark)}),
        "configurations/v1/user-emails-policy" => json!({"allowEmailChange": true}),
        "users/v1/email/me" => json!({"email": format!("third-{}", things.email)}),
        "users/v1/email/me/verify" => json!({"email": format!("third-{}", things.email), "code": "000000"}),
        "users/v1/phone" => phone(),
        "users/v1/phone/verify" => json!({"changePhoneId": "nobody-holds-this", "code": "000000"}),
        "users/v1/phone/reset" => json!({"email": things.email}),
        "users/v1/phone/reset/verify" => {
            json!({"resetPhoneNumberToken": "nobody-holds-this", "code": "000000"})
        }
        "users/v1/phone/change" => {
            json!({"changePhoneNumberToken": "nobody-holds-this", "phoneNumber": number(things, 1)})
        }
        _ => return None,
    })
}
