//! Groups of users, and roles in pages.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, at};

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let tenant = vendor.in_tenant(&things.tenant);
    let group = tenant
        .post(at::GROUPS, json!({"name": things.mark}))
        .await
        .expect(201);
    let group = group.text_at("/id");
    let path = format!("{}/{group}", at::GROUPS);
    let (roles, users) = (
        json!({"roleIds": [things.role]}),
        json!({"userIds": [things.user]}),
    );
    tenant.post(&format!("{path}/roles"), roles).await.expect(201);
    tenant.post(&format!("{path}/users"), users).await.expect(201);
    things.own.insert("group", group);
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    let ours = entry.path.starts_with(at::GROUPS) && matches!(name, "id" | "groupId");
    ours.then(|| things.own("group"))
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(things: &Things, entry: &RouteEntry) -> Option<String> {
    (entry.path == at::GROUPS_OF_USERS).then(|| format!("?ids={}", things.user))
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    match (entry.method, entry.path.strip_prefix(at::GROUPS)) {
        ("POST", Some("")) => Some(json!({"name": "Another"})),
        ("POST", Some("/bulkGet")) => Some(json!({"groupsIds": [things.own("group")]})),
        ("POST", Some("/config")) => Some(json!({"enabled": true, "rolesEnabled": true})),
        ("POST" | "DELETE", Some(path)) if path.ends_with("/users") => {
            Some(json!({"userIds": [things.user]}))
        }
        ("POST", None) if entry.path == at::ROLES_V2 => Some(json!({
            "key": "based", "name": "Based", "baseRoleId": things.role, "permissionIds": [things.permission],
        })),
        _ => None,
    }
}
