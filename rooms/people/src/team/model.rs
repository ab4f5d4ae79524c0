//! Members as the admin portal lists and changes them.

use kit::Millis;
use serde::{Deserialize, Serialize};
use tenancy::Role;
use utoipa::ToSchema;

use crate::faults::Faults;
use crate::views::UserView;

/// A member of the tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamUser {
    id: String,
    email: Option<String>,
    name: String,
    phone: Option<String>,
    username: Option<String>,
    profile_image: Option<String>,
    profile_image_url: Option<String>,
    tenant_id: String,
    vendor_id: String,
    role_ids: Vec<String>,
    roles: Vec<Role>,
    activated_for_tenant: bool,
    #[schema(value_type = String)]
    created_at: Millis,
    #[schema(value_type = Option<String>)]
    last_login: Option<Millis>,
    mfa_enabled: bool,
    verified: bool,
    managed_by: String,
    #[schema(value_type = Option<String>)]
    temporary_expiration_date: Option<Millis>,
    is_disabled: bool,
}

impl TeamUser {
    /// The user as members of the tenant see it.
    pub(super) fn of(user: UserView, tenant: &str, environment: &str) -> Self {
        let here = user.tenants.iter().find(|one| one.tenant_id == tenant);
        let roles = user.roles.unwrap_or_default();
        Self {
            temporary_expiration_date: here.and_then(|one| one.temporary_expiration_date),
            is_disabled: here.is_some_and(|one| one.is_disabled),
            id: user.id,
            email: user.email,
            name: user.name,
            phone: user.phone_number,
            username: user.username,
            profile_image: user.profile_picture_url.clone(),
            profile_image_url: user.profile_picture_url,
            tenant_id: tenant.to_owned(),
            vendor_id: environment.to_owned(),
            role_ids: roles.iter().map(|role| role.id.clone()).collect(),
            roles,
            activated_for_tenant: user.activated_for_tenant,
            created_at: user.created_at,
            last_login: user.last_login,
            mfa_enabled: user.mfa_enrolled,
            verified: user.verified,
            managed_by: user.managed_by,
        }
    }
}

/// A page of members.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamPage {
    pub(super) items: Vec<TeamUser>,
    #[schema(value_type = f64)]
    pub(super) total_pages: i64,
    #[schema(value_type = f64)]
    pub(super) total_items: i64,
}

/// Changes to a member, who is named by id or by address. Whatever else a client sends along is not changed here.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberBody {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// The roles to hold from now on, all of them.
    #[serde(default)]
    role_ids: Option<Vec<String>>,
}

/// Who is meant.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    Id(String),
    /// As [`kit::email_key`] makes it.
    Email(String),
}

impl MemberBody {
    pub(super) fn checked(self) -> Result<(Whom, Option<Vec<String>>), Vec<String>> {
        let mut faults = Faults::default();
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let whom = match (given(self.id), given(self.email)) {
            (Some(id), _) => Some(Whom::Id(id)),
            (None, Some(email)) => faults.email(Some(&email)).map(Whom::Email),
            (None, None) => {
                faults.say("id should not be empty");
                None
            }
        };
        if let Some(roles) = &self.role_ids {
            faults.role_ids(roles);
        }
        faults.check()?;
        match whom {
            Some(whom) => Ok((whom, self.role_ids)),
            None => Err(vec!["id should not be empty".to_owned()]),
        }
    }
}

/// Figures about the members of the tenant, without those who are invisible.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberStats {
    #[schema(value_type = f64)]
    pub(super) total_items: i64,
    /// Who joined in the last seven days.
    #[schema(value_type = f64)]
    pub(super) added_this_week: i64,
    /// Who holds, not only through a group, a role that the first member of a tenant gets.
    #[schema(value_type = f64)]
    pub(super) super_admins: i64,
}
