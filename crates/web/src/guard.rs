//! Who may call a route. The guard is part of the route table; a route without one cannot be registered.

/// What a user token needs on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any signed-in user: routes about the caller's own self.
    SignedIn,
    /// One permission key, or a granted wildcard above it.
    Permission(&'static str),
}

/// The rule of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    pub(crate) server: bool,
    pub(crate) anyone: bool,
    pub(crate) environment: bool,
    pub(crate) user: Option<Need>,
    pub(crate) on_behalf: bool,
    pub(crate) tenant: bool,
}

impl Guard {
    const NOBODY: Self = Self {
        server: false,
        anyone: false,
        environment: false,
        user: None,
        on_behalf: false,
        tenant: false,
    };

    /// About the server itself, not about an environment: health, metrics, documents. Nobody is asked for.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            server: true,
            ..Self::NOBODY
        }
    }

    /// Nobody needs to be known; the environment is found by headers or host.
    #[must_use]
    pub const fn anyone() -> Self {
        Self {
            anyone: true,
            ..Self::NOBODY
        }
    }

    /// The environment's own token.
    #[must_use]
    pub const fn environment() -> Self {
        Self {
            environment: true,
            ..Self::NOBODY
        }
    }

    /// A user's token.
    #[must_use]
    pub const fn user(need: Need) -> Self {
        Self {
            user: Some(need),
            ..Self::NOBODY
        }
    }

    /// A user's token, or the environment's.
    #[must_use]
    pub const fn environment_or_user(need: Need) -> Self {
        Self {
            environment: true,
            user: Some(need),
            ..Self::NOBODY
        }
    }

    /// A tenant must be known: an environment token then needs the `frontegg-tenant-id` header (403 otherwise).
    #[must_use]
    pub const fn with_tenant(mut self) -> Self {
        self.tenant = true;
        self
    }

    /// An environment token that names tenant and user by header acts as that user.
    #[must_use]
    pub const fn on_behalf(mut self) -> Self {
        self.on_behalf = true;
        self
    }

    /// Whether the route is about the server itself.
    #[must_use]
    pub const fn is_about_server(&self) -> bool {
        self.server
    }

    /// Whether nobody needs to be known.
    #[must_use]
    pub const fn admits_anyone(&self) -> bool {
        self.anyone
    }

    /// Whether the environment's own token is taken (as itself, not on behalf of a user).
    #[must_use]
    pub const fn admits_environment(&self) -> bool {
        self.environment
    }

    /// Whether an environment token may act as a user.
    #[must_use]
    pub const fn admits_on_behalf(&self) -> bool {
        self.on_behalf
    }

    /// What a user token needs; `None` where user tokens are not taken.
    #[must_use]
    pub const fn user_need(&self) -> Option<Need> {
        self.user
    }

    /// Whether an environment token must name a tenant.
    #[must_use]
    pub const fn needs_tenant(&self) -> bool {
        self.tenant
    }

    /// The rule in words, as the served document shows it.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut words = Vec::new();
        if self.server {
            words.push("anyone, in no environment".to_owned());
        }
        if self.anyone {
            words.push("anyone".to_owned());
        }
        if self.environment {
            words.push(
                if self.tenant {
                    "environment token with frontegg-tenant-id"
                } else {
                    "environment token"
                }
                .to_owned(),
            );
        }
        match self.user {
            Some(Need::SignedIn) => words.push("user token".to_owned()),
            Some(Need::Permission(key)) => words.push(format!("user token with {key}")),
            None => {}
        }
        if self.on_behalf {
            words.push("environment token on behalf of a user".to_owned());
        }
        words.join(" or ")
    }
}

/// Whether a granted permission key covers the one needed. `fe.secure.*` covers everything below `fe.secure.`; a `*` in
/// the middle stands for any run of characters, as the published entitlement evaluation reads it.
#[must_use]
pub fn permission_covers(granted: &str, needed: &str) -> bool {
    let mut parts = granted.split('*');
    let Some(mut rest) = parts.next().and_then(|head| needed.strip_prefix(head)) else {
        return false;
    };
    let Some(last) = granted.rsplit('*').next().filter(|_| granted.contains('*')) else {
        return rest.is_empty();
    };
    let middle: Vec<&str> = parts.collect();
    let (_, between) = middle.split_last().unwrap_or((&"", &[]));
    for part in between {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or("");
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_grants_its_prefix_and_nothing_beside_it() {
        assert!(permission_covers("fe.secure.*", "fe.secure.read.users"));
        assert!(permission_covers("fe.secure.read.*", "fe.secure.read.users"));
        assert!(permission_covers("fe.*.read.*", "fe.secure.read.users"));
        assert!(permission_covers("*", "anything"));
        assert!(permission_covers("fe.secure.read.users", "fe.secure.read.users"));
        assert!(!permission_covers("fe.secure.read.*", "fe.secure.write.users"));
        assert!(!permission_covers("fe.secure.read.user", "fe.secure.read.users"));
        assert!(!permission_covers(
            "fe.secure.read.users",
            "fe.secure.read.usersRoles"
        ));
        assert!(!permission_covers("", "fe.secure.read.users"));
        assert!(!permission_covers("a*a", "a"));
    }
}
