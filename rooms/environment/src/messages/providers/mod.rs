//! The environment's own way of sending.

mod store;

use std::sync::Arc;

use db::{StoreError, Tx};
use kit::EnvironmentId;
use outbound::{MailTransport, SmsTransport};
use web::App;

use super::Channel;

/// Whether the environment has one.
pub(crate) async fn exists(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<bool, StoreError> {
    store::exists(tx, environment, channel).await
}

/// How mail of this environment goes: its own way, else the server's.
pub(crate) async fn mail(
    _tx: &Tx,
    app: &App,
    _environment: &EnvironmentId,
) -> Result<Option<Arc<dyn MailTransport>>, StoreError> {
    Ok(app.outbound().mail())
}

/// How text messages of this environment go.
pub(crate) async fn sms(
    _tx: &Tx,
    app: &App,
    _environment: &EnvironmentId,
) -> Result<Option<Arc<dyn SmsTransport>>, StoreError> {
    Ok(app.outbound().sms())
}
