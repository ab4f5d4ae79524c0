//! Which environment a request means, and its keys: read once, remembered, forgotten when told to.

mod cache;
mod tokens;

use std::sync::Arc;

use async_trait::async_trait;
use crypto::{SealError, Sealed, SealingKey};
use db::{Db, Notice, StoreError};
use kit::{Clock, EnvironmentId, Ids, Millis, Secret};
use std::sync::{Mutex, OnceLock, PoisonError};
use web::{Address, EnvironmentFace, Environments, Problem};

use self::cache::{Cache, Mark};
use crate::AuthConfiguration;
use crate::environments::{Environment, Profile, host_key, store};
use crate::keys::{KeyRow, Keyring, RingError, store as key_store};

pub use tokens::{Purpose, TokenError, VerifiedToken};

/// After this long an entry is checked against the database again, in milliseconds: so a change made by another process
/// shows although its notice does not reach this one (the command line beside a server on SQLite).
const FRESH: i64 = 2_000;
const ENVIRONMENTS: u64 = 1_000;
const HOSTS: u64 = 10_000;

/// Every environment of the installation, through a bounded cache. Clones are cheap and share it.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Ids,
    sealing: Arc<SealingKey>,
    known: Cache<Arc<Known>>,
    hosts: Cache<Option<EnvironmentId>>,
    /// Whether something changed since it was last asked.
    news: Box<dyn Fn() -> bool + Send + Sync>,
}

/// One environment with everything that requests need of it.
pub(crate) struct Known {
    pub(crate) profile: Profile,
    pub(crate) configuration: AuthConfiguration,
    environment: Arc<Environment>,
    rows: Vec<KeyRow>,
    /// Opened at the first token, not before: that costs milliseconds.
    ring: OnceLock<Result<Keyring, RingError>>,
}

impl Directory {
    /// A directory over the tables of this room. `sealing` is the key that the environments' keys are sealed with.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Ids, sealing: impl Into<Arc<SealingKey>>) -> Self {
        let told = Mutex::new(db.subscribe());
        let news = move || {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            let mut news = false;
            while !told.is_empty() {
                // Having missed some counts as news.
                news |= !matches!(told.try_recv(), Ok(Notice::Topic { topic, .. }) if topic != store::TOPIC);
            }
            news
        };
        Self(Arc::new(Inner {
            db,
            clock,
            ids,
            sealing: sealing.into(),
            known: Cache::new(ENVIRONMENTS),
            hosts: Cache::new(HOSTS),
            news: Box::new(news),
        }))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.0.ids
    }

    pub(crate) fn now(&self) -> Millis {
        self.0.clock.now()
    }

    pub(crate) fn sealing(&self) -> &SealingKey {
        &self.0.sealing
    }

    /// A secret as it may rest in the database. `context` names table, column and row: it opens nowhere else.
    #[must_use]
    pub fn seal(&self, secret: &Secret, context: &str) -> String {
        self.sealing().seal(secret.reveal().as_bytes(), context)
    }

    /// What [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// When it was sealed under another key or for another place, or was altered.
    pub fn unseal(&self, sealed: &str, context: &str) -> Result<Sealed<Secret>, SealError> {
        let bytes = self.sealing().open(sealed, context)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SealError::Malformed)?;
        Ok(Sealed::new(Secret::new(text.to_owned())))
    }

    /// The key that stored secrets are sealed with.
    #[must_use]
    pub fn sealing_key(&self) -> Arc<SealingKey> {
        Arc::clone(&self.0.sealing)
    }

    /// Has every entry checked before it is used again.
    pub(crate) fn forget(&self) {
        self.0.known.forget();
        self.0.hosts.forget();
    }

    /// A number that is another one after any environment, key or setting may have changed, here or on another node.
    /// Whoever remembers what a token said remembers this with it.
    #[must_use]
    pub fn changes(&self) -> u64 {
        let (_, mark, _) = self.mark();
        mark.number()
    }

    fn mark(&self) -> (Millis, Mark, Mark) {
        if (self.0.news)() {
            self.forget();
        }
        // Taken before the database is read: what changes meanwhile makes the entry stale, not wrong for ever.
        (self.now(), self.0.known.mark(), self.0.hosts.mark())
    }

    pub(crate) async fn known(&self, id: &str) -> Result<Option<Arc<Known>>, StoreError> {
        let (now, mark, _) = self.mark();
        let held = self.0.known.get(id);
        if let Some(entry) = &held
            && entry.is_fresh(mark, now, FRESH)
        {
            return Ok(Some(Arc::clone(&entry.value)));
        }
        let held = held.map(|entry| entry.value);
        let (version, asked) = (held.as_ref().map(|known| known.profile.version), id.to_owned());
        let read = self
            .0
            .db
            .read(async move |tx| {
                if version.is_some() && store::version(tx, &asked).await? == version {
                    return Ok(Read::Unchanged);
                }
                let Some(profile) = store::find(tx, &asked).await? else {
                    return Ok(Read::Absent);
                };
                let rows = key_store::of(tx, &profile.id).await?;
                let scope = kit::Scope::environment(profile.id.clone());
                let configuration = blocks::settings::effective(tx, &scope).await?;
                Ok::<_, StoreError>(Read::Known(Box::new(Known {
                    environment: Arc::new(Environment::from(&profile)),
                    profile,
                    configuration,
                    rows,
                    ring: OnceLock::new(),
                })))
            })
            .await?;
        let known = match (read, held) {
            (Read::Known(known), _) => Arc::from(known),
            (Read::Unchanged, Some(held)) => held,
            (Read::Unchanged | Read::Absent, _) => {
                self.0.known.remove(id);
                return Ok(None);
            }
        };
        self.0.known.put(id, mark, now, Arc::clone(&known));
        Ok(Some(known))
    }

    /// The environment with this client id.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn by_id(&self, id: &str) -> Result<Option<Arc<Environment>>, StoreError> {
        let known = self.known(id).await?;
        Ok(known.map(|known| Arc::clone(&known.environment)))
    }

    /// The `configurations/v1` document in force, from the cache: for places that are asked on every request. Inside a
    /// transaction read it with [`blocks::settings::effective`].
    ///
    /// # Errors
    /// When storage fails.
    pub async fn configuration(&self, id: &EnvironmentId) -> Result<Option<AuthConfiguration>, StoreError> {
        let known = self.known(id.as_str()).await?;
        Ok(known.map(|known| known.configuration.clone()))
    }

    /// The environment that a request without a token is meant for: the one its headers name by
    /// id, else the one at the host that `frontegg-vendor-host`, `Host` or `Origin` names, else the only one there is. An id
    /// that names no environment means none; a host that is nobody's is passed over, since proxies send their own.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn addressed(&self, address: &Address) -> Result<Option<Arc<Environment>>, StoreError> {
        if let Some(id) = address.vendor_id.as_ref().or(address.environment_id.as_ref()) {
            return self.by_id(id).await;
        }
        let hosts = [&address.vendor_host, &address.host, &address.origin];
        for host in hosts.into_iter().flatten() {
            let Some(host) = host_key(host) else { continue };
            if let Some(id) = self.at_host(&host).await? {
                return self.by_id(id.as_str()).await;
            }
        }
        match self.only().await? {
            Some(id) => self.by_id(id.as_str()).await,
            None => Ok(None),
        }
    }

    async fn at_host(&self, host: &str) -> Result<Option<EnvironmentId>, StoreError> {
        let asked = host.to_owned();
        self.resolved(host, async move |tx| store::at_host(tx, &asked).await)
            .await
    }

    /// The environment of an installation that has exactly one.
    async fn only(&self) -> Result<Option<EnvironmentId>, StoreError> {
        // No host is empty, so the key is free.
        self.resolved("", async |tx| {
            let mut first = store::first(tx, 2).await?;
            Ok(if first.len() == 1 { first.pop() } else { None })
        })
        .await
    }

    async fn resolved<F>(&self, key: &str, read: F) -> Result<Option<EnvironmentId>, StoreError>
    where
        F: AsyncFn(&db::Tx) -> Result<Option<EnvironmentId>, StoreError> + Send + 'static,
    {
        let (now, _, mark) = self.mark();
        if let Some(entry) = self.0.hosts.get(key)
            && entry.is_fresh(mark, now, FRESH)
        {
            return Ok(entry.value);
        }
        let found = self.0.db.read(read).await?;
        self.0.hosts.put(key, mark, now, found.clone());
        Ok(found)
    }

    /// Whether the keys of the first environment open with this sealing key, so that a server with the wrong one does not
    /// start. True when there is no environment yet.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn opens(&self) -> Result<bool, StoreError> {
        let first = self.0.db.read(async |tx| store::first(tx, 1).await).await?;
        let Some(id) = first.first() else { return Ok(true) };
        let known = self.known(id.as_str()).await?;
        Ok(known.is_none_or(|known| known.ring(self).is_ok()))
    }
}

enum Read {
    Known(Box<Known>),
    Unchanged,
    Absent,
}

impl Known {
    /// The environment's keys, opened.
    pub(crate) fn ring(&self, directory: &Directory) -> Result<&Keyring, RingError> {
        self.ring
            .get_or_init(|| Keyring::open(&self.profile.id, &self.rows, directory.sealing(), directory.now()))
            .as_ref()
            .map_err(|error| *error)
    }
}

#[async_trait]
impl Environments for Directory {
    async fn addressed(&self, address: &Address) -> Result<Option<EnvironmentFace>, Problem> {
        let found = Self::addressed(self, address).await?;
        Ok(found.map(|environment| EnvironmentFace {
            id: environment.id.clone(),
            allowed_origins: Arc::clone(&environment.allowed_origins),
        }))
    }
}
