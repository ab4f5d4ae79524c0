//! Users and memberships as stored, and what other rooms see of them.

use kit::{Millis, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Begins the stored key of a user without an e-mail address. No address does, and it sorts before all of them.
const NO_EMAIL: char = '\u{1}';

/// A user, global in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    pub id: UserId,
    /// Lower-cased and trimmed; `None` for users known by a username only.
    pub email: Option<String>,
    /// As given; unique without regard to case.
    pub username: Option<String>,
    pub name: String,
    pub phone_number: Option<String>,
    pub verified: bool,
    pub is_locked: bool,
    /// `local`, `saml`, `google` …
    pub provider: String,
    /// `frontegg`, `scim2` or `external`.
    pub managed_by: String,
    /// Hidden from the tenant's own lists.
    pub invisible: bool,
    pub super_user: bool,
    pub mfa_enrolled: bool,
    pub mfa_bypass: bool,
    /// JSON text.
    pub metadata: String,
    /// JSON text, for environment callers only.
    pub vendor_metadata: Option<String>,
    pub profile_picture_url: Option<String>,
    pub external_id: Option<String>,
    /// The tenant the user last worked in; `''` when that is none any more.
    pub active_tenant: String,
    /// Sessions and tokens from before this moment do not count.
    pub valid_after: Millis,
    pub last_login: Option<Millis>,
    pub created_at: Millis,
}

impl UserRecord {
    /// A user who begins now, of whom nothing else is known.
    pub(crate) fn new(id: UserId, name: &str, tenant: &str, now: Millis) -> Self {
        Self {
            id,
            email: None,
            username: None,
            name: name.to_owned(),
            phone_number: None,
            verified: false,
            is_locked: false,
            provider: "local".to_owned(),
            managed_by: "frontegg".to_owned(),
            invisible: false,
            super_user: false,
            mfa_enrolled: false,
            mfa_bypass: false,
            metadata: "{}".to_owned(),
            vendor_metadata: None,
            profile_picture_url: None,
            external_id: None,
            active_tenant: tenant.to_owned(),
            valid_after: Millis(0),
            last_login: None,
            created_at: now,
        }
    }

    /// What the e-mail column holds.
    pub(crate) fn email_key(&self) -> String {
        self.email
            .clone()
            .unwrap_or_else(|| format!("{NO_EMAIL}{}", self.id))
    }

    /// The address that an e-mail column holds.
    pub(crate) fn email_of(key: String) -> Option<String> {
        (!key.starts_with(NO_EMAIL)).then_some(key)
    }

    /// What the username is compared by; `''` without one.
    pub(crate) fn username_key(&self) -> String {
        self.username.as_deref().map_or_else(String::new, kit::search_key)
    }

    /// What the name is searched and sorted by.
    pub(crate) fn name_key(&self) -> String {
        kit::search_key(&self.name)
    }

    /// The user's class in lists sorted by a flag or the provider.
    pub(crate) fn class(&self) -> String {
        class_of(self.verified, self.is_locked, &self.provider)
    }
}

/// Users that agree in all three are neighbours in one index, which so serves three sorts.
pub(crate) fn class_of(verified: bool, locked: bool, provider: &str) -> String {
    format!("{}{}{provider}", u8::from(verified), u8::from(locked))
}

/// Where a user stands in one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum MembershipStatus {
    /// A known user was invited and has not accepted.
    PendingInvitation,
    /// Added without a mail, has not logged in yet.
    PendingLogin,
    Activated,
    /// New here: the activation mail waits for an answer.
    NotActivated,
}

impl MembershipStatus {
    /// The name it is stored and sent under.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingInvitation => "PendingInvitation",
            Self::PendingLogin => "PendingLogin",
            Self::Activated => "Activated",
            Self::NotActivated => "NotActivated",
        }
    }

    pub(crate) fn from_stored(text: &str) -> Self {
        match text {
            "PendingInvitation" => Self::PendingInvitation,
            "PendingLogin" => Self::PendingLogin,
            "Activated" => Self::Activated,
            _ => Self::NotActivated,
        }
    }

    /// Whether the tenant is offered for switching: confirmed, or added in silence so that there is nothing to confirm.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Activated | Self::PendingLogin)
    }
}

/// A user in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub tenant_id: String,
    pub role_ids: Vec<String>,
    pub status: MembershipStatus,
    pub is_disabled: bool,
    /// When temporary access ends.
    pub expires_at: Option<Millis>,
    /// Sessions in this tenant from before this moment do not count.
    pub valid_after: Millis,
    /// Whether the roles also hold in every tenant below.
    pub sub_accounts: bool,
    pub created_at: Millis,
}

impl Membership {
    /// Whether it counts where access comes from above as well: an invitation that nobody has accepted takes none away.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.status != MembershipStatus::PendingInvitation || self.is_disabled
    }

    /// Whether somebody has added the user, whose account had begun already.
    #[must_use]
    pub fn came_later(&self, user: &UserRecord) -> bool {
        self.created_at > user.created_at
    }

    /// Whether it is only for who proves the address that it was made for: the user was added and has not been in.
    #[must_use]
    pub fn waits_for_proof(&self, user: &UserRecord) -> bool {
        self.came_later(user) && self.status != MembershipStatus::Activated
    }

    /// When sessions from before were last ended here; `None` where the membership has only begun.
    #[must_use]
    pub fn ended_sessions(&self) -> Option<Millis> {
        (self.valid_after >= self.created_at).then_some(self.valid_after)
    }

    /// A membership that begins now, without an end. Tokens from an earlier one, which are told apart by whole seconds,
    /// do not count in it.
    pub(crate) fn new(
        tenant: &str,
        role_ids: Vec<String>,
        status: MembershipStatus,
        sub_accounts: bool,
        now: Millis,
    ) -> Self {
        Self {
            tenant_id: tenant.to_owned(),
            role_ids,
            status,
            is_disabled: false,
            expires_at: None,
            valid_after: before(now),
            sub_accounts,
            created_at: now,
        }
    }

    /// Whether temporary access has ended.
    #[must_use]
    pub fn is_expired(&self, now: Millis) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the user may work in the tenant: neither disabled nor expired. The status is a question of its own.
    #[must_use]
    pub fn is_usable(&self, now: Millis) -> bool {
        !self.is_disabled && !self.is_expired(now)
    }
}

/// The last moment of the second before.
pub(crate) fn before(now: Millis) -> Millis {
    Millis((now.seconds() * 1000 - 1).max(0))
}

/// What the gate asks about a user in a tenant on every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateView {
    pub user_valid_after: Millis,
    pub membership_valid_after: Millis,
    pub is_locked: bool,
    pub is_disabled: bool,
    pub expires_at: Option<Millis>,
    pub name: String,
    pub email: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_access_ends_at_its_moment() {
        let mut membership = Membership {
            tenant_id: "t".to_owned(),
            role_ids: vec![],
            status: MembershipStatus::Activated,
            is_disabled: false,
            expires_at: Some(Millis(10)),
            valid_after: Millis(0),
            sub_accounts: false,
            created_at: Millis(0),
        };
        assert!(membership.is_usable(Millis(9)) && !membership.is_usable(Millis(10)));
        membership.expires_at = None;
        membership.is_disabled = true;
        assert!(!membership.is_usable(Millis(9)));
    }

    #[test]
    fn statuses_read_back_as_written() {
        use MembershipStatus::{Activated, NotActivated, PendingInvitation, PendingLogin};
        for status in [PendingInvitation, PendingLogin, Activated, NotActivated] {
            assert_eq!(MembershipStatus::from_stored(status.as_str()), status);
        }
    }
}
