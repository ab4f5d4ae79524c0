//! What is wrong with a body, collected as sentences in the words clients know; and the shapes of values that several
//! bodies share.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Most bytes of a user's metadata as JSON text.
const METADATA_BYTES: usize = 64 * 1024;
/// Most bytes of what a caller says about a mail as JSON text.
const MAIL_BYTES: usize = 16 * 1024;
/// Most characters of a name, an external id.
const SHORT: usize = 255;
/// Most characters of a description.
const LONG: usize = 2000;
/// Most characters of a picture's address.
const PICTURE: usize = 4095;
/// Shortest temporary access, in seconds.
const LEAST_TEMPORARY: i64 = 300;
/// Longest temporary access, in seconds: a hundred years, so that times stay within their range.
const MOST_TEMPORARY: i64 = 3_155_760_000;

/// Sentences about the values of one body.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    fn within(&mut self, field: &str, text: Option<&str>, most: usize) {
        if text.is_some_and(|text| text.chars().count() > most) {
            self.say(format!(
                "{field} must be shorter than or equal to {most} characters"
            ));
        }
    }

    /// A name or another short text.
    pub(crate) fn short(&mut self, field: &str, text: Option<&str>) {
        self.within(field, text, SHORT);
    }

    /// A text of several sentences.
    pub(crate) fn long(&mut self, field: &str, text: Option<&str>) {
        self.within(field, text, LONG);
    }

    pub(crate) fn picture(&mut self, text: Option<&str>) {
        self.within("profilePictureUrl", text, PICTURE);
    }

    /// The stored form of an e-mail address.
    pub(crate) fn email(&mut self, text: Option<&str>) -> Option<String> {
        match kit::email_key(text?) {
            Ok(key) => Some(key),
            Err(fault) => {
                self.say(fault.to_string());
                None
            }
        }
    }

    pub(crate) fn username(&mut self, text: Option<&str>) {
        self.within("username", text, SHORT);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_some_and(|text| text.is_empty() || !text.chars().all(plain)) {
            self.say("Username can only contain letters, numbers, dots, underscores, and hyphens");
        }
    }

    /// The stored form of a phone number: E.164, single hyphens between digits left out.
    pub(crate) fn phone(&mut self, text: Option<&str>) -> Option<String> {
        let text = text?;
        let phone = kit::phone_key(text);
        if phone.is_none() {
            self.say("phoneNumber must be a valid phone number");
        }
        phone
    }

    /// The stored form of metadata.
    pub(crate) fn metadata(&mut self, field: &str, value: Option<&Value>) -> Option<String> {
        let text = match value? {
            Value::Null => return None,
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(_) => text.clone(),
                Err(_) => {
                    self.say(format!("{field} must be a json string"));
                    return None;
                }
            },
            // One client sends the value itself.
            value @ (Value::Object(_) | Value::Array(_)) => value.to_string(),
            Value::Bool(_) | Value::Number(_) => {
                self.say(format!("{field} must be a json string"));
                return None;
            }
        };
        if text.len() > METADATA_BYTES {
            self.say(format!(
                "{field} must be shorter than or equal to {METADATA_BYTES} characters"
            ));
            return None;
        }
        Some(text)
    }

    /// Values that a caller has for a mail.
    pub(crate) fn mail_values(&mut self, value: Option<&Value>) {
        match value {
            None | Some(Value::Null) => {}
            Some(value @ Value::Object(_)) if value.to_string().len() > MAIL_BYTES => self.say(format!(
                "emailMetadata must be shorter than or equal to {MAIL_BYTES} characters"
            )),
            Some(Value::Object(_)) => {}
            Some(_) => self.say("emailMetadata must be an object"),
        }
    }

    /// How long temporary access lasts, in seconds.
    pub(crate) fn temporary(&mut self, seconds: Option<i64>) {
        match seconds {
            Some(seconds) if seconds < LEAST_TEMPORARY => {
                self.say(format!(
                    "expirationInSeconds must not be less than {LEAST_TEMPORARY}"
                ));
            }
            Some(seconds) if seconds > MOST_TEMPORARY => {
                self.say(format!(
                    "expirationInSeconds must not be greater than {MOST_TEMPORARY}"
                ));
            }
            _ => {}
        }
    }

    /// Ids of roles.
    pub(crate) fn role_ids(&mut self, ids: &[String]) {
        const MOST: usize = 100;
        if ids.len() > MOST {
            self.say(format!("roleIds must contain no more than {MOST} elements"));
        }
        if ids.iter().any(|id| id.is_empty() || id.len() > SHORT) {
            self.say("each value in roleIds must be the id of a role");
        }
    }

    /// Nothing wrong, or everything that is.
    pub(crate) fn check(self) -> Result<(), Vec<String>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// A text where an empty one counts as absent.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Reads `null` as an empty list.
pub(crate) fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_is_json_in_a_string_or_an_object() {
        let mut faults = Faults::default();
        assert_eq!(
            faults.metadata("metadata", Some(&json!("{\"a\": 1}"))).as_deref(),
            Some("{\"a\": 1}")
        );
        assert_eq!(
            faults.metadata("metadata", Some(&json!({"a": 1}))).as_deref(),
            Some("{\"a\":1}")
        );
        assert_eq!(faults.metadata("metadata", Some(&json!(null))), None);
        assert_eq!(faults.metadata("metadata", Some(&json!("{a"))), None);
        assert_eq!(faults.check().unwrap_err(), ["metadata must be a json string"]);
    }

    #[test]
    fn temporary_access_lasts_five_minutes_at_least() {
        let mut faults = Faults::default();
        faults.temporary(Some(300));
        faults.temporary(Some(299));
        assert_eq!(
            faults.check().unwrap_err(),
            ["expirationInSeconds must not be less than 300"]
        );
    }
}
