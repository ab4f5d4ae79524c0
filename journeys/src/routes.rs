//! The route table as tests walk over it: paths filled with ids of things that exist, and bodies that are right.

use serde_json::{Value, json};
use web::RouteEntry;

use crate::{Client, Environment, PASSWORD, World, at};

/// One of each thing a path can name, all in one tenant of one environment.
#[derive(Clone, Debug)]
pub struct Things {
    pub environment: Environment,
    mark: String,
    pub tenant: String,
    pub user: String,
    pub email: String,
    pub role: String,
    pub permission: String,
    pub category: String,
}

impl Things {
    /// Makes them, under names that carry `mark`.
    pub async fn make(world: &World, environment: &Environment, tenant: &str, mark: &str) -> Self {
        world.tenant_of(environment, tenant).await;
        let vendor = world.vendor_of(environment).await;
        let metadata = json!({"metadata": {"plan": "gold"}});
        vendor
            .post(&format!("{}/{tenant}/metadata", at::TENANTS), metadata)
            .await
            .expect(201);
        let alias = json!({"alias": format!("alias-{mark}")});
        vendor
            .put(&format!("{}/{tenant}", at::TENANTS), alias)
            .await
            .expect(200);
        let role = json!([{"key": format!("role-{mark}"), "name": mark, "level": 1}]);
        let role = vendor
            .in_tenant(tenant)
            .post(at::ROLES, role)
            .await
            .expect(201)
            .text_at("/0/id");
        let category = vendor
            .post(at::CATEGORIES, json!({"name": format!("Category {mark}")}))
            .await
            .expect(201);
        let permission = json!([{"key": format!("p.{mark}"), "name": mark}]);
        let permission = vendor
            .post(at::PERMISSIONS, permission)
            .await
            .expect(201)
            .text_at("/0/id");
        let email = format!("{mark}@example.com");
        let user = json!({"email": email, "name": mark, "password": PASSWORD, "tenantId": tenant, "roleIds": [role]});
        let user = vendor
            .post(at::VENDOR_USERS, user)
            .await
            .expect(201)
            .text_at("/id");
        Self {
            environment: *environment,
            mark: mark.to_owned(),
            tenant: tenant.to_owned(),
            user,
            email,
            role,
            permission,
            category: category.text_at("/id"),
        }
    }

    /// The address of a route for these things; `None` when its path names none.
    ///
    /// # Panics
    /// On a path parameter that nobody has taught it: add the thing above.
    #[must_use]
    pub fn path(&self, entry: &RouteEntry) -> String {
        let filled: Vec<String> = entry
            .path
            .split('/')
            .map(
                |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                    None => part.to_owned(),
                    Some("tenantId") => self.tenant.clone(),
                    Some("userId") => self.user.clone(),
                    Some("roleId") => self.role.clone(),
                    Some("permissionId") => self.permission.clone(),
                    Some("categoryId") => self.category.clone(),
                    Some("key") => "plan".to_owned(),
                    Some("alias") => format!("alias-{}", self.mark),
                    Some("id") if entry.path.contains("/users/") => self.user.clone(),
                    Some(other) => panic!(
                        "journeys::routes::Things does not know what {{{other}}} in {} is",
                        entry.path
                    ),
                },
            )
            .collect();
        let query = match entry.path.as_str() {
            at::BY_EMAIL => format!("?email={}", self.email),
            at::AUDITS | at::AUDITS_V2 => "?count=10&offset=0".to_owned(),
            path if path.ends_with("/export/csv") || path.ends_with("/export/csv/v2") => {
                "?count=10&offset=0".to_owned()
            }
            "/identity/resources/users/v3/roles" => {
                format!("?ids={}", self.user)
            }
            "/identity/resources/tenants/users/v1/statuses" => format!("?userIds={}", self.user),
            _ => String::new(),
        };
        filled.join("/") + &query
    }

    /// A body that the route takes, about these things.
    #[must_use]
    pub fn body(&self, entry: &RouteEntry) -> Value {
        let path = entry.path.as_str();
        match (entry.method, path) {
            ("GET", _) => Value::Null,
            (_, at::VENDOR) => json!({"clientId": self.environment.id, "secret": self.environment.secret}),
            (_, at::LOGIN) => json!({"email": self.email, "password": PASSWORD}),
            ("POST", at::TENANTS) => json!({"name": "Another"}),
            ("POST", at::ROLES) => json!([{"key": "another", "name": "Another", "level": 1}]),
            ("POST", at::PERMISSIONS) => json!([{"key": "another", "name": "Another"}]),
            ("POST", at::CATEGORIES) => json!({"name": "Another"}),
            ("POST", at::VENDOR_USERS) => json!({"email": "another@example.com", "tenantId": self.tenant}),
            ("POST", at::AUDITS) => json!({"severity": "Info", "action": "journey"}),
            ("PUT", at::SWITCH) => json!({"tenantId": self.tenant}),
            _ if path.ends_with("/superuser") => json!({"superUser": false}),
            _ if path.ends_with("/invisible") => json!({"invisible": false}),
            _ if path.ends_with("{userId}/email") => json!({"email": format!("new-{}", self.email)}),
            _ if path.ends_with("/metadata") => json!({"metadata": {"a": 1}}),
            _ if path.ends_with("/export/csv") || path.ends_with("/export/csv/v2") => {
                json!({"properties": [{"displayName": "Action", "name": "action"}]})
            }
            _ if path.ends_with("/classification") => {
                json!({"permissionIds": [self.permission], "type": "NEVER"})
            }
            _ if path.starts_with("/identity/resources/roles") && path.ends_with("/permissions") => {
                json!({"permissionIds": [self.permission]})
            }
            _ if path.ends_with("/roles") => json!({"roleIds": [self.role]}),
            _ if path.ends_with("/tenant") => json!({"tenantId": self.tenant}),
            ("PUT" | "PATCH", _) => json!({"name": "Changed"}),
            _ => json!({}),
        }
    }

    /// Calls a route about these things.
    pub async fn call(&self, client: &Client, entry: &RouteEntry) -> crate::Answer {
        let body = match self.body(entry) {
            Value::Null => crate::Payload::None,
            body => body.into(),
        };
        client.send(entry.method, &self.path(entry), body).await
    }
}
