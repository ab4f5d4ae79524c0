//! An audit record as stored and as sent.

use std::collections::BTreeMap;

use blocks::audit::{Actor, AuditRecord, Severity};
use kit::{EnvironmentId, Millis};
use serde_json::{Map, Value};

/// Milliseconds of the hours that records are counted by.
pub(crate) const HOUR: i64 = 3_600_000;

/// A record as stored.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    pub(crate) id: String,
    /// `""` for the environment's own.
    pub(crate) tenant_id: String,
    pub(crate) created_at: Millis,
    pub(crate) severity: Severity,
    pub(crate) actor_kind: String,
    pub(crate) actor_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) action: String,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) resource: String,
    pub(crate) resource_id: String,
    pub(crate) trace_id: Option<String>,
    /// Members of the sender's own.
    pub(crate) custom: Map<String, Value>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// The words of severity, weakest first, in the order of their ranks.
pub(crate) const SEVERITIES: [(&str, Severity); 6] = [
    ("Info", Severity::Info),
    ("Low", Severity::Low),
    ("Medium", Severity::Medium),
    ("High", Severity::High),
    ("Critical", Severity::Critical),
    ("Error", Severity::Error),
];

pub(crate) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
        Severity::Error => "Error",
    }
}

/// The severity a word names, whatever its case.
pub(crate) fn severity_of(word: &str) -> Option<Severity> {
    SEVERITIES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, severity)| *severity)
}

pub(crate) const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
        Severity::Error => 5,
    }
}

impl Audit {
    /// A record of the house's own changes. Its id is that of the event, so that it is stored once.
    pub(crate) fn of_event(id: &str, created_at: Millis, record: AuditRecord) -> Self {
        let (kind, actor) = match record.actor {
            Actor::Environment(id) => ("environment", Some(id)),
            Actor::User(id) => ("user", Some(id)),
            Actor::Anonymous => ("anonymous", None),
            Actor::System => ("system", None),
        };
        Self {
            id: id.to_owned(),
            tenant_id: record.tenant_id,
            created_at,
            severity: record.severity,
            actor_kind: kind.to_owned(),
            actor_id: actor,
            user_id: record.user_id,
            email: record.email,
            action: record.action,
            ip: record.ip,
            user_agent: record.user_agent,
            description: record.description,
            resource: record.resource,
            resource_id: record.resource_id,
            trace_id: record.trace_id,
            custom: Map::new(),
            before: record.before,
            after: record.after,
        }
    }

    /// What a free search looks at.
    pub(crate) fn search_text(&self) -> String {
        let parts = [
            self.email.as_deref(),
            Some(self.action.as_str()),
            self.description.as_deref(),
            self.ip.as_deref(),
            Some(self.resource.as_str()),
            self.user_id.as_deref(),
            self.user_agent.as_deref(),
        ];
        let mut text = String::new();
        for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
            text.push_str(&part.to_lowercase());
            text.push('\n');
        }
        // As JSON, so that a member can be looked for together with its value.
        if !self.custom.is_empty() {
            text.push_str(
                &serde_json::to_string(&self.custom)
                    .unwrap_or_default()
                    .to_lowercase(),
            );
        }
        text
    }

    /// The record as sent. What changed is for the environment's own token: it may hold what tenants do not see.
    pub(crate) fn row(&self, environment: &EnvironmentId, with_changes: bool) -> Map<String, Value> {
        let mut row = self.custom.clone();
        let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::String);
        let mut set = |name: &str, value: Value| {
            row.insert(name.to_owned(), value);
        };
        set("frontegg_id", self.id.as_str().into());
        set("tenantId", self.tenant_id.as_str().into());
        set("vendorId", environment.as_str().into());
        set("createdAt", self.created_at.iso().into());
        set("updatedAt", self.created_at.iso().into());
        set("severity", severity_word(self.severity).into());
        set("actorType", self.actor_kind.as_str().into());
        set("actorId", text(&self.actor_id));
        set("userId", text(&self.user_id));
        set("email", text(&self.email));
        set("action", self.action.as_str().into());
        set("ip", text(&self.ip));
        set("userAgent", text(&self.user_agent));
        set("description", text(&self.description));
        set("resource", self.resource.as_str().into());
        set("resourceId", self.resource_id.as_str().into());
        set("traceId", text(&self.trace_id));
        if with_changes {
            set("before", self.before.clone().unwrap_or(Value::Null));
            set("after", self.after.clone().unwrap_or(Value::Null));
        }
        row
    }

    /// Where the record counts.
    pub(crate) fn tallies(&self) -> Vec<Tally> {
        let hour = self.created_at.0.div_euclid(HOUR) * HOUR;
        let mut tallies = vec![
            Tally::of("all", "", hour),
            Tally::of("tenant", &self.tenant_id, hour),
        ];
        if !self.resource.is_empty() {
            tallies.push(Tally::of("resource", &self.resource, hour));
        }
        if rank(self.severity) >= rank(Severity::High) {
            tallies.push(Tally::of("severe", &self.tenant_id, hour));
        }
        tallies
    }
}

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tally {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) hour: i64,
}

impl Tally {
    fn of(kind: &'static str, name: &str, hour: i64) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            hour,
        }
    }
}

/// Sums up where many records count, in an order that two writers share.
pub(crate) fn tallied(audits: &[&Audit]) -> BTreeMap<Tally, i64> {
    let mut sums = BTreeMap::new();
    for tally in audits.iter().flat_map(|audit| audit.tallies()) {
        *sums.entry(tally).or_insert(0) += 1;
    }
    sums
}

/// Members that the sender of an event names and that have columns of their own.
const TEXTS: [&str; 9] = [
    "email",
    "action",
    "ip",
    "userAgent",
    "description",
    "resource",
    "resourceId",
    "userId",
    "actorId",
];
/// Members that only the server writes; sent ones are ignored.
const SERVERS: [&str; 11] = [
    "frontegg_id",
    "tenantId",
    "vendorId",
    "createdAt",
    "updatedAt",
    "environmentName",
    "actorType",
    "traceId",
    "before",
    "after",
    "id",
];
/// Most characters of a member with a column of its own.
const TEXT_LENGTH: usize = 2_000;

/// A posted event.
#[derive(Debug)]
pub(crate) struct Event(Map<String, Value>);

impl Event {
    /// The event, or what is wrong with it.
    pub(crate) fn read(mut members: Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let word = members.get("severity").and_then(Value::as_str);
        if word.and_then(severity_of).is_none() {
            let words = SEVERITIES.map(|(word, _)| word).join(", ");
            faults.push(format!("severity must be one of the following values: {words}"));
        }
        for name in TEXTS {
            match members.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text.chars().count() <= TEXT_LENGTH => {}
                Some(Value::String(_)) => {
                    faults.push(format!(
                        "{name} must be shorter than or equal to {TEXT_LENGTH} characters"
                    ));
                }
                Some(_) => faults.push(format!("{name} must be a string")),
            }
        }
        for name in SERVERS {
            members.remove(name);
        }
        if faults.is_empty() {
            Ok(Self(members))
        } else {
            Err(faults)
        }
    }

    /// The record it makes.
    pub(crate) fn into_audit(
        self,
        id: String,
        tenant: &str,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Audit {
        let mut members = self.0;
        let severity = match members.remove("severity") {
            Some(Value::String(word)) => severity_of(&word).unwrap_or_default(),
            _ => Severity::Info,
        };
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let user_id = text("userId");
        let actor_id = text("actorId").or_else(|| user_id.clone());
        Audit {
            id,
            tenant_id: tenant.to_owned(),
            created_at: now,
            severity,
            actor_kind: if actor_id.is_some() { "user" } else { "environment" }.to_owned(),
            actor_id: actor_id.or_else(|| Some(environment.to_string())),
            user_id,
            email: text("email"),
            action: text("action").unwrap_or_default(),
            ip: text("ip"),
            user_agent: text("userAgent"),
            description: text("description"),
            resource: text("resource").unwrap_or_default(),
            resource_id: text("resourceId").unwrap_or_default(),
            trace_id: None,
            custom: members,
            before: None,
            after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(value: Value) -> Result<Event, Vec<String>> {
        let Value::Object(members) = value else {
            panic!("not an object")
        };
        Event::read(members)
    }

    #[test]
    fn an_event_keeps_members_of_its_own_and_not_those_of_the_server() {
        let event = event(json!({
            "severity": "high", "email": "A@b.test", "frontegg_id": "forged", "tenantId": "other", "order": {"n": 5}
        }))
        .unwrap();
        let row = event
            .into_audit("i".to_owned(), "t", &"e".into(), Millis(0))
            .row(&"e".into(), false);
        assert_eq!(
            (
                &row["severity"],
                &row["frontegg_id"],
                &row["tenantId"],
                &row["order"]["n"]
            ),
            (&json!("High"), &json!("i"), &json!("t"), &json!(5))
        );
        assert!(!row.contains_key("before"));
    }

    #[test]
    fn an_event_without_a_known_severity_is_refused() {
        for body in [json!({}), json!({"severity": "Grave"}), json!({"severity": 3})] {
            assert!(event(body).unwrap_err()[0].starts_with("severity must be one of"));
        }
        assert_eq!(
            event(json!({"severity": "Info", "ip": 5})).unwrap_err(),
            ["ip must be a string"]
        );
    }

    #[test]
    fn severe_records_count_once_more() {
        let audit = |severity: &str| {
            let event = event(json!({"severity": severity, "resource": "order"})).unwrap();
            event.into_audit("i".to_owned(), "t", &"e".into(), Millis(HOUR + 5))
        };
        let sums = tallied(&[&audit("Info"), &audit("Critical")]);
        let all: Vec<_> = sums
            .iter()
            .map(|(tally, count)| (tally.kind, tally.name.as_str(), tally.hour, *count))
            .collect();
        assert_eq!(
            all,
            [
                ("all", "", HOUR, 2),
                ("resource", "order", HOUR, 2),
                ("severe", "t", HOUR, 1),
                ("tenant", "t", HOUR, 2)
            ]
        );
    }
}
