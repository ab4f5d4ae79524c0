//! How often one address, or one environment, may call a route: one table for the whole API, asked by the guards.
//!
//! The environment's own token is not bounded where the table counts addresses: behind it stands a back end that calls for
//! many people, or a script that sets up a thousand of them.

use kit::Millis;
use web::{Caller, Problem, RouteLimits};

use crate::throttle::RateLimit;

/// What calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Address,
    Environment,
}

/// One line of the table.
struct Limit {
    method: &'static str,
    path: &'static str,
    by: By,
    most: u32,
    seconds: i64,
}

const fn per_minute(method: &'static str, path: &'static str, most: u32) -> Limit {
    Limit {
        method,
        path,
        by: By::Address,
        most,
        seconds: 60,
    }
}

/// The table. `POST /auth/vendor` is not in it: its refusals have a shape of their own, so it counts by itself.
const LIMITS: &[Limit] = &[
    per_minute("POST", "/identity/resources/auth/v1/user", 100),
    per_minute("POST", "/identity/resources/auth/v2/user/sso/prelogin", 100),
    per_minute(
        "POST",
        "/identity/resources/auth/v1/passwordless/magiclink/prelogin",
        100,
    ),
    per_minute(
        "POST",
        "/identity/resources/auth/v1/passwordless/magiclink/postlogin",
        100,
    ),
    per_minute("POST", "/identity/resources/auth/v1/user/mfa/verify", 10),
    per_minute("POST", "/identity/resources/auth/v1/user/mfa/recover", 10),
    per_minute("POST", "/identity/resources/users/v1/passwords/reset", 10),
    per_minute("POST", "/identity/resources/users/v1/passwords/reset/verify", 10),
    per_minute(
        "POST",
        "/identity/resources/users/v1/passwords/reset/validate",
        30,
    ),
    per_minute("POST", "/identity/resources/users/v2/passwords/reset/email", 10),
    per_minute("POST", "/identity/resources/users/v2/passwords/reset/sms", 10),
    per_minute(
        "POST",
        "/identity/resources/users/v2/passwords/reset/sms/verify",
        10,
    ),
    per_minute("POST", "/identity/resources/users/v1/passwords/change", 10),
    per_minute("POST", "/identity/resources/users/v3/me/unlock", 10),
    per_minute("POST", "/identity/resources/users/v1/signUp", 5),
    per_minute("POST", "/identity/resources/users/v1/signUp/username", 5),
    per_minute("POST", "/identity/resources/users/v1/activate", 10),
    per_minute("POST", "/identity/resources/users/v1/activate/code", 10),
    per_minute("POST", "/identity/resources/users/v1/activate/reset", 10),
    per_minute("GET", "/identity/resources/users/v1/activate/strategy", 60),
    per_minute("POST", "/identity/resources/users/v1", 30),
    per_minute("POST", "/identity/resources/users/v2", 30),
    per_minute("GET", "/identity/resources/users/v2", 30),
    per_minute("POST", "/identity/resources/users/bulk/v1/invite", 5),
    per_minute("POST", "/identity/resources/sub-tenants/users/v1", 30),
    per_minute("POST", "/identity/resources/sub-tenants/users/v2", 30),
    per_minute("POST", "/identity/resources/users/v1/phone/reset", 10),
    per_minute("POST", "/identity/resources/users/v1/phone/reset/verify", 10),
    per_minute("PUT", "/identity/resources/users/v1/phone/change", 10),
    Limit {
        method: "POST",
        path: "/identity/resources/auth/v1/api-token",
        by: By::Environment,
        most: 100,
        seconds: 1,
    },
];

impl RouteLimits for RateLimit {
    fn check(&self, method: &str, path: &str, caller: &Caller, now: Millis) -> Result<(), Problem> {
        if !self.is_on() {
            return Ok(());
        }
        let line = LIMITS
            .iter()
            .find(|line| line.path == path && line.method == method);
        let Some(line) = line else { return Ok(()) };
        let (environment, from, trusted) = match caller {
            Caller::Environment(caller) => (Some(&caller.environment), &caller.from, true),
            Caller::User(caller) => (Some(&caller.environment), &caller.from, caller.by_environment),
            Caller::Anyone(caller) => (Some(&caller.environment), &caller.from, caller.by_environment),
            Caller::Server(caller) => (None, &caller.from, false),
        };
        let who = match line.by {
            By::Address if trusted => return Ok(()),
            By::Address => from.ip.to_canonical().to_string(),
            By::Environment => environment.map_or("", |id| id.as_str()).to_owned(),
        };
        // The method keeps two routes of one path apart.
        let who = format!("{} {who}", line.method);
        Self::check(self, line.path, &who, line.most, line.seconds, now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use web::{CallOrigin, PublicCaller};

    fn anyone(ip: &str, by_environment: bool) -> Caller {
        Caller::Anyone(PublicCaller {
            environment: "e".into(),
            by_environment,
            tenant: None,
            named_tenant: None,
            from: Arc::new(CallOrigin {
                ip: ip.parse().unwrap(),
                user_agent: String::new(),
                origin: None,
                trace_id: String::new(),
                application: None,
            }),
        })
    }

    fn asked(limits: &dyn RouteLimits, times: u32, path: &str, caller: &Caller) -> usize {
        (0..times)
            .filter(|_| limits.check("POST", path, caller, Millis(0)).is_ok())
            .count()
    }

    #[test]
    fn an_address_is_counted_for_each_route_whatever_way_it_is_spelled() {
        let limits = RateLimit::new(true);
        let sign_up = "/identity/resources/users/v1/signUp";
        assert_eq!(asked(&limits, 7, sign_up, &anyone("192.0.2.1", false)), 5);
        assert_eq!(asked(&limits, 7, sign_up, &anyone("::ffff:192.0.2.1", false)), 0);
        assert_eq!(asked(&limits, 7, sign_up, &anyone("192.0.2.2", false)), 5);
        assert_eq!(asked(&limits, 7, "/flags", &anyone("192.0.2.1", false)), 7);
        assert_eq!(asked(&limits, 99, sign_up, &anyone("192.0.2.1", true)), 99);
    }

    #[test]
    fn nothing_is_counted_while_limits_are_off() {
        let limits = RateLimit::new(false);
        let sign_up = "/identity/resources/users/v1/signUp";
        assert_eq!(asked(&limits, 99, sign_up, &anyone("192.0.2.1", false)), 99);
    }
}
