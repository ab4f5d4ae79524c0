//! Whose data a call may touch.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An environment (the API says vendor); also the client id of its token and the `aud` of its users' tokens.
    EnvironmentId
}
text_id! {
    /// A tenant (the API also says account), unique inside its environment.
    TenantId
}
text_id! {
    /// A user, global inside one environment.
    UserId
}

/// The environment and, where there is one, the tenant that a caller's credential speaks for. Domain functions take
/// it from the caller, never from a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub environment: EnvironmentId,
    pub tenant: Option<TenantId>,
}

impl Scope {
    /// The environment itself.
    #[must_use]
    pub const fn environment(environment: EnvironmentId) -> Self {
        Self {
            environment,
            tenant: None,
        }
    }

    /// One tenant of an environment.
    #[must_use]
    pub const fn tenant(environment: EnvironmentId, tenant: TenantId) -> Self {
        Self {
            environment,
            tenant: Some(tenant),
        }
    }

    /// The environment's id as the first column of every key.
    #[must_use]
    pub fn environment_id(&self) -> &str {
        self.environment.as_str()
    }

    /// The tenant's id as stored: `''` where a row belongs to the environment (NULLs would be distinct in keys).
    #[must_use]
    pub fn tenant_id(&self) -> &str {
        self.tenant.as_ref().map_or("", TenantId::as_str)
    }
}
