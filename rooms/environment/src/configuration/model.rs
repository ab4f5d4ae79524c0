//! The document and its wire shapes.

use blocks::settings::Setting;
use crypto::Algorithm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest life that may be set, in seconds: 180 days.
const LONGEST: i64 = 15_552_000;
/// Codes and links by mail are weaker than tokens; a week is the most.
const LONGEST_CODE: i64 = 604_800;

/// How the environment signs user tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum JwtAlgorithm {
    /// With the published RSA key.
    #[default]
    RS256,
    /// With the shared `jwtSecret`.
    HS256,
}

impl From<JwtAlgorithm> for Algorithm {
    fn from(chosen: JwtAlgorithm) -> Self {
        match chosen {
            JwtAlgorithm::RS256 => Self::Rs256,
            JwtAlgorithm::HS256 => Self::Hs256,
        }
    }
}

/// The `SameSite` attribute of the refresh cookie, as it stands on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CookieSameSite {
    Strict,
    Lax,
    /// Needed for login boxes on other sites; browsers take it over https only.
    #[default]
    None,
}

/// How people log in without a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AuthStrategy {
    #[default]
    EmailAndPassword,
    MagicLink,
    Code,
    NoLocalAuthentication,
    SmsCode,
    UsernameAndPassword,
    UsernameAndMagicLink,
    UsernameAndCode,
    UsernameAndSms,
}

/// What machines authenticate with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum MachineAuthStrategy {
    #[default]
    ClientCredentials,
    AccessToken,
}

/// The environment's authentication settings. Lives are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthConfiguration {
    /// Life of a user token.
    pub default_token_expiration: i64,
    /// Life of a refresh token, at most 180 days.
    pub default_refresh_token_expiration: i64,
    /// Life of a code or link for logging in without a password.
    pub default_passwordless_token_expiration: i64,
    /// `SameSite` of the refresh cookie.
    pub cookie_same_site: CookieSameSite,
    /// Whether people may sign up by themselves.
    pub allow_signups: bool,
    /// Whether API tokens may be made and used.
    pub api_tokens_enabled: bool,
    /// Whether a tenant may set its own password complexity.
    pub allow_override_password_complexity: bool,
    /// Whether a tenant may set its own password expiration.
    pub allow_override_password_expiration: bool,
    /// Whether a tenant may set its own password history.
    pub allow_override_enforce_password_history: bool,
    /// How user tokens are signed.
    pub jwt_algorithm: JwtAlgorithm,
    /// Whether people may log in before they verified their address.
    pub allow_not_verified_users_login: bool,
    /// Whether permissions decide what the admin portal shows.
    pub force_permissions: bool,
    /// How people log in.
    pub auth_strategy: AuthStrategy,
    /// Whether a login link counts only in the browser that asked for it.
    pub force_same_device_on_auth: bool,
    /// Whether users may invite others into their tenant.
    pub allow_tenant_invitations: bool,
    /// Whether each refresh gives a new refresh token.
    pub rotate_refresh_tokens: bool,
    /// How many predecessors of a refresh token are honoured during the grace period.
    pub refresh_tokens_rotation_limit: i64,
    /// What machines authenticate with.
    pub machine_to_machine_auth_strategy: MachineAuthStrategy,
    /// Whether user tokens carry role keys.
    pub add_roles_to_jwt: bool,
    /// Whether user tokens carry permission keys.
    pub add_permissions_to_jwt: bool,
    /// Whether user tokens carry the attributes of a SAML login.
    pub add_saml_attributes_to_jwt: bool,
    /// Whether the tenant of a header may differ from the tenant of the token.
    pub skip_tenant_validation: bool,
    /// Whether people may switch between tenants with login pages of their own.
    pub allow_custom_login_tenant_switch: bool,
}

impl Default for AuthConfiguration {
    fn default() -> Self {
        Self {
            default_token_expiration: 3_600,
            default_refresh_token_expiration: 2_592_000,
            default_passwordless_token_expiration: 300,
            cookie_same_site: CookieSameSite::None,
            allow_signups: true,
            api_tokens_enabled: true,
            allow_override_password_complexity: false,
            allow_override_password_expiration: false,
            allow_override_enforce_password_history: false,
            jwt_algorithm: JwtAlgorithm::RS256,
            allow_not_verified_users_login: false,
            force_permissions: false,
            auth_strategy: AuthStrategy::EmailAndPassword,
            force_same_device_on_auth: false,
            allow_tenant_invitations: true,
            rotate_refresh_tokens: true,
            refresh_tokens_rotation_limit: 1,
            machine_to_machine_auth_strategy: MachineAuthStrategy::ClientCredentials,
            add_roles_to_jwt: true,
            add_permissions_to_jwt: true,
            add_saml_attributes_to_jwt: false,
            skip_tenant_validation: false,
            allow_custom_login_tenant_switch: false,
        }
    }
}

impl Setting for AuthConfiguration {
    const NAME: &'static str = "configuration";

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut between = |field: &str, value: i64, least: i64, most: i64| {
            if value < least {
                faults.push(format!("{field} must not be less than {least}"));
            } else if value > most {
                faults.push(format!("{field} must not be greater than {most}"));
            }
        };
        between(
            "defaultTokenExpiration",
            self.default_token_expiration,
            1,
            LONGEST,
        );
        between(
            "defaultRefreshTokenExpiration",
            self.default_refresh_token_expiration,
            1,
            LONGEST,
        );
        between(
            "defaultPasswordlessTokenExpiration",
            self.default_passwordless_token_expiration,
            1,
            LONGEST_CODE,
        );
        between(
            "refreshTokensRotationLimit",
            self.refresh_tokens_rotation_limit,
            1,
            100,
        );
        faults
    }
}

/// The document as management clients and the admin portal read it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    /// Id of the document; never empty.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) settings: AuthConfiguration,
    /// The key that user tokens are verified with: PEM, SubjectPublicKeyInfo, lines ended by `\n`.
    pub(crate) public_key: String,
    /// The secret of HS256 tokens; only environment tokens get to read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required)]
    pub(crate) jwt_secret: Option<String>,
}

/// The part that every signed-in user's portal needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BasicConfiguration {
    /// Whether permissions decide what the admin portal shows.
    pub(crate) force_permissions: bool,
    /// What machines authenticate with.
    pub(crate) machine_to_machine_auth_strategy: MachineAuthStrategy,
}

/// The part that a login box needs before anybody is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicConfiguration {
    /// Whether people may sign up by themselves.
    pub(crate) allow_signups: bool,
    /// Whether people may log in before they verified their address.
    pub(crate) allow_not_verified_users_login: bool,
    /// Whether API tokens may be made and used.
    pub(crate) api_tokens_enabled: bool,
    /// Whether permissions decide what the admin portal shows.
    pub(crate) force_permissions: bool,
    /// How people log in.
    pub(crate) auth_strategy: AuthStrategy,
    /// What machines authenticate with.
    pub(crate) machine_to_machine_auth_strategy: MachineAuthStrategy,
}

#[cfg(test)]
mod tests {
    use super::*;
    use blocks::settings::merged;
    use serde_json::{Map, Value, json};

    fn changed(changes: Value) -> Result<AuthConfiguration, String> {
        let changes: Map<String, Value> = serde_json::from_value(changes).unwrap();
        merged(&AuthConfiguration::default(), changes).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn members_that_are_given_change_and_the_others_stay() {
        let new =
            changed(json!({"defaultTokenExpiration": 60, "cookieSameSite": "STRICT", "id": "", "x": 1}))
                .unwrap();
        assert_eq!(new.default_token_expiration, 60);
        assert_eq!(new.cookie_same_site, CookieSameSite::Strict);
        assert_eq!(new.default_refresh_token_expiration, 2_592_000);
    }

    #[test]
    fn values_outside_their_bounds_are_refused() {
        for (changes, sentence) in [
            (
                json!({"defaultRefreshTokenExpiration": 15_552_001}),
                "defaultRefreshTokenExpiration must not be greater than 15552000",
            ),
            (
                json!({"defaultTokenExpiration": 0}),
                "defaultTokenExpiration must not be less than 1",
            ),
            (json!({"cookieSameSite": "none"}), "cookieSameSite must be one of"),
            (
                json!({"allowSignups": "yes"}),
                "allowSignups must be a boolean value",
            ),
            (
                json!({"defaultTokenExpiration": "60"}),
                "defaultTokenExpiration must be an integer number",
            ),
        ] {
            let said = changed(changes).unwrap_err();
            assert!(said.contains(sentence), "{said}");
        }
    }
}
