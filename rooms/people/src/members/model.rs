//! What is said about the roles of a member.

use kit::Millis;
use serde::{Deserialize, Serialize};
use tenancy::Role;
use utoipa::ToSchema;

use crate::faults::Faults;

/// Roles to give or to take.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolesBody {
    role_ids: Vec<String>,
}

impl RolesBody {
    pub(crate) fn checked(self) -> Result<Vec<String>, Vec<String>> {
        let mut faults = Faults::default();
        faults.role_ids(&self.role_ids);
        if self.role_ids.is_empty() {
            faults.say("roleIds should not be empty");
        }
        faults.check()?;
        Ok(self.role_ids)
    }
}

/// All the roles of a member after a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberRoles {
    pub(crate) tenant_id: String,
    pub(crate) user_id: String,
    pub(crate) roles: Vec<RoleView>,
}

/// A role as this answer shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleView {
    id: String,
    pub(crate) key: String,
    name: String,
    description: String,
    is_default: bool,
    #[schema(value_type = f64)]
    level: i64,
    #[schema(value_type = String)]
    created_at: Millis,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            key: role.key,
            name: role.name,
            description: role.description,
            is_default: role.is_default,
            level: role.level,
            created_at: role.created_at,
        }
    }
}
