//! Mailing an activation once more.

use blocks::audit::{Actor, AuditRecord};
use blocks::one_time::{self, Bound};
use blocks::throttle;
use db::{StoreError, Tx};
use environment::Posted;
use kit::{EnvironmentId, Millis};
use people::{ACTIVATE_USER, Inviter, Issued, Mailer, MembershipStatus, UserRecord};
use serde_json::{Value, json};
use web::{CallOrigin, Problem, PublicCaller};

use super::model::ActivationResetBody;
use crate::letters::scope_of;
use crate::room::Access;

/// What mails of activations to an address are counted by.
pub(crate) fn counted_by(email: &str) -> String {
    format!("activation {email}")
}

/// Counts an activation that is about to be mailed to an address. False when it is one too many.
async fn may_send(
    room: &Access,
    environment: &EnvironmentId,
    email: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    throttle::may_send(room.app.db(), &room.limits, environment, &counted_by(email), now).await
}

/// Mails the activation once more to somebody who tried to sign in before it; answers the address as it may be shown, `None`
/// where there is nothing to send to.
///
/// # Errors
/// When storage fails.
pub(crate) async fn remind(
    room: &Access,
    environment: &EnvironmentId,
    user: &UserRecord,
    from: &CallOrigin,
    now: Millis,
) -> Result<Option<String>, StoreError> {
    let Some(email) = user.email.clone() else {
        return Ok(None);
    };
    if may_send(room, environment, &email, now).await? {
        let (room_of, environment, id, from) =
            (room.clone(), environment.clone(), user.id.clone(), from.clone());
        room.app
            .db()
            .write(async move |tx| {
                let held = people::hold_user(tx, &environment, id.as_str()).await?;
                if let Some(user) = held.filter(|user| !user.verified) {
                    mail_again(tx, &room_of, &environment, &user, None, &from, now).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    Ok(Some(masked(&email)))
}

/// Enough of an address for its owner to know it by.
fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

/// Mails a new link or code to a held user, which voids the one before, and records it.
///
/// # Errors
/// When storage fails.
pub(crate) async fn mail_again(
    tx: &Tx,
    room: &Access,
    environment: &EnvironmentId,
    user: &UserRecord,
    metadata: Option<&Value>,
    from: &CallOrigin,
    now: Millis,
) -> Result<Option<Issued>, StoreError> {
    let scope = scope_of(environment, user);
    let inviter = Inviter { user: None, metadata };
    let mailer = Mailer::new(&room.app, &room.directory);
    let issued = mailer.activation(tx, &scope, user, inviter, now).await?;
    let Some(sent) = &issued else { return Ok(None) };
    let mut record = AuditRecord::new("Activation mail requested", "user", user.id.as_str())
        .from(from)
        .about_user(user.id.as_str(), user.email.as_deref());
    record.actor = Actor::Anonymous;
    record.description = (sent.posted != Posted::Queued).then(|| "no mail was sent".to_owned());
    record.write(tx, room.app.ids(), &scope, now).await?;
    Ok(issued)
}

/// Whether somebody has yet to activate the account.
async fn is_waiting(tx: &Tx, environment: &EnvironmentId, user: &UserRecord) -> Result<bool, StoreError> {
    let memberships = people::memberships(tx, environment, &user.id).await?;
    Ok(!user.verified
        || memberships
            .iter()
            .any(|one| one.status == MembershipStatus::NotActivated))
}

/// Mails the activation once more, if there is somebody who waits for it. The answer is always the same.
pub(super) async fn ask(
    room: &Access,
    caller: &PublicCaller,
    body: ActivationResetBody,
) -> Result<(), Problem> {
    let email = kit::email_key(&body.email).map_err(|fault| Problem::bad_request(fault.to_string()))?;
    let given = body.email_metadata.filter(|value| !value.is_null());
    if given.as_ref().is_some_and(|value| !value.is_object()) {
        return Err(Problem::bad_request("emailMetadata must be an object"));
    }
    // Whoever else could write into a mail of ours could write what they like to whom they like.
    let metadata = given.filter(|_| caller.by_environment);
    let now = room.app.now();
    if !may_send(room, &caller.environment, &email, now).await? {
        return Ok(());
    }
    let (room_of, caller) = (room.clone(), caller.clone());
    room.app
        .db()
        .write(async move |tx| {
            let (room, environment) = (&room_of, &caller.environment);
            let found = people::user_by_email(tx, environment, &email).await?;
            let held = match &found {
                Some(user) => people::hold_user(tx, environment, user.id.as_str()).await?,
                None => None,
            };
            if let Some(user) = held
                // The primary address is the one that is to be proved.
                && user.email.as_deref() == Some(email.as_str())
                && is_waiting(tx, environment, &user).await?
            {
                mail_again(tx, room, environment, &user, metadata.as_ref(), &caller.from, now).await?;
                return Ok::<_, StoreError>(());
            }
            nobody(tx, room, environment, &email, now).await
        })
        .await?;
    Ok(())
}

/// The same write as for somebody who waits, in one of a few rows that stand for nobody.
async fn nobody(
    tx: &Tx,
    room: &Access,
    environment: &EnvironmentId,
    email: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let bound = Bound {
        environment,
        subject: &one_time::nobody(email),
        owner: "",
    };
    ACTIVATE_USER
        .issue(tx, room.app.ids(), &bound, &json!({"needsPassword": false}), now)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_by_its_first_letter_and_its_domain() {
        assert_eq!(masked("ada@acme.test"), "a***@acme.test");
    }
}
