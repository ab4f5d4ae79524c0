//! What the lists decide, and how they are changed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use ipnet::IpNet;
use kit::{Ids, Millis, Scope};
use thiserror::Error;
use web::{AnyCaller, App, Problem};

use super::model::{Entry, Kind, List, MOST, Strategy};
use super::public_domains::is_public;
use super::store;

/// Why a list was not changed.
#[derive(Debug, Error)]
pub(crate) enum RestrictionError {
    #[error("Restriction not found")]
    NotFound,
    #[error("Restriction already exists")]
    Exists,
    #[error("A list must contain no more than {MOST} elements")]
    TooMany,
    /// The caller's own address would stay out.
    #[error("This would lock you out: your own address {0} would not be let in")]
    LockedOut(IpAddr),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RestrictionError> for Problem {
    fn from(error: RestrictionError) -> Self {
        let sentence = error.to_string();
        match error {
            RestrictionError::NotFound => Self::not_found(sentence),
            RestrictionError::Exists => Self::conflict(sentence),
            RestrictionError::TooMany | RestrictionError::LockedOut(_) => Self::bad_request(sentence),
            RestrictionError::Store(error) => error.into(),
        }
    }
}

/// Whether the tenant of the scope lets people in from this address. True where it has no list in force.
///
/// # Errors
/// When storage fails.
pub(crate) async fn address_allowed(tx: &Tx, scope: &Scope, ip: IpAddr) -> Result<bool, StoreError> {
    let list = store::list(tx, scope, Kind::Ip).await?;
    if !list.is_active {
        return Ok(true);
    }
    Ok(list.strategy.admits(listed(tx, scope, list.strategy, ip).await?))
}

/// Whether an address is in a network that is on the list.
pub(crate) async fn listed(
    tx: &Tx,
    scope: &Scope,
    strategy: Strategy,
    ip: IpAddr,
) -> Result<bool, StoreError> {
    let ip = ip.to_canonical();
    let values = store::values(tx, scope, Kind::Ip, strategy).await?;
    Ok(values
        .iter()
        .filter_map(|value| super::model::network(value))
        .any(|network: IpNet| network.contains(&ip)))
}

/// Whether somebody with this address may sign up, or be invited into the tenant of the scope: the environment's list and
/// the tenant's must both let its domain in. People who are in already are not asked about.
///
/// # Errors
/// When storage fails.
pub async fn email_domain_allowed(tx: &Tx, scope: &Scope, email: &str) -> Result<bool, StoreError> {
    let whole = Scope::environment(scope.environment.clone());
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    let domains = spellings(domain);
    if !level_allows(tx, &whole, &domains).await? {
        return Ok(false);
    }
    if scope.tenant.is_none() {
        return Ok(true);
    }
    level_allows(tx, scope, &domains).await
}

/// A domain as it was given and the two ways it is written on the wire (UTS 46): mail to any of them arrives at the same
/// place, so that each is listed where one is.
fn spellings(domain: &str) -> BTreeSet<String> {
    let given = domain.trim().to_lowercase();
    let mut all = BTreeSet::new();
    if let Ok(ascii) = idna::domain_to_ascii(&given) {
        all.insert(idna::domain_to_unicode(&ascii).0);
        all.insert(ascii);
    }
    all.insert(given);
    all
}

async fn level_allows(tx: &Tx, scope: &Scope, domains: &BTreeSet<String>) -> Result<bool, StoreError> {
    let list = store::list(tx, scope, Kind::EmailDomain).await?;
    if !list.is_active {
        return Ok(true);
    }
    let mut listed = false;
    for domain in domains {
        listed |= store::has(tx, scope, Kind::EmailDomain, list.strategy, domain).await?;
    }
    // An allow list names its domains one by one, so one of a free service on it is meant.
    let public = list.block_public_domains
        && list.strategy == Strategy::Block
        && domains.iter().any(|domain| is_public(domain));
    Ok(list.strategy.admits(listed) && !public)
}

/// Removes the lists of the tenant of the scope.
///
/// # Errors
/// When storage fails.
pub(crate) async fn forget_tenant(tx: &Tx, scope: &Scope) -> Result<(), StoreError> {
    store::forget_tenant(tx, scope).await
}

/// A change of one list, ready to be made.
#[derive(Clone)]
pub(crate) struct Change {
    kind: Kind,
    scope: Scope,
    /// Where the caller is, when it is a person whom the change could lock out.
    own_address: Option<IpAddr>,
    by: AuditRecord,
    ids: Ids,
    now: Millis,
}

impl Change {
    pub(crate) fn by(app: &App, caller: &AnyCaller, kind: Kind) -> Self {
        let person = caller.user().filter(|user| !user.by_environment);
        Self {
            kind,
            scope: caller.scope(),
            own_address: person
                .filter(|_| kind == Kind::Ip)
                .map(|user| user.from.ip.to_canonical()),
            by: AuditRecord::new("", "restriction", kind.as_str()).by(caller),
            ids: app.ids().clone(),
            now: app.now(),
        }
    }

    pub(crate) fn entry(&self, strategy: Strategy, value: String) -> Entry {
        Entry {
            id: self.ids.v4(),
            strategy,
            value,
            is_active: true,
            description: String::new(),
            created_at: self.now,
        }
    }

    /// Puts one entry on the list.
    pub(crate) async fn add(&self, tx: &Tx, entry: &Entry) -> Result<(), RestrictionError> {
        self.hold(tx).await?;
        if !self.insert(tx, entry).await? {
            return Err(RestrictionError::Exists);
        }
        self.check(tx).await
    }

    /// Puts several entries on the list, all or none; those that are there already stay as they are.
    pub(crate) async fn add_all(&self, tx: &Tx, entries: &[Entry]) -> Result<(), RestrictionError> {
        self.hold(tx).await?;
        for entry in entries {
            self.insert(tx, entry).await?;
        }
        self.check(tx).await
    }

    /// Replaces the entries of one strategy.
    pub(crate) async fn replace(
        &self,
        tx: &Tx,
        strategy: Strategy,
        entries: &[Entry],
    ) -> Result<(), RestrictionError> {
        self.hold(tx).await?;
        store::clear(tx, &self.scope, self.kind, strategy).await?;
        for entry in entries {
            self.insert(tx, entry).await?;
        }
        self.check(tx).await
    }

    /// Takes one entry off the list.
    pub(crate) async fn remove(&self, tx: &Tx, id: &str) -> Result<(), RestrictionError> {
        self.hold(tx).await?;
        let removed = store::remove(tx, &self.scope, self.kind, id).await?;
        let value = removed.ok_or(RestrictionError::NotFound)?;
        self.record(tx, "Restriction removed", &value).await?;
        self.check(tx).await
    }

    /// Changes whether and how the list counts.
    pub(crate) async fn set(&self, tx: &Tx, change: impl Fn(List) -> List) -> Result<List, RestrictionError> {
        let old = self.hold(tx).await?;
        let new = change(old);
        if new == old {
            return Ok(new);
        }
        store::set(tx, &self.scope, self.kind, &new).await?;
        let mut record = self.by.clone().changed(Some(&old), Some(&new));
        "Restrictions changed".clone_into(&mut record.action);
        record.write(tx, &self.ids, &self.scope, self.now).await?;
        self.check(tx).await?;
        Ok(new)
    }

    async fn hold(&self, tx: &Tx) -> Result<List, StoreError> {
        store::hold(tx, &self.scope, self.kind, self.now).await
    }

    async fn insert(&self, tx: &Tx, entry: &Entry) -> Result<bool, RestrictionError> {
        if !store::insert(tx, &self.scope, self.kind, entry).await? {
            return Ok(false);
        }
        let what = format!("{} {}", entry.strategy.as_str(), entry.value);
        self.record(tx, "Restriction added", &what).await?;
        Ok(true)
    }

    async fn record(&self, tx: &Tx, action: &str, what: &str) -> Result<(), StoreError> {
        let mut record = self.by.clone().described(what);
        action.clone_into(&mut record.action);
        record.write(tx, &self.ids, &self.scope, self.now).await
    }

    /// What has to hold after every change; where it does not, nothing of the change is kept.
    async fn check(&self, tx: &Tx) -> Result<(), RestrictionError> {
        if store::count(tx, &self.scope, self.kind).await? > MOST {
            return Err(RestrictionError::TooMany);
        }
        match self.own_address {
            Some(ip) if !address_allowed(tx, &self.scope, ip).await? => Err(RestrictionError::LockedOut(ip)),
            _ => Ok(()),
        }
    }
}

/// A list with its entries.
pub(crate) async fn read(tx: &Tx, scope: &Scope, kind: Kind) -> Result<Vec<Entry>, StoreError> {
    store::entries(tx, scope, kind).await
}

/// Whether and how a list counts.
pub(crate) async fn list(tx: &Tx, scope: &Scope, kind: Kind) -> Result<List, StoreError> {
    store::list(tx, scope, kind).await
}
