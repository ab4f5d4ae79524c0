//! What messages say: defaults of our own, which an environment may replace kind by kind.

mod api;
mod domain;
mod model;
mod store;

use db::{StoreError, Tx};
use kit::EnvironmentId;

pub(crate) use api::routes;
#[cfg(test)]
pub(crate) use model::LONGEST_HTML;
pub(crate) use model::{MailText, SmsText};

use super::Channel;

/// Whether messages of this kind are sent at all.
pub(crate) async fn is_active(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    kind: &str,
) -> Result<bool, StoreError> {
    Ok(store::active(tx, environment, channel, kind)
        .await?
        .unwrap_or(true))
}

/// The environment's own wording of a mail.
pub(crate) async fn mail_text(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: &str,
) -> Result<Option<MailText>, StoreError> {
    let stored = store::find(tx, environment, Channel::Mail, kind).await?;
    stored.map(|stored| stored.read()).transpose()
}

/// The environment's own wording of a text message.
pub(crate) async fn sms_text(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: &str,
) -> Result<Option<SmsText>, StoreError> {
    let stored = store::find(tx, environment, Channel::Sms, kind).await?;
    stored.map(|stored| stored.read()).transpose()
}
