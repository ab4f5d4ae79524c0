//! What a list may be asked for.

use blocks::listing::Order;
use kit::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

/// What a list is sorted by; users that agree in it follow their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    CreatedAt,
    Name,
    Email,
    Id,
    Verified,
    IsLocked,
    Provider,
    TenantId,
    /// Only as the natural order of a search by it.
    Username,
    /// Only as the natural order of a search by it.
    Phone,
}

/// What a prefix is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Email,
    Name,
    Username,
    Phone,
}

impl Field {
    /// The sort that walks the index of this field.
    pub(super) const fn sort(self) -> Sort {
        match self {
            Self::Email => Sort::Email,
            Self::Name => Sort::Name,
            Self::Username => Sort::Username,
            Self::Phone => Sort::Phone,
        }
    }
}

/// One list as asked for.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// Only members of this tenant.
    pub(super) tenant: Option<TenantId>,
    /// Each must hold. Prefixes are in the form the fields are stored in.
    pub(super) prefixes: Vec<(Field, String)>,
    /// Text that the name or the address contains, lower-cased.
    pub(super) contains: Option<String>,
    /// Only these users.
    pub(super) ids: Option<Vec<String>>,
    /// Only users with these ids of another system.
    pub(super) external_ids: Option<Vec<String>>,
    /// Leave out users who are invisible.
    pub(super) visible_only: bool,
    pub(super) sort: Option<Sort>,
    pub(super) order: Order,
    /// How many users come before the page.
    pub(super) skip: i64,
    pub(super) limit: i64,
}

/// A page and the size of the whole.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) items: Vec<T>,
    pub(super) total: i64,
}

/// The roles of one member.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesOfUser {
    pub(super) user_id: String,
    pub(super) tenant_id: String,
    pub(super) vendor_id: String,
    pub(super) role_ids: Vec<String>,
}

/// The groups of one member.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupsOfUser {
    pub(super) user_id: String,
    pub(super) group_ids: Vec<String>,
}
