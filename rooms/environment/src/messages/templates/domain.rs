//! Reading and writing templates. A kind that was never written has its default.

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use serde_json::json;
use thiserror::Error;

use super::super::{Channel, MailTemplate, SmsTemplate, defaults};
use super::model::{MailTemplateChanges, MailText, SmsTemplateChanges, SmsText, StoredTemplate};
use super::store;

/// Why nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum TemplateError {
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
    #[error("Template not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who changes, with what.
pub(crate) struct Change {
    pub(crate) environment: EnvironmentId,
    pub(crate) ids: Ids,
    pub(crate) now: Millis,
    pub(crate) by: AuditRecord,
}

impl Change {
    async fn record(
        &self,
        tx: &Tx,
        action: &str,
        kind: &str,
        active: Option<bool>,
    ) -> Result<(), StoreError> {
        let mut by = self.by.clone();
        action.clone_into(&mut by.action);
        kind.clone_into(&mut by.resource_id);
        by.after = active.map(|active| json!({"type": kind, "active": active}));
        by.write(
            tx,
            &self.ids,
            &Scope::environment(self.environment.clone()),
            self.now,
        )
        .await
    }
}

/// The stored templates of a channel.
pub(crate) async fn all(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<Vec<StoredTemplate>, StoreError> {
    store::all(tx, environment, channel).await
}

pub(crate) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    channel: Channel,
    kind: &str,
) -> Result<Option<StoredTemplate>, StoreError> {
    store::find(tx, environment, channel, kind).await
}

/// Writes a mail template, whose given members were found to be right: judging a large one takes long enough to be done
/// before the transaction.
pub(crate) async fn write_mail(
    tx: &Tx,
    change: &Change,
    changes: &MailTemplateChanges,
) -> Result<(), StoreError> {
    let kind: MailTemplate = changes.kind;
    // Two that change other members of one template at once must both be seen.
    crate::environments::store::lock(tx, &change.environment).await?;
    let old = store::find(tx, &change.environment, Channel::Mail, kind.word()).await?;
    let text: MailText = match &old {
        Some(old) => old.read()?,
        None => MailText::default(),
    };
    let text = changes.over(&text);
    let active = changes
        .active
        .or(old.as_ref().map(|old| old.active))
        .unwrap_or(true);
    let body = serde_json::to_string(&text).map_err(StoreError::other)?;
    put(tx, change, Channel::Mail, (kind.word(), old, active, body)).await?;
    Ok(())
}

/// Writes a text-message template, likewise.
pub(crate) async fn write_sms(
    tx: &Tx,
    change: &Change,
    kind: SmsTemplate,
    changes: &SmsTemplateChanges,
) -> Result<StoredTemplate, StoreError> {
    crate::environments::store::lock(tx, &change.environment).await?;
    let old = store::find(tx, &change.environment, Channel::Sms, kind.word()).await?;
    let text: SmsText = match &old {
        Some(old) => old.read()?,
        None => defaults::sms(kind),
    };
    let text = SmsText {
        text: changes.template.clone().unwrap_or(text.text),
    };
    let active = changes
        .active
        .or(old.as_ref().map(|old| old.active))
        .unwrap_or(true);
    let body = serde_json::to_string(&text).map_err(StoreError::other)?;
    put(tx, change, Channel::Sms, (kind.word(), old, active, body)).await
}

async fn put(
    tx: &Tx,
    change: &Change,
    channel: Channel,
    (kind, old, active, body): (&'static str, Option<StoredTemplate>, bool, String),
) -> Result<StoredTemplate, StoreError> {
    let template = StoredTemplate {
        id: old.map_or_else(|| change.ids.v4(), |old| old.id),
        kind: kind.to_owned(),
        active,
        body,
    };
    store::put(tx, &change.environment, channel, &template, change.now).await?;
    change
        .record(tx, "Message template changed", kind, Some(active))
        .await?;
    Ok(template)
}

/// Restores a default.
pub(crate) async fn remove(
    tx: &Tx,
    change: &Change,
    channel: Channel,
    id_or_kind: &str,
) -> Result<(), TemplateError> {
    let removed = store::remove(tx, &change.environment, channel, id_or_kind).await?;
    let Some(removed) = removed else {
        let known = match channel {
            Channel::Mail => MailTemplate::from_word(id_or_kind).is_some(),
            Channel::Sms => SmsTemplate::from_word(id_or_kind).is_some(),
        };
        // A type that was never written has its default already.
        return if known {
            Ok(())
        } else {
            Err(TemplateError::NotFound)
        };
    };
    change
        .record(tx, "Message template reset", &removed.kind, None)
        .await?;
    Ok(())
}
