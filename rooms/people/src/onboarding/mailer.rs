//! Activations and invitations on their way out.

use blocks::one_time::{Bound, OneTimeCode, Ticket};
use db::{StoreError, Tx};
use environment::{Directory, MailOrder, MailTemplate, Posted};
use kit::{Millis, Scope, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use web::App;

use super::strategies::{ActivationStrategy, Delivery, InvitationStrategy, in_force};
use crate::identifiers::ACTIVATE_USER;
use crate::records::{Membership, UserRecord};

/// Most bytes of a user's own metadata that a mail is filled with; larger ones are left out of it.
const METADATA_BYTES: usize = 16 * 1024;

/// Confirms one membership.
pub(super) const INVITE: Ticket = Ticket {
    purpose: "invite-to-tenant",
    seconds: 7 * 24 * 3600,
};

/// The subject of an invitation: a member has one at a time, in each tenant.
pub(super) fn subject(user: &str, tenant: &str) -> String {
    format!("{user} {tenant}")
}

/// What an invitation stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invited {
    pub(super) tenant_id: String,
    /// The address it was sent to.
    pub(super) email: String,
    /// When the membership began: one that began later is another one, even of the same user in the same tenant.
    pub(super) since: Millis,
}

/// On whose word somebody gets a mail, and what the caller wants to be said in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inviter<'a> {
    /// The user who invites; none where it is the environment.
    pub user: Option<&'a UserRecord>,
    /// Values of the caller's own, an object.
    pub metadata: Option<&'a Value>,
}

/// What became of an activation or an invitation.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What the link carries beside the user's id. With a code it is worth nothing without the digits.
    pub token: Secret,
    pub delivery: Delivery,
    /// Which mail it was.
    pub template: MailTemplate,
    pub posted: Posted,
}

/// Sends activations and invitations.
#[derive(Clone)]
pub struct Mailer {
    app: App,
    directory: Directory,
}

impl Mailer {
    /// `directory` keeps the keys of codes.
    #[must_use]
    pub fn new(app: &App, directory: &Directory) -> Self {
        Self {
            app: app.clone(),
            directory: directory.clone(),
        }
    }

    /// Mails an activation, which voids the one before. The scope's tenant is named in the mail and by the token. `None` for
    /// a user without an address.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn activation(
        &self,
        tx: &Tx,
        scope: &Scope,
        user: &UserRecord,
        inviter: Inviter<'_>,
        now: Millis,
    ) -> Result<Option<Issued>, StoreError> {
        let Some(email) = &user.email else { return Ok(None) };
        let strategy: ActivationStrategy = in_force(tx, &scope.environment).await?;
        let sending = Sending {
            user,
            email,
            delivery: strategy.strategy,
            ticket: ACTIVATE_USER,
            code_seconds: strategy.code_expiration,
            templates: (MailTemplate::ActivateUser, MailTemplate::ActivateUserWithCode),
            subject: user.id.as_str(),
        };
        let body = json!({"email": email, "tenantId": scope.tenant_id()});
        self.send(tx, scope, &sending, &body, inviter, now)
            .await
            .map(Some)
    }

    /// Mails an invitation into the tenant of the scope, which voids the one before. `None` for a user without an address.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn invitation(
        &self,
        tx: &Tx,
        scope: &Scope,
        (user, membership): (&UserRecord, &Membership),
        inviter: Inviter<'_>,
        now: Millis,
    ) -> Result<Option<Issued>, StoreError> {
        let Some(email) = &user.email else { return Ok(None) };
        let strategy: InvitationStrategy = in_force(tx, &scope.environment).await?;
        let subject = subject(user.id.as_str(), scope.tenant_id());
        let sending = Sending {
            user,
            email,
            delivery: strategy.strategy,
            ticket: INVITE,
            code_seconds: strategy.code_expiration,
            templates: (MailTemplate::InviteToTenant, MailTemplate::InviteToTenantWithCode),
            subject: &subject,
        };
        let body = Invited {
            tenant_id: scope.tenant_id().to_owned(),
            email: email.clone(),
            since: membership.created_at,
        };
        self.send(tx, scope, &sending, &body, inviter, now)
            .await
            .map(Some)
    }

    /// The one of the two that is right for a member who is not in yet.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn welcome(
        &self,
        tx: &Tx,
        scope: &Scope,
        (user, membership): (&UserRecord, &Membership),
        inviter: Inviter<'_>,
        now: Millis,
    ) -> Result<Option<Issued>, StoreError> {
        if user.verified {
            self.invitation(tx, scope, (user, membership), inviter, now).await
        } else {
            self.activation(tx, scope, user, inviter, now).await
        }
    }

    async fn send(
        &self,
        tx: &Tx,
        scope: &Scope,
        sending: &Sending<'_>,
        body: &impl Serialize,
        inviter: Inviter<'_>,
        now: Millis,
    ) -> Result<Issued, StoreError> {
        let (environment, ids, user) = (&scope.environment, self.app.ids(), sending.user);
        let bound = Bound {
            environment,
            subject: sending.subject,
            owner: user.id.as_str(),
        };
        let (template, token, code, seconds) = match sending.delivery {
            Delivery::Link => {
                let token = sending.ticket.issue(tx, ids, &bound, body, now).await?;
                (sending.templates.0, token, None, sending.ticket.seconds)
            }
            Delivery::Code => {
                let key = self.directory.code_key_within(tx, environment).await?;
                let code = OneTimeCode {
                    purpose: sending.ticket.purpose,
                    seconds: sending.code_seconds,
                };
                let issued = code.issue(tx, ids, &key, &bound, body, now).await?;
                let token = Secret::new(issued.handle);
                (sending.templates.1, token, Some(issued.code), code.seconds)
            }
        };
        let mut order = MailOrder::new(template, sending.email)
            .with("name", user.name.as_str())
            .with("email", sending.email)
            .with("phoneNumber", user.phone_number.as_deref())
            .with("profilePictureUrl", user.profile_picture_url.as_deref())
            .with("metadata", metadata(user, inviter.metadata))
            .expires_in(seconds)
            .link("userId", user.id.as_str())
            .link("token", token.reveal());
        if let Some(code) = &code {
            order = order.with("code", code.reveal());
        }
        if let Some(tenant) = tenancy::tenant(tx, scope).await? {
            order = order.with("tenantName", tenant.name);
        }
        if let Some(issuer) = inviter.user {
            order = order
                .with("issuerName", issuer.name.as_str())
                .with("issuerEmail", issuer.email.as_deref())
                .with("issuerProfilePictureUrl", issuer.profile_picture_url.as_deref())
                .with("issuerMetadata", metadata(issuer, None));
        }
        let posted = environment::send_mail(tx, &self.app, scope, &order, now).await?;
        Ok(Issued {
            token,
            delivery: sending.delivery,
            template,
            posted,
        })
    }
}

/// One mail to be.
struct Sending<'a> {
    user: &'a UserRecord,
    email: &'a str,
    delivery: Delivery,
    /// The link, and the purpose of the code in its place.
    ticket: Ticket,
    code_seconds: i64,
    /// With a link, with a code.
    templates: (MailTemplate, MailTemplate),
    subject: &'a str,
}

/// A user's metadata as a template sees it, with the caller's own values over it.
fn metadata(user: &UserRecord, own: Option<&Value>) -> Value {
    let stored = Some(&user.metadata).filter(|text| text.len() <= METADATA_BYTES);
    let stored = stored.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let mut all = stored.unwrap_or_default();
    if let Some(Value::Object(own)) = own {
        all.extend(own.clone());
    }
    Value::Object(all)
}
