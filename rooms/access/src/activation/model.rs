//! Wire shapes of activation.

use kit::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Activates a user through a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivationBody {
    pub(super) user_id: String,
    /// What the link carries.
    #[schema(value_type = String)]
    pub(super) token: Secret,
    /// The password to sign in with from now on; needed where the user has none.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) password: Option<Secret>,
    /// Proof of a captcha, where one is asked for.
    #[serde(default)]
    pub(super) recaptcha_token: Option<String>,
    /// When the user agreed to the terms of the product.
    #[serde(default)]
    pub(super) last_terms_check: Option<String>,
}

/// Activates a user with the code of a mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeActivationBody {
    pub(super) user_id: String,
    /// What the page carries that asks for the code.
    #[schema(value_type = String)]
    pub(super) token: Secret,
    /// The six digits of the mail.
    #[schema(value_type = String)]
    pub(super) code: Secret,
    /// The password to sign in with from now on; needed where the user has none.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) password: Option<Secret>,
    /// Proof of a captcha, where one is asked for.
    #[serde(default)]
    pub(super) recaptcha_token: Option<String>,
    /// When the user agreed to the terms of the product.
    #[serde(default)]
    pub(super) last_terms_check: Option<String>,
}

/// Asks for a new link or code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivationResetBody {
    #[schema(format = "email")]
    pub(super) email: String,
    /// Values for the mail; only the environment's own back end may give them.
    #[schema(required, value_type = Object)]
    #[serde(default)]
    pub(super) email_metadata: Option<Value>,
}

/// What an activation needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivationNeeds {
    /// Whether the user has to choose a password.
    pub(super) should_set_password: bool,
}
