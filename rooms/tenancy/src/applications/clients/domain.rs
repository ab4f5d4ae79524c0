//! Decisions about clients.

use db::{StoreError, Tx};
use kit::{EnvironmentId, Secret};

use super::model::{ApplicationClient, ClientChanges, NewClient};
use super::store;
use crate::applications::domain::{self, ApplicationError, Change};

/// Most clients of an application, so that every list of them is short.
const MOST: i64 = 1_000;

async fn record(
    tx: &Tx,
    change: &Change,
    action: &str,
    before: Option<&ApplicationClient>,
    after: Option<&ApplicationClient>,
) -> Result<(), StoreError> {
    let id = after.or(before).map_or("", |one| one.id.as_str());
    let hidden = |one: Option<&ApplicationClient>| one.cloned().map(ApplicationClient::hidden);
    let (before, after) = (hidden(before), hidden(after));
    let resource = ("application client", id);
    change
        .record(tx, action, resource, before.as_ref(), after.as_ref())
        .await
}

/// What is decided before the transaction opens.
pub(super) struct Prepared {
    pub(super) id: String,
    pub(super) secret: Secret,
    /// The application that the call is about, where it names one.
    pub(super) application: Option<String>,
    pub(super) new: NewClient,
}

pub(super) async fn create(
    tx: &Tx,
    change: &Change,
    prepared: &Prepared,
) -> Result<ApplicationClient, ApplicationError> {
    let environment = &change.environment;
    let named = match &prepared.application {
        Some(named) => named.clone(),
        None => domain::default_application(tx, environment)
            .await?
            .map(|one| one.id)
            .ok_or(ApplicationError::NotSpecified)?,
    };
    let application = domain::held(tx, environment, &named).await?;
    let client = prepared
        .new
        .clone()
        .into_client(
            prepared.id.clone(),
            application.id,
            prepared.secret.reveal(),
            change.now,
        )
        .map_err(ApplicationError::Faults)?;
    if store::count(tx, environment, &client.app_id).await? >= MOST {
        return Err(ApplicationError::TooManyClients(MOST));
    }
    store::insert(tx, environment, &client).await?;
    record(tx, change, "Application client created", None, Some(&client)).await?;
    Ok(client)
}

pub(super) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<ApplicationClient, ApplicationError> {
    store::by_id(tx, environment, id)
        .await?
        .ok_or(ApplicationError::NoClient)
}

pub(super) async fn list(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
) -> Result<Vec<ApplicationClient>, ApplicationError> {
    domain::known(tx, environment, application).await?;
    Ok(store::of_application(tx, environment, application).await?)
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &ClientChanges,
) -> Result<ApplicationClient, ApplicationError> {
    store::hold(tx, &change.environment, id).await?;
    let old = find(tx, &change.environment, id).await?;
    let new = changes
        .clone()
        .apply(old.clone(), change.now)
        .map_err(ApplicationError::Faults)?;
    store::update(tx, &change.environment, &new).await?;
    record(tx, change, "Application client updated", Some(&old), Some(&new)).await?;
    Ok(new)
}

pub(super) async fn delete(tx: &Tx, change: &Change, id: &str) -> Result<(), ApplicationError> {
    store::hold(tx, &change.environment, id).await?;
    let old = find(tx, &change.environment, id).await?;
    store::delete(tx, &change.environment, id).await?;
    record(tx, change, "Application client deleted", Some(&old), None).await?;
    Ok(())
}
