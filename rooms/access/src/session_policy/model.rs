//! The document, and what follows from it for one session.

use blocks::settings::Setting;
use kit::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sessions::EndReason;

/// The longest absolute limit, in seconds: ten years.
const LONGEST: i64 = 315_360_000;
const LONGEST_IDLE: i64 = 2_073_600;
const SHORTEST: i64 = 60;
const MOST_SESSIONS: i64 = 1_000_000;

/// A limit in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimeLimit {
    pub(crate) is_active: bool,
    /// Seconds.
    pub(crate) timeout: i64,
}

/// A limit in number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberLimit {
    pub(crate) is_active: bool,
    /// Sessions of one user; a new one beyond them ends the oldest.
    pub(crate) max_sessions: i64,
}

/// What one level has written. Parts that nobody has written are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SessionConfiguration {
    /// A session ends after this long without a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session_idle_timeout_configuration: Option<TimeLimit>,
    /// A session ends this long after it began, however active it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session_timeout_configuration: Option<TimeLimit>,
    /// How many sessions a user may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session_concurrent_configuration: Option<NumberLimit>,
}

impl Setting for SessionConfiguration {
    const NAME: &'static str = "session-configuration";

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut within = |name: &str, value: i64, least: i64, most: i64| {
            if value < least {
                faults.push(format!("{name} must not be less than {least}"));
            } else if value > most {
                faults.push(format!("{name} must not be greater than {most}"));
            }
        };
        if let Some(idle) = self.session_idle_timeout_configuration {
            let name = "sessionIdleTimeoutConfiguration.timeout";
            within(name, idle.timeout, SHORTEST, LONGEST_IDLE);
        }
        if let Some(absolute) = self.session_timeout_configuration {
            let name = "sessionTimeoutConfiguration.timeout";
            within(name, absolute.timeout, SHORTEST, LONGEST);
        }
        if let Some(concurrent) = self.session_concurrent_configuration {
            let name = "sessionConcurrentConfiguration.maxSessions";
            within(name, concurrent.max_sessions, 1, MOST_SESSIONS);
        }
        faults
    }
}

/// The part of the tenant if that is active, else the environment's if that is; else what was written last, for people to
/// see; else the default.
fn part<P: Copy>(tenant: Option<P>, environment: Option<P>, active: impl Fn(P) -> bool, usual: P) -> P {
    let levels = [tenant, environment];
    let in_force = levels.into_iter().flatten().find(|part| active(*part));
    in_force.or(tenant).or(environment).unwrap_or(usual)
}

impl SessionConfiguration {
    /// The document in force, every part of it.
    pub(crate) fn in_force(tenant: Option<Self>, environment: Option<Self>) -> Self {
        let (tenant, environment) = (tenant.unwrap_or_default(), environment.unwrap_or_default());
        let day = TimeLimit {
            is_active: false,
            timeout: 86_400,
        };
        let one = NumberLimit {
            is_active: false,
            max_sessions: 1,
        };
        let time =
            |tenant, environment| Some(part(tenant, environment, |limit: TimeLimit| limit.is_active, day));
        Self {
            session_idle_timeout_configuration: time(
                tenant.session_idle_timeout_configuration,
                environment.session_idle_timeout_configuration,
            ),
            session_timeout_configuration: time(
                tenant.session_timeout_configuration,
                environment.session_timeout_configuration,
            ),
            session_concurrent_configuration: Some(part(
                tenant.session_concurrent_configuration,
                environment.session_concurrent_configuration,
                |limit: NumberLimit| limit.is_active,
                one,
            )),
        }
    }

    /// What holds for a session under this document.
    pub(crate) fn limits(&self) -> Limits {
        let time = |limit: Option<TimeLimit>| limit.filter(|one| one.is_active).map(|one| one.timeout);
        Limits {
            idle: time(self.session_idle_timeout_configuration),
            absolute: time(self.session_timeout_configuration),
            sessions: self
                .session_concurrent_configuration
                .filter(|one| one.is_active)
                .map(|one| one.max_sessions),
        }
    }
}

/// What holds for a session. Times are in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    idle: Option<i64>,
    absolute: Option<i64>,
    pub(crate) sessions: Option<i64>,
}

impl Limits {
    /// How long a token may live that would live `seconds`: not beyond the end of its session, and not longer than the
    /// session may idle.
    pub(crate) fn cap(&self, seconds: i64, began: Millis, now: Millis) -> i64 {
        let left = self
            .absolute
            .map(|absolute| began.plus_seconds(absolute).0.saturating_sub(now.0) / 1000);
        [self.idle, left]
            .into_iter()
            .flatten()
            .fold(seconds, i64::min)
            .max(1)
    }

    /// Why a session is over, when it is.
    pub(crate) fn over(&self, began: Millis, refreshed: Millis, now: Millis) -> Option<EndReason> {
        let past =
            |since: Millis, limit: Option<i64>| limit.is_some_and(|limit| since.plus_seconds(limit) <= now);
        if past(began, self.absolute) {
            Some(EndReason::Expired)
        } else if past(refreshed, self.idle) {
            Some(EndReason::Idle)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(is_active: bool, timeout: i64) -> Option<SessionConfiguration> {
        Some(SessionConfiguration {
            session_idle_timeout_configuration: Some(TimeLimit { is_active, timeout }),
            ..SessionConfiguration::default()
        })
    }

    #[test]
    fn a_tenants_limit_counts_when_active_and_the_environments_otherwise() {
        let of = |tenant, environment| SessionConfiguration::in_force(tenant, environment).limits().idle;
        assert_eq!(of(idle(true, 60), idle(true, 90)), Some(60));
        assert_eq!(of(idle(false, 60), idle(true, 90)), Some(90));
        assert_eq!(of(idle(true, 60), idle(false, 90)), Some(60));
        assert_eq!(of(idle(false, 60), idle(false, 90)), None);
        assert_eq!(of(None, None), None);
        let shown = SessionConfiguration::in_force(idle(false, 60), idle(false, 90));
        assert_eq!(
            Some(shown.session_idle_timeout_configuration),
            idle(false, 60).map(|one| one.session_idle_timeout_configuration)
        );
    }

    #[test]
    fn a_token_ends_with_its_session() {
        let limits = Limits {
            idle: Some(300),
            absolute: Some(1_000),
            sessions: None,
        };
        let at = |seconds: i64| limits.cap(3_600, Millis(0), Millis(seconds * 1000));
        assert_eq!((at(0), at(800), at(999), at(5_000)), (300, 200, 1, 1));
        assert_eq!(Limits::default().cap(3_600, Millis(0), Millis(0)), 3_600);
        assert_eq!(limits.over(Millis(0), Millis(700_000), Millis(999_999)), None);
        assert_eq!(
            limits.over(Millis(0), Millis(700_000), Millis(1_000_000)),
            Some(EndReason::Expired)
        );
        assert_eq!(
            limits.over(Millis(0), Millis(100_000), Millis(400_000)),
            Some(EndReason::Idle)
        );
    }
}
