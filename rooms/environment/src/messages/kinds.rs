//! The kinds of message there are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Each word is a `tt`, as a `literal` reaches derives wrapped up, and the one of the document would not see it and list the
/// variants' names.
macro_rules! kinds {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:tt,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every kind, in the order lists show them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name on the wire and in the database.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The kind of this name.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.word() == word)
            }
        }
    };
}

kinds! {
    /// A mail and its template.
    MailTemplate {
        /// Somebody asked to choose a new password.
        ResetPassword = "ResetPassword",
        /// A new user sets up the account through a link.
        ActivateUser = "ActivateUser",
        /// A user was added to a tenant.
        InviteToTenant = "InviteToTenant",
        /// The password is in a published breach.
        PwnedPassword = "PwnedPassword",
        /// Sign-in through a link.
        MagicLink = "MagicLink",
        /// Sign-in with a code.
        Otc = "OTC",
        /// A sign-in from a device that was not seen before.
        ConnectNewDevice = "ConnectNewDevice",
        /// Somebody joined through the receiver's invitation link.
        UserUsedInvitation = "UserUsedInvitation",
        /// A code to set a new phone number.
        ResetPhoneNumber = "ResetPhoneNumber",
        /// A user was added to several tenants at once.
        BulkInvitesToTenant = "BulkInvitesToTenant",
        /// Multi-factor authentication was switched on.
        MfaEnroll = "MFAEnroll",
        /// Multi-factor authentication was switched off.
        MfaUnenroll = "MFAUnenroll",
        /// A second factor was added.
        NewMfaMethod = "NewMFAMethod",
        /// A recovery code was used.
        MfaRecoveryCode = "MFARecoveryCode",
        /// A second factor was removed.
        RemoveMfaMethod = "RemoveMFAMethod",
        /// An address is verified without setting up a password.
        EmailVerification = "EmailVerification",
        /// The account was locked after failed sign-ins.
        BruteForceProtection = "BruteForceProtection",
        /// Sign-ins from an address known for abuse.
        SuspiciousIp = "SuspiciousIP",
        /// A code as second factor.
        MfaOtc = "MFAOTC",
        /// Sign-ins from places too far apart.
        ImpossibleTravel = "ImpossibleTravel",
        /// Sign-ins that look automated.
        BotDetection = "BotDetection",
        /// Text messages became a second factor.
        SmsAuthenticationEnabled = "SmsAuthenticationEnabled",
        /// A link that unlocks the account.
        UnlockUser = "UnlockUser",
        /// The account was unlocked.
        UnlockUserSuccess = "UnlockUserSuccess",
        /// A new user sets up the account with a code.
        ActivateUserWithCode = "ActivateUserWithCode",
        /// A user was added to a tenant, with a code.
        InviteToTenantWithCode = "InviteToTenantWithCode",
        /// A code or link for an address that was added.
        VerifyNewEmail = "VerifyNewEmail",
        /// The primary address was changed; goes to the old one.
        EmailAddressChanged = "EmailAddressChanged",
        /// Somebody waits for the receiver's approval.
        ApprovalFlowApprove = "ApprovalFlowApprove",
    }
}

kinds! {
    /// A text message and its template.
    SmsTemplate {
        /// Sign-in with a code.
        Otc = "OTC",
        /// A code as second factor.
        MfaOtc = "MFAOTC",
        /// A code for a number that was added.
        PhoneVerification = "PhoneVerification",
        /// Somebody asked to choose a new password.
        ResetPassword = "ResetPassword",
        /// A code to remove a number.
        DeletePhone = "DeletePhone",
    }
}

impl MailTemplate {
    /// The page of the login box that the link of this mail opens, below the address of the application; `None` where the
    /// mail has no link.
    #[must_use]
    pub const fn route(self) -> Option<&'static str> {
        Some(match self {
            Self::ResetPassword | Self::PwnedPassword => "/account/reset-password",
            // The page verifies an address too, when no password is to be set.
            Self::ActivateUser | Self::EmailVerification => "/account/activate",
            Self::InviteToTenant | Self::BulkInvitesToTenant => "/account/invitation/accept",
            Self::MagicLink => "/account/login/magic-link",
            Self::ResetPhoneNumber => "/account/reset-phone-number",
            Self::UnlockUser => "/account/unlock",
            Self::ActivateUserWithCode => "/account/activate/code",
            Self::InviteToTenantWithCode => "/account/invitation/code",
            Self::ApprovalFlowApprove => "/account/approval-flow",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_word() {
        assert_eq!((MailTemplate::ALL.len(), SmsTemplate::ALL.len()), (29, 5));
        for kind in MailTemplate::ALL {
            assert_eq!(MailTemplate::from_word(kind.word()), Some(*kind));
        }
        assert_eq!(MailTemplate::from_word("resetpassword"), None);
    }
}
