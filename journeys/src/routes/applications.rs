//! Applications, their clients and assignments, and who may use them.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::{Client, at};

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    let mark = &things.mark;
    let app = json!({"name": mark, "appURL": format!("https://{mark}.test"), "loginURL": format!("https://{mark}.test/in")});
    let app = vendor
        .post(at::APPLICATIONS, app)
        .await
        .expect(201)
        .text_at("/id");
    vendor
        .post(
            &format!("{}/{app}", at::ASSIGNMENTS),
            json!({"tenantId": things.tenant}),
        )
        .await
        .expect(201);
    let given = json!({"appId": app, "tenantId": things.tenant, "userIds": [things.user]});
    vendor.post(at::USER_APPLICATIONS, given).await.expect(201);
    let client = json!({"clientName": mark, "clientType": "Agent", "appId": app});
    let client = vendor
        .post(at::APPLICATION_CLIENTS, client)
        .await
        .expect(201)
        .text_at("/id");
    things.own.insert("app", app);
    things.own.insert("app client", client);
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    let path = entry.path.as_str();
    match name {
        "appId" => Some(things.own("app")),
        "id" if path.starts_with(at::APPLICATION_CLIENTS) => Some(things.own("app client")),
        "id" if path.starts_with(at::USER_APPLICATIONS) && path.ends_with("/apps") => {
            Some(things.user.clone())
        }
        "id" if path.starts_with(at::USER_APPLICATIONS) || path.starts_with(at::APPLICATIONS) => {
            Some(things.own("app"))
        }
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(things: &Things, entry: &RouteEntry) -> Option<String> {
    match entry.path.strip_prefix(at::USER_APPLICATIONS)? {
        "/users-apps" => Some(format!("?userIds={}", things.user)),
        "/apps-users" => Some(format!("?appIds={}", things.own("app"))),
        _ => None,
    }
}

/// A body that one of this area's routes takes.
pub(super) fn body(things: &Things, entry: &RouteEntry) -> Option<Value> {
    let path = entry.path.as_str();
    if path.starts_with(at::APPLICATION_CREDENTIALS) && entry.method == "POST" {
        return Some(json!({"appId": things.own("app")}));
    }
    if path.starts_with(at::ASSIGNMENTS) {
        return match entry.method {
            "POST" => Some(json!({"tenantId": things.tenant})),
            "PUT" => Some(json!({"accessType": "MANAGED_ACCESS"})),
            _ => None,
        };
    }
    if path.starts_with(at::USER_APPLICATIONS) && entry.method != "GET" {
        return Some(if path == at::USER_APPLICATIONS {
            json!({"appId": things.own("app"), "tenantId": things.tenant, "userIds": [things.user]})
        } else {
            json!({"userId": things.user, "tenantId": things.tenant, "appIds": [things.own("app")]})
        });
    }
    match (entry.method, path) {
        ("POST", at::APPLICATIONS) => Some(
            json!({"name": "Another", "appURL": "https://another.test", "loginURL": "https://another.test"}),
        ),
        ("POST", at::APPLICATION_CLIENTS) => Some(json!({"clientName": "Another", "clientType": "Agent"})),
        ("PATCH", _) if path.starts_with(at::APPLICATION_CLIENTS) => Some(json!({"clientName": "Changed"})),
        ("PUT", at::ACTIVE_TENANTS) => {
            let wanted = json!({"applicationId": things.own("app"), "tenantId": things.tenant});
            Some(json!({"activeApplicationTenants": [wanted]}))
        }
        _ => None,
    }
}
