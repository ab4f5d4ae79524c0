//! Decisions about addresses.

use std::sync::Arc;

use blocks::one_time::{self, Bound, CodeKey, Holder, OneTimeCode, Proof, Verdict};
use db::{Db, StoreError, Tx};
use environment::MailTemplate;
use kit::{EnvironmentId, Scope};
use serde_json::json;
use web::App;

use crate::Credentials;
use crate::identifiers::errors::IdentifierError;
use crate::identifiers::links::void_resets;
use crate::identifiers::model::{Identifier, Kind};
use crate::identifiers::{book, notices, store};
use crate::records::{self, UserRecord};
use crate::room::Change;

/// Most addresses of one user.
const MOST: usize = 20;

/// Proves an address that was added. The subject is its id.
const VERIFY: OneTimeCode = OneTimeCode {
    purpose: "verify-email",
    seconds: 600,
};
/// Proves the address that is to replace the primary one. The subject is the user, the body the address.
const CHANGE: OneTimeCode = OneTimeCode {
    purpose: "change-email",
    seconds: 600,
};

/// What changes of addresses stand on beside their transaction.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) key: CodeKey,
    pub(super) change: Change,
}

impl Desk {
    fn environment(&self) -> &EnvironmentId {
        &self.change.scope.environment
    }

    async fn user(&self, tx: &Tx, id: &str) -> Result<UserRecord, IdentifierError> {
        records::hold(tx, self.environment(), id)
            .await?
            .ok_or(IdentifierError::NoUser)
    }

    async fn addresses(&self, tx: &Tx, user: &UserRecord) -> Result<Vec<Identifier>, StoreError> {
        store::of_user(tx, self.environment(), Kind::Email, user.id.as_str()).await
    }

    /// Whoever may not come in with an address may not take it on either.
    async fn admitted(&self, tx: &Tx, email: &str) -> Result<(), IdentifierError> {
        if self
            .credentials
            .admits_address(tx, &self.change.scope, email)
            .await?
        {
            Ok(())
        } else {
            Err(IdentifierError::NotAdmitted)
        }
    }

    /// Adds an address that waits for its proof, or sends another code for one that waits already. Says the same whether or
    /// not it is somebody's: whoever reads its mail will hear.
    pub(super) async fn claim(&self, tx: &Tx, id: &str, email: &str) -> Result<Identifier, IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.addresses(tx, &user).await?;
        if let Some(known) = held.iter().find(|one| one.value == email) {
            if known.verified {
                return Err(IdentifierError::EmailTaken);
            }
            self.send_code(tx, &user, known).await?;
            return Ok(known.clone());
        }
        self.admitted(tx, email).await?;
        let one = self.fresh(&user, email, false);
        self.put_in(tx, &user, &held, &one).await?;
        self.send_code(tx, &user, &one).await?;
        Ok(one)
    }

    /// Adds an address on the environment's word, which counts as a proof unless it says otherwise.
    pub(super) async fn add(
        &self,
        tx: &Tx,
        id: &str,
        email: &str,
        verified: bool,
    ) -> Result<Identifier, IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.addresses(tx, &user).await?;
        if let Some(known) = held.iter().find(|one| one.value == email) {
            if known.verified || !verified {
                return Err(IdentifierError::EmailTaken);
            }
            return self.prove(tx, &user, known).await;
        }
        if store::is_owned_elsewhere(tx, self.environment(), Kind::Email, email, id).await? {
            return Err(IdentifierError::EmailTaken);
        }
        let one = self.fresh(&user, email, verified);
        self.put_in(tx, &user, &held, &one).await?;
        if verified {
            return self.first_is_primary(tx, &user, one).await;
        }
        self.send_code(tx, &user, &one).await?;
        Ok(one)
    }

    fn fresh(&self, user: &UserRecord, email: &str, verified: bool) -> Identifier {
        Identifier {
            kind: Kind::Email,
            id: self.change.ids.ordered(self.change.now),
            user_id: user.id.to_string(),
            value: email.to_owned(),
            verified,
            is_primary: false,
            created_at: self.change.now,
            updated_at: self.change.now,
        }
    }

    async fn put_in(
        &self,
        tx: &Tx,
        user: &UserRecord,
        held: &[Identifier],
        one: &Identifier,
    ) -> Result<(), IdentifierError> {
        if held.len() >= MOST {
            return Err(IdentifierError::TooMany(MOST));
        }
        if !book::add(tx, self.environment(), one).await? {
            return Err(IdentifierError::EmailTaken);
        }
        self.note(tx, "User email added", user, None, Some(one)).await?;
        Ok(())
    }

    async fn send_code(&self, tx: &Tx, user: &UserRecord, one: &Identifier) -> Result<(), IdentifierError> {
        let bound = Bound {
            environment: self.environment(),
            subject: &one.id,
            owner: user.id.as_str(),
        };
        let (ids, now) = (&self.change.ids, self.change.now);
        let code = VERIFY.issue(tx, ids, &self.key, &bound, &json!({}), now).await?;
        self.mail(tx, user, &one.value, (&code, VERIFY.seconds)).await
    }

    async fn mail(
        &self,
        tx: &Tx,
        user: &UserRecord,
        to: &str,
        code: (&one_time::IssuedCode, i64),
    ) -> Result<(), IdentifierError> {
        let (scope, now) = (&self.change.scope, self.change.now);
        let kind = (MailTemplate::VerifyNewEmail, to);
        notices::mail_code(tx, &self.app, scope, kind, user, code, now).await
    }

    /// Marks an address of a user as proved.
    async fn prove(
        &self,
        tx: &Tx,
        user: &UserRecord,
        one: &Identifier,
    ) -> Result<Identifier, IdentifierError> {
        let proved = Identifier {
            verified: true,
            updated_at: self.change.now,
            ..one.clone()
        };
        if !store::update(tx, self.environment(), &proved).await? {
            return Err(IdentifierError::EmailTaken);
        }
        one_time::void(tx, self.environment(), VERIFY.purpose, &one.id).await?;
        self.note(tx, "User email verified", user, Some(one), Some(&proved))
            .await?;
        if proved.is_primary {
            let new = UserRecord {
                verified: true,
                ..user.clone()
            };
            self.rewrite(tx, user, &new).await?;
            return Ok(proved);
        }
        self.first_is_primary(tx, user, proved).await
    }

    /// The first address of somebody known by a username becomes primary.
    async fn first_is_primary(
        &self,
        tx: &Tx,
        user: &UserRecord,
        one: Identifier,
    ) -> Result<Identifier, IdentifierError> {
        if user.email.is_some() {
            return Ok(one);
        }
        self.raise(tx, user, None, &one).await
    }

    /// Makes a proved address the primary one; the one before stays beside.
    async fn raise(
        &self,
        tx: &Tx,
        user: &UserRecord,
        before: Option<&Identifier>,
        one: &Identifier,
    ) -> Result<Identifier, IdentifierError> {
        let turned = |one: &Identifier, is_primary: bool| Identifier {
            is_primary,
            updated_at: self.change.now,
            ..one.clone()
        };
        if let Some(before) = before {
            store::update(tx, self.environment(), &turned(before, false)).await?;
        }
        let raised = turned(one, true);
        if !store::update(tx, self.environment(), &raised).await? {
            return Err(IdentifierError::EmailTaken);
        }
        let new = UserRecord {
            email: Some(one.value.clone()),
            verified: true,
            ..user.clone()
        };
        self.rewrite(tx, user, &new).await?;
        Ok(raised)
    }

    /// Writes the user's row, tells the old address, and records it.
    async fn rewrite(&self, tx: &Tx, old: &UserRecord, new: &UserRecord) -> Result<(), IdentifierError> {
        let action = if old.email == new.email {
            "User verified"
        } else {
            "User email changed"
        };
        crate::users::rewrite(tx, &self.change, action, old, new).await?;
        notices::address_changed(tx, &self.app, &self.change.scope, old, new, self.change.now).await?;
        if old.email != new.email && !old.verified {
            self.withdraw(tx, new).await?;
        }
        Ok(())
    }

    /// Ends the memberships that waited for the owner of an address which the user gives up without having proved it: they were
    /// not for whoever had taken it.
    async fn withdraw(&self, tx: &Tx, user: &UserRecord) -> Result<(), IdentifierError> {
        let environment = self.environment();
        let mut partings = Vec::new();
        for waiting in records::memberships(tx, environment, &user.id).await? {
            if !waiting.waits_for_proof(user) {
                continue;
            }
            let tenant = waiting.tenant_id.as_str();
            if let Some((parting, _)) = records::end_membership(tx, environment, user, tenant).await? {
                let there = Change {
                    scope: Scope::tenant(environment.clone(), tenant.into()),
                    ..self.change.clone()
                };
                crate::users::note(tx, &there, "User removed from tenant", Some(user), None).await?;
                partings.push(parting);
            }
        }
        records::count_out(tx, environment, &partings).await?;
        Ok(())
    }

    /// Deletes an address that is not the primary one.
    pub(super) async fn remove(&self, tx: &Tx, id: &str, email_id: &str) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.addresses(tx, &user).await?;
        let one = held
            .iter()
            .find(|one| one.id == email_id)
            .ok_or(IdentifierError::NoEmail)?;
        if one.is_primary {
            return Err(IdentifierError::IsPrimary);
        }
        one_time::void(tx, self.environment(), VERIFY.purpose, &one.id).await?;
        void_resets(tx, self.environment(), user.id.as_str()).await?;
        book::remove(tx, self.environment(), one).await?;
        self.note(tx, "User email removed", &user, Some(one), None)
            .await?;
        Ok(())
    }

    /// Makes one of the user's own addresses the primary one.
    pub(super) async fn choose(&self, tx: &Tx, id: &str, email: &str) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.addresses(tx, &user).await?;
        let one = held
            .iter()
            .find(|one| one.value == email)
            .ok_or(IdentifierError::NoEmail)?;
        if one.is_primary {
            return Ok(());
        }
        if !one.verified {
            return Err(IdentifierError::Unverified);
        }
        let before = held.iter().find(|one| one.is_primary);
        self.raise(tx, &user, before, one).await?;
        Ok(())
    }

    /// Spends a right code for an added address.
    pub(super) async fn verify(&self, tx: &Tx, id: &str, proof: &Proof) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.addresses(tx, &user).await?;
        let one = held.iter().find(|one| one.id == proof.good.subject);
        let one = one.ok_or(IdentifierError::WrongCode)?;
        if !proof.spend(tx, self.change.now).await? {
            return Err(IdentifierError::WrongCode);
        }
        self.prove(tx, &user, one).await?;
        Ok(())
    }

    /// Sends a code to the address that is to replace the primary one.
    pub(super) async fn ask_change(&self, tx: &Tx, id: &str, email: &str) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        if user.email.as_deref() == Some(email) && user.verified {
            return Err(IdentifierError::EmailTaken);
        }
        self.admitted(tx, email).await?;
        let bound = Bound {
            environment: self.environment(),
            subject: user.id.as_str(),
            owner: user.id.as_str(),
        };
        let (ids, now) = (&self.change.ids, self.change.now);
        let code = CHANGE.issue(tx, ids, &self.key, &bound, &email, now).await?;
        self.mail(tx, &user, email, (&code, CHANGE.seconds)).await
    }

    /// Spends a right code: the address replaces the primary one.
    pub(super) async fn do_change(
        &self,
        tx: &Tx,
        id: &str,
        email: &str,
        proof: &Proof,
    ) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        if proof.good.read::<String>()? != email || !proof.spend(tx, self.change.now).await? {
            return Err(IdentifierError::WrongCode);
        }
        let new = UserRecord {
            email: Some(email.to_owned()),
            verified: true,
            ..user.clone()
        };
        self.rewrite(tx, &user, &new).await
    }

    async fn note(
        &self,
        tx: &Tx,
        action: &str,
        user: &UserRecord,
        before: Option<&Identifier>,
        after: Option<&Identifier>,
    ) -> Result<(), StoreError> {
        let shown = |one: &Identifier| json!({"email": one.value, "verified": one.verified});
        let (was, is) = (before.map(shown), after.map(shown));
        let mut record = self.change.by.clone().changed(was.as_ref(), is.as_ref());
        action.clone_into(&mut record.action);
        user.id.as_str().clone_into(&mut record.resource_id);
        let (ids, scope, now) = (&self.change.ids, &self.change.scope, self.change.now);
        records::audit(tx, ids, scope, record, user, now).await
    }
}

/// What a guess at the code of an added address is worth.
pub(super) async fn judge_added(
    db: &Db,
    desk: &Desk,
    user: &str,
    email: &str,
    code: &str,
) -> Result<Proof, IdentifierError> {
    let (environment, id, wanted) = (desk.environment().clone(), user.to_owned(), email.to_owned());
    let held = db
        .read(async move |tx| store::of_user(tx, &environment, Kind::Email, &id).await)
        .await?;
    let one = held.into_iter().find(|one| one.value == wanted);
    let one = one.ok_or(IdentifierError::WrongCode)?;
    judge(db, desk, VERIFY, &one.id, code).await
}

/// What a guess at the code of a new primary address is worth.
pub(super) async fn judge_change(
    db: &Db,
    desk: &Desk,
    user: &str,
    code: &str,
) -> Result<Proof, IdentifierError> {
    judge(db, desk, CHANGE, user, code).await
}

async fn judge(
    db: &Db,
    desk: &Desk,
    code: OneTimeCode,
    subject: &str,
    guess: &str,
) -> Result<Proof, IdentifierError> {
    let holder = Holder::Subject(subject);
    let verdict = code
        .judge(db, &desk.key, desk.environment(), holder, guess, desk.change.now)
        .await?;
    match verdict {
        Verdict::Right(proof) => Ok(proof),
        Verdict::Wrong => Err(IdentifierError::WrongCode),
        Verdict::Expired => Err(IdentifierError::ExpiredCode),
    }
}

/// What the user has of this kind.
pub(super) async fn own(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<Identifier>, StoreError> {
    store::of_user(tx, environment, Kind::Email, user).await
}
