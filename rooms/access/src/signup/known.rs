//! A sign-up with an address that is somebody's: its owner gets a mail, and whoever signed up gets the answer that anybody
//! gets.

use std::sync::Arc;

use blocks::one_time::{Bound, CodeKey, OneTimeCode};
use db::{StoreError, Tx};
use environment::MailTemplate;
use kit::{Millis, Scope, Secret};
use people::{ActivationStrategy, Delivery, RESET_PASSWORD, UserRecord};
use serde_json::json;

use super::domain::{Coming, Done};
use crate::activation::{CODE, Decoy, mail_again};
use crate::letters::{letter, scope_of};
use crate::passwords;

/// What ids are made of that stand for nobody: the same ones each time for an address, so that asking twice tells no more
/// than asking once.
pub(super) struct Veil {
    pub(super) secret: Arc<[u8; 32]>,
    pub(super) key: CodeKey,
}

impl Veil {
    fn id(&self, what: &str, email: &str) -> String {
        kit::as_random(crypto::derived_uuid(
            &*self.secret,
            &format!("sign-up {what} {email}"),
        ))
    }
}

impl Coming {
    /// Tells the owner. Who has yet to activate the account gets that mail again; who is in, one to choose a new password.
    /// `joined` is the tenant of the link, where there is one.
    pub(super) async fn known(
        &self,
        tx: &Tx,
        user: &UserRecord,
        joined: Option<&str>,
        now: Millis,
    ) -> Result<Done, StoreError> {
        let email = self.order.email().unwrap_or_default();
        let tenant = joined.map_or_else(|| self.veil.id("tenant", email), str::to_owned);
        let held = people::hold_user(tx, &self.environment, user.id.as_str()).await?;
        let waiting = held
            .as_ref()
            .filter(|user| !user.verified && user.email.as_deref() == Some(email));
        if let Some(user) = waiting {
            // One of the two is a stranger; who proves the address chooses the password.
            passwords::store::contest(tx, self.environment.as_str(), user.id.as_str()).await?;
            let (metadata, from) = (self.order.metadata.as_ref(), &self.caller.from);
            let issued = mail_again(tx, &self.room, &self.environment, user, metadata, from, now).await?;
            let made = match joined {
                Some(_) => None,
                None => self.made_by(tx, user, email).await?,
            };
            // Sign-ups give random ids; another one would tell that somebody else made the account, and when.
            let id = if kit::tells_time(user.id.as_str()) {
                self.veil.id("user", email)
            } else {
                user.id.to_string()
            };
            return Ok(Done::Waiting {
                user: id,
                tenant: made.unwrap_or(tenant),
                activation_token: issued
                    .filter(|issued| issued.delivery == Delivery::Code)
                    .map(|issued| issued.token),
            });
        }
        if let Some(user) = &held {
            self.remind(tx, user, email, now).await?;
        }
        let id = self.veil.id("user", email);
        let activation_token = self.decoy(tx, &id, now).await?;
        Ok(Done::Waiting {
            user: id,
            tenant,
            activation_token,
        })
    }

    /// The tenant that this user's own sign-up made.
    async fn made_by(&self, tx: &Tx, user: &UserRecord, email: &str) -> Result<Option<String>, StoreError> {
        let scope = scope_of(&self.environment, user);
        let tenant = tenancy::tenant(tx, &scope).await?;
        Ok(tenant
            .filter(|tenant| tenant.creator_email.as_deref() == Some(email))
            .map(|tenant| tenant.tenant_id))
    }

    /// Mails the owner of an account a way in.
    async fn remind(&self, tx: &Tx, user: &UserRecord, email: &str, now: Millis) -> Result<(), StoreError> {
        let (app, environment) = (&self.room.app, &self.environment);
        let bound = Bound {
            environment,
            subject: user.id.as_str(),
            owner: user.id.as_str(),
        };
        let body = json!({"email": email, "tenantId": user.active_tenant});
        let token = RESET_PASSWORD.issue(tx, app.ids(), &bound, &body, now).await?;
        let order = letter(MailTemplate::ResetPassword, user, email)
            .link("userId", user.id.as_str())
            .link("token", token.reveal())
            .expires_in(RESET_PASSWORD.seconds);
        let scope: Scope = scope_of(environment, user);
        environment::send_mail(tx, app, &scope, &order, now).await?;
        let mut record = self.by();
        "Sign-up with an address that is taken".clone_into(&mut record.action);
        "user".clone_into(&mut record.resource);
        user.id.as_str().clone_into(&mut record.resource_id);
        record
            .about_user(user.id.as_str(), user.email.as_deref())
            .write(tx, app.ids(), &scope, now)
            .await
    }

    /// Where mails bring codes, a code that nobody is sent.
    async fn decoy(&self, tx: &Tx, subject: &str, now: Millis) -> Result<Option<Secret>, StoreError> {
        let strategy = ActivationStrategy::of(tx, &self.environment).await?;
        if strategy.strategy == Delivery::Link {
            return Ok(None);
        }
        let code = OneTimeCode {
            purpose: CODE.purpose,
            seconds: strategy.code_expiration,
        };
        let bound = Bound {
            environment: &self.environment,
            subject,
            owner: "",
        };
        let decoy = Decoy {
            needs_password: self.order.password.is_none(),
        };
        let issued = code
            .issue(tx, self.room.app.ids(), &self.veil.key, &bound, &decoy, now)
            .await?;
        Ok(Some(Secret::new(issued.handle)))
    }
}
