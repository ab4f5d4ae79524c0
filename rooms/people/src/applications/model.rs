//! Wire shapes of members and their applications.

use kit::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Members and the application they are given or lose.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsersOfApp {
    pub(super) app_id: String,
    /// The tenant whose members they are.
    pub(super) tenant_id: String,
    pub(super) user_ids: Vec<String>,
}

/// A member and the applications they are given or lose.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppsOfUser {
    pub(super) user_id: String,
    /// The tenant whose member it is.
    pub(super) tenant_id: String,
    pub(super) app_ids: Vec<String>,
}

/// A member that has an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Given {
    pub(super) app_id: String,
    /// Names the membership: always the same for one user in one tenant.
    pub(super) user_tenant_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Millis,
}

/// The applications of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserApps {
    pub(super) user_id: String,
    pub(super) app_ids: Vec<String>,
}

/// The users of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppUsers {
    pub(super) app_id: String,
    pub(super) user_ids: Vec<String>,
}

/// The tenants that a user works in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveTenants {
    pub(super) application_active_tenants: Vec<ActiveTenant>,
}

/// The tenant that a user works in when using an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveTenant {
    pub(super) tenant_id: String,
    pub(super) application_id: String,
}

/// Which tenants are to be worked in from the next token on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SwitchActiveTenants {
    pub(super) active_application_tenants: Vec<ActiveTenant>,
}
