//! What bodies may say about a user.

use kit::{Patch, Scope, Secret, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::faults::{Faults, filled, or_empty};
use crate::records::UserRecord;

/// Where a user comes from.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    #[default]
    Local,
    Saml,
    Google,
    Github,
    Facebook,
    Microsoft,
    Scim2,
    Slack,
    Apple,
}

impl Provider {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Saml => "saml",
            Self::Google => "google",
            Self::Github => "github",
            Self::Facebook => "facebook",
            Self::Microsoft => "microsoft",
            Self::Scim2 => "scim2",
            Self::Slack => "slack",
            Self::Apple => "apple",
        }
    }
}

/// A user to be invited into the tenant that the call is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteBody {
    /// Required unless a username is given.
    #[schema(format = "email")]
    #[serde(default)]
    email: Option<String>,
    /// Letters, digits, dots, underscores and hyphens; unique in the environment.
    #[schema(max_length = 255, pattern = "^[a-zA-Z0-9._-]+$")]
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[schema(max_length = 4095)]
    #[serde(default)]
    profile_picture_url: Option<String>,
    /// Kept only when the user is new.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    password: Option<Secret>,
    /// International, as in `+491701234567`.
    #[serde(default)]
    phone_number: Option<String>,
    /// How the user will come; `local` when absent.
    #[serde(default)]
    provider: Option<Provider>,
    /// JSON text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    metadata: Option<Value>,
    /// True adds the user in silence.
    #[serde(default)]
    skip_invite_email: Option<bool>,
    /// Roles in the tenant; its default roles when there are none.
    #[serde(default, deserialize_with = "or_empty")]
    role_ids: Vec<String>,
    /// Values for the invitation mail.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    email_metadata: Option<Value>,
    /// Access ends this many seconds from now.
    #[schema(value_type = Option<f64>, minimum = 300)]
    #[serde(default)]
    expiration_in_seconds: Option<i64>,
}

/// Most applications that a user is given at creation.
const MOST_APPLICATIONS: usize = 100;

/// A user to be, as the environment creates one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VendorBody {
    /// Required unless a username is given.
    #[serde(default)]
    email: Option<String>,
    /// Unique in the environment.
    #[schema(max_length = 255)]
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    name: Option<String>,
    /// Kept only when the user is new.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    phone_number: Option<String>,
    /// JSON text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    metadata: Option<Value>,
    /// JSON text that users never see.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    vendor_metadata: Option<Value>,
    #[serde(default, deserialize_with = "or_empty")]
    role_ids: Vec<String>,
    /// Applications of the tenant that the user is given, besides those that every new member gets.
    #[serde(default, deserialize_with = "or_empty")]
    application_ids: Vec<String>,
    /// The tenant the user becomes a member of.
    tenant_id: String,
    #[schema(value_type = Option<f64>)]
    #[serde(default)]
    expiration_in_seconds: Option<i64>,
    /// Lets a test user in without a second factor.
    #[serde(default)]
    mfa_bypass: Option<bool>,
    /// The user's id in another system.
    #[serde(default)]
    external_id: Option<String>,
}

/// A checked order to create a user, or to add one who is there to a tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Creation {
    pub(crate) tenant_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) name: String,
    pub(crate) profile_picture_url: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) provider: Provider,
    pub(crate) metadata: String,
    pub(crate) vendor_metadata: Option<String>,
    pub(crate) mfa_bypass: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) role_ids: Vec<String>,
    pub(crate) expires_in: Option<i64>,
    /// No mail is to be sent.
    pub(crate) silent: bool,
    /// The environment vouches for the address.
    pub(crate) vouched: bool,
    /// Values for the mail.
    #[serde(default)]
    pub(crate) email_metadata: Option<Value>,
    /// A member who has not come in yet gets the mail again.
    #[serde(default)]
    pub(crate) resends: bool,
    /// Never stored; hashed before the order is.
    #[serde(skip)]
    pub(crate) password: Option<Secret>,
    /// The roles also hold in the tenants below, whatever the tenant's default is.
    pub(crate) sub_accounts: bool,
    /// Given besides those that every new member gets.
    #[serde(default)]
    pub(crate) application_ids: Vec<String>,
}

impl Creation {
    /// Where the user is going to be: in the tenant of the body, else in that of the call.
    pub(crate) fn scope(&self, of_call: &Scope) -> Scope {
        Scope {
            environment: of_call.environment.clone(),
            tenant: self
                .tenant_id
                .as_deref()
                .map(TenantId::from)
                .or_else(|| of_call.tenant.clone()),
        }
    }
}

/// The parts that both bodies have.
struct Person {
    email: Option<String>,
    username: Option<String>,
    name: String,
    phone_number: Option<String>,
    metadata: String,
}

fn person(
    faults: &mut Faults,
    (email, username, name): (Option<String>, Option<String>, Option<String>),
    phone_number: Option<String>,
    metadata: Option<&Value>,
) -> Person {
    let (email, username) = (filled(email), filled(username));
    if email.is_none() && username.is_none() {
        faults.say("email should not be empty");
    }
    let email = faults.email(email.as_deref());
    faults.username(username.as_deref());
    faults.short("name", name.as_deref());
    let phone_number = faults.phone(filled(phone_number).as_deref());
    let metadata = faults
        .metadata("metadata", metadata)
        .unwrap_or_else(|| "{}".to_owned());
    let name = filled(name).unwrap_or_else(|| {
        let from_email = email.as_deref().map(kit::display_name_from_email);
        from_email.or(username.as_deref()).unwrap_or("").to_owned()
    });
    Person {
        email,
        username,
        name,
        phone_number,
        metadata,
    }
}

impl InviteBody {
    /// An invitation that says no more than this.
    pub(crate) fn of(email: String, name: Option<String>, role_ids: Vec<String>) -> Self {
        Self {
            email: Some(email),
            username: None,
            name,
            profile_picture_url: None,
            password: None,
            phone_number: None,
            provider: None,
            metadata: None,
            skip_invite_email: None,
            role_ids,
            email_metadata: None,
            expiration_in_seconds: None,
        }
    }

    pub(crate) fn checked(self) -> Result<Creation, Vec<String>> {
        let mut faults = Faults::default();
        let person = person(
            &mut faults,
            (self.email, self.username, self.name),
            self.phone_number,
            self.metadata.as_ref(),
        );
        faults.picture(self.profile_picture_url.as_deref());
        faults.role_ids(&self.role_ids);
        faults.temporary(self.expiration_in_seconds);
        faults.mail_values(self.email_metadata.as_ref());
        faults.check()?;
        Ok(Creation {
            tenant_id: None,
            email: person.email,
            username: person.username,
            name: person.name,
            profile_picture_url: filled(self.profile_picture_url),
            phone_number: person.phone_number,
            provider: self.provider.unwrap_or_default(),
            metadata: person.metadata,
            vendor_metadata: None,
            mfa_bypass: false,
            external_id: None,
            role_ids: self.role_ids,
            expires_in: self.expiration_in_seconds,
            silent: self.skip_invite_email.unwrap_or(false),
            vouched: false,
            email_metadata: self.email_metadata,
            resends: false,
            password: self.password.filter(|password| !password.is_empty()),
            sub_accounts: false,
            application_ids: Vec::new(),
        })
    }
}

impl VendorBody {
    pub(crate) fn checked(self) -> Result<Creation, Vec<String>> {
        let mut faults = Faults::default();
        let person = person(
            &mut faults,
            (self.email, self.username, self.name),
            self.phone_number,
            self.metadata.as_ref(),
        );
        let vendor_metadata = faults.metadata("vendorMetadata", self.vendor_metadata.as_ref());
        faults.short("externalId", self.external_id.as_deref());
        faults.role_ids(&self.role_ids);
        faults.temporary(self.expiration_in_seconds);
        if self.tenant_id.trim().is_empty() {
            faults.say("tenantId should not be empty");
        }
        if self.application_ids.len() > MOST_APPLICATIONS {
            faults.say(format!(
                "applicationIds must contain no more than {MOST_APPLICATIONS} elements"
            ));
        }
        faults.check()?;
        Ok(Creation {
            tenant_id: Some(self.tenant_id),
            email: person.email,
            username: person.username,
            name: person.name,
            profile_picture_url: None,
            phone_number: person.phone_number,
            provider: Provider::Local,
            metadata: person.metadata,
            vendor_metadata,
            mfa_bypass: self.mfa_bypass.unwrap_or(false),
            external_id: filled(self.external_id),
            role_ids: self.role_ids,
            expires_in: self.expiration_in_seconds,
            silent: true,
            vouched: true,
            email_metadata: None,
            resends: false,
            password: self.password.filter(|password| !password.is_empty()),
            sub_accounts: false,
            application_ids: self.application_ids,
        })
    }
}

/// Changes to a profile: members left out stay, null clears.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileBody {
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9]{1}(\-?)(([0-9])(\-?)){5,13}(([0-9]$){1})")]
    #[serde(default)]
    phone_number: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 4095)]
    #[serde(default)]
    profile_picture_url: Patch<String>,
    /// JSON text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    metadata: Patch<Value>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    name: Patch<String>,
}

/// Changes that only the environment may make, besides those to the profile.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GlobalBody {
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9]{1}(\-?)(([0-9])(\-?)){5,13}(([0-9]$){1})")]
    #[serde(default)]
    phone_number: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 4095)]
    #[serde(default)]
    profile_picture_url: Patch<String>,
    /// JSON text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    metadata: Patch<Value>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    name: Patch<String>,
    /// JSON text that users never see.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    vendor_metadata: Patch<Value>,
    /// Lets a test user in without a second factor.
    #[serde(default)]
    mfa_bypass: Option<bool>,
    /// The user's id in another system.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    external_id: Patch<String>,
}

/// Checked changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileChanges {
    phone_number: Patch<String>,
    profile_picture_url: Patch<String>,
    metadata: Patch<String>,
    name: Option<String>,
    vendor_metadata: Patch<String>,
    mfa_bypass: Option<bool>,
    external_id: Patch<String>,
}

impl ProfileBody {
    pub(crate) fn checked(self) -> Result<ProfileChanges, Vec<String>> {
        let body = GlobalBody {
            phone_number: self.phone_number,
            profile_picture_url: self.profile_picture_url,
            metadata: self.metadata,
            name: self.name,
            ..GlobalBody::default()
        };
        body.checked()
    }
}

impl GlobalBody {
    pub(crate) fn checked(self) -> Result<ProfileChanges, Vec<String>> {
        let mut faults = Faults::default();
        let phone_number = match self.phone_number {
            Patch::Value(text) if text.is_empty() => Patch::Null,
            Patch::Value(text) => faults.phone(Some(&text)).map_or(Patch::Absent, Patch::Value),
            other => other,
        };
        faults.picture(self.profile_picture_url.given().map(String::as_str));
        faults.short("name", self.name.given().map(String::as_str));
        faults.short("externalId", self.external_id.given().map(String::as_str));
        let name = match self.name {
            Patch::Value(name) if name.trim().is_empty() => {
                faults.say("name should not be empty");
                None
            }
            Patch::Value(name) => Some(name),
            Patch::Absent | Patch::Null => None,
        };
        let mut json = |field: &str, value: Patch<Value>| match value {
            Patch::Value(value) => faults
                .metadata(field, Some(&value))
                .map_or(Patch::Null, Patch::Value),
            Patch::Null => Patch::Null,
            Patch::Absent => Patch::Absent,
        };
        let metadata = json("metadata", self.metadata);
        let vendor_metadata = json("vendorMetadata", self.vendor_metadata);
        faults.check()?;
        Ok(ProfileChanges {
            phone_number,
            profile_picture_url: self.profile_picture_url,
            metadata,
            name,
            vendor_metadata,
            mfa_bypass: self.mfa_bypass,
            external_id: self.external_id,
        })
    }
}

impl ProfileChanges {
    /// The user with these changes.
    pub(crate) fn over(self, old: &UserRecord) -> UserRecord {
        let text = |patch: Patch<String>, stored: &Option<String>| filled(patch.over(stored.clone()));
        UserRecord {
            phone_number: text(self.phone_number, &old.phone_number),
            profile_picture_url: text(self.profile_picture_url, &old.profile_picture_url),
            metadata: self
                .metadata
                .over(Some(old.metadata.clone()))
                .unwrap_or_else(|| "{}".to_owned()),
            name: self.name.unwrap_or_else(|| old.name.clone()),
            vendor_metadata: self.vendor_metadata.over(old.vendor_metadata.clone()),
            mfa_bypass: self.mfa_bypass.unwrap_or(old.mfa_bypass),
            external_id: text(self.external_id, &old.external_id),
            ..old.clone()
        }
    }
}

/// The body of `PUT …/superuser`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SuperUserBody {
    pub(crate) super_user: bool,
}

/// The body of `PUT …/invisible`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct InvisibleBody {
    pub(crate) invisible: bool,
}

/// The body of `PUT …/email`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EmailBody {
    #[schema(format = "email")]
    email: String,
}

impl EmailBody {
    pub(crate) fn checked(&self) -> Result<String, Vec<String>> {
        kit::email_key(&self.email).map_err(|fault| vec![fault.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn invited(body: Value) -> Result<Creation, Vec<String>> {
        serde_json::from_value::<InviteBody>(body).unwrap().checked()
    }

    #[test]
    fn a_user_without_a_name_is_called_by_the_address() {
        let creation = invited(json!({"email": " Ada.L@Acme.test", "roleIds": null})).unwrap();
        assert_eq!(
            (creation.name.as_str(), creation.email.as_deref()),
            ("ada.l", Some("ada.l@acme.test"))
        );
        assert_eq!(invited(json!({"username": "ada_1"})).unwrap().name, "ada_1");
    }

    #[test]
    fn every_mistake_is_named() {
        let faults =
            invited(json!({"email": "ada", "username": "a b", "expirationInSeconds": 299, "metadata": "{"}));
        assert_eq!(faults.unwrap_err().len(), 4);
        assert_eq!(invited(json!({})).unwrap_err(), ["email should not be empty"]);
    }

    #[test]
    fn a_profile_change_keeps_what_it_does_not_name() {
        let old = UserRecord {
            id: "u".into(),
            email: None,
            username: None,
            name: "Ada".to_owned(),
            phone_number: Some("+491701234567".to_owned()),
            verified: false,
            is_locked: false,
            provider: "local".to_owned(),
            managed_by: "frontegg".to_owned(),
            invisible: false,
            super_user: false,
            mfa_enrolled: false,
            mfa_bypass: false,
            metadata: "{\"a\":1}".to_owned(),
            vendor_metadata: None,
            profile_picture_url: Some("https://a.test/p".to_owned()),
            external_id: None,
            active_tenant: String::new(),
            valid_after: kit::Millis(0),
            last_login: None,
            created_at: kit::Millis(0),
        };
        let body: ProfileBody =
            serde_json::from_value(json!({"profilePictureUrl": null, "vendorMetadata": "{}"})).unwrap();
        let new = body.checked().unwrap().over(&old);
        assert_eq!(new.profile_picture_url, None);
        assert_eq!(
            new,
            UserRecord {
                profile_picture_url: None,
                ..old
            }
        );
    }
}
