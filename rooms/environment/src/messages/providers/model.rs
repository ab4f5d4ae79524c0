//! The providers there are, and what each needs.

use kit::{Millis, Secret};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

const LONGEST: usize = 1_024;

/// A provider of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MailProvider {
    Sendgrid,
    Mailgun,
    Ses,
    SesRole,
}

impl MailProvider {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sendgrid => "sendgrid",
            Self::Mailgun => "mailgun",
            Self::Ses => "ses",
            Self::SesRole => "ses-role",
        }
    }
}

/// A secret on its way into its sealed place or to the environment's own back end.
pub(crate) fn shown<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.reveal())
}

/// An environment's own way for mail.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailWay {
    pub(crate) provider: MailProvider,
    /// The provider's key; for `ses-role` the role to take on.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub(crate) secret: Secret,
    /// `ses`: the id of the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    /// `ses` and `ses-role`: the region; `mailgun`: `us` or `eu`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) region: String,
    /// `mailgun`: the domain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) domain: String,
}

impl MailWay {
    /// Fills what may be left out and forgets what the provider does not have.
    pub(crate) fn settled(mut self) -> Self {
        if self.provider == MailProvider::Mailgun && self.region.is_empty() {
            "us".clone_into(&mut self.region);
        }
        if self.provider != MailProvider::Ses {
            self.id.clear();
        }
        if self.provider != MailProvider::Mailgun {
            self.domain.clear();
        }
        if self.provider == MailProvider::Sendgrid {
            self.region.clear();
        }
        self
    }

    /// What is wrong with it. `roles` says whether the operator lets environments use roles.
    pub(crate) fn faults(&self, roles: bool) -> Vec<String> {
        let mut faults = Vec::new();
        check("secret", self.secret.reveal(), &mut faults);
        if self.provider == MailProvider::SesRole {
            if !roles {
                faults.push(
                    "provider ses-role is switched off on this server: its operator switches it on with TENANTRY_ALLOW_AWS_ROLES=on"
                        .to_owned(),
                );
            }
            if !is_role(self.secret.reveal()) {
                faults.push(
                    "secret must be the ARN of an IAM role such as arn:aws:iam::123456789012:role/mail"
                        .to_owned(),
                );
            }
        }
        match self.provider {
            MailProvider::Sendgrid => {}
            MailProvider::Mailgun => {
                if !matches!(self.region.as_str(), "us" | "eu") {
                    faults.push("region must be one of the following values: us, eu".to_owned());
                }
                if kit::email_key(&format!("a@{}", self.domain)).is_err() {
                    faults.push("domain must be a valid domain name".to_owned());
                }
            }
            MailProvider::Ses | MailProvider::SesRole => {
                if !is_region(&self.region) {
                    faults.push("region must be an AWS region such as eu-central-1".to_owned());
                }
            }
        }
        if self.provider == MailProvider::Ses {
            check("id", &self.id, &mut faults);
        }
        faults
    }
}

/// Keys stand in headers, so they are plain and on one line.
fn check(name: &str, value: &str, faults: &mut Vec<String>) {
    if value.is_empty() {
        faults.push(format!("{name} should not be empty"));
    } else if value.len() > LONGEST {
        faults.push(format!(
            "{name} must be shorter than or equal to {LONGEST} characters"
        ));
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        faults.push(format!("{name} must be plain characters without blanks"));
    }
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME`
fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", account, name]
        if !account.is_empty() && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

/// The region becomes part of a host name.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [places @ .., number] => {
            (2..=4).contains(&places.len())
                && places.iter().all(|part| word(part))
                && number.len() <= 2
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && text.len() <= 32
        }
        [] => false,
    }
}

/// One of the settings that only some providers have.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extension {
    pub(crate) extension_name: &'static str,
    pub(crate) extension_value: String,
}

/// The way for mail as it is read.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailWayView {
    pub(crate) provider: MailProvider,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub(crate) secret: Secret,
    pub(crate) extension: Vec<Extension>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: Millis,
}

impl MailWayView {
    pub(crate) fn of(way: MailWay, created_at: Millis, updated_at: Millis) -> Self {
        let named = [("id", way.id), ("region", way.region), ("domain", way.domain)];
        let extension = named.into_iter().filter(|(_, value)| !value.is_empty());
        Self {
            provider: way.provider,
            secret: way.secret,
            extension: extension
                .map(|(extension_name, extension_value)| Extension {
                    extension_name,
                    extension_value,
                })
                .collect(),
            created_at,
            updated_at,
        }
    }
}

/// The body of the first version of the route, which knows one provider.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct SendgridSecret {
    #[schema(value_type = String)]
    pub(crate) secret: Secret,
}

/// The body of the second version.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct MailWayBody {
    pub(crate) payload: MailWay,
}

/// An environment's own way for text messages.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsWay {
    /// Number, or name where the receiver's country takes names.
    #[serde(default)]
    pub(crate) sender_name: String,
    #[serde(default)]
    pub(crate) account_id: String,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub(crate) token: Secret,
    /// A messaging service, in place of a sender or beside it.
    #[serde(default)]
    pub(crate) service_id: String,
    /// `twilio`.
    #[serde(default)]
    pub(crate) provider: String,
    /// `sms` or `whatsapp`.
    #[serde(default)]
    pub(crate) channel: String,
}

impl SmsWay {
    pub(crate) fn settled(mut self) -> Self {
        for (member, usual) in [(&mut self.provider, "twilio"), (&mut self.channel, "sms")] {
            if member.is_empty() {
                usual.clone_into(member);
            } else {
                *member = member.to_ascii_lowercase();
            }
        }
        self
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.provider != "twilio" {
            faults.push("provider must be twilio".to_owned());
        }
        if !matches!(self.channel.as_str(), "sms" | "whatsapp") {
            faults.push("channel must be one of the following values: sms, whatsapp".to_owned());
        }
        check("token", self.token.reveal(), &mut faults);
        // The account becomes part of a path.
        let plain = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.account_id.is_empty() || !plain(&self.account_id) {
            faults.push("accountId must be the id of a Twilio account".to_owned());
        }
        if !plain(&self.service_id) {
            faults.push("serviceId must be the id of a messaging service".to_owned());
        }
        if self.sender_name.len() > 64 || self.sender_name.chars().any(char::is_control) {
            faults.push("senderName must be a number or a short name".to_owned());
        }
        if self.sender_name.trim().is_empty() && self.service_id.is_empty() {
            faults.push("senderName or serviceId should not be empty".to_owned());
        }
        faults
    }
}

/// The way for text messages as it is read.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsWayView {
    #[serde(flatten)]
    pub(crate) way: SmsWay,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: Millis,
}
