//! A client as stored and as sent, and what bodies may say about one.

use std::fmt;

use kit::{Millis, Patch};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::applications::model::is_address;
use crate::faults::Faults;

/// What stands in place of a secret that is no longer known.
const HIDDEN: &str = "********";

/// What sort of client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum ClientType {
    Agent,
}

impl ClientType {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Agent => "Agent",
        }
    }
}

/// A client of an application.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationClient {
    pub(super) id: String,
    /// The application it acts for.
    pub(super) app_id: String,
    pub(super) client_name: String,
    /// Only when it has just been made; asterisks ever after.
    pub(super) client_secret: String,
    pub(super) client_type: ClientType,
    /// Where answers to it may be sent.
    #[serde(rename = "redirectURLs")]
    pub(super) redirect_urls: Vec<String>,
    /// Texts, numbers and booleans by key.
    #[schema(value_type = Option<Object>)]
    pub(super) external_metadata: Option<Map<String, Value>>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    pub(super) updated_at: Millis,
}

/// A client to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewClient {
    client_name: String,
    client_type: ClientType,
    #[serde(rename = "redirectURLs")]
    redirect_urls: Option<Vec<String>>,
    /// Texts, numbers and booleans by key.
    #[schema(value_type = Option<Object>)]
    external_metadata: Option<Map<String, Value>>,
    /// The application it acts for; that of the header, else the default one, when left out.
    pub(super) app_id: Option<String>,
}

/// Changes to a client: members left out stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientChanges {
    client_name: Option<String>,
    #[serde(rename = "redirectURLs")]
    redirect_urls: Option<Vec<String>>,
    /// Replaces what was there; null removes it.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    external_metadata: Patch<Map<String, Value>>,
}

fn faults(
    name: Option<&str>,
    addresses: Option<&[String]>,
    metadata: Option<&Map<String, Value>>,
) -> Result<(), Vec<String>> {
    let mut faults = Faults::default();
    if let Some(name) = name {
        faults.filled("clientName", name);
        faults.within("clientName", Some(name), 255);
    }
    if let Some(addresses) = addresses {
        faults.at_most("redirectURLs", addresses.len(), 100);
        if !addresses.iter().all(|one| one.len() <= 2048 && is_address(one)) {
            faults.say("each value in redirectURLs must be a URL address");
        }
    }
    if let Some(metadata) = metadata {
        let plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        if !metadata.values().all(plain) {
            faults.say("each value in externalMetadata must be a string, a number or a boolean");
        }
        if serde_json::to_string(metadata).map_or(0, |text| text.len()) > 64 * 1024 {
            faults.say("externalMetadata must be no larger than 65536 bytes");
        }
    }
    faults.check()
}

impl NewClient {
    /// The client, or what is wrong with it.
    pub(super) fn into_client(
        self,
        id: String,
        application: String,
        secret: &str,
        now: Millis,
    ) -> Result<ApplicationClient, Vec<String>> {
        faults(
            Some(&self.client_name),
            self.redirect_urls.as_deref(),
            self.external_metadata.as_ref(),
        )?;
        Ok(ApplicationClient {
            id,
            app_id: application,
            client_name: self.client_name,
            client_secret: secret.to_owned(),
            client_type: self.client_type,
            redirect_urls: self.redirect_urls.unwrap_or_default(),
            external_metadata: self.external_metadata,
            created_at: now,
            updated_at: now,
        })
    }
}

impl ClientChanges {
    /// The client with these changes, or what is wrong with them.
    pub(super) fn apply(self, old: ApplicationClient, now: Millis) -> Result<ApplicationClient, Vec<String>> {
        faults(
            self.client_name.as_deref(),
            self.redirect_urls.as_deref(),
            self.external_metadata.given(),
        )?;
        Ok(ApplicationClient {
            client_name: self.client_name.unwrap_or(old.client_name),
            redirect_urls: self.redirect_urls.unwrap_or(old.redirect_urls),
            external_metadata: self.external_metadata.over(old.external_metadata),
            updated_at: now,
            ..old
        })
    }
}

impl fmt::Debug for ApplicationClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationClient")
            .field("id", &self.id)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

impl ApplicationClient {
    /// Without its secret.
    pub(super) fn hidden(self) -> Self {
        Self {
            client_secret: HIDDEN.to_owned(),
            ..self
        }
    }
}
