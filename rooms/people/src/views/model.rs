//! The user object of the API. Members that one route does not send are left out of it.

use kit::Millis;
use serde::Serialize;
use tenancy::{Permission, Role};
use utoipa::ToSchema;

use crate::groups::GroupBrief;

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    pub(crate) id: String,
    /// Lower-cased; null for a user known by a username only.
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    pub(crate) name: String,
    /// Null without a picture, but `""` in the user's own profile: mobile clients refuse a null there.
    pub(crate) profile_picture_url: Option<String>,
    /// The same as the id.
    pub(crate) sub: String,
    pub(crate) verified: bool,
    pub(crate) mfa_enrolled: bool,
    pub(crate) mfa_bypass: bool,
    pub(crate) phone_number: Option<String>,
    /// Roles in the tenant in force: in the user's own profile those of groups too, elsewhere those that the user holds without
    /// a group, as they are given and taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<Vec<Role>>,
    /// What the roles permit, those of groups included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Vec<Permission>>,
    /// How the user came: `local`, `saml`, `google` …
    pub(crate) provider: String,
    /// The tenant in force.
    pub(crate) tenant_id: String,
    pub(crate) tenant_ids: Vec<String>,
    /// Whether the membership in the tenant in force is confirmed.
    pub(crate) activated_for_tenant: bool,
    pub(crate) is_locked: bool,
    pub(crate) tenants: Vec<TenantView>,
    pub(crate) invisible: bool,
    pub(crate) super_user: bool,
    /// JSON text.
    pub(crate) metadata: String,
    /// JSON text; always null where a user asks.
    pub(crate) vendor_metadata: Option<String>,
    pub(crate) external_id: Option<String>,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    /// Null before the first login.
    #[schema(value_type = Option<String>)]
    pub(crate) last_login: Option<Millis>,
    /// Groups in the tenant in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) groups: Option<Vec<GroupBrief>>,
    pub(crate) sub_account_access_allowed: bool,
    /// `frontegg`, `scim2` or `external`.
    pub(crate) managed_by: String,
    /// When temporary access to the tenant in force ends; only in the answer to an invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) temporary_expiration_date: Option<Millis>,
}

/// One of a user's tenants.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    pub(crate) tenant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<Vec<Role>>,
    /// When temporary access ends; null where it does not.
    #[schema(value_type = Option<String>)]
    pub(crate) temporary_expiration_date: Option<Millis>,
    pub(crate) is_disabled: bool,
}
