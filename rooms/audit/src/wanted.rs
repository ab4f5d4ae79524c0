//! Which records a query wants: read from its parameters, in both dialects of the API.

use blocks::audit::Severity;
use blocks::listing::Order;
use kit::{Millis, TenantId};
use serde_json::{Map, Value};
use web::{Params, Problem};

use crate::model::severity_of;

/// Columns that can be compared and sorted by, in the names of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    CreatedAt,
    Severity,
    Action,
    Email,
    UserId,
    TenantId,
    ActorId,
    Ip,
    UserAgent,
    Description,
    Resource,
    ResourceId,
}

impl Column {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "createdAt" | "updatedAt" | "created_at" | "time" => Self::CreatedAt,
            "severity" => Self::Severity,
            "action" => Self::Action,
            "email" => Self::Email,
            "userId" | "user" => Self::UserId,
            "tenantId" => Self::TenantId,
            "actorId" => Self::ActorId,
            "ip" => Self::Ip,
            "userAgent" => Self::UserAgent,
            "description" => Self::Description,
            "resource" => Self::Resource,
            "resourceId" => Self::ResourceId,
            _ => return None,
        })
    }
}

/// What a query wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Only of these; empty for the whole environment.
    pub(crate) tenants: Vec<String>,
    pub(crate) from: Option<Millis>,
    /// Inclusive.
    pub(crate) to: Option<Millis>,
    pub(crate) users: Vec<String>,
    /// Lower-cased.
    pub(crate) emails: Vec<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) action: Option<String>,
    /// Conditions without an index: they look at the newest records that meet the others.
    pub(crate) columns: Vec<(Column, String)>,
    /// Members of the sender's own that must have these values.
    pub(crate) custom: Vec<(String, String)>,
    /// Text that must occur somewhere, lower-cased.
    pub(crate) text: Option<String>,
    pub(crate) sort: Option<Column>,
    pub(crate) order: Order,
    pub(crate) offset: i64,
    pub(crate) count: i64,
}

/// Parameters that say something else than what a column must hold.
const OTHERS: [&str; 11] = [
    "vendorId",
    "tenantId",
    "limit",
    "offset",
    "count",
    "paginationMode",
    "filter",
    "sortBy",
    "sortDirection",
    "outputFileName",
    "_",
];

impl Wanted {
    /// Whether only tenant and time are asked about, so that the tallies know the number.
    pub(crate) const fn is_plain(&self) -> bool {
        self.users.is_empty()
            && self.emails.is_empty()
            && self.severity.is_none()
            && self.action.is_none()
            && self.columns.is_empty()
            && self.custom.is_empty()
            && self.text.is_none()
    }

    /// Whether indexes lead through the answer in its order, so that only as many records are looked at as are skipped and
    /// sent.
    pub(crate) const fn is_indexed(&self) -> bool {
        self.columns.is_empty()
            && self.custom.is_empty()
            && self.text.is_none()
            && matches!(self.sort, None | Some(Column::CreatedAt))
    }

    /// The older dialect: `offset`, `count`, `filter`, and any column by its name.
    ///
    /// # Errors
    /// 400 naming the parameter that is wrong.
    pub(crate) fn read(params: &Params, most: i64) -> Result<Self, Problem> {
        let mut wanted = Self {
            count: most.min(50),
            ..Self::default()
        };
        // More than the most is not a mistake here: the documented clients ask for what they like and page on.
        let count = params.integer("count", 1, i64::from(u32::MAX))?;
        let limit = params.integer("limit", 1, i64::from(u32::MAX))?;
        if let Some(count) = count.or(limit) {
            wanted.count = count.min(most);
        }
        wanted.page(params)?;
        wanted.time(params)?;
        if let Some(filter) = params.text_within("filter", 1000)? {
            wanted.filter(filter)?;
        }
        for (name, value) in params.others(&OTHERS) {
            if !value.is_empty() && !matches!(name, "created_from" | "created_to") {
                wanted.equal(name, value)?;
            }
        }
        Ok(wanted)
    }

    /// The newer dialect.
    ///
    /// # Errors
    /// 400 naming the parameter that is wrong.
    pub(crate) fn read_v2(params: &Params) -> Result<Self, Problem> {
        let mut wanted = Self {
            count: params.integer("count", 1, 200)?.unwrap_or(50),
            ..Self::default()
        };
        wanted.page(params)?;
        wanted.time(params)?;
        wanted.tenants = params.list("tenant_ids", 100)?;
        wanted.users = params.list("users", 100)?;
        wanted.emails = params
            .list("email", 100)?
            .into_iter()
            .map(|email| email.to_lowercase())
            .collect();
        if let Some(flag) = params.text_within("featureFlagId", 255)? {
            wanted.columns.push((Column::Resource, "featureFlag".to_owned()));
            wanted.columns.push((Column::ResourceId, flag.to_owned()));
        }
        if let Some(filter) = params.text_within("filter", 1000)? {
            wanted.filter(filter)?;
        }
        Ok(wanted)
    }

    fn page(&mut self, params: &Params) -> Result<(), Problem> {
        self.offset = params.integer("offset", 0, i64::from(u32::MAX))?.unwrap_or(0);
        if let Some(name) = params.text("sortBy") {
            if name.len() > 100 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(Problem::bad_request(
                    "sortBy must match /^[a-zA-z0-9_]+$/ regular expression",
                ));
            }
            self.sort = Column::named(name);
        }
        // Newest first unless something else is asked for.
        self.order = match params.text("sortDirection") {
            None if matches!(self.sort, None | Some(Column::CreatedAt)) => Order::Descending,
            None => Order::Ascending,
            Some(word) if word.eq_ignore_ascii_case("asc") => Order::Ascending,
            Some(word) if word.eq_ignore_ascii_case("desc") => Order::Descending,
            Some(_) => {
                return Err(Problem::bad_request(
                    "sortDirection must match /^(a|de)sc$/i regular expression",
                ));
            }
        };
        Ok(())
    }

    fn time(&mut self, params: &Params) -> Result<(), Problem> {
        let read = |name: &str| match params.text(name) {
            None => Ok(None),
            Some(text) => Millis::from_iso(text)
                .or_else(|| Millis::from_iso(&format!("{text}T00:00:00Z")))
                .map(Some)
                .ok_or_else(|| Problem::bad_request(format!("{name} must be a valid ISO 8601 date string"))),
        };
        (self.from, self.to) = (read("created_from")?, read("created_to")?);
        Ok(())
    }

    /// A JSON object names columns and the values they must have; anything else is text to look for.
    fn filter(&mut self, filter: &str) -> Result<(), Problem> {
        if let Ok(members) = serde_json::from_str::<Map<String, Value>>(filter) {
            for (name, value) in members {
                match value {
                    Value::String(value) => self.equal(&name, &value)?,
                    Value::Number(_) | Value::Bool(_) => self.equal(&name, &value.to_string())?,
                    _ => return Err(Problem::bad_request("filter must name columns with plain values")),
                }
            }
            return Ok(());
        }
        let text = kit::search_key(filter);
        self.text = (!text.is_empty()).then_some(text);
        Ok(())
    }

    fn equal(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        if name.len() > 100 || value.len() > 1000 {
            return Err(Problem::bad_request("A column filter is too long"));
        }
        match Column::named(name) {
            Some(Column::Severity) => {
                let severity = severity_of(value).ok_or_else(|| {
                    let words = crate::model::SEVERITIES.map(|(word, _)| word).join(", ");
                    Problem::bad_request(format!("severity must be one of the following values: {words}"))
                })?;
                self.severity = Some(severity);
            }
            Some(Column::Action) => self.action = Some(value.to_owned()),
            Some(Column::Email) => self.emails = vec![value.to_lowercase()],
            Some(Column::UserId) => self.users = vec![value.to_owned()],
            Some(Column::CreatedAt) => {}
            Some(column) => self.columns.push((column, value.to_owned())),
            None => self.custom.push((name.to_owned(), value.to_owned())),
        }
        if self.columns.len() + self.custom.len() > 20 {
            return Err(Problem::bad_request("Too many column filters"));
        }
        Ok(())
    }

    /// Whatever was asked for, only this tenant's records.
    pub(crate) fn within(&mut self, tenant: &TenantId) {
        let foreign = !self.tenants.is_empty() && !self.tenants.iter().any(|asked| asked == tenant.as_str());
        self.tenants = vec![tenant.to_string()];
        if foreign {
            // Others' records answer as if there were none.
            self.columns.push((Column::TenantId, String::new()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wanted, Problem> {
        Wanted::read(&Params::parse(query).unwrap(), 200)
    }

    #[test]
    fn the_older_dialect_takes_any_column_and_caps_the_count() {
        let wanted =
            read("count=500&offset=3&severity=high&email=A@b.test&plan=gold&sortBy=createdAt&_=17").unwrap();
        assert_eq!(
            (wanted.count, wanted.offset, wanted.severity),
            (200, 3, Some(Severity::High))
        );
        assert_eq!(
            (wanted.emails, wanted.custom),
            (
                vec!["a@b.test".to_owned()],
                vec![("plan".to_owned(), "gold".to_owned())]
            )
        );
    }

    #[test]
    fn a_filter_is_text_or_a_json_object_of_columns() {
        assert_eq!(
            read("filter=Logged In").unwrap().text.as_deref(),
            Some("logged in")
        );
        assert_eq!(
            read(r#"filter={"action":"Role created"}"#)
                .unwrap()
                .action
                .as_deref(),
            Some("Role created")
        );
    }

    #[test]
    fn wrong_values_are_named() {
        for (query, sentence) in [
            ("sortBy=a-b", "sortBy must match"),
            ("sortDirection=up", "sortDirection must match"),
            ("offset=-1", "offset must not be less than 0"),
            (
                "created_from=soon",
                "created_from must be a valid ISO 8601 date string",
            ),
            ("severity=Grave", "severity must be one of"),
        ] {
            assert!(
                format!("{:?}", read(query).unwrap_err()).contains(sentence),
                "{query}"
            );
        }
        let beyond = Wanted::read_v2(&Params::parse("count=201").unwrap()).unwrap_err();
        assert!(format!("{beyond:?}").contains("count must not be greater than 200"));
    }

    #[test]
    fn a_user_who_asks_for_another_tenant_gets_nothing_of_it() {
        let mut wanted = Wanted::read_v2(&Params::parse("tenant_ids=b").unwrap()).unwrap();
        wanted.within(&"a".into());
        assert_eq!(wanted.tenants, ["a"]);
        assert_eq!(wanted.columns, [(Column::TenantId, String::new())]);
    }
}
