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
    /// What is wrong with the members that are given, as sentences.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(address) = self.sender_email.as_deref().filter(|text| !text.is_empty())
            && fits("senderEmail", address, LONGEST, &mut faults)
            && Mailbox::new("", address).is_err()
        {
            faults.push("senderEmail must be an email".to_owned());
        }
        if let Some(subject) = &self.subject
            && fits("subject", subject, LONGEST, &mut faults)
        {
            on_one_line("subject", subject, &mut faults);
            is_template("subject", subject, &mut faults);
        }
        if let Some(name) = &self.from_name
            && fits("fromName", name, LONGEST, &mut faults)
        {
            on_one_line("fromName", name, &mut faults);
        }
        for (name, pattern) in [
            ("redirectURL", &self.redirect_url),
            ("successRedirectUrl", &self.success_redirect_url),
        ] {
            if let Some(pattern) = pattern.as_deref().filter(|text| !text.is_empty())
                && fits(name, pattern, LONGEST_ADDRESS, &mut faults)
                && !leads_somewhere(pattern)
            {
                faults.push(format!(
                    "{name} must be an address such as https://… or the scheme of an app, or begin with {{{{APP_URL}}}} or {{{{LOGIN_URL}}}}"
                ));
            }
        }
        if let Some(html) = &self.html_template
            && fits("htmlTemplate", html, LONGEST_HTML, &mut faults)
        {
            is_template("htmlTemplate", html, &mut faults);
        }
        faults
    }

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

/// Whether a text fits; says so where it does not. What is too long is not looked at any further.
fn fits(name: &str, value: &str, most: usize, faults: &mut Vec<String>) -> bool {
    let fits = value.chars().nth(most).is_none();
    if !fits {
        faults.push(format!(
            "{name} must be shorter than or equal to {most} characters"
        ));
    }
    fits
}

fn on_one_line(name: &str, value: &str, faults: &mut Vec<String>) {
    if value.chars().any(char::is_control) {
        faults.push(format!("{name} must be on one line, without control characters"));
    }
}

fn is_template(name: &str, value: &str, faults: &mut Vec<String>) {
    if let Err(fault) = render::check(value) {
        faults.push(format!("{name}: {fault}"));
    }
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

impl SmsTemplateChanges {
    /// What is wrong with the members that are given.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(text) = &self.template else { return faults };
        if text.trim().is_empty() {
            faults.push("template should not be empty".to_owned());
        }
        if fits("template", text, LONGEST_SMS, &mut faults) {
            is_template("template", text, &mut faults);
        }
        faults
    }
}
