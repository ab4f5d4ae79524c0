//! Bodies and answers about the tenants of users.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::records::MembershipStatus;

/// The tenant a user is to work in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveTenantBody {
    /// Made when there is no such tenant.
    pub(super) tenant_id: String,
    /// True refuses a tenant that does not exist instead of making it.
    #[serde(default)]
    pub(super) validate_tenant_exist: Option<bool>,
}

/// The tenant a user is to belong to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewTenantBody {
    /// True refuses a tenant that does not exist instead of making it.
    #[serde(default)]
    validate_tenant_exist: Option<bool>,
    /// Made when there is no such tenant.
    tenant_id: String,
    /// True adds the user in silence.
    #[serde(default)]
    skip_invite_email: Option<bool>,
}

/// Which tenant, and how.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tenant: String,
    /// It must be there already.
    pub(super) existing: bool,
    /// No mail is to be sent.
    pub(super) silent: bool,
}

impl ActiveTenantBody {
    pub(super) fn checked(self) -> Result<Entry, Vec<String>> {
        Entry::of(self.tenant_id, self.validate_tenant_exist, true)
    }
}

impl NewTenantBody {
    pub(super) fn checked(self) -> Result<Entry, Vec<String>> {
        Entry::of(
            self.tenant_id,
            self.validate_tenant_exist,
            self.skip_invite_email.unwrap_or(false),
        )
    }
}

impl Entry {
    fn of(tenant: String, existing: Option<bool>, silent: bool) -> Result<Self, Vec<String>> {
        if tenant.trim().is_empty() {
            return Err(vec!["tenantId should not be empty".to_owned()]);
        }
        Ok(Self {
            tenant,
            existing: existing.unwrap_or(false),
            silent,
        })
    }
}

/// From where to where everybody moves.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoveBody {
    pub(super) src_tenant_id: String,
    pub(super) target_tenant_id: String,
}

impl MoveBody {
    pub(super) fn checked(self) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        for (name, value) in [
            ("srcTenantId", &self.src_tenant_id),
            ("targetTenantId", &self.target_tenant_id),
        ] {
            if value.trim().is_empty() {
                faults.push(format!("{name} should not be empty"));
            }
        }
        if faults.is_empty() && self.src_tenant_id == self.target_tenant_id {
            faults.push("srcTenantId and targetTenantId must be different".to_owned());
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

/// Where a user stands in each tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusesOfUser {
    pub(super) user_id: String,
    pub(super) tenants_statuses: Vec<StatusInTenant>,
}

/// Where a user stands in one tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusInTenant {
    pub(super) tenant_id: String,
    pub(super) status: MembershipStatus,
}

/// A status by its name in a query.
pub(super) fn status(name: &str) -> Option<MembershipStatus> {
    use MembershipStatus::{Activated, NotActivated, PendingInvitation, PendingLogin};
    [PendingInvitation, PendingLogin, Activated, NotActivated]
        .into_iter()
        .find(|status| status.as_str() == name)
}
