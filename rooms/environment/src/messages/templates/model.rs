//! What a template holds.

use db::StoreError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A mail's wording and sender. Empty members are filled from the environment when it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MailText {
    pub(crate) subject: String,
    pub(crate) html: String,
    pub(crate) from_name: String,
    pub(crate) sender_email: String,
    /// Where the link leads, as it was written: with placeholders.
    pub(crate) redirect_url: String,
    pub(crate) success_redirect_url: String,
}

/// A text message's wording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SmsText {
    pub(crate) text: String,
}

/// A template as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredTemplate {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) active: bool,
    pub(crate) body: String,
}

impl StoredTemplate {
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_str(&self.body).map_err(StoreError::other)
    }
}
