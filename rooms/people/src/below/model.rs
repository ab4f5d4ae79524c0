//! What bodies say about people of several tenants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::{Faults, or_empty};
use crate::users::{Creation, InviteBody};
use crate::views::UserView;

/// Most tenants, and most users, in one call.
const MOST: usize = 100;
/// Most tenants in one question.
const MOST_COUNTED: usize = 200;

/// Whether a member's roles also hold in the tenants below.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessBody {
    pub(super) allow_access: bool,
}

/// A person to be added.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct NewPerson {
    #[schema(format = "email")]
    email: String,
    #[serde(default)]
    name: Option<String>,
}

/// A tenant and the roles there.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesInTenant {
    pub(super) tenant_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) role_ids: Vec<String>,
}

/// A tenant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamedTenant {
    tenant_id: String,
}

/// One person for several tenants.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonForTenants {
    user: NewPerson,
    sub_tenants: Vec<RolesInTenant>,
}

/// Several persons for one tenant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonsForTenant {
    users: Vec<NewPerson>,
    tenant_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    role_ids: Vec<String>,
    /// The roles also hold in the tenants below.
    #[serde(default)]
    allow_sub_account_access: Option<bool>,
}

/// Tenants that a person leaves.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonOfTenants {
    user_id: String,
    sub_tenants: Vec<NamedTenant>,
}

/// Roles of one person in several tenants.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RolesInTenants {
    sub_tenants_roles: Vec<RolesInTenant>,
}

/// What the tenants' members are counted for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CountBody {
    tenant_ids: Vec<String>,
    #[serde(default)]
    pub(super) exclude_invisible_users: Option<bool>,
}

/// How many members a tenant has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberCount {
    pub(super) tenant_id: String,
    pub(super) total_users: i64,
    /// How many of them also reach the tenants below.
    pub(super) total_access_allowed_users: i64,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeoplePage {
    pub(super) items: Vec<UserView>,
    pub(super) total_pages: i64,
    pub(super) total_items: i64,
}

/// The tenants of a list: some, not too many, each once.
fn tenants(faults: &mut Faults, field: &str, ids: &[&str], most: usize) {
    if ids.is_empty() {
        faults.say(format!("{field} should not be empty"));
    }
    if ids.len() > most {
        faults.say(format!("{field} must contain no more than {most} elements"));
    }
    if ids.iter().any(|id| id.trim().is_empty()) {
        faults.say("tenantId should not be empty");
    }
    if ids.iter().copied().collect::<BTreeSet<&str>>().len() < ids.len() {
        faults.say(format!("{field} must name each tenant once"));
    }
}

fn in_order(mut all: Vec<RolesInTenant>) -> Vec<RolesInTenant> {
    // Tenants are held in one order, so that calls that meet wait for each other.
    all.sort_by(|a, b| a.tenant_id.cmp(&b.tenant_id));
    all
}

impl NewPerson {
    /// The order to add this person to a tenant.
    fn checked(self, to: RolesInTenant, sub_accounts: bool) -> Result<Creation, Vec<String>> {
        let creation = InviteBody::of(self.email, self.name, to.role_ids).checked()?;
        Ok(Creation {
            tenant_id: Some(to.tenant_id),
            sub_accounts,
            ..creation
        })
    }
}

impl PersonForTenants {
    pub(super) fn checked(self) -> Result<Vec<Creation>, Vec<String>> {
        let mut faults = Faults::default();
        let ids: Vec<&str> = self
            .sub_tenants
            .iter()
            .map(|one| one.tenant_id.as_str())
            .collect();
        tenants(&mut faults, "subTenants", &ids, MOST);
        faults.check()?;
        in_order(self.sub_tenants)
            .into_iter()
            .map(|to| self.user.clone().checked(to, false))
            .collect()
    }
}

impl PersonsForTenant {
    /// Whether the new members are to reach the tenants below.
    pub(super) fn opens(&self) -> bool {
        self.allow_sub_account_access.unwrap_or(false)
    }

    pub(super) fn checked(self) -> Result<Vec<Creation>, Vec<String>> {
        let mut faults = Faults::default();
        if self.users.is_empty() {
            faults.say("users should not be empty");
        }
        if self.users.len() > MOST {
            faults.say(format!("users must contain no more than {MOST} elements"));
        }
        if self.tenant_id.trim().is_empty() {
            faults.say("tenantId should not be empty");
        }
        faults.check()?;
        let reach = self.opens();
        let to = RolesInTenant {
            tenant_id: self.tenant_id,
            role_ids: self.role_ids,
        };
        let mut creations = self
            .users
            .into_iter()
            .map(|user| user.checked(to.clone(), reach))
            .collect::<Result<Vec<_>, _>>()?;
        creations.sort_by(|a, b| a.email.cmp(&b.email));
        Ok(creations)
    }
}

impl PersonOfTenants {
    /// Whom, and from where.
    pub(super) fn checked(self) -> Result<(String, Vec<String>), Vec<String>> {
        let mut faults = Faults::default();
        let ids: Vec<&str> = self
            .sub_tenants
            .iter()
            .map(|one| one.tenant_id.as_str())
            .collect();
        tenants(&mut faults, "subTenants", &ids, MOST);
        if self.user_id.is_empty() {
            faults.say("userId should not be empty");
        }
        faults.check()?;
        let mut ids: Vec<String> = self.sub_tenants.into_iter().map(|one| one.tenant_id).collect();
        ids.sort_unstable();
        Ok((self.user_id, ids))
    }
}

impl RolesInTenants {
    /// Which roles where; none at all only where `empty` says so.
    pub(super) fn checked(self, empty: bool) -> Result<Vec<RolesInTenant>, Vec<String>> {
        let mut faults = Faults::default();
        let named = self.sub_tenants_roles.iter().map(|one| one.tenant_id.as_str());
        tenants(&mut faults, "subTenantsRoles", &named.collect::<Vec<_>>(), MOST);
        for one in &self.sub_tenants_roles {
            faults.role_ids(&one.role_ids);
            if one.role_ids.is_empty() && !empty {
                faults.say("roleIds should not be empty");
            }
        }
        faults.check()?;
        Ok(in_order(self.sub_tenants_roles))
    }
}

impl CountBody {
    pub(super) fn checked(self) -> Result<Vec<String>, Vec<String>> {
        let mut faults = Faults::default();
        let mut ids = self.tenant_ids;
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let named: Vec<&str> = ids.iter().map(String::as_str).collect();
        tenants(&mut faults, "tenantIds", &named, MOST_COUNTED);
        faults.check()?;
        Ok(ids)
    }
}
