//! Links into tenants, and how invitations are mailed.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

const INVITES: &str = "/identity/resources/tenants/invites";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let link = vendor
        .post(&format!("{INVITES}/v1"), json!({"tenantId": things.tenant}))
        .await
        .expect(201);
    things.own.insert("invitation link", link.text_at("/id"));
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    (name == "id" && entry.path.starts_with(INVITES)).then(|| things.own("invitation link"))
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) const fn query(_things: &Things, _entry: &RouteEntry) -> Option<String> {
    None
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    let (_, rest) = entry.path.split_at_checked("/identity/resources/".len())?;
    Some(match (entry.method, rest) {
        ("POST", "tenants/invites/v1") => json!({"tenantId": things.tenant}),
        ("POST", "tenants/invites/v1/user") => json!({"expiresInMinutes": null, "shouldSendEmail": false}),
        ("PATCH", "tenants/invites/v1/user") => json!({"shouldSendEmail": true}),
        ("POST", "tenants/invites/v2/user") => {
            json!({"expiresInMinutes": 60, "shouldSendEmail": false, "roleIds": [things.role]})
        }
        ("POST", "tenants/invites/v1/verify") => json!({"token": "nobody-holds-this"}),
        ("POST", "configurations/v1/activation/strategies" | "configurations/v1/invitation/strategies") => {
            json!({"strategy": "link", "codeExpiration": 600})
        }
        ("POST", "users/v1/invitation/reset" | "users/v1/invitation/reset/all") => {
            json!({"email": things.email})
        }
        _ => return None,
    })
}
