//! Wire shapes of signing up.

use kit::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::login::AuthResponse;

/// Where somebody comes from who signs up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SignUpProvider {
    #[default]
    Local,
    Saml,
    Google,
    Github,
    Facebook,
    Microsoft,
    Scim2,
    Slack,
    Apple,
}

impl SignUpProvider {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Saml => "saml",
            Self::Google => "google",
            Self::Github => "github",
            Self::Facebook => "facebook",
            Self::Microsoft => "microsoft",
            Self::Scim2 => "scim2",
            Self::Slack => "slack",
            Self::Apple => "apple",
        }
    }
}

/// Somebody who signs up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignUpBody {
    /// `local` when left out; others only from the environment's own back end.
    #[serde(default)]
    pub(super) provider: Option<SignUpProvider>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// Letters, digits, dots, underscores and hyphens; unique in the environment.
    #[schema(max_length = 255, pattern = "^[a-zA-Z0-9._-]+$")]
    #[serde(default)]
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[schema(max_length = 4095)]
    #[serde(default)]
    pub(super) profile_picture_url: Option<String>,
    /// May be left out where addresses are verified first: then it is chosen at the activation.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) password: Option<Secret>,
    /// JSON text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) metadata: Option<Value>,
    /// True sends no mail; heeded from the environment's own back end.
    #[serde(default)]
    pub(super) skip_invite_email: Option<bool>,
    /// Roles in the new tenant; only from the environment's own back end.
    #[serde(default)]
    pub(super) role_ids: Option<Vec<String>>,
    /// Values for the mail; only from the environment's own back end.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub(super) email_metadata: Option<Value>,
    /// Name of the tenant that is made; the user's name where it is left out.
    #[serde(default)]
    pub(super) company_name: Option<String>,
    /// Proof of a captcha, where one is asked for.
    #[serde(default)]
    pub(super) recaptcha_token: Option<String>,
    /// The token of an invitation link: its tenant is joined, and none is made.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) invitation_token: Option<Secret>,
    /// International, as in `+491701234567`.
    #[serde(default)]
    pub(super) phone_number: Option<String>,
}

/// What became of a sign-up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignUpAnswer {
    /// Whether the address has to be verified first.
    pub(super) should_activate: bool,
    pub(super) user_id: String,
    /// The tenant that was made or joined.
    pub(super) tenant_id: String,
    /// Where nothing has to be verified first: the user is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_response: Option<AuthResponse>,
    /// Where the mail brings a code: what the page that asks for it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activation_token: Option<String>,
}
