//! Applications: what users sign in to. One of each environment is its default.

mod store;

use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis};

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub id: String,
    pub name: String,
    /// Where it runs; empty until somebody says so.
    pub app_url: String,
    /// Where its users sign in; empty for the environment's own page.
    pub login_url: String,
    pub logo_url: String,
    pub is_default: bool,
    /// Nobody signs in to one that is not.
    pub is_active: bool,
    pub created_at: Millis,
    pub updated_at: Millis,
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

/// Creates the default application unless the environment has one.
pub(crate) async fn seed(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    now: Millis,
) -> Result<(), StoreError> {
    if store::default(tx, environment).await?.is_some() {
        return Ok(());
    }
    let application = Application {
        id: ids.v4(),
        name: "Default application".to_owned(),
        app_url: String::new(),
        login_url: String::new(),
        logo_url: String::new(),
        is_default: true,
        is_active: true,
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, environment, &application).await
}
