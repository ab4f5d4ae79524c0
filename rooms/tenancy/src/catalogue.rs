//! The permissions and categories that come with every environment.

/// The categories, by their names.
pub(crate) const CATEGORIES: [&str; 21] = [
    "General",
    "Account settings",
    "Secure access",
    "Security policies",
    "SAML",
    "Applications",
    "Events",
    "Slack integration",
    "Connectivity",
    "Webpush integration",
    "Groups",
    "Account Hierarchy",
    "API tokens",
    "User management",
    "Email integration",
    "Roles and permissions",
    "Bell notifications integration",
    "SMS integration",
    "Audits",
    "Webhooks integration",
    "Subscriptions",
];

/// Prefixes and what stands after them.
const PERMISSIONS: [(&str, &[&str]); 11] = [
    ("fe.secure.", &["*", "read.*", "write.*", "delete.*"]),
    (
        "fe.secure.read.",
        &[
            "users",
            "roles",
            "permissions",
            "accountSettings",
            "audits",
            "emailDomainRestrictions",
            "groups",
            "ipRestrictions",
            "passwordExpirationConfiguration",
            "provisioningConfiguration",
            "samlConfiguration",
            "samlDefaultRoles",
            "securityPolicy",
            "tenantApiTokens",
            "userApiTokens",
        ],
    ),
    (
        "fe.secure.write.",
        &[
            "users",
            "usersRoles",
            "enableDisable",
            "updateUser",
            "tenantInvites",
            "userSubTenants",
            "accountSettings",
            "actorToken",
            "appsUsers",
            "delegation",
            "emailDomainRestrictions",
            "groups",
            "groupsRoles",
            "groupsUsers",
            "ipRestrictions",
            "passwordExpirationConfiguration",
            "provisioningConfiguration",
            "resendActivationEmail",
            "roles",
            "samlConfiguration",
            "samlDefaultRoles",
            "securityPolicy",
            "tenantApiTokens",
            "updateRole",
            "userApiTokens",
        ],
    ),
    (
        "fe.secure.delete.",
        &[
            "users",
            "usersRoles",
            "userSubTenants",
            "appsUsers",
            "emailDomainRestrictions",
            "groups",
            "groupsUsers",
            "ipRestrictions",
            "provisioningConfiguration",
            "role",
            "samlConfiguration",
            "securityPolicy",
            "sessions",
            "tenantApiTokens",
            "tenantInvites",
            "userApiTokens",
        ],
    ),
    ("fe.connectivity.", &["*", "read.*", "write.*", "delete.*"]),
    (
        "fe.connectivity.read.",
        &[
            "emailConfig",
            "eventCategories",
            "events",
            "slackApp",
            "slackChannels",
            "slackSubscriptions",
            "slackUsers",
            "smsConfig",
            "userBellNotifications",
            "webhookLogs",
            "webhooks",
        ],
    ),
    (
        "fe.connectivity.write.",
        &[
            "emailConfig",
            "sendWebpushNotification",
            "slackAppRegistration",
            "slackSubscriptions",
            "smsConfig",
            "subscribeWebpush",
            "triggerEvent",
            "updateSlackSubscription",
            "updateUserBellNotification",
            "webhook",
        ],
    ),
    (
        "fe.connectivity.delete.",
        &[
            "bellNotifications",
            "emailConfig",
            "slackAppRegistration",
            "slackSubscriptionEvent",
            "slackSubscriptions",
            "smsConfig",
            "webhook",
        ],
    ),
    (
        "fe.account-hierarchy.",
        &[
            "read.subAccount",
            "write.subAccount",
            "write.subAccountAccess",
            "write.subAccountManagement",
            "delete.subAccount",
        ],
    ),
    (
        "fe.account-settings.",
        &["read.app", "write.custom-login-box", "delete.account"],
    ),
    ("fe.subscriptions.", &["*", "read.*", "write.*"]),
];

/// All keys.
pub(crate) fn keys() -> impl Iterator<Item = String> {
    PERMISSIONS
        .iter()
        .flat_map(|(prefix, rest)| rest.iter().map(move |rest| format!("{prefix}{rest}")))
}

/// The category a key belongs to, by what it is about.
pub(crate) fn category_of(key: &str) -> &'static str {
    let subject = key.rsplit('.').next().unwrap_or(key);
    let within = |prefix: &str| key.starts_with(prefix);
    match subject {
        _ if within("fe.account-hierarchy.") => "Account Hierarchy",
        _ if within("fe.subscriptions.") => "Subscriptions",
        "app" | "appsUsers" => "Applications",
        _ if within("fe.account-settings.") => "Account settings",
        "*" if within("fe.connectivity.") => "Connectivity",
        "*" => "Secure access",
        "emailConfig" => "Email integration",
        "smsConfig" => "SMS integration",
        "events" | "eventCategories" | "triggerEvent" => "Events",
        "userBellNotifications" | "updateUserBellNotification" | "bellNotifications" => {
            "Bell notifications integration"
        }
        "sendWebpushNotification" | "subscribeWebpush" => "Webpush integration",
        "webhook" | "webhooks" | "webhookLogs" => "Webhooks integration",
        slack if slack.to_lowercase().contains("slack") => "Slack integration",
        "accountSettings" => "Account settings",
        "audits" => "Audits",
        "groups" | "groupsRoles" | "groupsUsers" => "Groups",
        "roles" | "permissions" | "role" | "updateRole" => "Roles and permissions",
        "samlConfiguration" | "samlDefaultRoles" => "SAML",
        "tenantApiTokens" | "userApiTokens" => "API tokens",
        "securityPolicy"
        | "ipRestrictions"
        | "emailDomainRestrictions"
        | "passwordExpirationConfiguration" => "Security policies",
        "provisioningConfiguration" | "actorToken" | "delegation" | "sessions" => "Secure access",
        "users"
        | "usersRoles"
        | "enableDisable"
        | "updateUser"
        | "tenantInvites"
        | "userSubTenants"
        | "resendActivationEmail" => "User management",
        _ => "General",
    }
}

/// A shown name made of the key: `fe.secure.read.samlDefaultRoles` becomes `Read saml default roles`.
pub(crate) fn name_of(key: &str) -> String {
    let mut parts = key.split('.').skip(1);
    let (area, rest): (&str, Vec<&str>) = (parts.next().unwrap_or(key), parts.collect());
    let text = match rest.as_slice() {
        ["*"] => format!("everything in {area}"),
        [verb, "*"] => format!("{verb} everything in {area}"),
        words => words.join(" "),
    };
    let mut name = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_uppercase() || c == '-' {
            name.push(' ');
        }
        if c != '-' {
            name.extend(c.to_lowercase());
        }
    }
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What the seeded Admin holds: the widest key of each area, and every key of the areas that have no such key.
pub(crate) fn admin_holds(key: &str) -> bool {
    matches!(key, "fe.secure.*" | "fe.connectivity.*" | "fe.subscriptions.*")
        || key.starts_with("fe.account-hierarchy.")
        || key.starts_with("fe.account-settings.")
}

/// What the seeded ReadOnly holds: every key of reading in the secure and connectivity areas, the wildcards among them,
/// because server SDKs compare keys as they stand.
pub(crate) fn reader_holds(key: &str) -> bool {
    key.starts_with("fe.secure.read.") || key.starts_with("fe.connectivity.read.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_but_the_general_one_has_permissions_and_every_permission_a_category_of_its_own() {
        for key in keys() {
            assert!(CATEGORIES.contains(&category_of(&key)), "{key}");
            assert_ne!(category_of(&key), "General", "{key}");
        }
        for category in CATEGORIES.iter().filter(|name| **name != "General") {
            assert!(keys().any(|key| category_of(&key) == *category), "{category}");
        }
    }

    #[test]
    fn keys_are_listed_once_and_have_names_for_people() {
        let mut all: Vec<String> = keys().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((count, all.len()), (103, 103));
        assert_eq!(
            name_of("fe.secure.read.samlDefaultRoles"),
            "Read saml default roles"
        );
        assert_eq!(name_of("fe.secure.*"), "Everything in secure");
        assert_eq!(
            name_of("fe.account-settings.write.custom-login-box"),
            "Write custom login box"
        );
    }

    #[test]
    fn the_reader_only_reads() {
        let held: Vec<String> = keys().filter(|key| reader_holds(key)).collect();
        assert!(
            held.iter().all(|key| key.contains(".read."))
                && held.contains(&"fe.secure.read.users".to_owned())
        );
        assert!(keys().any(|key| key == "fe.secure.*" && admin_holds(&key)));
    }
}
