//! Mail and SMS: providers, templates, the inbox.

use serde_json::{Value, json};
use web::RouteEntry;

use super::Things;
use crate::Client;

const MAIL_TEMPLATES: &str = "/identity/resources/mail/v1/configs/templates";
const MAIL_V1: &str = "/identity/resources/mail/v1/configurations";
const MAIL_V2: &str = "/identity/resources/mail/v2/configurations";
const SMS: &str = "/identity/resources/configurations/v1/sms";

/// Makes the things of this area and keeps their ids.
pub(super) async fn make(vendor: &Client, things: &mut Things) {
    vendor
        .post(MAIL_TEMPLATES, json!({"type": "OTC", "subject": "Yours"}))
        .await
        .expect(201);
    let templates = vendor
        .get(&format!("{MAIL_TEMPLATES}?type=OTC"))
        .await
        .expect(200);
    things.own.insert("template", templates.text_at("/0/id"));
    vendor.post(MAIL_V1, json!({"secret": "key"})).await.expect(201);
    vendor.post(SMS, sms_provider()).await.expect(201);
}

fn sms_provider() -> Value {
    json!({"accountId": "AC123", "token": "t", "senderName": "+14155550199"})
}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(things: &Things, entry: &RouteEntry, name: &str) -> Option<String> {
    let mine = entry.path.starts_with("/identity/resources/mail/") || entry.path.starts_with(SMS);
    match name {
        "templateId" if mine => Some(things.own("template")),
        "type" if mine && entry.path.starts_with(SMS) => Some("MFAOTC".to_owned()),
        "type" if mine => Some("OTC".to_owned()),
        _ => None,
    }
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(_things: &Things, _entry: &RouteEntry) -> Option<String> {
    None
}

/// A body that one of this area's routes takes.
pub(super) fn body(_things: &Things, entry: &RouteEntry) -> Option<Value> {
    Some(match (entry.method, entry.path.as_str()) {
        ("POST", MAIL_TEMPLATES) => json!({"type": "OTC", "subject": "Another"}),
        ("POST", MAIL_V1) => json!({"secret": "another"}),
        ("POST", MAIL_V2) => json!({"payload": {"provider": "sendgrid", "secret": "another"}}),
        ("POST", SMS) => sms_provider(),
        ("POST", path) if path.starts_with(SMS) => json!({"template": "{{code}} is another"}),
        _ => return None,
    })
}
