//! A user's own tenants as clients list them.

use kit::Millis;
use serde::{Deserialize, Serialize};
use tenancy::Tenant;
use utoipa::ToSchema;

/// A tenant the user may work in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnTenant {
    #[serde(flatten)]
    pub(super) tenant: Tenant,
    /// The user is kept out of it for now.
    pub(super) is_disabled: bool,
    /// When temporary access ended. Null while there is access: clients do not let users choose an entry with a date.
    #[schema(value_type = Option<String>)]
    pub(super) temporary_expiration_date: Option<Millis>,
}

/// The tenants and the one in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnTenants {
    pub(super) tenants: Vec<OwnTenant>,
    pub(super) active_tenant: Option<OwnTenant>,
}

/// The body of `PUT users/v1/tenant`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SwitchBody {
    pub(super) tenant_id: String,
}
