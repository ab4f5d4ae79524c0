//! Documents and rows.

use blocks::settings::{Setting, Stored};
use kit::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Which document is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    AdminBox,
    Saml,
}

impl Entity {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AdminBox => "adminBox",
            Self::Saml => "saml",
        }
    }

    /// The document of this name; names are compared letter by letter.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::AdminBox, Self::Saml]
            .into_iter()
            .find(|entity| entity.name() == name)
    }
}

/// The look of login box and admin portal, member by member as it was written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AdminBox {
    pub(crate) is_active: bool,
    pub(crate) configuration: Map<String, Value>,
}

impl Setting for AdminBox {
    const NAME: &'static str = "metadata-admin-box";
}

/// The service provider's side of SAML, member by member as it was written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SamlMetadata {
    pub(crate) is_active: bool,
    pub(crate) configuration: Map<String, Value>,
}

impl Setting for SamlMetadata {
    const NAME: &'static str = "metadata-saml";
}

/// A document to be stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetadataBody {
    /// Which document; the query goes before it, since one client leaves this empty.
    #[serde(default)]
    pub(crate) entity_name: Option<String>,
    /// Whether it is in force. Left out: yes for the look, no for SAML.
    #[serde(default)]
    pub(crate) is_active: Option<bool>,
    /// The whole document; it replaces what was stored.
    #[schema(value_type = Object)]
    pub(crate) configuration: Map<String, Value>,
}

/// The documents of one name: none, or one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetadataRows {
    pub(crate) rows: Vec<MetadataRow>,
}

/// A document with what the server adds to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetadataRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) vendor_id: String,
    pub(crate) entity_name: &'static str,
    pub(crate) is_active: bool,
    #[schema(value_type = Object)]
    pub(crate) configuration: Map<String, Value>,
    /// The columns of a page; empty for other documents.
    pub(crate) properties: Vec<Column>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) created_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) updated_at: Option<Millis>,
}

/// A column of the audit page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Column {
    /// The member of an audit record.
    name: &'static str,
    display_name: &'static str,
    /// `Timestamp`, `Email`, `IpAddress`, `Severity`, `Json` or `AlphaNumeric`.
    #[serde(rename = "type")]
    kind: &'static str,
    sortable: bool,
    filterable: bool,
    show_in_table: bool,
    show_in_more_info: bool,
}

/// The columns of the audit page: members that audit records have.
fn columns() -> Vec<Column> {
    let of = |name, display_name, kind, in_table| Column {
        name,
        display_name,
        kind,
        sortable: in_table,
        filterable: in_table,
        show_in_table: in_table,
        show_in_more_info: true,
    };
    vec![
        of("createdAt", "Time", "Timestamp", true),
        of("email", "User", "Email", true),
        of("action", "Action", "AlphaNumeric", true),
        of("severity", "Severity", "Severity", true),
        of("ip", "IP address", "IpAddress", true),
        of("description", "Description", "AlphaNumeric", false),
        of("userAgent", "User agent", "AlphaNumeric", false),
    ]
}

impl MetadataRow {
    /// The row of the audit page, which nobody writes.
    pub(crate) fn audits(environment: &str) -> Self {
        Self {
            id: None,
            vendor_id: environment.to_owned(),
            entity_name: "audits",
            is_active: true,
            configuration: Map::new(),
            properties: columns(),
            created_at: None,
            updated_at: None,
        }
    }

    pub(crate) fn admin_box(environment: &str, stored: Stored<AdminBox>) -> Self {
        Self {
            is_active: stored.value.is_active,
            configuration: stored.value.configuration,
            id: Some(stored.id),
            created_at: Some(stored.created_at),
            updated_at: Some(stored.updated_at),
            ..Self::empty(environment, Entity::AdminBox)
        }
    }

    pub(crate) fn saml(environment: &str, stored: Stored<SamlMetadata>) -> Self {
        Self {
            is_active: stored.value.is_active,
            configuration: stored.value.configuration,
            id: Some(stored.id),
            created_at: Some(stored.created_at),
            updated_at: Some(stored.updated_at),
            ..Self::empty(environment, Entity::Saml)
        }
    }

    fn empty(environment: &str, entity: Entity) -> Self {
        Self {
            id: None,
            vendor_id: environment.to_owned(),
            entity_name: entity.name(),
            is_active: false,
            configuration: Map::new(),
            properties: Vec::new(),
            created_at: None,
            updated_at: None,
        }
    }

    /// The row as anybody may see it: of SAML what an identity provider must know anyhow; of the look everything but empty
    /// colours, which stop the login box.
    #[must_use]
    pub(crate) fn for_anyone(mut self) -> Self {
        if self.entity_name == Entity::Saml.name() {
            self.configuration
                .retain(|name, _| matches!(name.as_str(), "acsUrl" | "spEntityId" | "redirectUri"));
        }
        if self.entity_name == Entity::AdminBox.name() {
            for theme in ["theme", "themeV2"] {
                if let Some(theme) = self.configuration.get_mut(theme) {
                    drop_empty(theme);
                }
            }
        }
        self
    }
}

fn drop_empty(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| member != "");
        members.values_mut().for_each(drop_empty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_colours_are_left_out_and_empty_texts_elsewhere_stay() {
        let Value::Object(configuration) = json!({
            "themeV2": {"loginBox": {"palette": {"primary": {"main": "", "dark": "#000"}}, "themeName": ""}},
            "localizations": {"en": {"title": ""}},
        }) else {
            panic!("it is an object")
        };
        let row = MetadataRow {
            configuration,
            ..MetadataRow::empty("e", Entity::AdminBox)
        };
        assert_eq!(
            Value::Object(row.for_anyone().configuration),
            json!({
                "themeV2": {"loginBox": {"palette": {"primary": {"dark": "#000"}}}},
                "localizations": {"en": {"title": ""}},
            })
        );
    }
}
