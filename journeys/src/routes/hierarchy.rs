//! Tenants below tenants, and settings of tenants.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, at};

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let below = format!("below-{}", things.mark);
    let sub_tenant = json!({"tenantId": below, "name": below, "parentTenantId": things.tenant});
    vendor.post(at::SUB_TENANTS, sub_tenant).await.expect(201);
    let migration = vendor
        .post(
            "/tenants/resources/migrations/v1/tenants",
            json!({"tenants": [format!("brought-{}", things.mark)]}),
        )
        .await
        .expect(202)
        .text_at("/migrationId");
    things.own.insert("below", below);
    things.own.insert("tenant migration", migration);
}

fn is_about_sub_tenants(entry: &RouteEntry) -> bool {
    entry.path.starts_with(at::SUB_TENANTS) || entry.path.starts_with(at::HIERARCHY)
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    match name {
        "tenantId" if is_about_sub_tenants(entry) => Some(things.own("below")),
        "migrationId" if entry.path.contains("/migrations/v1/tenants/") => {
            Some(things.own("tenant migration"))
        }
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(things: &Things, entry: &RouteEntry) -> Option<String> {
    (entry.path == "/tenants/resources/hierarchy/v2/metadata")
        .then(|| format!("?_tenantIds={}", things.tenant))
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    let path = entry.path.as_str();
    let roles = json!({"subTenantsRoles": [{"tenantId": things.tenant, "roleIds": [things.role]}]});
    Some(match (entry.method, path) {
        ("GET", _) => return None,
        ("POST", at::SUB_TENANTS) => json!({"name": "Another", "parentTenantId": things.tenant}),
        ("POST" | "DELETE", at::HIERARCHY) => {
            json!({"parentTenantId": things.tenant, "childTenantId": things.own("below")})
        }
        (_, "/tenants/resources/migrations/v1/tenants") => json!({"tenants": ["another"]}),
        (_, "/identity/resources/tenants/users/v1/count") => json!({"tenantIds": [things.tenant]}),
        ("POST", at::SUB_TENANT_USERS) => {
            json!({"user": {"email": "another@example.com"}, "subTenants": [{"tenantId": things.own("below")}]})
        }
        ("DELETE", at::SUB_TENANT_USERS) => {
            json!({"userId": things.user, "subTenants": [{"tenantId": things.tenant}]})
        }
        ("POST", "/identity/resources/sub-tenants/users/v2") => {
            json!({"users": [{"email": "another@example.com"}], "tenantId": things.own("below")})
        }
        (_, "/identity/resources/sub-tenants/users/v1/{userId}/roles") => roles,
        (_, "/identity/resources/sub-tenants/users/v1/{userId}/access") => json!({"allowAccess": true}),
        _ if path.starts_with(at::SUB_TENANTS) && path.ends_with("/management") => {
            json!({"isReseller": true})
        }
        _ if path.starts_with(at::SUB_TENANTS) && path.ends_with("/hierarchy-settings") => {
            json!({"subAccountAccessType": "defaultOn"})
        }
        _ => return None,
    })
}
