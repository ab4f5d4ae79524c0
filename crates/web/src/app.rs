//! What every request can reach: storage, time, ids, and the two questions only rooms can answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crypto::SealingKey;
use db::Db;
use ipnet::IpNet;
use kit::{Clock, EnvironmentId, Ids, Millis};
use outbound::Outbound;

use crate::{CallOrigin, Caller, Guard, Problem};

/// The headers by which a request says whom it is meant for; empty ones count as absent.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// `frontegg-vendor-id`.
    pub vendor_id: Option<String>,
    /// `frontegg-environment-id`.
    pub environment_id: Option<String>,
    /// `frontegg-vendor-host`, a host or an address.
    pub vendor_host: Option<String>,
    /// `Host`.
    pub host: Option<String>,
    /// `Origin`.
    pub origin: Option<String>,
}

/// What a request brings to prove who it is.
#[derive(Clone, Default)]
pub struct Credentials {
    /// `Authorization: Bearer`.
    pub bearer: Option<String>,
    /// `x-access-token`: the environment token, raw.
    pub environment_token: Option<String>,
    /// `x-api-key`: a long-lived access token.
    pub api_key: Option<String>,
    /// `frontegg-tenant-id`.
    pub tenant: Option<String>,
    /// `frontegg-user-id`.
    pub user: Option<String>,
}

/// One environment as the edge needs it.
#[derive(Clone, Debug)]
pub struct EnvironmentFace {
    pub id: EnvironmentId,
    /// Origins that may read answers with credentials; `*` inside one stands for any run of characters but `/`.
    pub allowed_origins: Arc<[String]>,
}

/// Finds environments. Implemented by the environment room.
#[async_trait]
pub trait Environments: Send + Sync {
    /// The environment a request without a token is meant for: by vendor id, vendor host, host, origin, else the only one there is.
    async fn addressed(&self, address: &Address) -> Result<Option<EnvironmentFace>, Problem>;
}

/// Turns credentials into a caller. Implemented by the access room, since it needs users and sessions.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// The caller, when `guard` admits it.
    async fn admit(
        &self,
        guard: Guard,
        credentials: Credentials,
        address: Address,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem>;
}

/// Bounds how often routes may be called. Implemented over the counters of `blocks`.
pub trait RouteLimits: fmt::Debug + Send + Sync {
    /// Counts a call of the route with this path template by an admitted caller.
    ///
    /// # Errors
    /// 429 when it is one too many.
    fn check(&self, method: &str, path: &str, caller: &Caller, now: Millis) -> Result<(), Problem>;
}

/// How the edge treats requests.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// Networks whose forwarding headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request may take before it is answered 503.
    pub request_timeout: Duration,
    /// Largest body of a route that says nothing else, in bytes.
    pub body_limit: usize,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How often routes may be called; nothing bounds it when absent.
    pub limits: Option<Arc<dyn RouteLimits>>,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            request_timeout: Duration::from_secs(30),
            body_limit: 1024 * 1024,
            connections: 10_000,
            limits: None,
        }
    }
}

/// What the floor offers to every room beside storage.
#[derive(Clone)]
pub struct Services {
    /// Seals stored secrets.
    pub sealing: Arc<SealingKey>,
    /// The server's own ways of sending.
    pub outbound: Outbound,
}

impl Default for Services {
    /// A key that is kept nowhere, and no way out: for tests of rooms that need neither.
    fn default() -> Self {
        Self {
            sealing: Arc::new(SealingKey::generate()),
            outbound: Outbound::default(),
        }
    }
}

/// The cloneable handle of everything.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Ids,
    environments: Arc<dyn Environments>,
    gatekeeper: Arc<dyn Gatekeeper>,
    edge: EdgeSettings,
    services: Services,
}

impl App {
    #[must_use]
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Ids,
        environments: Arc<dyn Environments>,
        gatekeeper: Arc<dyn Gatekeeper>,
        edge: EdgeSettings,
        services: Services,
    ) -> Self {
        Self(Arc::new(Parts {
            db,
            clock,
            ids,
            environments,
            gatekeeper,
            edge,
            services,
        }))
    }

    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    #[must_use]
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// The key that stored secrets are sealed with.
    #[must_use]
    pub fn sealing(&self) -> &SealingKey {
        &self.0.services.sealing
    }

    /// The server's own ways of sending.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        &self.0.services.outbound
    }

    pub(crate) fn environments(&self) -> &dyn Environments {
        self.0.environments.as_ref()
    }

    pub(crate) fn gatekeeper(&self) -> &dyn Gatekeeper {
        self.0.gatekeeper.as_ref()
    }

    #[must_use]
    pub fn edge(&self) -> &EdgeSettings {
        &self.0.edge
    }
}
