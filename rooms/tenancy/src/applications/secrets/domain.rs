//! When secrets are made and replaced.

use db::{StoreError, Tx};
use environment::Directory;
use kit::{EnvironmentId, Ids, Secret};

use super::store::{self, SealedPair};
use crate::applications::domain::{self, ApplicationError, Change};

/// Which of the two secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Client,
    Shared,
}

impl Which {
    /// The one place a sealed secret opens in.
    pub(super) fn context(self, environment: &EnvironmentId, application: &str) -> String {
        let column = match self {
            Self::Client => "client_secret",
            Self::Shared => "shared_secret",
        };
        format!("application_credentials/{column}/{environment}/{application}")
    }
}

/// A fresh pair for an application.
pub(super) fn fresh(
    directory: &Directory,
    ids: &Ids,
    environment: &EnvironmentId,
    application: &str,
) -> SealedPair {
    let seal =
        |which: Which| directory.seal(&Secret::new(ids.v4()), &which.context(environment, application));
    SealedPair {
        client: seal(Which::Client),
        shared: seal(Which::Shared),
    }
}

/// What is stored; `None` for an application that nobody has asked for its secrets yet.
pub(super) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
) -> Result<Option<SealedPair>, ApplicationError> {
    domain::known(tx, environment, application).await?;
    Ok(store::find(tx, environment, application).await?)
}

/// Stores a first pair, or finds that somebody else has just done so.
pub(super) async fn begin(
    tx: &Tx,
    change: &Change,
    application: &str,
    pair: &SealedPair,
) -> Result<SealedPair, ApplicationError> {
    domain::held(tx, &change.environment, application).await?;
    if let Some(stored) = store::find(tx, &change.environment, application).await? {
        return Ok(stored);
    }
    store::put(tx, &change.environment, application, pair, change.now).await?;
    note(tx, change, "Application credentials created", application).await?;
    Ok(pair.clone())
}

/// Replaces one secret at once.
pub(super) async fn replace(
    tx: &Tx,
    change: &Change,
    which: Which,
    application: &str,
    pair: &SealedPair,
) -> Result<(), ApplicationError> {
    domain::held(tx, &change.environment, application).await?;
    let stored = store::find(tx, &change.environment, application).await?;
    let mut pair = pair.clone();
    let action = match which {
        Which::Client => {
            pair.shared = stored.map_or(pair.shared, |stored| stored.shared);
            "Application client secret regenerated"
        }
        Which::Shared => {
            pair.client = stored.map_or(pair.client, |stored| stored.client);
            "Application shared secret regenerated"
        }
    };
    store::put(tx, &change.environment, application, &pair, change.now).await?;
    note(tx, change, action, application).await?;
    Ok(())
}

async fn note(tx: &Tx, change: &Change, action: &str, application: &str) -> Result<(), StoreError> {
    change
        .record::<()>(tx, action, ("application", application), None, None)
        .await
}
