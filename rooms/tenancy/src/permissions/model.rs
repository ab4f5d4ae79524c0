//! Permissions and categories as stored and as sent, and what bodies may say about them.

use kit::{Millis, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::Faults;

/// What tenants may do with a permission when they build roles of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AssignmentType {
    /// Tenants neither see nor give it.
    Never,
    /// It is in every role a tenant makes.
    Always,
    /// Tenants choose.
    #[default]
    Assignable,
}

impl AssignmentType {
    /// The word on the wire and in storage.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "NEVER",
            Self::Always => "ALWAYS",
            Self::Assignable => "ASSIGNABLE",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "NEVER" => Self::Never,
            "ALWAYS" => Self::Always,
            _ => Self::Assignable,
        }
    }
}

/// A permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    pub id: String,
    /// What tokens carry; unique in the environment.
    pub key: String,
    pub name: String,
    pub description: String,
    #[schema(value_type = String)]
    pub created_at: Millis,
    #[schema(value_type = String)]
    pub updated_at: Millis,
    /// The roles that hold it: the environment's and, where the call names a tenant, that tenant's.
    pub role_ids: Vec<String>,
    pub category_id: Option<String>,
    /// Whether it came with the environment; such permissions cannot be changed.
    pub fe_permission: bool,
    pub assignment_type: AssignmentType,
}

/// A permission to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPermission {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) category_id: Option<String>,
    /// ASSIGNABLE when absent.
    pub(crate) assignment_type: Option<AssignmentType>,
}

impl NewPermission {
    pub(super) fn faults(&self, faults: &mut Faults) {
        faults.filled("key", &self.key);
        faults.filled("name", &self.name);
        faults.within("key", Some(&self.key), 255);
        faults.within("name", Some(&self.name), 255);
        faults.within("description", self.description.as_deref(), 2000);
    }
}

/// Changes to a permission: members left out stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionChanges {
    pub(crate) key: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// Null takes it out of its category.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) category_id: Patch<String>,
}

impl PermissionChanges {
    /// The permission with these changes, or what is wrong with them.
    pub(super) fn apply(&self, old: &Permission, now: Millis) -> Result<Permission, Vec<String>> {
        let mut faults = Faults::default();
        for (field, text) in [("key", &self.key), ("name", &self.name)] {
            if let Some(text) = text {
                faults.filled(field, text);
                faults.within(field, Some(text), 255);
            }
        }
        faults.within("description", self.description.as_deref(), 2000);
        faults.check()?;
        Ok(Permission {
            key: self.key.clone().unwrap_or_else(|| old.key.clone()),
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            description: self
                .description
                .clone()
                .unwrap_or_else(|| old.description.clone()),
            category_id: self
                .category_id
                .clone()
                .over(old.category_id.clone())
                .filter(|id| !id.is_empty()),
            updated_at: now,
            ..old.clone()
        })
    }
}

/// The body of `PUT …/roles`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionRoles {
    /// Ids of roles that shall hold the permission too.
    pub(crate) role_ids: Vec<String>,
}

/// The body of `PUT …/classification`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Classification {
    /// Ids of the permissions meant.
    pub(crate) permission_ids: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) assignment_type: AssignmentType,
}

/// A category of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Category {
    pub(crate) id: String,
    /// Unique in the environment.
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    /// Whether it came with the environment.
    pub(crate) fe_category: bool,
}

/// A category to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct NewCategory {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Chosen id; generated when absent or empty.
    pub(crate) id: Option<String>,
}

/// Changes to a category: members left out stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CategoryChanges {
    pub(crate) name: Option<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) description: Patch<String>,
}

impl CategoryChanges {
    /// The category with these changes, or what is wrong with them.
    pub(super) fn apply(&self, old: &Category) -> Result<Category, Vec<String>> {
        let new = Category {
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            description: self.description.clone().over(old.description.clone()),
            ..old.clone()
        };
        let mut faults = Faults::default();
        new.faults(&mut faults);
        faults.check()?;
        Ok(new)
    }
}

impl Category {
    pub(super) fn faults(&self, faults: &mut Faults) {
        faults.filled("name", &self.name);
        faults.within("name", Some(&self.name), 255);
        faults.within("description", self.description.as_deref(), 2000);
        faults.within("id", Some(&self.id), 255);
    }
}
