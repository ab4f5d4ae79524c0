//! Decisions about applications.

use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use blocks::tasks;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use serde::Serialize;
use thiserror::Error;
use web::Problem;

use super::model::{Application, ApplicationChanges, NewApplication};
use super::removal::{self, Order, REMOVAL, SPREAD};
use super::store;
use crate::room::ApplicationHolders;

/// Most applications of an environment, so that every list of them is short.
const MOST: i64 = 1_000;

/// Why a call about applications was refused.
#[derive(Debug, Error)]
pub enum ApplicationError {
    #[error("Application not found")]
    NotFound,
    #[error("Application client not found")]
    NoClient,
    #[error("Tenant not found")]
    NoTenant,
    /// The text that clients know.
    #[error("This account/tenant is not assigned to the requested application")]
    NotAssigned,
    /// The text that clients know.
    #[error("User is not associated with the requested application")]
    NotAssociated,
    /// The text that clients know.
    #[error("Application ID is not specified")]
    NotSpecified,
    #[error("The requested application is not active")]
    Inactive,
    #[error("The default application cannot be deleted; make another one the default first")]
    IsDefault,
    #[error("There is always a default application; make another one the default instead")]
    StaysDefault,
    #[error("An environment has at most {MOST} applications")]
    TooMany,
    #[error("An application has at most {0} clients")]
    TooManyClients(i64),
    #[error("the application has wrong values")]
    Faults(Vec<String>),
    #[error("a stored secret does not open")]
    Sealed(#[from] crypto::SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApplicationError> for Problem {
    fn from(error: ApplicationError) -> Self {
        let sentence = error.to_string();
        match error {
            ApplicationError::NotFound | ApplicationError::NoClient | ApplicationError::NoTenant => {
                Self::not_found(sentence)
            }
            ApplicationError::NotAssigned => Self::not_found(sentence).with_code("ER-01008"),
            ApplicationError::NotAssociated => Self::forbidden(sentence).with_code("ER-01009"),
            ApplicationError::NotSpecified => Self::forbidden(sentence).with_code("ER-00008"),
            ApplicationError::Inactive => Self::forbidden(sentence),
            ApplicationError::IsDefault
            | ApplicationError::StaysDefault
            | ApplicationError::TooMany
            | ApplicationError::TooManyClients(_) => Self::bad_request(sentence),
            ApplicationError::Faults(sentences) => Self::faults(sentences),
            ApplicationError::Sealed(error) => Self::internal(&error),
            ApplicationError::Store(error) => error.into(),
        }
    }
}

/// The application that a request is about when it names none.
///
/// # Errors
/// When storage fails.
pub async fn default_application(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<Option<Application>, StoreError> {
    store::default(tx, environment).await
}

/// The application with an id.
///
/// # Errors
/// When storage fails.
pub async fn application(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Application>, StoreError> {
    store::by_id(tx, environment, id).await
}

/// Every application of an environment, the default one first and then the oldest. There are at most a thousand.
///
/// # Errors
/// When storage fails.
pub async fn applications(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<Application>, StoreError> {
    store::all(tx, environment).await
}

/// The application with an id, kept from being deleted until the transaction ends.
///
/// # Errors
/// When storage fails.
pub async fn hold_application(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Application>, StoreError> {
    if store::hold(tx, environment, id).await? {
        store::by_id(tx, environment, id).await
    } else {
        Ok(None)
    }
}

/// Notes that somebody signed in to an application, the first time that happens.
///
/// # Errors
/// When storage fails.
pub async fn application_used(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &Application,
    now: Millis,
) -> Result<(), StoreError> {
    if application.integration_finished_at.is_some() {
        return Ok(());
    }
    store::mark_used(tx, environment, &application.id, now).await
}

/// Creates the default application unless the environment has one.
pub(crate) async fn seed(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    now: Millis,
) -> Result<(), StoreError> {
    store::open_total(tx, environment).await?;
    if store::default(tx, environment).await?.is_some() {
        return Ok(());
    }
    let application = Application {
        is_default: true,
        ..Application::named(ids.v4(), environment, "Default application", now)
    };
    store::count(tx, environment, 1, MOST).await?;
    store::insert(tx, environment, &application).await
}

/// What every change here needs besides its transaction.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) environment: EnvironmentId,
    pub(super) ids: Ids,
    pub(super) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(super) by: AuditRecord,
}

impl Change {
    /// Writes what happened to an application or to something of it.
    pub(super) async fn record<T: Serialize>(
        &self,
        tx: &Tx,
        action: &str,
        (resource, id): (&str, &str),
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let mut record = self.by.clone().severity(Severity::Medium).changed(before, after);
        action.clone_into(&mut record.action);
        resource.clone_into(&mut record.resource);
        id.clone_into(&mut record.resource_id);
        let scope = Scope::environment(self.environment.clone());
        record.write(tx, &self.ids, &scope, self.now).await
    }

    async fn record_application(
        &self,
        tx: &Tx,
        action: &str,
        before: Option<&Application>,
        after: Option<&Application>,
    ) -> Result<(), StoreError> {
        let id = after.or(before).map_or("", |one| one.id.as_str());
        self.record(tx, action, ("application", id), before, after).await
    }

    pub(super) async fn submit(
        &self,
        tx: &Tx,
        kind: &'static str,
        application: &str,
    ) -> Result<(), StoreError> {
        let order = Order {
            application_id: application.to_owned(),
        };
        tasks::submit(tx, &self.ids, &self.environment, kind, &order, 0, self.now).await?;
        Ok(())
    }
}

/// An application that must be there.
pub(super) async fn known(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Application, ApplicationError> {
    store::by_id(tx, environment, id)
        .await?
        .ok_or(ApplicationError::NotFound)
}

/// An application that must be there, kept from others until the transaction ends.
pub(super) async fn held(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Application, ApplicationError> {
    hold_application(tx, environment, id)
        .await?
        .ok_or(ApplicationError::NotFound)
}

pub(super) async fn create(
    tx: &Tx,
    change: &Change,
    new: &NewApplication,
) -> Result<Application, ApplicationError> {
    let environment = &change.environment;
    let application = new
        .clone()
        .into_application(change.ids.v4(), environment, change.now)
        .map_err(ApplicationError::Faults)?;
    if !store::count(tx, environment, 1, MOST).await? {
        return Err(ApplicationError::TooMany);
    }
    if application.is_default {
        store::clear_default(tx, environment, change.now).await?;
        change.submit(tx, SPREAD, &application.id).await?;
    }
    store::insert(tx, environment, &application).await?;
    change
        .record_application(tx, "Application created", None, Some(&application))
        .await?;
    Ok(application)
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &ApplicationChanges,
) -> Result<Application, ApplicationError> {
    let environment = &change.environment;
    if changes.is_default.is_some() {
        // One at a time: whoever comes second sees who is the default by then.
        store::count(tx, environment, 0, i64::MAX).await?;
    }
    let old = held(tx, environment, id).await?;
    let new = changes
        .apply(&old, change.now)
        .map_err(ApplicationError::Faults)?;
    if old.is_default && !new.is_default {
        return Err(ApplicationError::StaysDefault);
    }
    if new.is_default && !old.is_default {
        store::clear_default(tx, environment, change.now).await?;
        change.submit(tx, SPREAD, id).await?;
    }
    store::update(tx, environment, &new).await?;
    change
        .record_application(tx, "Application updated", Some(&old), Some(&new))
        .await?;
    Ok(new)
}

/// Deletes an application: nobody gets in through it from this transaction on. What was assigned is removed here when that is
/// little, else by a task.
pub(super) async fn delete(
    tx: &Tx,
    change: &Change,
    holders: &Arc<dyn ApplicationHolders>,
    id: &str,
) -> Result<(), ApplicationError> {
    let environment = &change.environment;
    store::count(tx, environment, 0, i64::MAX).await?;
    let old = held(tx, environment, id).await?;
    if old.is_default {
        return Err(ApplicationError::IsDefault);
    }
    store::delete(tx, environment, id).await?;
    store::count(tx, environment, -1, i64::MAX).await?;
    if !removal::piece(tx, holders, environment, id).await? {
        change.submit(tx, REMOVAL, id).await?;
    }
    change
        .record_application(tx, "Application deleted", Some(&old), None)
        .await?;
    Ok(())
}
