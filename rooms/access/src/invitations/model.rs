//! Links as stored and as sent, and what bodies say about them.

use kit::{Millis, Patch, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most minutes until a link ends: ten years.
const MOST_MINUTES: i64 = 5_256_000;
/// Most roles of a link.
const MOST_ROLES: usize = 100;
/// Most characters of an id.
const ID_LENGTH: usize = 255;

/// A link as stored.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) tenant: String,
    /// The member whose link it is; `None` for a general one.
    pub(super) owner: Option<String>,
    /// When that member's membership began.
    pub(super) owner_since: Millis,
    pub(super) sealed_token: String,
    /// The tenant's default roles where it is empty.
    pub(super) role_ids: Vec<String>,
    /// Whether the owner hears when it is used.
    pub(super) should_send_email: bool,
    pub(super) expires_at: Option<Millis>,
    pub(super) created_at: Millis,
}

impl Link {
    /// Without token: as audit records keep it.
    pub(super) fn for_audit(&self) -> serde_json::Value {
        serde_json::json!({
            "userId": self.owner,
            "roleIds": self.role_ids,
            "shouldSendEmail": self.should_send_email,
            "expires": self.expires_at.map(Millis::iso),
        })
    }
}

/// An invitation link.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteToken {
    pub(super) id: String,
    /// The environment.
    pub(super) vendor_id: String,
    pub(super) tenant_id: String,
    /// The member whose link it is; left out for a general one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<String>,
    /// What sign-in and sign-up take as `invitationToken`.
    pub(super) token: String,
    /// Null for a link that does not end by itself.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(super) expires: Option<Millis>,
    /// Whether the member hears when somebody joins by it.
    pub(super) should_send_email: bool,
    /// Name of the tenant.
    pub(super) name: String,
    /// What those who join get; the tenant's default roles where it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role_ids: Option<Vec<String>>,
}

/// Whether people may be invited here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvitationConfiguration {
    /// Whether users may invite others, and links are good.
    pub(super) tenant_invitations_allowed: bool,
    /// Whether there is a way to send mail.
    pub(super) emails_enabled: bool,
}

/// A link of the caller's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnInviteBody {
    /// Null or absent for a link that does not end by itself.
    #[schema(value_type = Option<f64>, minimum = 1)]
    #[serde(default)]
    expires_in_minutes: Option<i64>,
    /// Whether the caller hears when somebody joins by it.
    #[serde(default)]
    should_send_email: Option<bool>,
}

/// A link of the caller's own, with roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnInviteWithRolesBody {
    #[schema(value_type = Option<f64>, minimum = 1)]
    #[serde(default)]
    expires_in_minutes: Option<i64>,
    #[serde(default)]
    should_send_email: Option<bool>,
    /// Roles of the environment or the tenant, none of them stronger than the caller's.
    role_ids: Vec<String>,
}

/// A link as the environment makes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteTokenBody {
    tenant_id: String,
    /// The member whose link it is to be; a general one when absent.
    #[serde(default)]
    user_id: Option<String>,
    #[schema(value_type = Option<f64>, minimum = 1)]
    #[serde(default)]
    expires_in_minutes: Option<i64>,
    /// Whether that member hears when somebody joins by it.
    #[serde(default)]
    should_send_email: Option<bool>,
    #[serde(default)]
    role_ids: Option<Vec<String>>,
}

/// Changes to a link: members left out stay.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteChangesBody {
    /// From now on; null for a link that does not end by itself.
    #[schema(value_type = Option<f64>, minimum = 1)]
    #[serde(default)]
    expires_in_minutes: Patch<i64>,
    #[serde(default)]
    should_send_email: Option<bool>,
}

/// A token to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct VerifyInviteBody {
    #[schema(value_type = String)]
    pub(super) token: Secret,
}

/// A checked order to make a link.
#[derive(Clone, Debug)]
pub(super) struct NewLink {
    pub(super) owner: Option<String>,
    pub(super) minutes: Option<i64>,
    pub(super) should_send_email: bool,
    pub(super) role_ids: Vec<String>,
}

/// Checked changes.
#[derive(Clone, Debug)]
pub(super) struct LinkChanges {
    pub(super) minutes: Patch<i64>,
    pub(super) should_send_email: Option<bool>,
}

fn check_minutes(faults: &mut Vec<String>, minutes: Option<i64>) {
    match minutes {
        Some(minutes) if minutes < 1 => {
            faults.push("expiresInMinutes must not be less than 1".to_owned());
        }
        Some(minutes) if minutes > MOST_MINUTES => {
            faults.push(format!(
                "expiresInMinutes must not be greater than {MOST_MINUTES}"
            ));
        }
        _ => {}
    }
}

impl NewLink {
    fn checked(
        owner: Option<String>,
        minutes: Option<i64>,
        should_send_email: Option<bool>,
        mut role_ids: Vec<String>,
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        check_minutes(&mut faults, minutes);
        role_ids.sort_unstable();
        role_ids.dedup();
        if role_ids.len() > MOST_ROLES {
            faults.push(format!("roleIds must contain no more than {MOST_ROLES} elements"));
        }
        if role_ids.iter().any(|id| id.is_empty() || id.len() > ID_LENGTH) {
            faults.push("each value in roleIds must be the id of a role".to_owned());
        }
        if faults.is_empty() {
            Ok(Self {
                owner,
                minutes,
                should_send_email: should_send_email.unwrap_or(false),
                role_ids,
            })
        } else {
            Err(faults)
        }
    }
}

impl OwnInviteBody {
    pub(super) fn checked(self, owner: String) -> Result<NewLink, Vec<String>> {
        NewLink::checked(
            Some(owner),
            self.expires_in_minutes,
            self.should_send_email,
            Vec::new(),
        )
    }
}

impl OwnInviteWithRolesBody {
    pub(super) fn checked(self, owner: String) -> Result<NewLink, Vec<String>> {
        NewLink::checked(
            Some(owner),
            self.expires_in_minutes,
            self.should_send_email,
            self.role_ids,
        )
    }
}

impl InviteTokenBody {
    /// The tenant and the order.
    pub(super) fn checked(self) -> Result<(String, NewLink), Vec<String>> {
        if self.tenant_id.trim().is_empty() {
            return Err(vec!["tenantId should not be empty".to_owned()]);
        }
        let owner = self.user_id.filter(|id| !id.trim().is_empty());
        let link = NewLink::checked(
            owner,
            self.expires_in_minutes,
            self.should_send_email,
            self.role_ids.unwrap_or_default(),
        )?;
        Ok((self.tenant_id, link))
    }
}

impl InviteChangesBody {
    pub(super) fn checked(self) -> Result<LinkChanges, Vec<String>> {
        let mut faults = Vec::new();
        check_minutes(&mut faults, self.expires_in_minutes.given().copied());
        if faults.is_empty() {
            Ok(LinkChanges {
                minutes: self.expires_in_minutes,
                should_send_email: self.should_send_email,
            })
        } else {
            Err(faults)
        }
    }
}
