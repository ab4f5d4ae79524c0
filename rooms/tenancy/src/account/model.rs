//! The settings of an account, and changes to them.

use kit::{Millis, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::tenants::{Tenant, TenantChanges};

/// The details of a tenant that its people may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountSettings {
    id: String,
    vendor_id: String,
    tenant_id: String,
    name: String,
    /// The same as `name`.
    company_name: String,
    alias: Option<String>,
    address: Option<String>,
    website: Option<String>,
    timezone: Option<String>,
    date_format: Option<String>,
    time_format: Option<String>,
    currency: Option<String>,
    /// An image in base64.
    logo: Option<String>,
    logo_url: Option<String>,
    application_url: Option<String>,
    is_reseller: bool,
    #[schema(value_type = String)]
    created_at: Millis,
    #[schema(value_type = String)]
    updated_at: Millis,
}

impl From<Tenant> for AccountSettings {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            vendor_id: tenant.vendor_id,
            tenant_id: tenant.tenant_id,
            company_name: tenant.name.clone(),
            name: tenant.name,
            alias: tenant.alias,
            address: tenant.address,
            website: tenant.website,
            timezone: tenant.timezone,
            date_format: tenant.date_format,
            time_format: tenant.time_format,
            currency: tenant.currency,
            logo: tenant.logo,
            logo_url: tenant.logo_url,
            application_url: tenant.application_url,
            is_reseller: tenant.is_reseller,
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
        }
    }
}

/// What anybody may see of a tenant, as a login page shows it before anyone has signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicSettings {
    tenant_id: String,
    name: String,
    alias: Option<String>,
    website: Option<String>,
    /// An image in base64.
    logo: Option<String>,
    logo_url: Option<String>,
    application_url: Option<String>,
}

impl From<Tenant> for PublicSettings {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.tenant_id,
            name: tenant.name,
            alias: tenant.alias,
            website: tenant.website,
            logo: tenant.logo,
            logo_url: tenant.logo_url,
            application_url: tenant.application_url,
        }
    }
}

/// Changes to the settings of an account: members left out stay, null clears. Unknown members are ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountChanges {
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    name: Patch<String>,
    /// The same as `name`, which counts where both are there.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    company_name: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    address: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    website: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    timezone: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    date_format: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    time_format: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    currency: Patch<String>,
    /// An image in base64, at most 1 MiB.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    logo: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    logo_url: Patch<String>,
}

impl AccountChanges {
    pub(super) fn into_changes(self) -> TenantChanges {
        TenantChanges {
            name: if matches!(self.name, Patch::Absent) {
                self.company_name
            } else {
                self.name
            },
            address: self.address,
            website: self.website,
            timezone: self.timezone,
            date_format: self.date_format,
            time_format: self.time_format,
            currency: self.currency,
            logo: self.logo,
            logo_url: self.logo_url,
            ..TenantChanges::default()
        }
    }
}
