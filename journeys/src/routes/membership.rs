//! Members: temporary ones, bulk work, the team routes.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

const BULK_INVITE: &str = "/identity/resources/users/bulk/v1/invite";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let users =
        json!({"users": [{"email": format!("bulk-{}@example.com", things.mark), "skipInviteEmail": true}]});
    let invited = vendor
        .in_tenant(&things.tenant)
        .post(BULK_INVITE, users)
        .await
        .expect(202);
    things.own.insert("bulk invitation", invited.text_at("/id"));
    let path = format!(
        "/identity/resources/vendor-only/users/v1/{}/roles/bulk",
        things.user
    );
    let updated = vendor
        .patch(&path, json!({"addRoleIds": [things.role]}))
        .await
        .expect(200);
    things.own.insert("bulk roles", updated.text_at("/taskId"));
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, _name: &str) -> Option<String> {
    match entry.path.as_str() {
        "/identity/resources/users/bulk/v1/status/{id}" => Some(things.own("bulk invitation")),
        "/identity/resources/vendor-only/users/v1/bulk-roles/status/{taskId}" => {
            Some(things.own("bulk roles"))
        }
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(_things: &Things, _entry: &RouteEntry) -> Option<String> {
    None
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    match (entry.method, entry.path.as_str()) {
        ("POST", "/identity/resources/users/v1/{userId}/tenant") => {
            Some(json!({"tenantId": format!("{}-more", things.tenant)}))
        }
        ("PUT", "/identity/resources/users/v1/tenants/migrate") => {
            Some(json!({"srcTenantId": things.tenant, "targetTenantId": format!("{}-none", things.tenant)}))
        }
        ("PUT", "/identity/resources/users/temporary/v1/{userId}") => {
            Some(json!({"expirationInSeconds": 600}))
        }
        ("POST", "/identity/resources/vendor-only/users/v1/passwords/verify") => {
            Some(json!({"email": things.email, "password": crate::PASSWORD}))
        }
        ("POST", "/identity/resources/users/v3/me/token") => Some(json!({"tenantId": things.tenant})),
        ("POST", "/identity/resources/users/sessions/v1/revoke") => Some(json!({"userId": things.user})),
        ("PUT", "/team/resources/members/v1") => Some(json!({"id": things.user, "roleIds": [things.role]})),
        ("PUT", "/identity/resources/users/temporary/v1/configuration") => Some(json!({"enabled": false})),
        ("POST", BULK_INVITE) => Some(json!({"users": [{"email": "bulk@example.com"}]})),
        ("PATCH", "/identity/resources/vendor-only/users/v1/{userId}/roles/bulk") => {
            Some(json!({"removeRoleIds": [things.role]}))
        }
        _ => None,
    }
}
