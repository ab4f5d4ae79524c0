//! Groups of users, and roles in pages.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

/// Makes the things of this area and keeps their ids.
#[expect(clippy::unused_async, reason = "asked like the other areas")]
pub(super) async fn make(_vendor: &Client, _things: &mut Things) {}

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
        ("POST", "/identity/resources/roles/v2") => Some(json!({
            "key": "based", "name": "Based", "baseRoleId": things.role, "permissionIds": [things.permission],
        })),
        _ => None,
    }
}
