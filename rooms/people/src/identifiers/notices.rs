//! Codes and news that go to users by mail or text message.

use blocks::one_time::IssuedCode;
use db::{StoreError, Tx};
use environment::{MailOrder, MailTemplate, Posted, SmsOrder, SmsTemplate};
use kit::{Millis, Scope};
use web::App;

use super::errors::IdentifierError;
use crate::records::UserRecord;

/// Mails a code to an address.
pub(super) async fn mail_code(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    (template, to): (MailTemplate, &str),
    user: &UserRecord,
    (code, seconds): (&IssuedCode, i64),
    now: Millis,
) -> Result<(), IdentifierError> {
    let order = MailOrder::new(template, to)
        .with("name", user.name.as_str())
        .with("email", to)
        .with("code", code.code.reveal())
        .expires_in(seconds);
    refuse_silence(environment::send_mail(tx, app, scope, &order, now).await?)
}

/// Sends a code to a number.
pub(super) async fn text_code(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    (template, to): (SmsTemplate, &str),
    (code, seconds): (&IssuedCode, i64),
    now: Millis,
) -> Result<(), IdentifierError> {
    let order = SmsOrder::new(template, to)
        .with("code", code.code.reveal())
        .expires_in(seconds);
    refuse_silence(environment::send_sms(tx, app, scope, &order, now).await?)
}

/// Whoever waits for a code that nobody can send should hear so.
const fn refuse_silence(posted: Posted) -> Result<(), IdentifierError> {
    match posted {
        Posted::NoWay => Err(IdentifierError::NoWay),
        Posted::Queued | Posted::Inactive | Posted::Undeliverable => Ok(()),
    }
}

/// Tells the old address that another one is primary now. Without a way to send it the change stands all the same.
pub(crate) async fn address_changed(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    old: &UserRecord,
    new: &UserRecord,
    now: Millis,
) -> Result<(), StoreError> {
    let (Some(was), Some(is)) = (&old.email, &new.email) else {
        return Ok(());
    };
    if was == is {
        return Ok(());
    }
    let order = MailOrder::new(MailTemplate::EmailAddressChanged, was)
        .with("name", new.name.as_str())
        .with("email", was.as_str())
        .with("metadata", serde_json::json!({"newEmail": is}));
    environment::send_mail(tx, app, scope, &order, now).await?;
    Ok(())
}
