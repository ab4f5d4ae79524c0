//! Reading and writing an environment's own ways, sealed.

use blocks::audit::AuditRecord;
use crypto::SealingKey;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use thiserror::Error;
use web::App;

use super::super::Channel;
use super::store;

/// Why nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum ProviderError {
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
    #[error("No provider is configured")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who changes.
pub(crate) struct Change {
    pub(crate) environment: EnvironmentId,
    pub(crate) app: App,
    pub(crate) now: Millis,
    pub(crate) by: AuditRecord,
}

fn place(environment: &EnvironmentId, channel: Channel) -> String {
    format!("message_providers/{environment}/{}", channel.word())
}

/// The way that is stored, with when it was made and changed.
pub(crate) async fn read<W: DeserializeOwned>(
    tx: &Tx,
    sealing: &SealingKey,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<Option<(W, Millis, Millis)>, StoreError> {
    let Some(stored) = store::find(tx, environment, channel).await? else {
        return Ok(None);
    };
    let opened = sealing
        .open(&stored.sealed, &place(environment, channel))
        .map_err(StoreError::other)?;
    let way = serde_json::from_slice(&opened).map_err(StoreError::other)?;
    Ok(Some((way, stored.created_at, stored.updated_at)))
}

/// Writes a way that was found to be right; answers when it was made and changed.
pub(crate) async fn write(
    tx: &Tx,
    change: &Change,
    channel: Channel,
    provider: &str,
    way: &impl Serialize,
) -> Result<(Millis, Millis), StoreError> {
    let text = crypto::Sealed::new(serde_json::to_vec(way).map_err(StoreError::other)?);
    let sealed = change
        .app
        .sealing()
        .seal(text.reveal(), &place(&change.environment, channel));
    let written = store::put(tx, &change.environment, channel, (provider, &sealed), change.now).await?;
    record(tx, change, channel, "Message provider changed", Some(provider)).await?;
    Ok(written)
}

/// Removes the way; the server's own is used again.
pub(crate) async fn remove(tx: &Tx, change: &Change, channel: Channel) -> Result<(), ProviderError> {
    if !store::remove(tx, &change.environment, channel).await? {
        return Err(ProviderError::NotFound);
    }
    record(tx, change, channel, "Message provider removed", None).await?;
    Ok(())
}

async fn record(
    tx: &Tx,
    change: &Change,
    channel: Channel,
    action: &str,
    provider: Option<&str>,
) -> Result<(), StoreError> {
    let mut by = change.by.clone();
    action.clone_into(&mut by.action);
    channel.word().clone_into(&mut by.resource_id);
    by.after = provider.map(|provider| json!({"provider": provider}));
    let scope = Scope::environment(change.environment.clone());
    by.write(tx, change.app.ids(), &scope, change.now).await
}
