//! Decisions about phone numbers.

use blocks::one_time::{self, Bound, CodeKey, Holder, IssuedCode, OneTimeCode, Proof, Verdict};
use db::{Db, StoreError, Tx};
use environment::SmsTemplate;
use kit::EnvironmentId;
use serde_json::json;
use web::App;

use crate::identifiers::errors::IdentifierError;
use crate::identifiers::links::void_resets;
use crate::identifiers::model::{Identifier, Kind};
use crate::identifiers::{book, notices, store};
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::users::rewrite;

/// Most numbers of one user.
const MOST: usize = 10;
/// How long a code that was texted counts.
const SECONDS: i64 = 600;

/// Proves a number that is to be one of the user's. The subject is the user and the number, the body the number.
pub(super) const VERIFY: OneTimeCode = OneTimeCode {
    purpose: "verify-phone",
    seconds: SECONDS,
};
/// Proves that whoever deletes a number still has it. The subject is its id.
const DELETE: OneTimeCode = OneTimeCode {
    purpose: "delete-phone",
    seconds: SECONDS,
};
/// Proves the number that is to replace the one shown. The subject is the user, the body the number.
pub(super) const CHANGE: OneTimeCode = OneTimeCode {
    purpose: "change-phone",
    seconds: SECONDS,
};

/// What changes of numbers stand on beside their transaction.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) key: CodeKey,
    pub(super) change: Change,
}

/// A number, and the code that was sent to it where one was.
pub(super) struct Asked {
    pub(super) phone: Identifier,
    pub(super) code: Option<IssuedCode>,
}

impl Desk {
    pub(super) fn environment(&self) -> &EnvironmentId {
        &self.change.scope.environment
    }

    pub(super) async fn user(&self, tx: &Tx, id: &str) -> Result<UserRecord, IdentifierError> {
        records::hold(tx, self.environment(), id)
            .await?
            .ok_or(IdentifierError::NoUser)
    }

    async fn numbers(&self, tx: &Tx, user: &UserRecord) -> Result<Vec<Identifier>, StoreError> {
        store::of_user(tx, self.environment(), Kind::Phone, user.id.as_str()).await
    }

    fn fresh(&self, user: &UserRecord, phone: &str, verified: bool) -> Identifier {
        Identifier {
            kind: Kind::Phone,
            id: self.change.ids.ordered(self.change.now),
            user_id: user.id.to_string(),
            value: phone.to_owned(),
            verified,
            is_primary: false,
            created_at: self.change.now,
            updated_at: self.change.now,
        }
    }

    /// Adds a number that waits for its proof, and sends the code for it where wanted. Says the same whether or not it is
    /// somebody's.
    pub(super) async fn claim(
        &self,
        tx: &Tx,
        id: &str,
        phone: &str,
        verify: bool,
    ) -> Result<Asked, IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.numbers(tx, &user).await?;
        let one = match held.iter().find(|one| one.value == phone) {
            Some(known) if known.verified => return Err(IdentifierError::PhoneTaken),
            Some(known) => known.clone(),
            None => {
                let one = self.fresh(&user, phone, false);
                self.put_in(tx, &user, &held, &one).await?;
                one
            }
        };
        let code = if verify {
            Some(self.ask(tx, VERIFY, &user, phone).await?)
        } else {
            None
        };
        Ok(Asked { phone: one, code })
    }

    /// Adds a number on the environment's word.
    pub(super) async fn add(&self, tx: &Tx, id: &str, phone: &str) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        let held = self.numbers(tx, &user).await?;
        if held.iter().any(|one| one.value == phone && one.verified) {
            return Err(IdentifierError::PhoneTaken);
        }
        self.own(tx, &user, phone).await
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
            return Err(IdentifierError::PhoneTaken);
        }
        self.note(tx, "User phone number added", user, None, Some(one))
            .await?;
        Ok(())
    }

    /// Sends a code to a number that is to be the user's.
    pub(super) async fn ask(
        &self,
        tx: &Tx,
        code: OneTimeCode,
        user: &UserRecord,
        phone: &str,
    ) -> Result<IssuedCode, IdentifierError> {
        let subject = match code.purpose {
            purpose if purpose == VERIFY.purpose => format!("{} {phone}", user.id),
            _ => user.id.to_string(),
        };
        self.send(
            tx,
            code,
            (&subject, user),
            (SmsTemplate::PhoneVerification, phone),
        )
        .await
    }

    async fn send(
        &self,
        tx: &Tx,
        code: OneTimeCode,
        (subject, user): (&str, &UserRecord),
        (template, phone): (SmsTemplate, &str),
    ) -> Result<IssuedCode, IdentifierError> {
        let bound = Bound {
            environment: self.environment(),
            subject,
            owner: user.id.as_str(),
        };
        let (ids, now) = (&self.change.ids, self.change.now);
        let issued = code.issue(tx, ids, &self.key, &bound, &phone, now).await?;
        let (scope, sent) = (&self.change.scope, (&issued, code.seconds));
        notices::text_code(tx, &self.app, scope, (template, phone), sent, now).await?;
        Ok(issued)
    }

    /// Makes a number one that the user has proved, or that the environment vouches for.
    async fn own(&self, tx: &Tx, user: &UserRecord, phone: &str) -> Result<(), IdentifierError> {
        let held = self.numbers(tx, user).await?;
        let known = held.iter().find(|one| one.value == phone);
        let proved = match known {
            Some(known) => Identifier {
                verified: true,
                updated_at: self.change.now,
                ..known.clone()
            },
            None => self.fresh(user, phone, true),
        };
        match known {
            Some(known) => {
                if !store::update(tx, self.environment(), &proved).await? {
                    return Err(IdentifierError::PhoneTaken);
                }
                self.note(tx, "User phone number verified", user, Some(known), Some(&proved))
                    .await?;
            }
            None => self.put_in(tx, user, &held, &proved).await?,
        }
        if user.phone_number.is_none() {
            self.show(tx, user, Some(&proved)).await?;
        }
        Ok(())
    }

    /// Makes a number the one that the user's row shows, or leaves the user without one.
    async fn show(
        &self,
        tx: &Tx,
        user: &UserRecord,
        one: Option<&Identifier>,
    ) -> Result<(), IdentifierError> {
        if let Some(one) = one {
            let shown = Identifier {
                is_primary: true,
                updated_at: self.change.now,
                ..one.clone()
            };
            store::update(tx, self.environment(), &shown).await?;
        }
        let new = UserRecord {
            phone_number: one.map(|one| one.value.clone()),
            ..user.clone()
        };
        rewrite(tx, &self.change, "User updated", user, &new).await?;
        Ok(())
    }

    /// Spends a right code for a number that is to be the user's.
    pub(super) async fn verify(&self, tx: &Tx, id: &str, proof: &Proof) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        self.spend(tx, &user, proof).await?;
        self.own(tx, &user, &proof.good.read::<String>()?).await
    }

    async fn spend(&self, tx: &Tx, user: &UserRecord, proof: &Proof) -> Result<(), IdentifierError> {
        if proof.good.owner != user.id.as_str() || !proof.spend(tx, self.change.now).await? {
            return Err(IdentifierError::WrongCode);
        }
        Ok(())
    }

    /// Asks for the deletion of one of the user's numbers: one that was proved goes by a code sent to it, another at once.
    pub(super) async fn ask_delete(
        &self,
        tx: &Tx,
        id: &str,
        phone_id: &str,
    ) -> Result<Option<Asked>, IdentifierError> {
        let user = self.user(tx, id).await?;
        let one = self.numbers(tx, &user).await?;
        let one = one.into_iter().find(|one| one.id == phone_id);
        let one = one.ok_or(IdentifierError::NoPhone)?;
        if !one.verified {
            self.delete(tx, &user, &one).await?;
            return Ok(None);
        }
        let to = (SmsTemplate::DeletePhone, one.value.as_str());
        let code = self.send(tx, DELETE, (&one.id, &user), to).await?;
        Ok(Some(Asked {
            phone: one,
            code: Some(code),
        }))
    }

    /// What a guess at the code is worth that deletes a number of the user.
    pub(super) async fn judge_delete(
        &self,
        db: &Db,
        user: &str,
        phone_id: &str,
        (handle, guess): (&str, &str),
    ) -> Result<Proof, IdentifierError> {
        let (environment, id) = (self.environment().clone(), phone_id.to_owned());
        let held = db
            .read(async move |tx| store::find(tx, &environment, Kind::Phone, &id).await)
            .await?;
        if held.is_none_or(|one| one.user_id != user) {
            return Err(IdentifierError::NoPhone);
        }
        self.judge(db, DELETE, handle, guess).await
    }

    /// Spends a right code: the number goes.
    pub(super) async fn do_delete(
        &self,
        tx: &Tx,
        id: &str,
        phone_id: &str,
        proof: &Proof,
    ) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        if proof.good.subject != phone_id {
            return Err(IdentifierError::WrongCode);
        }
        self.spend(tx, &user, proof).await?;
        self.remove_held(tx, &user, phone_id).await
    }

    /// Deletes a number on the environment's word.
    pub(super) async fn remove(&self, tx: &Tx, id: &str, phone_id: &str) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        self.remove_held(tx, &user, phone_id).await
    }

    async fn remove_held(&self, tx: &Tx, user: &UserRecord, phone_id: &str) -> Result<(), IdentifierError> {
        let held = self.numbers(tx, user).await?;
        let one = held.iter().find(|one| one.id == phone_id);
        self.delete(tx, user, one.ok_or(IdentifierError::NoPhone)?).await
    }

    async fn delete(&self, tx: &Tx, user: &UserRecord, one: &Identifier) -> Result<(), IdentifierError> {
        one_time::void(tx, self.environment(), DELETE.purpose, &one.id).await?;
        void_resets(tx, self.environment(), user.id.as_str()).await?;
        book::remove(tx, self.environment(), one).await?;
        self.note(tx, "User phone number removed", user, Some(one), None)
            .await?;
        if one.is_primary {
            let left = self.numbers(tx, user).await?;
            let next = left.iter().find(|one| one.verified);
            self.show(tx, user, next).await?;
        }
        Ok(())
    }

    /// Asks for another number in place of the one shown.
    pub(super) async fn ask_change(
        &self,
        tx: &Tx,
        id: &str,
        phone: &str,
    ) -> Result<IssuedCode, IdentifierError> {
        let user = self.user(tx, id).await?;
        self.ask(tx, CHANGE, &user, phone).await
    }

    /// Spends a right code: the number takes the place of the one shown.
    pub(super) async fn do_change(&self, tx: &Tx, id: &str, proof: &Proof) -> Result<(), IdentifierError> {
        let user = self.user(tx, id).await?;
        self.spend(tx, &user, proof).await?;
        self.replace(tx, &user, &proof.good.read::<String>()?, true).await
    }

    /// Puts a number in the place of the one shown, which goes.
    pub(super) async fn replace(
        &self,
        tx: &Tx,
        user: &UserRecord,
        phone: &str,
        verified: bool,
    ) -> Result<(), IdentifierError> {
        let held = self.numbers(tx, user).await?;
        let before = held.iter().find(|one| one.is_primary && one.value != phone);
        if let Some(before) = before {
            one_time::void(tx, self.environment(), DELETE.purpose, &before.id).await?;
            book::remove(tx, self.environment(), before).await?;
            self.note(tx, "User phone number removed", user, Some(before), None)
                .await?;
        }
        if verified {
            self.own(tx, user, phone).await?;
        } else if !held.iter().any(|one| one.value == phone) {
            let one = self.fresh(user, phone, false);
            self.put_in(tx, user, &[], &one).await?;
        }
        let user = self.user(tx, user.id.as_str()).await?;
        if user.phone_number.as_deref() != Some(phone) {
            let held = self.numbers(tx, &user).await?;
            let one = held.iter().find(|one| one.value == phone);
            self.show(tx, &user, one).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        tx: &Tx,
        action: &str,
        user: &UserRecord,
        before: Option<&Identifier>,
        after: Option<&Identifier>,
    ) -> Result<(), StoreError> {
        let shown = |one: &Identifier| json!({"phoneNumber": one.value, "verified": one.verified});
        let (was, is) = (before.map(shown), after.map(shown));
        let mut record = self.change.by.clone().changed(was.as_ref(), is.as_ref());
        action.clone_into(&mut record.action);
        user.id.as_str().clone_into(&mut record.resource_id);
        let (ids, scope, now) = (&self.change.ids, &self.change.scope, self.change.now);
        records::audit(tx, ids, scope, record, user, now).await
    }

    /// What a guess at a code is worth.
    pub(super) async fn judge(
        &self,
        db: &Db,
        code: OneTimeCode,
        handle: &str,
        guess: &str,
    ) -> Result<Proof, IdentifierError> {
        let holder = Holder::Handle(handle);
        let verdict = code
            .judge(db, &self.key, self.environment(), holder, guess, self.change.now)
            .await?;
        match verdict {
            Verdict::Right(proof) => Ok(proof),
            Verdict::Wrong => Err(IdentifierError::WrongCode),
            Verdict::Expired => Err(IdentifierError::ExpiredCode),
        }
    }
}

/// What the user has of this kind.
pub(super) async fn own(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
) -> Result<Vec<Identifier>, StoreError> {
    store::of_user(tx, environment, Kind::Phone, user).await
}
