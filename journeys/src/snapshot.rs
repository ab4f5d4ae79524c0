//! Everything an environment's owner can see, to tell that a refused call changed nothing.

use serde_json::{Value, json};

use crate::{Client, at};

/// What the owner of an environment sees now: people, tenants, applications, roles, permissions, settings, and how many changes were
/// recorded. Two snapshots are equal when nothing happened in between.
pub async fn snapshot(vendor: &Client) -> Value {
    let mut seen = serde_json::Map::new();
    for path in [
        at::VENDORS,
        at::CONFIGURATION,
        at::ROLES,
        at::PERMISSIONS,
        at::CATEGORIES,
        at::APPLICATIONS,
        at::ASSIGNMENTS_V2,
        "/identity/resources/users/v3?_limit=200&_sortBy=id&_order=ASC",
        "/tenants/resources/tenants/v2?_limit=200",
        "/identity/resources/users/emails/v1?_limit=200",
        "/identity/resources/users/phone-numbers/v1?_limit=200",
        "/identity/resources/usernames/v1?_limit=200",
    ] {
        let answer = vendor.get(path).await.expect(200);
        seen.insert(path.to_owned(), answer.json());
    }
    let audits = vendor
        .get("/audits/resources/audits/v2?count=1&offset=0")
        .await
        .expect(200);
    seen.insert("changes recorded".to_owned(), json!(audits.at("/total")));
    Value::Object(seen)
}
