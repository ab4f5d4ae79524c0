//! Wire shapes.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{AuthConfiguration, AuthStrategy};

/// Switches that clients test, and how they stand. Clients read a switch that is not here as off.
const FLAGS: &[(&str, bool)] = &[
    ("admin_portal_domain_restrictions", true),
    ("admin_portal_ip_restrictions", true),
    ("admin_portal_should_load_authorization", false),
    ("admin_portal_use_current_user_tenants_v1_endpoint", false),
    ("dashboard-account-security-country-restrictions", false),
    ("groups-admin-box-new", true),
    ("login-box-choose-tenant", false),
    ("mobile-enable-logging", false),
    ("msp-all-accounts-new", false),
    ("multi-apps-admin-portal", false),
    ("new-mfa-pages", true),
    ("prevent-auth-redirect-on-social-login", false),
    ("security-center-show-login-flows", true),
    ("show-passkeys-new", true),
    ("temporary-users", true),
];

/// The switches as clients read them: texts, since one of them takes nothing else.
pub(crate) fn flags() -> BTreeMap<&'static str, &'static str> {
    FLAGS
        .iter()
        .map(|(name, on)| (*name, if *on { "on" } else { "off" }))
        .collect()
}

/// The ways to sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInStrategies {
    /// The way that is asked for first.
    main_auth_strategies: Vec<MainStrategy>,
    /// Ways beside it.
    secondary_auth_strategies: Vec<OptionalStrategy>,
}

/// A way to sign in that is offered first.
#[derive(Debug, Serialize, ToSchema)]
struct MainStrategy {
    strategy: AuthStrategy,
}

/// A way that may be switched off.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OptionalStrategy {
    strategy: &'static str,
    is_active: bool,
}

/// What a new user may be known by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUpStrategy {
    /// `email`, `phoneNumber` or `username`.
    strategy: &'static str,
    is_active: bool,
    is_required: bool,
}

impl From<&AuthConfiguration> for SignInStrategies {
    fn from(configuration: &AuthConfiguration) -> Self {
        Self {
            main_auth_strategies: vec![MainStrategy {
                strategy: configuration.auth_strategy,
            }],
            secondary_auth_strategies: Vec::new(),
        }
    }
}

/// What people give when they sign up: an address always, a username as well where they sign in with one.
pub(crate) fn sign_up(configuration: &AuthConfiguration) -> [SignUpStrategy; 3] {
    use AuthStrategy::{UsernameAndCode, UsernameAndMagicLink, UsernameAndPassword, UsernameAndSms};
    let by_name = matches!(
        configuration.auth_strategy,
        UsernameAndPassword | UsernameAndMagicLink | UsernameAndCode | UsernameAndSms
    );
    let of = |strategy, active| SignUpStrategy {
        strategy,
        is_active: active,
        is_required: active,
    };
    [
        of("email", true),
        of("phoneNumber", false),
        of("username", by_name),
    ]
}

/// How a forgotten password is replaced: by mail, and by text message where one can be sent.
pub(crate) fn password_recovery(texts: bool) -> [OptionalStrategy; 2] {
    let of = |strategy, is_active| OptionalStrategy { strategy, is_active };
    [of("email", true), of("sms", texts)]
}

/// Whether login boxes ask for the address first, to find a tenant's own provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicSso {
    pub(crate) is_active: bool,
}

/// A provider of social sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocialProvider {
    /// `google`, `github` and so on.
    #[serde(rename = "type")]
    kind: String,
    active: bool,
    customised: bool,
    redirect_url: String,
}

/// The environment's own providers of social sign-in.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CustomProviders {
    pub(crate) providers: Vec<SocialProvider>,
}

/// What is known of a network address. Nothing here looks places up, so they are null.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressInfo {
    pub(crate) ip: String,
    pub(crate) country_code: Option<String>,
    pub(crate) country_name: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) zip: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) location: AddressPlace,
}

/// How a place is shown.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct AddressPlace {
    pub(crate) country_flag: Option<String>,
    pub(crate) country_flag_emoji: Option<String>,
}

impl AddressInfo {
    pub(crate) fn of(ip: std::net::IpAddr) -> Self {
        Self {
            ip: ip.to_canonical().to_string(),
            country_code: None,
            country_name: None,
            city: None,
            zip: None,
            latitude: None,
            longitude: None,
            location: AddressPlace::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_asked_for_where_people_sign_in_with_one() {
        let active = |auth_strategy| {
            let configuration = AuthConfiguration {
                auth_strategy,
                ..AuthConfiguration::default()
            };
            sign_up(&configuration)
                .into_iter()
                .filter(|one| one.is_active && one.is_required)
                .map(|one| one.strategy)
                .collect::<Vec<_>>()
        };
        assert_eq!(active(AuthStrategy::EmailAndPassword), ["email"]);
        assert_eq!(active(AuthStrategy::UsernameAndCode), ["email", "username"]);
    }
}
