//! Wire shapes of signing in.

use std::collections::BTreeMap;

use kit::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Body of a sign-in with a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordLogin {
    /// The address to sign in with; this or `username`.
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// The username to sign in with, where there is no address.
    #[serde(default)]
    pub(crate) username: Option<String>,
    /// The password as it was typed.
    #[schema(value_type = String)]
    pub(crate) password: Secret,
    /// Proof of a captcha, where one is asked for.
    #[serde(default)]
    pub(crate) recaptcha_token: Option<String>,
    /// An invitation to accept with this sign-in.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) invitation_token: Option<Secret>,
    /// The tenant to sign in to, if the user is a member.
    #[serde(default)]
    pub(crate) tenant_id: Option<String>,
}

/// Body of a refresh.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshBody {
    /// The tenant the new token should be for; the active one when left out.
    #[serde(default)]
    pub(crate) tenant_id: Option<String>,
}

/// What every way of signing in answers. Members that do not apply are left out.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthResponse {
    /// Always `bearer`.
    pub(crate) token_type: &'static str,
    /// A one-time code that continues elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otc_token: Option<String>,
    /// Whether a second factor must follow before there are tokens.
    pub(crate) mfa_required: bool,
    /// Names the sign-in that waits for its second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mfa_token: Option<String>,
    /// Lets the user replace an expired password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reset_password_token: Option<String>,
    /// Minutes until the password expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_expires_in: Option<i64>,
    /// How many minutes before that the user is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notification_period: Option<i64>,
    /// Whether the user has a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mfa_enrolled: Option<bool>,
    /// The user's second factors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mfa_devices: Option<MfaDevices>,
    /// Which kinds of second factor may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mfa_strategies: Option<BTreeMap<String, Value>>,
    /// An image to enrol an authenticator with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) qr_code: Option<String>,
    /// A code for the day the second factor is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recovery_code: Option<String>,
    /// The user token, a JWT. There is none where something must come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
    /// Continues the session; also set as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// Seconds until the user token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in: Option<i64>,
    /// When that is, as an HTTP date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_email: Option<String>,
    /// Whether that address is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email_verified: Option<bool>,
    /// Whether the password is known from a leak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_breached_password: Option<bool>,
}

/// The second factors of a user, by kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MfaDevices {
    webauthn: Vec<MfaKey>,
    phones: Vec<MfaPhone>,
    authenticators: Vec<MfaAuthenticator>,
    emails: Vec<MfaEmail>,
}

/// A passkey or security key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MfaKey {
    id: String,
    /// `Platform` or `CrossPlatform`.
    device_type: String,
    name: String,
}

/// A phone that gets codes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MfaPhone {
    id: String,
    phone_number: String,
}

/// An authenticator app.
#[derive(Debug, Serialize, ToSchema)]
struct MfaAuthenticator {
    id: String,
}

/// An address that gets codes.
#[derive(Debug, Serialize, ToSchema)]
struct MfaEmail {
    email: String,
}

/// What a refresh answers: the same, and the tokens once more under the names that mobile clients read.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshResponse {
    #[serde(flatten)]
    pub(crate) auth: AuthResponse,
    /// As `tokenType`.
    #[serde(rename = "token_type")]
    pub(crate) snake_token_type: &'static str,
    /// As `accessToken`.
    #[serde(rename = "access_token")]
    pub(crate) snake_access_token: Option<String>,
    /// As `refreshToken`.
    #[serde(rename = "refresh_token")]
    pub(crate) snake_refresh_token: Option<String>,
    /// The user token again, for clients that expect one that identifies the user.
    pub(crate) id_token: Option<String>,
}
