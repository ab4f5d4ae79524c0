//! The judge of new passwords: one for every way of setting one.

use crypto::{HashPool, StoredHash};
use db::{Db, StoreError};
use environment::{AuthConfiguration, Directory};
use kit::{EnvironmentId, Scope, Secret, UserId};
use outbound::LeakLists;
use people::PreparedPassword;
use web::Problem;

use super::policies::{self, Rules};
use super::{hash_problem, store};
use crate::room::no_environment;

/// Judges new passwords and hashes those that may be set. Slow: to be asked outside of any transaction.
#[derive(Clone)]
pub struct Judge {
    db: Db,
    directory: Directory,
    pool: HashPool,
    leaks: LeakLists,
}

/// What a judgement stands on.
struct Case {
    rules: Rules,
    /// Passwords that may not come back.
    past: Vec<StoredHash>,
}

impl Judge {
    /// `pool` hashes, `leaks` is asked whether a password is known to others.
    #[must_use]
    pub const fn new(db: Db, directory: Directory, pool: HashPool, leaks: LeakLists) -> Self {
        Self {
            db,
            directory,
            pool,
            leaks,
        }
    }

    /// The hash of a password for somebody who is about to join the tenant of the scope, or no tenant.
    ///
    /// # Errors
    /// 400 with a sentence for each rule that it breaks, 503 when too much hashing waits already.
    pub(crate) async fn for_newcomer(
        &self,
        scope: &Scope,
        password: Secret,
    ) -> Result<PreparedPassword, Problem> {
        let configuration = self.configuration(&scope.environment).await?;
        let owner = scope.clone();
        let read = self.db.read(async move |tx| {
            let rules = policies::of_tenant(tx, &owner, &configuration).await?;
            Ok::<_, StoreError>(Case {
                rules,
                past: Vec::new(),
            })
        });
        self.judged(read.await?, password).await
    }

    /// The hash of a password for a user, whose last ones count too.
    ///
    /// # Errors
    /// As [`for_newcomer`](Self::for_newcomer).
    pub(crate) async fn for_user(
        &self,
        environment: &EnvironmentId,
        user: &UserId,
        password: Secret,
    ) -> Result<PreparedPassword, Problem> {
        let configuration = self.configuration(environment).await?;
        let (environment, user) = (environment.clone(), user.clone());
        let read = self.db.read(async move |tx| {
            let rules = policies::of_user(tx, &environment, &user, &configuration).await?;
            let past = store::last(tx, environment.as_str(), user.as_str(), rules.history).await?;
            Ok::<_, StoreError>(Case { rules, past })
        });
        self.judged(read.await?, password).await
    }

    async fn configuration(&self, id: &EnvironmentId) -> Result<AuthConfiguration, Problem> {
        self.directory.configuration(id).await?.ok_or_else(no_environment)
    }

    async fn judged(&self, case: Case, password: Secret) -> Result<PreparedPassword, Problem> {
        if password.reveal().len() > crypto::MAX_PASSWORD_BYTES {
            return Err(Problem::bad_request("password is too long"));
        }
        let password = crypto::normalised(&password);
        let faults = case.rules.faults(&password);
        if !faults.is_empty() {
            return Err(Problem::faults(faults));
        }
        for hash in case.past {
            let verdict = self.pool.verify(password.clone(), hash).await;
            if verdict.map_err(|error| hash_problem(&error))?.matches {
                return Err(Problem::bad_request(match case.rules.history {
                    1 => "The new password must be another one than the present one.".to_owned(),
                    most => format!("The new password must be none of your last {most} passwords."),
                }));
            }
        }
        if case.rules.complexity.block_pwned_passwords
            && self.times_leaked(&password).await.is_some_and(|times| times > 0)
        {
            return Err(Problem::bad_request(
                "This password is known from a data breach. Choose another one.",
            ));
        }
        let hashed = self.pool.hash(password).await;
        hashed.map(PreparedPassword).map_err(|error| hash_problem(&error))
    }

    /// How often the password leaked; `None` where nobody can tell, which is no reason to refuse it.
    pub(crate) async fn times_leaked(&self, password: &Secret) -> Option<u64> {
        if !self.leaks.is_asked() {
            return None;
        }
        self.leaks.times(&crypto::leak_digest(password)).await
    }

    /// The pool that hashes.
    pub(crate) const fn pool(&self) -> &HashPool {
        &self.pool
    }
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judge")
    }
}
