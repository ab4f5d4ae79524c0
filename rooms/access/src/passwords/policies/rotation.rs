//! How long a password lasts.

use blocks::settings::Setting;
use kit::Millis;
use serde::{Deserialize, Serialize};

/// Five years, in minutes.
const LONGEST: i64 = 2_628_000;
const MINUTE: i64 = 60_000;

/// How long passwords last. Periods are in minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordRotation {
    pub(crate) is_active: bool,
    pub(crate) rotation_period: i64,
    /// How long before the end the user is told at each sign-in.
    pub(crate) notification_period: i64,
    /// When it was switched on: no password is older for it.
    pub(crate) active_since: i64,
}

impl Default for PasswordRotation {
    fn default() -> Self {
        Self {
            is_active: false,
            rotation_period: 129_600,
            notification_period: 10_080,
            active_since: 0,
        }
    }
}

impl Setting for PasswordRotation {
    const NAME: &'static str = "password-rotation";

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut between = |field: &str, value: i64, least: i64| {
            if value < least {
                faults.push(format!("{field} must not be less than {least}"));
            } else if value > LONGEST {
                faults.push(format!("{field} must not be greater than {LONGEST}"));
            }
        };
        between("rotationPeriod", self.rotation_period, 1);
        between("notificationPeriod", self.notification_period, 0);
        faults
    }
}

/// Where in its life a password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// It ends soon, and its owner is to be told.
    Ending {
        /// Minutes until then, at least one.
        minutes: i64,
        notification_period: i64,
    },
    Expired,
}

/// The age of a password that was set at `changed` and that all of these bind.
pub(super) fn age(rotations: &[PasswordRotation], changed: Millis, now: Millis) -> Age {
    let end = |one: &PasswordRotation| {
        changed
            .0
            .max(one.active_since)
            .saturating_add(one.rotation_period * MINUTE)
    };
    let first = rotations
        .iter()
        .filter(|one| one.is_active)
        .min_by_key(|one| (end(one), -one.notification_period));
    let Some(first) = first else { return Age::Fresh };
    let left = end(first) - now.0;
    if left <= 0 {
        return Age::Expired;
    }
    let minutes = (left + MINUTE - 1) / MINUTE;
    if minutes <= first.notification_period {
        Age::Ending {
            minutes,
            notification_period: first.notification_period,
        }
    } else {
        Age::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(rotation_period: i64, active_since: i64) -> PasswordRotation {
        PasswordRotation {
            is_active: true,
            rotation_period,
            notification_period: 10,
            active_since,
        }
    }

    fn at(rotations: &[PasswordRotation], minute: i64) -> Age {
        age(rotations, Millis(0), Millis(minute * MINUTE))
    }

    #[test]
    fn a_password_ends_after_the_shortest_period_that_binds_it() {
        let both = [rotation(100, 0), rotation(60, 0)];
        assert_eq!(at(&both, 49), Age::Fresh);
        let ending = |minutes| Age::Ending {
            minutes,
            notification_period: 10,
        };
        assert_eq!(at(&both, 50), ending(10));
        assert_eq!(at(&both, 59), ending(1));
        assert_eq!(at(&both, 60), Age::Expired);
        assert_eq!(at(&[PasswordRotation::default()], 1_000_000), Age::Fresh);
        assert_eq!(at(&[], 1_000_000), Age::Fresh);
    }

    #[test]
    fn the_clock_starts_no_earlier_than_the_policy() {
        let since = [rotation(60, 500 * MINUTE)];
        assert_eq!(at(&since, 549), Age::Fresh);
        assert_eq!(at(&since, 560), Age::Expired);
    }
}
