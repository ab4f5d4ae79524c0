//! Wire shapes of resets.

use kit::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Longest text taken as an identifier.
const LONGEST: usize = 256;

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum IdentifierType {
    Email,
    PhoneNumber,
    Username,
}

/// Who forgot the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ForgotBody {
    /// Address, number or username; or `email` instead.
    #[serde(default)]
    identifier: Option<String>,
    /// What `identifier` is.
    #[serde(default)]
    identifier_type: Option<IdentifierType>,
    /// The address, as older login boxes name it.
    #[serde(default)]
    email: Option<String>,
    /// Proof of a captcha, where one is asked for.
    #[serde(default)]
    pub(super) recaptcha_token: Option<String>,
    /// What fills the mail besides, as `{{metadata}}`; taken from the environment's own back end alone.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) email_metadata: Option<Map<String, Value>>,
}

/// How a user is named, in the one spelling that is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Email(String),
    Phone(String),
    Username(String),
}

impl ForgotBody {
    /// Who is meant.
    ///
    /// # Errors
    /// A sentence when nobody is named, or in a form that nobody can have.
    pub(super) fn named(&self) -> Result<Named, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        if let Some(identifier) = given(&self.identifier) {
            return match self.identifier_type {
                Some(IdentifierType::Email) => email(&identifier),
                Some(IdentifierType::PhoneNumber) => kit::phone_key(identifier.trim())
                    .map(Named::Phone)
                    .ok_or_else(|| "identifier must be a phone number such as +15550100".to_owned()),
                Some(IdentifierType::Username) if identifier.chars().count() > LONGEST => Err(format!(
                    "identifier must be shorter than or equal to {LONGEST} characters"
                )),
                Some(IdentifierType::Username) => Ok(Named::Username(kit::search_key(&identifier))),
                None => Err(
                    "identifierType must be one of the following values: email, phoneNumber, username"
                        .to_owned(),
                ),
            };
        }
        match given(&self.email) {
            Some(address) => email(&address),
            None => Err("identifier should not be empty".to_owned()),
        }
    }
}

fn email(text: &str) -> Result<Named, String> {
    kit::email_key(text)
        .map(Named::Email)
        .map_err(|fault| fault.to_string())
}

/// A message is on its way, if there is such a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResetSessionView {
    /// To be sent together with the code of a text message.
    pub(super) session_id: String,
}

/// The code from the text message, and what the call that sent it answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PasswordResetCodeBody {
    #[schema(value_type = String)]
    pub(super) otc_token: Secret,
    pub(super) session_id: String,
}

/// What sets a new password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResetTicketView {
    pub(super) user_id: String,
    pub(super) token: String,
}

/// What a link to the page of new passwords carries.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResetTicketBody {
    pub(super) user_id: String,
    #[schema(value_type = String)]
    pub(super) token: Secret,
}

/// A new password, with what the link carried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPasswordBody {
    pub(super) user_id: String,
    #[schema(value_type = String)]
    pub(super) token: Secret,
    #[schema(value_type = String)]
    pub(super) password: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(json: &str) -> Result<Named, String> {
        serde_json::from_str::<ForgotBody>(json)
            .map_err(|error| error.to_string())?
            .named()
    }

    #[test]
    fn both_forms_name_somebody() {
        let ada = Ok(Named::Email("ada@acme.test".to_owned()));
        assert_eq!(named(r#"{"email":"Ada@Acme.test "}"#), ada);
        assert_eq!(
            named(r#"{"identifier":"ada@acme.test","identifierType":"email","email":""}"#),
            ada
        );
        assert_eq!(
            named(r#"{"identifier":"Ada","identifierType":"username"}"#),
            Ok(Named::Username("ada".to_owned()))
        );
        assert_eq!(
            named(r#"{"identifier":"+15550100","identifierType":"phoneNumber"}"#),
            Ok(Named::Phone("+15550100".to_owned()))
        );
    }

    #[test]
    fn whoever_names_nobody_hears_what_is_wrong() {
        for (json, sentence) in [
            ("{}", "identifier should not be empty"),
            (r#"{"email":"ada"}"#, "email must be an email"),
            (
                r#"{"identifier":"ada@acme.test"}"#,
                "identifierType must be one of",
            ),
            (
                r#"{"identifier":"12","identifierType":"phoneNumber"}"#,
                "phone number",
            ),
            (
                r#"{"email":"ada@acme.test\r\nBcc: eve@example.com"}"#,
                "email must be an email",
            ),
        ] {
            let said = named(json).unwrap_err();
            assert!(said.contains(sentence), "{json}: {said}");
        }
    }
}
