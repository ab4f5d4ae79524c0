//! Which old passwords may not come back.

use blocks::settings::Setting;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most passwords of a user that are remembered.
pub(crate) const MOST: i64 = 10;

/// How many of a user's last passwords, the present one included, a new one may not repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordHistoryPolicy {
    pub(crate) enabled: bool,
    pub(crate) history_size: i64,
}

impl Default for PasswordHistoryPolicy {
    fn default() -> Self {
        Self {
            enabled: false,
            history_size: 1,
        }
    }
}

impl Setting for PasswordHistoryPolicy {
    const NAME: &'static str = "password-history-policy";

    fn required() -> &'static [(&'static str, &'static str)] {
        &[
            ("enabled", "enabled must be a boolean value"),
            ("historySize", "historySize must be an integer number"),
        ]
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.history_size < 1 {
            faults.push("historySize must not be less than 1".to_owned());
        }
        if self.history_size > MOST {
            faults.push(format!("historySize must not be greater than {MOST}"));
        }
        faults
    }
}

impl PasswordHistoryPolicy {
    /// How many passwords are looked back at.
    pub(super) fn depth(&self) -> i64 {
        if self.enabled {
            self.history_size.clamp(1, MOST)
        } else {
            0
        }
    }
}
