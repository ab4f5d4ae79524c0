//! A user's own tenants as clients list them.

use kit::Millis;
use serde::{Deserialize, Serialize};
use tenancy::{SubAccountAccess, Tenant};
use utoipa::ToSchema;

use crate::records::Membership;

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

/// One of the user's tenants with its place in a hierarchy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlacedTenant {
    tenant_id: String,
    name: String,
    /// Null at the top.
    parent_tenant_id: Option<String>,
    is_reseller: bool,
    sub_account_access_type: SubAccountAccess,
    /// Whether the user's roles also hold in the tenants below.
    sub_account_access_allowed: bool,
    metadata: Offspring,
    /// The user is kept out of it for now.
    is_disabled: bool,
    #[schema(value_type = String)]
    created_at: Millis,
}

/// Whether there are tenants below.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offspring {
    is_parent: bool,
}

impl PlacedTenant {
    pub(super) fn new(tenant: Tenant, membership: &Membership, is_parent: bool) -> Self {
        Self {
            tenant_id: tenant.tenant_id,
            name: tenant.name,
            parent_tenant_id: tenant.parent_tenant_id,
            is_reseller: tenant.is_reseller,
            sub_account_access_type: tenant.sub_account_access,
            sub_account_access_allowed: membership.sub_accounts,
            metadata: Offspring { is_parent },
            is_disabled: membership.is_disabled,
            created_at: tenant.created_at,
        }
    }
}

/// The body of `PUT users/v1/tenant`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SwitchBody {
    pub(super) tenant_id: String,
}
