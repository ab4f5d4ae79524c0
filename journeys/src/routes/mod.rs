//! The route table as tests walk over it: paths filled with ids of things that exist, and bodies that are right.
//!
//! Each area of the API has a file here that makes its own things and knows its own paths and bodies; it is asked before
//! the general rules below.

mod applications;
mod groups;
mod hierarchy;
mod identifiers;
mod invitations;
mod membership;
mod messages;
mod passwords;
mod policies;
mod search;
mod signup;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use web::RouteEntry;

use crate::{Client, Environment, PASSWORD, World, at};

/// One of each thing a path can name, all in one tenant of one environment.
#[derive(Clone, Debug)]
pub struct Things {
    pub environment: Environment,
    /// The word that their names carry.
    pub mark: String,
    pub tenant: String,
    pub user: String,
    pub email: String,
    pub role: String,
    pub permission: String,
    pub category: String,
    /// Ids that an area's own paths name, by a word of that area.
    own: BTreeMap<&'static str, String>,
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
        let mut things = Self {
            environment: *environment,
            mark: mark.to_owned(),
            tenant: tenant.to_owned(),
            user,
            email,
            role,
            permission,
            category: category.text_at("/id"),
            own: BTreeMap::from([("alias", format!("alias-{mark}"))]),
        };
        applications::make(&vendor, &mut things).await;
        groups::make(&vendor, &mut things).await;
        hierarchy::make(&vendor, &mut things).await;
        identifiers::make(&vendor, &mut things).await;
        invitations::make(&vendor, &mut things).await;
        membership::make(&vendor, &mut things).await;
        messages::make(&vendor, &mut things).await;
        passwords::make(&vendor, &mut things).await;
        policies::make(&vendor, &mut things).await;
        search::make(&vendor, &mut things).await;
        signup::make(&vendor, &mut things).await;
        things
    }

    /// The id that an area keeps under this word.
    #[track_caller]
    fn own(&self, word: &str) -> String {
        self.own
            .get(word)
            .unwrap_or_else(|| panic!("nobody made {word}"))
            .clone()
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
            .map(|part| {
                let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
                if let Some(own) = name.and_then(|name| self.own_id(entry, name)) {
                    return own;
                }
                match name {
                    None => part.to_owned(),
                    Some("tenantId") => self.tenant.clone(),
                    Some("userId") => self.user.clone(),
                    Some("roleId") => self.role.clone(),
                    Some("permissionId") => self.permission.clone(),
                    Some("categoryId") => self.category.clone(),
                    Some("key") => "plan".to_owned(),
                    Some("alias") => self.own("alias"),
                    Some("id") if entry.path.contains("/users/") => self.user.clone(),
                    Some(other) => panic!(
                        "journeys::routes::Things does not know what {{{other}}} in {} is",
                        entry.path
                    ),
                }
            })
            .collect();
        if let Some(query) = self.own_query(entry) {
            return filled.join("/") + &query;
        }
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
        if let Some(own) = self.own_body(entry) {
            return own;
        }
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
        // The one route on which an environment names the user but no tenant.
        let acting = client.acting_as(&self.user);
        let client = if entry.path == at::ACTIVE_TENANTS {
            &acting
        } else {
            client
        };
        client.send(entry.method, &self.path(entry), body).await
    }

    fn own_id(&self, entry: &RouteEntry, name: &str) -> Option<String> {
        applications::id(self, entry, name)
            .or_else(|| groups::id(self, entry, name))
            .or_else(|| hierarchy::id(self, entry, name))
            .or_else(|| identifiers::id(self, entry, name))
            .or_else(|| invitations::id(self, entry, name))
            .or_else(|| membership::id(self, entry, name))
            .or_else(|| messages::id(self, entry, name))
            .or_else(|| passwords::id(self, entry, name))
            .or_else(|| policies::id(self, entry, name))
            .or_else(|| search::id(self, entry, name))
            .or_else(|| signup::id(self, entry, name))
    }

    fn own_query(&self, entry: &RouteEntry) -> Option<String> {
        applications::query(self, entry)
            .or_else(|| groups::query(self, entry))
            .or_else(|| hierarchy::query(self, entry))
            .or_else(|| identifiers::query(self, entry))
            .or_else(|| invitations::query(self, entry))
            .or_else(|| membership::query(self, entry))
            .or_else(|| messages::query(self, entry))
            .or_else(|| passwords::query(self, entry))
            .or_else(|| policies::query(self, entry))
            .or_else(|| search::query(self, entry))
            .or_else(|| signup::query(self, entry))
    }

    fn own_body(&self, entry: &RouteEntry) -> Option<Value> {
        applications::body(self, entry)
            .or_else(|| groups::body(self, entry))
            .or_else(|| hierarchy::body(self, entry))
            .or_else(|| identifiers::body(self, entry))
            .or_else(|| invitations::body(self, entry))
            .or_else(|| membership::body(self, entry))
            .or_else(|| messages::body(self, entry))
            .or_else(|| passwords::body(self, entry))
            .or_else(|| policies::body(self, entry))
            .or_else(|| search::body(self, entry))
            .or_else(|| signup::body(self, entry))
    }
}
