//! Mails about sign-in and passwords, as far as they are alike.

use db::{StoreError, Tx};
use environment::{MailOrder, MailTemplate};
use kit::{EnvironmentId, Millis, Scope};
use people::UserRecord;
use serde_json::{Value, json};
use web::CallOrigin;

/// Metadata of a user that is longer is left out of mails.
const LONGEST_METADATA: usize = 16 * 1024;

/// A mail to one of a user's addresses, with what every template may name of them.
pub(crate) fn letter(template: MailTemplate, user: &UserRecord, to: &str) -> MailOrder {
    MailOrder::new(template, to)
        .with("name", user.name.as_str())
        .with("email", to)
        .with("phoneNumber", user.phone_number.as_deref().unwrap_or_default())
        .with(
            "profilePictureUrl",
            user.profile_picture_url.as_deref().unwrap_or_default(),
        )
        .with("metadata", metadata(user))
}

/// A mail whose link leads to the application that the call names, where that is one of the environment's. The call names
/// it by id alone: addresses are the environment's to set.
pub(crate) async fn towards(
    tx: &Tx,
    environment: &EnvironmentId,
    from: &CallOrigin,
    order: MailOrder,
) -> Result<MailOrder, StoreError> {
    let Some(id) = &from.application else {
        return Ok(order);
    };
    let named = tenancy::application(tx, environment, id).await?;
    Ok(match named.filter(|named| named.is_active) {
        Some(named) => order.application(&named.id, &named.app_url, &named.login_url),
        None => order,
    })
}

/// What the user's back end has stored.
pub(crate) fn metadata(user: &UserRecord) -> Value {
    let short = user.metadata.len() <= LONGEST_METADATA;
    let read = short.then(|| serde_json::from_str(&user.metadata).ok()).flatten();
    read.filter(Value::is_object).unwrap_or_else(|| json!({}))
}

/// Where and when it happened.
pub(crate) fn happened(from: &CallOrigin, now: Millis) -> Value {
    json!({"ipAddress": from.ip.to_string(), "userAgent": from.user_agent, "timestamp": now})
}

/// Where records and messages about a user go: the tenant they work in.
pub(crate) fn scope_of(environment: &EnvironmentId, user: &UserRecord) -> Scope {
    Scope {
        environment: environment.clone(),
        tenant: (!user.active_tenant.is_empty()).then(|| user.active_tenant.as_str().into()),
    }
}
