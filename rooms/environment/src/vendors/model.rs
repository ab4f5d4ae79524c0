//! Wire shapes.

use kit::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::environments::Profile;

/// The most origins an environment may allow.
pub(crate) const ORIGINS: usize = 1_000;
/// The longest text of a field, in characters.
pub(crate) const LONGEST: usize = 255;
/// The longest address, in characters.
pub(crate) const LONGEST_ADDRESS: usize = 2_048;

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vendor {
    /// Also the client id.
    id: String,
    name: String,
    country: String,
    /// What the back end is written in; free text.
    backend_stack: String,
    /// What the front end is written in; free text.
    frontend_stack: String,
    #[serde(rename = "openSaaSInstalled")]
    open_saas_installed: bool,
    /// The host as it was set; else the one the environment answers at.
    host: String,
    /// Origins that may read answers with credentials, letter by letter as they were set.
    allowed_origins: Vec<String>,
    #[serde(rename = "loginURL")]
    login_url: String,
    /// Address of a picture for login boxes.
    logo: String,
    /// Address of a small picture for login boxes.
    icon: String,
    /// Whether login boxes leave out whose product they are.
    white_label_mode: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

impl From<Profile> for Vendor {
    fn from(profile: Profile) -> Self {
        Self {
            id: profile.id.to_string(),
            host: shown_host(&profile),
            name: profile.name,
            country: profile.country,
            backend_stack: profile.backend_stack,
            frontend_stack: profile.frontend_stack,
            open_saas_installed: profile.open_saas_installed,
            allowed_origins: profile.allowed_origins,
            login_url: profile.login_url,
            logo: profile.logo,
            icon: profile.icon,
            white_label_mode: profile.white_label_mode,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
        }
    }
}

fn shown_host(profile: &Profile) -> String {
    if profile.shown_host.is_empty() {
        profile.host.clone()
    } else {
        profile.shown_host.clone()
    }
}

/// Members to change; those left out, or null, stay as they are. Others are ignored, `id` among them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VendorChanges {
    pub(crate) name: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) backend_stack: Option<String>,
    pub(crate) frontend_stack: Option<String>,
    #[serde(rename = "openSaaSInstalled")]
    pub(crate) open_saas_installed: Option<bool>,
    /// Kept and shown again; where the environment answers does not change with it.
    pub(crate) host: Option<String>,
    pub(crate) allowed_origins: Option<Vec<String>>,
    #[serde(rename = "loginURL")]
    pub(crate) login_url: Option<String>,
    pub(crate) logo: Option<String>,
    pub(crate) icon: Option<String>,
    pub(crate) white_label_mode: Option<bool>,
}

/// Where browsers reach the environment.
#[derive(Serialize, ToSchema)]
pub(crate) struct BaseUrl {
    /// The public address, without a trailing slash.
    #[serde(rename = "baseURL")]
    pub(crate) base_url: String,
}

/// What a login box shows of the environment before anybody is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicVendor {
    name: String,
    /// Address of a picture.
    logo: Option<String>,
    /// Address of a small picture.
    icon: Option<String>,
    /// Whether login boxes leave out whose product they are.
    white_label_mode: bool,
}

impl From<Profile> for PublicVendor {
    fn from(profile: Profile) -> Self {
        let given = |text: String| (!text.is_empty()).then_some(text);
        Self {
            name: profile.name,
            logo: given(profile.logo),
            icon: given(profile.icon),
            white_label_mode: profile.white_label_mode,
        }
    }
}
