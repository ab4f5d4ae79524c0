//! Who a request is. Handlers receive one of these types; a `Scope` comes from nowhere else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use kit::{EnvironmentId, Scope, TenantId, UserId};

use crate::Problem;

/// Where a call came from, as audit records and sessions note it.
#[derive(Clone, Debug)]
pub struct CallOrigin {
    /// The client's address; a forwarded one only when a trusted proxy said so.
    pub ip: IpAddr,
    /// The `User-Agent` header, cut at 512 bytes.
    pub user_agent: String,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// The id that this request's answer and log lines carry.
    pub trace_id: String,
    /// `frontegg-requested-application-id`, else `frontegg-application-id`.
    pub application: Option<String>,
}

/// The environment's own token.
#[derive(Clone, Debug)]
pub struct EnvironmentCaller {
    pub environment: EnvironmentId,
    /// Named by header and looked up: it exists in this environment.
    pub tenant: Option<TenantId>,
    /// Named by header and looked up: it exists in this environment.
    pub user: Option<UserId>,
    pub from: Arc<CallOrigin>,
}

impl EnvironmentCaller {
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            environment: self.environment.clone(),
            tenant: self.tenant.clone(),
        }
    }

    /// The tenant named by header.
    ///
    /// # Errors
    /// 403 `Tenant ID is not specified` when none was named.
    pub fn tenant(&self) -> Result<&TenantId, Problem> {
        self.tenant.as_ref().ok_or_else(Problem::no_tenant)
    }
}

/// A signed-in user in one tenant.
#[derive(Clone, Debug)]
pub struct UserCaller {
    pub environment: EnvironmentId,
    pub tenant: TenantId,
    pub user: UserId,
    /// The session (`sid`); `None` when an environment token acts on the user's behalf.
    pub session: Option<String>,
    /// Permission keys in force for this call.
    pub permissions: Arc<[String]>,
    /// True when an environment token acts as this user: audit records then name the environment as the actor.
    pub by_environment: bool,
    pub from: Arc<CallOrigin>,
}

impl UserCaller {
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::tenant(self.environment.clone(), self.tenant.clone())
    }

    /// Whether a permission is held, wildcards considered.
    #[must_use]
    pub fn may(&self, key: &str) -> bool {
        self.permissions
            .iter()
            .any(|granted| crate::permission_covers(granted, key))
    }
}

/// Nobody in particular, in one environment.
#[derive(Clone, Debug)]
pub struct PublicCaller {
    pub environment: EnvironmentId,
    /// True when the environment's own token came along: the call is from its back end.
    pub by_environment: bool,
    /// The tenant that a user token of the call is for, where there is one.
    pub tenant: Option<TenantId>,
    /// The tenant that the environment's own back end names by header. Nobody has looked it up.
    pub named_tenant: Option<TenantId>,
    pub from: Arc<CallOrigin>,
}

/// A call to the server itself, outside every environment.
#[derive(Clone, Debug)]
pub struct ServerCaller {
    pub from: Arc<CallOrigin>,
}

/// On routes that take both: the environment's token or a user's.
#[derive(Clone, Debug)]
pub enum AnyCaller {
    Environment(EnvironmentCaller),
    User(UserCaller),
}

impl AnyCaller {
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Environment(caller) => caller.scope(),
            Self::User(caller) => caller.scope(),
        }
    }

    /// The tenant in force.
    ///
    /// # Errors
    /// 403 when an environment token named none.
    pub fn tenant(&self) -> Result<&TenantId, Problem> {
        match self {
            Self::Environment(caller) => caller.tenant(),
            Self::User(caller) => Ok(&caller.tenant),
        }
    }

    /// The user behind the call, where there is one.
    #[must_use]
    pub const fn user(&self) -> Option<&UserCaller> {
        match self {
            Self::User(caller) => Some(caller),
            Self::Environment(_) => None,
        }
    }

    #[must_use]
    pub const fn from(&self) -> &Arc<CallOrigin> {
        match self {
            Self::Environment(caller) => &caller.from,
            Self::User(caller) => &caller.from,
        }
    }
}

/// What the gatekeeper decided; put into the request by the guard and taken out by the typed callers.
#[derive(Clone, Debug)]
pub enum Caller {
    Environment(EnvironmentCaller),
    User(UserCaller),
    Anyone(PublicCaller),
    Server(ServerCaller),
}

impl Problem {
    /// 403 with the text that exporters know.
    #[must_use]
    pub fn no_tenant() -> Self {
        Self::forbidden("Tenant ID is not specified")
    }

    fn wrong_caller() -> Self {
        tracing::error!("a handler asks for a caller that its guard does not admit");
        Self::unauthorized("Unauthorized")
    }
}

fn admitted(parts: &Parts) -> Option<Caller> {
    parts.extensions.get::<Caller>().cloned()
}

impl<S: Sync> FromRequestParts<S> for EnvironmentCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match admitted(parts) {
            Some(Caller::Environment(caller)) => Ok(caller),
            _ => Err(Problem::wrong_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for UserCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match admitted(parts) {
            Some(Caller::User(caller)) => Ok(caller),
            _ => Err(Problem::wrong_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match admitted(parts) {
            Some(Caller::Environment(caller)) => Ok(Self::Environment(caller)),
            Some(Caller::User(caller)) => Ok(Self::User(caller)),
            _ => Err(Problem::wrong_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for PublicCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match admitted(parts) {
            Some(Caller::Anyone(caller)) => Ok(caller),
            _ => Err(Problem::wrong_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ServerCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match admitted(parts) {
            Some(Caller::Server(caller)) => Ok(caller),
            _ => Err(Problem::wrong_caller()),
        }
    }
}
