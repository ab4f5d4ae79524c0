//! Writing the policy, and asking for the captcha.

use blocks::audit::AuditRecord;
use blocks::settings::{self, Stored};
use crypto::SealError;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, Secret};
use thiserror::Error;
use web::{CallOrigin, Problem};

use super::model::{CaptchaPolicy, Changes, Noted, place};
use crate::room::Access;

/// Longer answers are wrong.
const LONGEST_ANSWER: usize = 8 * 1024;

/// Why a policy was not read or written.
#[derive(Debug, Error)]
pub(super) enum CaptchaError {
    #[error("captcha-policy is not configured")]
    Absent,
    #[error("captcha-policy already exists")]
    Exists,
    #[error("captcha-policy cannot be opened")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CaptchaError> for Problem {
    fn from(error: CaptchaError) -> Self {
        match error {
            CaptchaError::Absent => Self::not_found(error.to_string()),
            CaptchaError::Exists => Self::conflict(error.to_string()),
            CaptchaError::Seal(error) => Self::internal(&error),
            CaptchaError::Store(error) => error.into(),
        }
    }
}

/// Who changes the policy of which environment.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) environment: EnvironmentId,
    pub(super) ids: Ids,
    pub(super) now: Millis,
    pub(super) by: AuditRecord,
    /// The secret that was given, sealed.
    pub(super) sealed: Option<String>,
}

impl Change {
    async fn note(
        &self,
        tx: &Tx,
        action: &str,
        before: Option<&CaptchaPolicy>,
        after: &CaptchaPolicy,
    ) -> Result<(), StoreError> {
        let mut record = self
            .by
            .clone()
            .changed(before.map(Noted::from).as_ref(), Some(&Noted::from(after)));
        action.clone_into(&mut record.action);
        let scope = Scope::environment(self.environment.clone());
        record.write(tx, &self.ids, &scope, self.now).await
    }
}

/// The policy of an environment.
pub(super) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<Option<Stored<CaptchaPolicy>>, StoreError> {
    settings::written(tx, &Scope::environment(environment.clone())).await
}

/// Writes the first policy.
pub(super) async fn create(
    tx: &Tx,
    change: &Change,
    given: &Changes,
) -> Result<Stored<CaptchaPolicy>, CaptchaError> {
    let scope = Scope::environment(change.environment.clone());
    let policy = given
        .clone()
        .over(&CaptchaPolicy::default(), change.sealed.clone());
    if !settings::create(tx, &change.ids, &scope, change.now, &policy).await? {
        return Err(CaptchaError::Exists);
    }
    change.note(tx, "Policy created", None, &policy).await?;
    read(tx, &change.environment).await?.ok_or(CaptchaError::Absent)
}

/// Lays the members that are given over the policy.
pub(super) async fn change(
    tx: &Tx,
    change: &Change,
    given: &Changes,
) -> Result<Stored<CaptchaPolicy>, CaptchaError> {
    let scope = Scope::environment(change.environment.clone());
    let old = settings::hold::<CaptchaPolicy>(tx, &scope)
        .await?
        .ok_or(CaptchaError::Absent)?;
    let policy = given.clone().over(&old.value, change.sealed.clone());
    settings::put(tx, &change.ids, &scope, change.now, &policy).await?;
    change
        .note(tx, "Policy changed", Some(&old.value), &policy)
        .await?;
    Ok(Stored {
        value: policy,
        updated_at: change.now,
        ..old
    })
}

/// The secret of a policy.
pub(super) fn secret(
    room: &Access,
    environment: &EnvironmentId,
    policy: &CaptchaPolicy,
) -> Result<Secret, SealError> {
    let opened = room
        .directory
        .unseal(&policy.sealed_secret, &place(environment))?;
    Ok(opened.reveal().clone())
}

/// A form that somebody filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    /// The answer to the captcha (`recaptchaToken`), as far as there is one.
    pub(crate) answer: Option<&'a str>,
    /// The address the form names, which may be exempt; `None` where it names none.
    pub(crate) email: Option<&'a str>,
}

/// Whether a form may be looked at: nobody is asked for a captcha here, or the answer is right. Call this before anything
/// else that the form says is looked at or counted, and outside of any transaction. While the service gives no verdict
/// everybody passes.
///
/// # Errors
/// 403 when the answer is missing or wrong.
pub(crate) async fn passes(
    room: &Access,
    environment: &EnvironmentId,
    form: Form<'_>,
    from: &CallOrigin,
) -> Result<(), Problem> {
    let asked = environment.clone();
    let stored = room.app.db().read(async move |tx| read(tx, &asked).await).await?;
    let Some(policy) = stored.map(|stored| stored.value).filter(|policy| policy.enabled) else {
        return Ok(());
    };
    let named = form.email.and_then(|email| kit::email_key(email).ok());
    if named.is_some_and(|email| policy.ignored_emails.contains(&email)) {
        return Ok(());
    }
    let answer = form.answer.map_or("", str::trim);
    if answer.is_empty() || answer.len() > LONGEST_ANSWER {
        return Err(refused());
    }
    let secret = secret(room, environment, &policy).map_err(|error| Problem::internal(&error))?;
    match room.app.outbound().captcha().ask(&secret, answer, from.ip).await {
        Ok(verdict) => {
            if verdict.unknown_secret() {
                tracing::error!(%environment, "the captcha service does not know the secret key of this environment: nobody passes");
            }
            let score = verdict.score.unwrap_or(1.0);
            if verdict.success && score >= policy.min_score {
                Ok(())
            } else {
                Err(refused())
            }
        }
        Err(fault) => {
            tracing::warn!(%environment, %fault, "the captcha service gave no verdict: a form passes without one");
            Ok(())
        }
    }
}

fn refused() -> Problem {
    Problem::forbidden("Captcha verification failed, please try again")
}
