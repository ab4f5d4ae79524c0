//! A role as stored and as sent, and what bodies may say about one.

use blocks::listing::Order;
use kit::{Millis, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::Faults;

/// Highest (weakest) level.
const LEVELS: i64 = 32_767;

/// Most permissions named in one call.
const PERMISSIONS: usize = 5_000;

/// A role. A lower level is a stronger role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub id: String,
    /// The environment.
    pub vendor_id: String,
    /// The tenant whose role it is; null for a role of the environment.
    pub tenant_id: Option<String>,
    /// What tokens carry; unique among the environment's roles, and among a tenant's.
    pub key: String,
    pub name: String,
    /// Never null: one client refuses it.
    pub description: String,
    /// Given to members that are added without roles.
    pub is_default: bool,
    /// Given to the first member of a new tenant.
    pub first_user_role: bool,
    /// 0 to 32767.
    #[schema(value_type = f64)]
    pub level: i64,
    #[schema(value_type = String)]
    pub created_at: Millis,
    #[schema(value_type = String)]
    pub updated_at: Millis,
    /// Ids of its permissions.
    pub permissions: Vec<String>,
}

/// A role to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewRole {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) is_default: Option<bool>,
    /// With isDefault: everybody who is a member already gets the role too, in the background. For environment tokens only.
    pub(crate) migrate_role: Option<bool>,
    pub(crate) first_user_role: Option<bool>,
    /// 0 (strongest) to 32767; 0 when absent.
    #[schema(value_type = f64, minimum = 0, maximum = 32767)]
    #[serde(default)]
    pub(crate) level: Option<i64>,
}

/// Changes to a role: members left out stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleChanges {
    pub(crate) key: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) is_default: Option<bool>,
    /// With isDefault: everybody who is a member already gets the role too, in the background. For environment tokens only.
    pub(crate) migrate_role: Option<bool>,
    pub(crate) first_user_role: Option<bool>,
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 32767)]
    pub(crate) level: Option<i64>,
}

/// A role to be, made on the base of another.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BasedRole {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Given to members that are added without roles.
    pub(crate) is_default: Option<bool>,
    /// The role whose level the new one gets.
    pub(crate) base_role_id: String,
    /// Ids of all the permissions the role shall have.
    pub(crate) permission_ids: Vec<String>,
}

/// The roles of a tenant as the admin portal reads them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TeamRoles {
    pub(crate) items: Vec<Role>,
}

/// The body of `PUT …/permissions`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolePermissions {
    /// Ids of all the permissions the role shall have.
    pub(crate) permission_ids: Vec<String>,
}

/// The body of `PUT …/tenant`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleTenant {
    /// The tenant whose role it becomes; null makes it a role of the environment. Must be given.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) tenant_id: Patch<String>,
}

/// What a list of roles is sorted by; roles that agree in it follow their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleSort {
    Key,
    Name,
    Description,
    IsDefault,
    FirstUserRole,
    /// Then by key: the order when none is asked for.
    Level,
    CreatedAt,
    UpdatedAt,
    /// How many permissions it has.
    Permissions,
    /// How many members hold it.
    Members,
    /// How many groups have it.
    Groups,
}

/// A list of roles as asked for.
#[derive(Clone, Debug)]
pub(super) struct RoleSearch {
    /// Only roles of these tenants, where `''` stands for the environment; all when absent.
    pub(super) tenants: Option<Vec<String>>,
    /// Only roles of these levels; any when empty.
    pub(super) levels: Vec<i64>,
    /// Text that name, key or description contain, lower-cased.
    pub(super) contains: Option<String>,
    pub(super) sort: RoleSort,
    pub(super) order: Order,
    pub(super) skip: i64,
    pub(super) limit: i64,
}

impl Role {
    /// What names are sorted by.
    pub(super) fn name_key(&self) -> String {
        kit::search_key(&self.name)
    }

    /// What a text is looked for in.
    pub(super) fn search_text(&self) -> String {
        kit::search_key(&format!("{} {} {}", self.name, self.key, self.description))
    }
}

impl NewRole {
    pub(crate) fn faults(&self, faults: &mut Faults) {
        faults.filled("key", &self.key);
        faults.filled("name", &self.name);
        faults.within("key", Some(&self.key), 255);
        faults.within("name", Some(&self.name), 255);
        faults.within("description", self.description.as_deref(), 2000);
        faults.between("level", self.level, 0, LEVELS);
    }
}

impl BasedRole {
    pub(crate) fn faults(&self, faults: &mut Faults) {
        faults.filled("key", &self.key);
        faults.filled("name", &self.name);
        faults.filled("baseRoleId", &self.base_role_id);
        faults.within("key", Some(&self.key), 255);
        faults.within("name", Some(&self.name), 255);
        faults.within("description", self.description.as_deref(), 2000);
        faults.at_most("permissionIds", self.permission_ids.len(), PERMISSIONS);
    }
}

impl RoleChanges {
    /// The role with these changes, or what is wrong with them.
    pub(crate) fn apply(&self, old: &Role, now: Millis) -> Result<Role, Vec<String>> {
        let mut faults = Faults::default();
        for (field, text) in [("key", &self.key), ("name", &self.name)] {
            if let Some(text) = text {
                faults.filled(field, text);
                faults.within(field, Some(text), 255);
            }
        }
        faults.within("description", self.description.as_deref(), 2000);
        faults.between("level", self.level, 0, LEVELS);
        faults.check()?;
        Ok(Role {
            key: self.key.clone().unwrap_or_else(|| old.key.clone()),
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            description: self
                .description
                .clone()
                .unwrap_or_else(|| old.description.clone()),
            is_default: self.is_default.unwrap_or(old.is_default),
            first_user_role: self.first_user_role.unwrap_or(old.first_user_role),
            level: self.level.unwrap_or(old.level),
            updated_at: now,
            ..old.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_beyond_the_scale_is_refused() {
        for (level, sentence) in [
            (-1, "level must not be less than 0"),
            (32_768, "level must not be greater than 32767"),
        ] {
            let new: NewRole = serde_json::from_value(
                serde_json::json!({"key": "k", "name": "n", "level": level, "permissions": null}),
            )
            .unwrap();
            let mut faults = Faults::default();
            new.faults(&mut faults);
            assert_eq!(faults.check().unwrap_err(), [sentence]);
        }
    }
}
