//! A role as stored and as sent, and what bodies may say about one.

use kit::{Millis, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::Faults;

/// Highest (weakest) level.
const LEVELS: i64 = 32_767;

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
    /// With isDefault: everybody who is a member already gets the role too, in the background.
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
    /// With isDefault: everybody who is a member already gets the role too, in the background.
    pub(crate) migrate_role: Option<bool>,
    pub(crate) first_user_role: Option<bool>,
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 32767)]
    pub(crate) level: Option<i64>,
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
