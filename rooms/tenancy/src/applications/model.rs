//! An application as stored and as sent, and what bodies may say about one.

use kit::{EnvironmentId, Millis};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::faults::Faults;

/// Most characters of a name.
const NAME: usize = 255;
/// Most characters of a description.
const DESCRIPTION: usize = 2000;
/// Most characters of an address.
const ADDRESS: usize = 2048;
/// Most characters of a logo, which may be an image written as an address.
const LOGO: usize = 100_000;
/// Most bytes of metadata as JSON text.
const METADATA: usize = 64 * 1024;

/// Words that are stored and sent alike. Each is a `tt`, as a `literal` reaches derives wrapped up, and the one of the
/// document would not see it and list the variants' names.
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$each:meta])* $variant:ident = $word:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        $vis enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word for it.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// What the word means, when it means anything.
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Every word, parted by commas.
            pub(crate) fn all() -> String {
                [$($word),+].join(", ")
            }
        }
    };
}

words! {
    /// Who of a tenant that has an application may use it.
    pub enum AccessType {
        /// Everybody.
        #[default]
        Free = "FREE_ACCESS",
        /// Those it was given to.
        Managed = "MANAGED_ACCESS",
    }
}

words! {
    /// What sort of program an application is.
    pub enum Kind {
        #[default]
        Web = "web",
        MobileIos = "mobile-ios",
        MobileAndroid = "mobile-android",
        Agent = "agent",
        Other = "other",
    }
}

words! {
    /// What an application is written with.
    pub enum FrontendStack {
        #[default]
        React = "react",
        Vue = "vue",
        Angular = "angular",
        NextJs = "next.js",
        VanillaJs = "vanilla.js",
        Ionic = "ionic",
        Flutter = "flutter",
        ReactNative = "react-native",
        Kotlin = "kotlin",
        Swift = "swift",
    }
}

/// An application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub id: String,
    /// The environment.
    pub vendor_id: String,
    pub name: String,
    /// Where it runs; empty until somebody says so.
    #[serde(rename = "appURL")]
    pub app_url: String,
    /// Where its users sign in; empty for the environment's own page.
    #[serde(rename = "loginURL")]
    pub login_url: String,
    #[serde(rename = "logoURL")]
    pub logo_url: String,
    /// Who of a tenant that has it may use it, where the tenant's assignment does not say.
    pub access_type: AccessType,
    /// What a request is about that names none.
    pub is_default: bool,
    /// Nobody signs in to one that is not.
    pub is_active: bool,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub frontend_stack: FrontendStack,
    pub description: String,
    /// Texts by key.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// The host it is served under, where it has its own.
    pub app_host: String,
    /// Whether clients may register themselves for it.
    pub allow_dcr: bool,
    /// Whether new tenants, and new members of tenants that have it, are given it.
    pub auto_assign: bool,
    /// When somebody first signed in to it; null until then.
    #[schema(value_type = Option<String>)]
    pub integration_finished_at: Option<Millis>,
    #[schema(value_type = String)]
    pub created_at: Millis,
    #[schema(value_type = String)]
    pub updated_at: Millis,
}

/// An application to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApplication {
    name: String,
    #[serde(rename = "appURL")]
    app_url: String,
    #[serde(rename = "loginURL")]
    login_url: String,
    #[serde(rename = "logoURL")]
    logo_url: Option<String>,
    /// FREE_ACCESS when left out.
    access_type: Option<AccessType>,
    /// True moves the default to this application.
    is_default: Option<bool>,
    /// True when left out.
    is_active: Option<bool>,
    /// `web` when left out.
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// `react` when left out.
    frontend_stack: Option<FrontendStack>,
    description: Option<String>,
    /// Texts by key.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// The host it is served under, where it has its own.
    app_host: Option<String>,
    /// Whether clients may register themselves for it.
    allow_dcr: Option<bool>,
    /// Whether new tenants, and new members of tenants that have it, are given it.
    auto_assign: Option<bool>,
}

/// Changes to an application: members left out stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationChanges {
    name: Option<String>,
    #[serde(rename = "appURL")]
    app_url: Option<String>,
    #[serde(rename = "loginURL")]
    login_url: Option<String>,
    #[serde(rename = "logoURL")]
    logo_url: Option<String>,
    access_type: Option<AccessType>,
    /// True moves the default to this application; false is refused for the default one.
    pub(super) is_default: Option<bool>,
    is_active: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    frontend_stack: Option<FrontendStack>,
    description: Option<String>,
    /// Texts by key; replaces what was there.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// The host it is served under, where it has its own.
    app_host: Option<String>,
    /// Whether clients may register themselves for it.
    allow_dcr: Option<bool>,
    /// Whether new tenants, and new members of tenants that have it, are given it.
    auto_assign: Option<bool>,
}

/// Schemes that run a program or read a file where a page was expected.
const DANGEROUS: [&str; 4] = ["javascript", "data", "vbscript", "file"];

/// An absolute address; mobile applications have schemes of their own.
pub(super) fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain);
    let spaced = |c: char| c.is_whitespace() || c.is_control();
    named
        && !rest.is_empty()
        && !text.contains(spaced)
        && !DANGEROUS.contains(&scheme.to_ascii_lowercase().as_str())
}

impl Application {
    /// One of which nothing is known but its name.
    pub(super) fn named(id: String, environment: &EnvironmentId, name: &str, now: Millis) -> Self {
        Self {
            id,
            vendor_id: environment.to_string(),
            name: name.to_owned(),
            app_url: String::new(),
            login_url: String::new(),
            logo_url: String::new(),
            access_type: AccessType::Free,
            is_default: false,
            is_active: true,
            kind: Kind::Web,
            frontend_stack: FrontendStack::React,
            description: String::new(),
            metadata: Map::new(),
            app_host: String::new(),
            allow_dcr: false,
            auto_assign: false,
            integration_finished_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// As users of a tenant may see it: what the owner noted about it is the owner's.
    #[must_use]
    pub(super) fn for_users(self) -> Self {
        Self {
            metadata: Map::new(),
            ..self
        }
    }
}

impl NewApplication {
    /// The application, or what is wrong with it.
    pub(super) fn into_application(
        self,
        id: String,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Result<Application, Vec<String>> {
        let all = ApplicationChanges {
            name: Some(self.name),
            app_url: Some(self.app_url),
            login_url: Some(self.login_url),
            logo_url: self.logo_url,
            access_type: self.access_type,
            is_default: self.is_default,
            is_active: self.is_active,
            kind: self.kind,
            frontend_stack: self.frontend_stack,
            description: self.description,
            metadata: self.metadata,
            app_host: self.app_host,
            allow_dcr: self.allow_dcr,
            auto_assign: self.auto_assign,
        };
        all.faults(None)?;
        Ok(all.over(Application::named(id, environment, "", now), now))
    }
}

impl ApplicationChanges {
    /// The application with these changes, or what is wrong with them.
    pub(super) fn apply(&self, old: &Application, now: Millis) -> Result<Application, Vec<String>> {
        self.faults(Some(old))?;
        Ok(self.over(old.clone(), now))
    }

    fn faults(&self, old: Option<&Application>) -> Result<(), Vec<String>> {
        let mut faults = Faults::default();
        if let Some(name) = &self.name {
            faults.filled("name", name);
            faults.within("name", Some(name), NAME);
        }
        let addresses = [
            ("appURL", &self.app_url, old.map(|old| &old.app_url)),
            ("loginURL", &self.login_url, old.map(|old| &old.login_url)),
        ];
        for (field, text, known) in addresses {
            // What an application says of itself may be sent back, be it the empty text of the first one.
            if let Some(text) = text.as_ref().filter(|text| Some(*text) != known) {
                faults.within(field, Some(text), ADDRESS);
                if !is_address(text) {
                    faults.say(format!("{field} must be a URL address"));
                }
            }
        }
        faults.within("description", self.description.as_deref(), DESCRIPTION);
        if let Some(logo) = self.logo_url.as_deref().filter(|logo| !logo.is_empty()) {
            faults.within("logoURL", Some(logo), LOGO);
            let shown = ["https://", "http://", "data:image/"];
            if !shown.iter().any(|start| logo.starts_with(start)) {
                faults.say("logoURL must be a URL address");
            }
        }
        if let Some(host) = self.app_host.as_deref() {
            faults.within("appHost", Some(host), 255);
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
            if !host.chars().all(plain) {
                faults.say("appHost must be the name of a host");
            }
        }
        if let Some(metadata) = &self.metadata {
            metadata_faults(&mut faults, metadata);
        }
        faults.check()
    }

    fn over(&self, old: Application, now: Millis) -> Application {
        let text = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
        Application {
            name: text(&self.name, old.name),
            app_url: text(&self.app_url, old.app_url),
            login_url: text(&self.login_url, old.login_url),
            logo_url: text(&self.logo_url, old.logo_url),
            access_type: self.access_type.unwrap_or(old.access_type),
            is_default: self.is_default.unwrap_or(old.is_default),
            is_active: self.is_active.unwrap_or(old.is_active),
            kind: self.kind.unwrap_or(old.kind),
            frontend_stack: self.frontend_stack.unwrap_or(old.frontend_stack),
            description: text(&self.description, old.description),
            metadata: self.metadata.clone().unwrap_or(old.metadata),
            app_host: text(&self.app_host, old.app_host),
            allow_dcr: self.allow_dcr.unwrap_or(old.allow_dcr),
            auto_assign: self.auto_assign.unwrap_or(old.auto_assign),
            updated_at: now,
            ..old
        }
    }
}

fn metadata_faults(faults: &mut Faults, metadata: &Map<String, Value>) {
    if !metadata.values().all(Value::is_string) {
        faults.say("each value in metadata must be a string");
    }
    let length: usize = metadata
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if length > METADATA {
        faults.say(format!("metadata must be no larger than {METADATA} bytes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_absolute_and_run_no_programs() {
        for good in [
            "https://app.acme.test",
            "http://localhost:3000/a?b=c#d",
            "com.acme.app://callback",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "acme",
            "https://",
            "://acme.test",
            "/path",
            "javascript://%0aalert(1)",
            "https://a b",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
