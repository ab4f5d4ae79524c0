//! What a template holds, and what the API shows of it.

use db::StoreError;
use outbound::Mailbox;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::super::render::{self, Surroundings};
use super::super::{MailTemplate, SmsTemplate, defaults};

/// Longest sender, subject and address, in characters, as the API promises.
const LONGEST: usize = 512;
const LONGEST_ADDRESS: usize = 4_095;
/// Longest HTML part, in characters.
pub(crate) const LONGEST_HTML: usize = 1_000_000;
const LONGEST_SMS: usize = 1_600;

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

/// A mail template as it is read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailTemplateView {
    /// Absent while the default is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: MailTemplate,
    pub(crate) html_template: String,
    pub(crate) sender_email: String,
    pub(crate) from_name: String,
    pub(crate) subject: String,
    /// Where the link leads, with its placeholders filled.
    #[serde(rename = "redirectURL")]
    pub(crate) redirect_url: String,
    /// The same as it was written.
    #[serde(rename = "redirectURLPattern")]
    pub(crate) redirect_url_pattern: String,
    pub(crate) success_redirect_url: String,
    pub(crate) success_redirect_url_pattern: String,
    pub(crate) active: bool,
}

impl MailTemplateView {
    /// The template in force. What was never written is shown as it would be sent.
    pub(crate) fn of(
        kind: MailTemplate,
        stored: Option<(&StoredTemplate, MailText)>,
        surroundings: &Surroundings,
    ) -> Self {
        let default = defaults::mail(kind);
        let (id, active, own) = match stored {
            Some((stored, own)) => (Some(stored.id.clone()), stored.active, own),
            None => (None, true, default.clone()),
        };
        let or = |own: String, default: &str| if own.is_empty() { default.to_owned() } else { own };
        let pattern = or(own.redirect_url, &default.redirect_url);
        Self {
            id,
            kind,
            html_template: or(own.html, &default.html),
            sender_email: or(own.sender_email, surroundings.sender().address()),
            from_name: or(own.from_name, surroundings.sender().name()),
            subject: or(own.subject, &default.subject),
            redirect_url: surroundings.resolve(&pattern),
            redirect_url_pattern: pattern,
            success_redirect_url: surroundings.resolve(&own.success_redirect_url),
            success_redirect_url_pattern: own.success_redirect_url,
            active,
        }
    }
}

/// A mail template as it is written. Members left out stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailTemplateChanges {
    #[serde(rename = "type")]
    pub(crate) kind: MailTemplate,
    pub(crate) sender_email: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) from_name: Option<String>,
    #[serde(rename = "redirectURL")]
    pub(crate) redirect_url: Option<String>,
    pub(crate) html_template: Option<String>,
    pub(crate) success_redirect_url: Option<String>,
    pub(crate) active: Option<bool>,
}

impl MailTemplateChanges {
    /// Lays the members that are given over `old`.
    pub(crate) fn over(&self, old: &MailText) -> MailText {
        let text = |given: &Option<String>, stored: &str| given.clone().unwrap_or_else(|| stored.to_owned());
        MailText {
            subject: text(&self.subject, &old.subject),
            html: text(&self.html_template, &old.html),
            from_name: text(&self.from_name, &old.from_name),
            sender_email: text(&self.sender_email, &old.sender_email),
            redirect_url: text(&self.redirect_url, &old.redirect_url),
            success_redirect_url: text(&self.success_redirect_url, &old.success_redirect_url),
        }
    }
}

/// What is wrong with a mail template, as sentences.
pub(crate) fn faults(text: &MailText) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, value, most) in [
        ("senderEmail", &text.sender_email, LONGEST),
        ("subject", &text.subject, LONGEST),
        ("fromName", &text.from_name, LONGEST),
        ("redirectURL", &text.redirect_url, LONGEST_ADDRESS),
        ("successRedirectUrl", &text.success_redirect_url, LONGEST_ADDRESS),
        ("htmlTemplate", &text.html, LONGEST_HTML),
    ] {
        if value.chars().count() > most {
            faults.push(format!(
                "{name} must be shorter than or equal to {most} characters"
            ));
        }
    }
    for (name, value) in [("subject", &text.subject), ("fromName", &text.from_name)] {
        if value.chars().any(char::is_control) {
            faults.push(format!("{name} must be on one line, without control characters"));
        }
    }
    if !text.sender_email.is_empty() && Mailbox::new("", &text.sender_email).is_err() {
        faults.push("senderEmail must be an email".to_owned());
    }
    for (name, value) in [
        ("redirectURL", &text.redirect_url),
        ("successRedirectUrl", &text.success_redirect_url),
    ] {
        if !value.is_empty() && !leads_somewhere(value) {
            faults.push(format!(
                "{name} must be an http or https address, or begin with {{{{APP_URL}}}} or {{{{LOGIN_URL}}}}"
            ));
        }
    }
    for (name, value) in [("subject", &text.subject), ("htmlTemplate", &text.html)] {
        if let Err(fault) = render::check(value) {
            faults.push(format!("{name}: {fault}"));
        }
    }
    faults
}

/// Applications on phones have schemes of their own, so any is taken that runs nothing.
fn leads_somewhere(pattern: &str) -> bool {
    if pattern.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    let filled = render::sample(pattern);
    Url::parse(&filled)
        .is_ok_and(|url| !matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob"))
}

/// A text-message template as it is read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsTemplateView {
    /// Absent while the default is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: SmsTemplate,
    pub(crate) template: String,
    pub(crate) active: bool,
}

impl SmsTemplateView {
    pub(crate) fn of(kind: SmsTemplate, stored: Option<(&StoredTemplate, SmsText)>) -> Self {
        match stored {
            Some((stored, own)) => Self {
                id: Some(stored.id.clone()),
                kind,
                template: own.text,
                active: stored.active,
            },
            None => Self {
                id: None,
                kind,
                template: defaults::sms(kind).text,
                active: true,
            },
        }
    }
}

/// A text-message template as it is written. Members left out stay as they are.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SmsTemplateChanges {
    pub(crate) template: Option<String>,
    pub(crate) active: Option<bool>,
}

/// What is wrong with a text-message template.
pub(crate) fn sms_faults(text: &SmsText) -> Vec<String> {
    let mut faults = Vec::new();
    if text.text.trim().is_empty() {
        faults.push("template should not be empty".to_owned());
    }
    if text.text.chars().count() > LONGEST_SMS {
        faults.push(format!(
            "template must be shorter than or equal to {LONGEST_SMS} characters"
        ));
    }
    if let Err(fault) = render::check(&text.text) {
        faults.push(format!("template: {fault}"));
    }
    faults
}
