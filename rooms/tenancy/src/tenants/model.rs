//! A tenant as stored and as sent, and what bodies may say about one.

use std::cmp::Ordering;

use blocks::listing::Order;
use kit::{EnvironmentId, Millis, Patch};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::SubAccountAccess;
use crate::faults::Faults;

/// Most characters of a tenant's id.
pub(crate) const ID_LENGTH: usize = 255;
/// Most bytes of a tenant's metadata as JSON text.
pub(crate) const METADATA_BYTES: usize = 64 * 1024;
/// Most characters of an embedded logo: an image of 1 MiB in base64.
const LOGO_LENGTH: usize = 1_400_000;

/// A tenant (account). Members that were never set are null.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Id of the record.
    pub id: String,
    /// The environment.
    pub vendor_id: String,
    /// The tenant's id, unique in the environment.
    pub tenant_id: String,
    pub name: String,
    /// Name in addresses of a login page of its own; unique in the environment.
    pub alias: Option<String>,
    /// Free for the product's own use.
    pub status: Option<String>,
    pub website: Option<String>,
    pub application_url: Option<String>,
    pub domain: Option<String>,
    pub address: Option<String>,
    pub timezone: Option<String>,
    pub date_format: Option<String>,
    pub time_format: Option<String>,
    pub currency: Option<String>,
    pub creator_name: Option<String>,
    pub creator_email: Option<String>,
    /// An image in base64.
    pub logo: Option<String>,
    pub logo_url: Option<String>,
    /// Whether the tenant may have sub-tenants of its own making.
    pub is_reseller: bool,
    /// JSON text: the Terraform provider and the Rust client fail on an object here.
    pub metadata: String,
    #[schema(value_type = String)]
    pub created_at: Millis,
    #[schema(value_type = String)]
    pub updated_at: Millis,
    /// Always null, always there: one client needs the member.
    #[schema(value_type = Option<String>)]
    pub deleted_at: Option<Millis>,
    /// The tenant above this one. Hierarchies have routes of their own; the tenant object does not show it.
    #[serde(skip)]
    pub parent_tenant_id: Option<String>,
    /// Whether new members reach the tenants below.
    #[serde(skip)]
    pub sub_account_access: SubAccountAccess,
}

/// A tenant to be. Unknown members are ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTenant {
    /// Any text up to 255 characters; generated when absent or empty.
    pub tenant_id: Option<String>,
    /// Shown name; the id when absent or empty.
    pub name: Option<String>,
    pub alias: Option<String>,
    pub status: Option<String>,
    pub website: Option<String>,
    pub application_url: Option<String>,
    pub domain: Option<String>,
    pub address: Option<String>,
    pub timezone: Option<String>,
    pub date_format: Option<String>,
    pub time_format: Option<String>,
    pub currency: Option<String>,
    pub creator_name: Option<String>,
    pub creator_email: Option<String>,
    /// An image in base64, at most 1 MiB.
    pub logo: Option<String>,
    pub logo_url: Option<String>,
    pub is_reseller: Option<bool>,
    /// Any JSON value, or a string of JSON.
    pub metadata: Option<Value>,
    /// An existing tenant that this one belongs under.
    pub parent_tenant_id: Option<String>,
}

impl NewTenant {
    /// The tenant this makes, or what is wrong with it.
    pub(crate) fn into_tenant(
        self,
        environment: &EnvironmentId,
        fresh_ids: (String, String),
        now: Millis,
    ) -> Result<Tenant, Vec<String>> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let tenant_id = given(self.tenant_id).unwrap_or(fresh_ids.1);
        let name = given(self.name).unwrap_or_else(|| tenant_id.clone());
        let mut faults = Faults::default();
        faults.within("tenantId", Some(&tenant_id), ID_LENGTH);
        if tenant_id.chars().any(char::is_control) || tenant_id.trim() != tenant_id {
            faults.say("tenantId must not begin or end with blanks nor contain control characters");
        }
        let tenant = Tenant {
            id: fresh_ids.0,
            vendor_id: environment.to_string(),
            tenant_id,
            name,
            alias: given(self.alias).map(|alias| alias.to_lowercase()),
            status: self.status,
            website: self.website,
            application_url: self.application_url,
            domain: self.domain,
            address: self.address,
            timezone: self.timezone,
            date_format: self.date_format,
            time_format: self.time_format,
            currency: self.currency,
            creator_name: self.creator_name,
            creator_email: self.creator_email,
            logo: self.logo,
            logo_url: self.logo_url,
            is_reseller: self.is_reseller.unwrap_or(false),
            metadata: self
                .metadata
                .map_or_else(|| "{}".to_owned(), |value| metadata_text(value).to_string()),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            parent_tenant_id: given(self.parent_tenant_id),
            sub_account_access: SubAccountAccess::DefaultOff,
        };
        tenant.faults(&mut faults);
        faults.check()?;
        Ok(tenant)
    }
}

/// Changes to a tenant: members left out stay, null clears. Unknown and read-only members are ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantChanges {
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) name: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) alias: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) status: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) website: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) application_url: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) domain: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) address: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) timezone: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) date_format: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) time_format: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) currency: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) creator_name: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) creator_email: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) logo: Patch<String>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(crate) logo_url: Patch<String>,
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub(crate) is_reseller: Patch<bool>,
    #[schema(value_type = Option<Value>)]
    #[serde(default)]
    pub(crate) metadata: Patch<Value>,
}

impl TenantChanges {
    pub(crate) fn name(name: String) -> Self {
        Self {
            name: Patch::Value(name),
            ..Self::default()
        }
    }

    pub(crate) fn reseller(is_reseller: bool) -> Self {
        Self {
            is_reseller: Patch::Value(is_reseller),
            ..Self::default()
        }
    }

    /// Whether the body names nothing that could change.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = [
            &self.name,
            &self.alias,
            &self.status,
            &self.website,
            &self.application_url,
            &self.domain,
            &self.address,
            &self.timezone,
            &self.date_format,
            &self.time_format,
            &self.currency,
            &self.creator_name,
            &self.creator_email,
            &self.logo,
            &self.logo_url,
        ];
        texts.iter().all(|text| matches!(text, Patch::Absent))
            && matches!(self.is_reseller, Patch::Absent)
            && matches!(self.metadata, Patch::Absent)
    }

    /// The tenant with these changes, or what is wrong with it then.
    pub(crate) fn apply(self, old: Tenant, now: Millis) -> Result<Tenant, Vec<String>> {
        let tenant = Tenant {
            name: self.name.over(Some(old.name)).unwrap_or_default(),
            alias: self
                .alias
                .over(old.alias)
                .filter(|alias| !alias.is_empty())
                .map(|alias| alias.to_lowercase()),
            status: self.status.over(old.status),
            website: self.website.over(old.website),
            application_url: self.application_url.over(old.application_url),
            domain: self.domain.over(old.domain),
            address: self.address.over(old.address),
            timezone: self.timezone.over(old.timezone),
            date_format: self.date_format.over(old.date_format),
            time_format: self.time_format.over(old.time_format),
            currency: self.currency.over(old.currency),
            creator_name: self.creator_name.over(old.creator_name),
            creator_email: self.creator_email.over(old.creator_email),
            logo: self.logo.over(old.logo),
            logo_url: self.logo_url.over(old.logo_url),
            is_reseller: self.is_reseller.over(Some(old.is_reseller)).unwrap_or(false),
            metadata: match self.metadata {
                Patch::Absent => old.metadata,
                Patch::Null => "{}".to_owned(),
                Patch::Value(value) => metadata_text(value).to_string(),
            },
            updated_at: now,
            ..old
        };
        let mut faults = Faults::default();
        tenant.faults(&mut faults);
        faults.check()?;
        Ok(tenant)
    }
}

impl Tenant {
    fn faults(&self, faults: &mut Faults) {
        faults.filled("name", &self.name);
        for (field, text, most) in [
            ("name", Some(&self.name), 255),
            ("status", self.status.as_ref(), 255),
            ("website", self.website.as_ref(), 2048),
            ("applicationUrl", self.application_url.as_ref(), 2048),
            ("domain", self.domain.as_ref(), 255),
            ("address", self.address.as_ref(), 1024),
            ("timezone", self.timezone.as_ref(), 255),
            ("dateFormat", self.date_format.as_ref(), 255),
            ("timeFormat", self.time_format.as_ref(), 255),
            ("currency", self.currency.as_ref(), 255),
            ("creatorName", self.creator_name.as_ref(), 255),
            ("creatorEmail", self.creator_email.as_ref(), 255),
            ("logo", self.logo.as_ref(), LOGO_LENGTH),
            ("logoUrl", self.logo_url.as_ref(), 2048),
        ] {
            faults.within(field, text.map(String::as_str), most);
        }
        if self.metadata.len() > METADATA_BYTES {
            faults.say(format!(
                "metadata must be shorter than or equal to {METADATA_BYTES} bytes"
            ));
        }
        // It becomes a label of a host name or a query value.
        let plain = |alias: &str| {
            alias.len() <= 63
                && !alias.starts_with('-')
                && !alias.ends_with('-')
                && alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if self.alias.as_deref().is_some_and(|alias| !plain(alias)) {
            faults.say("alias must consist of at most 63 letters, digits and hyphens");
        }
    }

    /// The metadata as a map; what is not one counts as empty.
    pub(crate) fn metadata_map(&self) -> Map<String, Value> {
        serde_json::from_str(&self.metadata).unwrap_or_default()
    }

    /// This tenant with other metadata, or why it cannot have it.
    pub(crate) fn with_metadata(
        &self,
        metadata: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, Vec<String>> {
        let changed = Self {
            metadata: Value::Object(metadata).to_string(),
            updated_at: now,
            ..self.clone()
        };
        let mut faults = Faults::default();
        changed.faults(&mut faults);
        faults.check()?;
        Ok(changed)
    }

    /// What audit records keep: everything but the image.
    pub(crate) fn for_audit(&self) -> Self {
        Self {
            logo: self.logo.as_ref().map(|_| "(image)".to_owned()),
            ..self.clone()
        }
    }
}

/// The body of `POST …/metadata`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct MetadataBody {
    /// An object, or a string that holds one as JSON. Its members replace those of the same name.
    #[schema(value_type = Object)]
    pub(crate) metadata: Value,
}

impl MetadataBody {
    /// The members to set.
    pub(crate) fn members(self) -> Result<Map<String, Value>, Vec<String>> {
        match metadata_text(self.metadata) {
            Value::Object(members) => Ok(members),
            _ => Err(vec![
                "metadata must be a JSON object or a string that holds one".to_owned(),
            ]),
        }
    }
}

/// A string that parses as JSON is that JSON; every other value is itself; null is an empty object.
fn metadata_text(value: Value) -> Value {
    match value {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Null) => Value::Object(Map::new()),
            Ok(parsed) => parsed,
            Err(_) => Value::String(text),
        },
        other => other,
    }
}

/// What the list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    CreatedAt,
    Name,
    TenantId,
}

/// A prefix that tenants are searched by.
#[derive(Clone, Debug)]
pub(crate) struct Prefix {
    pub(crate) text: String,
    /// The least text above all that begin with it.
    pub(crate) end: Option<String>,
    /// Its length in characters.
    pub(crate) length: i64,
}

/// Longest term that is kept, in characters; searches beyond it compare only that much.
const TERM_LENGTH: usize = 128;
/// Most places of a name that a search finds as a beginning.
const TERM_COUNT: usize = 8;

impl Prefix {
    pub(crate) fn of(filter: &str) -> Option<Self> {
        let text: String = kit::search_key(filter).chars().take(TERM_LENGTH).collect();
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let end = kit::prefix_end(&text);
        (length > 0).then_some(Self { text, end, length })
    }
}

/// Where a tenant stands in the lists, and what its terms are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) tenant_id: String,
    pub(crate) name_key: String,
    pub(crate) created_at: i64,
}

impl Seat {
    /// Which of two comes first in a list.
    pub(crate) fn compare(&self, other: &Self, (sort, order): (Sort, Order)) -> Ordering {
        let by_id = || self.tenant_id.cmp(&other.tenant_id);
        let ascending = match sort {
            Sort::CreatedAt => self.created_at.cmp(&other.created_at).then_with(by_id),
            Sort::Name => self.name_key.cmp(&other.name_key).then_with(by_id),
            Sort::TenantId => by_id(),
        };
        if order == Order::Descending {
            ascending.reverse()
        } else {
            ascending
        }
    }

    /// Whether a prefix finds the tenant: says what [`terms`] say, without making them.
    pub(crate) fn found_by(&self, prefix: &Prefix) -> bool {
        let begins = |at: usize| {
            self.name_key
                .get(at..)
                .is_some_and(|rest| rest.starts_with(&prefix.text))
        };
        begins(0)
            || word_starts(&self.name_key).any(begins)
            || kit::search_key(&self.tenant_id).starts_with(&prefix.text)
    }
}

/// Where the first words of a name begin, in bytes.
fn word_starts(name_key: &str) -> impl Iterator<Item = usize> {
    let mut inside = false;
    name_key
        .char_indices()
        .filter(move |(_, c)| {
            let word = c.is_alphanumeric();
            let start = word && !inside;
            inside = word;
            start
        })
        .map(|(at, _)| at)
        .take(TERM_COUNT)
}

/// What a tenant is found by, sorted, each with how many characters it shares with the one before. A tenant that a prefix
/// finds through several terms is then counted once: through the first, because later ones share the whole prefix.
pub(crate) fn terms(tenant_id: &str, name: &str) -> Vec<(String, i64)> {
    let cut = |text: &str| -> String { text.chars().take(TERM_LENGTH).collect() };
    let name = kit::search_key(name);
    let mut all = vec![cut(&kit::search_key(tenant_id)), cut(&name)];
    all.extend(word_starts(&name).map(|at| cut(name.get(at..).unwrap_or(""))));
    all.retain(|term| !term.is_empty());
    all.sort_unstable();
    all.dedup();
    let mut before = String::new();
    all.into_iter()
        .map(|term| {
            let shared = term
                .chars()
                .zip(before.chars())
                .take_while(|(a, b)| a == b)
                .count();
            before.clone_from(&term);
            (term, i64::try_from(shared).unwrap_or(i64::MAX))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(prefix: &str, tenant_id: &str, name: &str) -> usize {
        let prefix = Prefix::of(prefix).unwrap();
        terms(tenant_id, name)
            .into_iter()
            .filter(|(term, shared)| term.starts_with(&prefix.text) && *shared < prefix.length)
            .count()
    }

    fn found_in_a_walk(prefix: &str, tenant_id: &str, name: &str) -> bool {
        let seat = Seat {
            tenant_id: tenant_id.to_owned(),
            name_key: kit::search_key(name),
            created_at: 0,
        };
        seat.found_by(&Prefix::of(prefix).unwrap())
    }

    #[test]
    fn a_tenant_is_found_by_its_id_and_by_each_word_of_its_name_and_counted_once() {
        for prefix in ["acme", "ACME In", "inter", "t-1", "a", "west"] {
            assert_eq!(
                found(prefix, "T-1", "Acme International (West) an acme-maker"),
                1,
                "{prefix}"
            );
        }
        assert_eq!(found("cme", "T-1", "Acme"), 0);
        assert!(!found_in_a_walk("cme", "T-1", "Acme"));
        assert_eq!(found("acme", "acme", "Acme acme ACME"), 1);
    }

    #[test]
    fn metadata_arrives_in_every_form_clients_send() {
        for (sent, kept) in [
            (json!({"a": 1}), r#"{"a":1}"#),
            (json!("{\"a\":1}"), r#"{"a":1}"#),
            (json!(null), "{}"),
            (json!(5), "5"),
            (json!("plain"), r#""plain""#),
        ] {
            assert_eq!(metadata_text(sent).to_string(), kept);
        }
    }

    fn made(new: NewTenant) -> Result<Tenant, Vec<String>> {
        new.into_tenant(&"e".into(), ("r".to_owned(), "fresh".to_owned()), Millis(0))
    }

    #[test]
    fn an_empty_id_is_generated_and_a_chosen_one_is_kept() {
        let chosen = NewTenant {
            tenant_id: Some("acme eu/1".to_owned()),
            ..NewTenant::default()
        };
        let chosen = made(chosen).unwrap();
        assert_eq!(
            (chosen.tenant_id.as_str(), chosen.name.as_str()),
            ("acme eu/1", "acme eu/1")
        );
        let empty = NewTenant {
            tenant_id: Some(String::new()),
            ..NewTenant::default()
        };
        assert_eq!(made(empty).unwrap().tenant_id, "fresh");
    }

    #[test]
    fn values_that_are_too_long_are_named() {
        let long = NewTenant {
            tenant_id: Some("x".repeat(256)),
            alias: Some("a b".to_owned()),
            metadata: Some(json!("x".repeat(METADATA_BYTES))),
            ..NewTenant::default()
        };
        let faults = made(long).unwrap_err().join("; ");
        for part in ["tenantId must be shorter", "alias must", "metadata must"] {
            assert!(faults.contains(part), "{faults}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let old = made(NewTenant {
            website: Some("w".to_owned()),
            ..NewTenant::default()
        })
        .unwrap();
        let changes: TenantChanges = serde_json::from_value(json!({"name": "New", "website": null})).unwrap();
        let new = changes.apply(old, Millis(5)).unwrap();
        assert_eq!(
            (new.name.as_str(), new.website, new.updated_at),
            ("New", None, Millis(5))
        );
        let nothing: TenantChanges = serde_json::from_value(json!({"id": "x"})).unwrap();
        assert!(nothing.is_empty());
    }
}
