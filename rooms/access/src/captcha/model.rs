//! The policy as it is stored, written and read.

use blocks::settings::{Setting, Stored};
use kit::{EnvironmentId, Millis, Patch, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a key.
const LONGEST_KEY: usize = 1_000;
/// Most addresses that are exempt.
const MOST_IGNORED: usize = 1_000;

/// The policy as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CaptchaPolicy {
    pub(super) enabled: bool,
    pub(super) site_key: String,
    /// The secret key, sealed.
    pub(super) sealed_secret: String,
    pub(super) min_score: f64,
    /// Addresses that are not asked, as [`kit::email_key`] makes them.
    pub(super) ignored_emails: Vec<String>,
}

impl Setting for CaptchaPolicy {
    const NAME: &'static str = "captcha-policy";
}

/// What the secret of an environment is sealed for.
pub(super) fn place(environment: &EnvironmentId) -> String {
    format!("settings/captcha-policy/{environment}")
}

/// The policy as it is written.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaptchaPolicyBody {
    #[schema(required, value_type = bool)]
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// The key that pages show the widget with.
    #[schema(required, value_type = String)]
    #[serde(default)]
    pub(super) site_key: Option<String>,
    /// The key that answers are judged with.
    #[schema(required, value_type = String)]
    #[serde(default)]
    pub(super) secret_key: Option<Secret>,
    /// From 0, which takes everybody, to 1.
    #[schema(required, value_type = f64)]
    #[serde(default)]
    pub(super) min_score: Option<f64>,
    /// Addresses that are not asked.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(default)]
    pub(super) ignored_emails: Patch<Vec<String>>,
}

/// Checked members of a body.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    enabled: Option<bool>,
    site_key: Option<String>,
    pub(super) secret_key: Option<Secret>,
    min_score: Option<f64>,
    ignored_emails: Option<Vec<String>>,
}

impl CaptchaPolicyBody {
    /// The members of a first policy, all of which but one must be there.
    pub(super) fn whole(self) -> Result<Changes, Vec<String>> {
        let mut faults = Vec::new();
        for (absent, sentence) in [
            (self.enabled.is_none(), "enabled must be a boolean value"),
            (self.site_key.is_none(), "siteKey must be a string"),
            (self.secret_key.is_none(), "secretKey must be a string"),
            (
                self.min_score.is_none(),
                "minScore must be a number conforming to the specified constraints",
            ),
        ] {
            if absent {
                faults.push(sentence.to_owned());
            }
        }
        self.checked(faults)
    }

    /// The members that are given.
    pub(super) fn part(self) -> Result<Changes, Vec<String>> {
        self.checked(Vec::new())
    }

    fn checked(self, mut faults: Vec<String>) -> Result<Changes, Vec<String>> {
        let mut key = |name: &str, value: Option<&str>| {
            let Some(value) = value else { return };
            if value.trim().is_empty() {
                faults.push(format!("{name} should not be empty"));
            } else if value.chars().count() > LONGEST_KEY {
                faults.push(format!(
                    "{name} must be shorter than or equal to {LONGEST_KEY} characters"
                ));
            }
        };
        key("siteKey", self.site_key.as_deref());
        key("secretKey", self.secret_key.as_ref().map(Secret::reveal));
        if self.min_score.is_some_and(|score| score < 0.0) {
            faults.push("minScore must not be less than 0".to_owned());
        }
        if self.min_score.is_some_and(|score| score > 1.0) {
            faults.push("minScore must not be greater than 1".to_owned());
        }
        let ignored = match self.ignored_emails {
            Patch::Absent => None,
            Patch::Null => Some(Vec::new()),
            Patch::Value(given) => Some(addresses(&given, &mut faults)),
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Changes {
            enabled: self.enabled,
            site_key: self.site_key,
            secret_key: self.secret_key,
            min_score: self.min_score,
            ignored_emails: ignored,
        })
    }
}

fn addresses(given: &[String], faults: &mut Vec<String>) -> Vec<String> {
    if given.len() > MOST_IGNORED {
        faults.push(format!(
            "ignoredEmails must contain no more than {MOST_IGNORED} elements"
        ));
        return Vec::new();
    }
    let keys: Vec<String> = given
        .iter()
        .filter_map(|text| kit::email_key(text).ok())
        .collect();
    if keys.len() < given.len() {
        faults.push("each value in ignoredEmails must be an email".to_owned());
    }
    keys
}

impl Changes {
    /// The policy with these changes; `sealed` is the new secret, where there is one.
    pub(super) fn over(self, old: &CaptchaPolicy, sealed: Option<String>) -> CaptchaPolicy {
        CaptchaPolicy {
            enabled: self.enabled.unwrap_or(old.enabled),
            site_key: self.site_key.unwrap_or_else(|| old.site_key.clone()),
            sealed_secret: sealed.unwrap_or_else(|| old.sealed_secret.clone()),
            min_score: self.min_score.unwrap_or(old.min_score),
            ignored_emails: self.ignored_emails.unwrap_or_else(|| old.ignored_emails.clone()),
        }
    }
}

/// The policy as the environment reads it back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaptchaPolicyView {
    pub(super) id: String,
    pub(super) site_key: String,
    /// The key that answers are judged with; nobody but the environment reads it.
    pub(super) secret_key: String,
    pub(super) enabled: bool,
    pub(super) min_score: f64,
    pub(super) ignored_emails: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    pub(super) updated_at: Millis,
}

/// What a page needs to show the widget. Nothing but `enabled` where no policy was written.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicCaptchaPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_key: Option<String>,
    enabled: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Millis>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Millis>,
}

impl From<Stored<CaptchaPolicy>> for PublicCaptchaPolicy {
    fn from(stored: Stored<CaptchaPolicy>) -> Self {
        Self {
            id: Some(stored.id),
            site_key: Some(stored.value.site_key),
            enabled: stored.value.enabled,
            created_at: Some(stored.created_at),
            updated_at: Some(stored.updated_at),
        }
    }
}

/// The policy as an audit record keeps it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Noted<'a> {
    enabled: bool,
    site_key: &'a str,
    min_score: f64,
    ignored_emails: &'a [String],
}

impl<'a> From<&'a CaptchaPolicy> for Noted<'a> {
    fn from(policy: &'a CaptchaPolicy) -> Self {
        Self {
            enabled: policy.enabled,
            site_key: &policy.site_key,
            min_score: policy.min_score,
            ignored_emails: &policy.ignored_emails,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(json: &str) -> CaptchaPolicyBody {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_first_policy_names_everything_that_is_missing() {
        assert_eq!(body("{}").whole().unwrap_err().len(), 4);
        assert!(body("{}").part().is_ok());
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let old = CaptchaPolicy {
            enabled: true,
            site_key: "site".to_owned(),
            sealed_secret: "sealed".to_owned(),
            min_score: 0.5,
            ignored_emails: vec!["a@acme.test".to_owned()],
        };
        let changes = body(r#"{"enabled": false}"#).part().unwrap();
        let new = changes.over(&old, None);
        assert_eq!(
            new,
            CaptchaPolicy {
                enabled: false,
                ..old.clone()
            }
        );
        let cleared = body(r#"{"ignoredEmails": null}"#)
            .part()
            .unwrap()
            .over(&old, None);
        assert!(cleared.ignored_emails.is_empty());
    }
}
