//! How far the members of a tenant reach.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the roles of a tenant's members also hold in the tenants below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubAccountAccess {
    /// Not for new members; may be changed for each.
    #[default]
    DefaultOff,
    /// For new members; may be changed for each.
    DefaultOn,
    /// For every member, without exception.
    AlwaysOn,
}

impl SubAccountAccess {
    /// The name it is stored and sent under.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DefaultOff => "defaultOff",
            Self::DefaultOn => "defaultOn",
            Self::AlwaysOn => "alwaysOn",
        }
    }

    pub(crate) fn from_stored(text: &str) -> Self {
        match text {
            "defaultOn" => Self::DefaultOn,
            "alwaysOn" => Self::AlwaysOn,
            _ => Self::DefaultOff,
        }
    }

    /// Whether a new member gets it.
    #[must_use]
    pub const fn by_default(self) -> bool {
        !matches!(self, Self::DefaultOff)
    }
}
