//! What the handlers of this room share.

use std::sync::Arc;

use blocks::throttle::RateLimit;
use crypto::HashPool;
use environment::{AuthConfiguration, Directory, Environment};
use kit::EnvironmentId;
use web::{App, BoundRoutes, Problem, Routes};

use crate::login::Underway;
use crate::passwords::Judge;
use crate::tokens::Tokens;
use crate::{
    activation, captcha, invitations, lockout, login, passwords, restrictions, session_policy, sessions,
    signup,
};

/// State of this room's handlers.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) app: App,
    pub(crate) directory: Directory,
    pub(crate) pool: HashPool,
    /// Decides which new passwords may be set.
    pub(crate) judge: Judge,
    pub(crate) limits: RateLimit,
    pub(crate) tokens: Arc<Tokens>,
    /// Passwords that are being judged.
    pub(crate) underway: Underway,
}

impl Access {
    /// The environment of a caller.
    ///
    /// # Errors
    /// 404 when it was removed while the request was on its way.
    pub(crate) async fn environment(&self, id: &EnvironmentId) -> Result<Arc<Environment>, Problem> {
        let found = self.directory.by_id(id.as_str()).await?;
        found.ok_or_else(no_environment)
    }

    /// How an environment wants its users to sign in.
    ///
    /// # Errors
    /// As [`environment`](Self::environment).
    pub(crate) async fn configuration(&self, id: &EnvironmentId) -> Result<AuthConfiguration, Problem> {
        self.directory.configuration(id).await?.ok_or_else(no_environment)
    }
}

/// What is told where no environment is meant.
pub(crate) fn no_environment() -> Problem {
    Problem::not_found("No environment answers at this address")
}

/// The routes of this room. `judge` decides about passwords, `limits` how often codes and links may be sent.
pub fn routes(app: &App, directory: Directory, judge: Judge, limits: RateLimit) -> BoundRoutes {
    let tokens = Arc::new(Tokens::new(directory.clone()));
    let room = Access {
        app: app.clone(),
        directory,
        pool: judge.pool().clone(),
        judge,
        limits,
        tokens,
        underway: Underway::default(),
    };
    Routes::new()
        .and(login::routes())
        .and(passwords::routes())
        .and(sessions::routes())
        .and(session_policy::routes())
        .and(lockout::routes())
        .and(captcha::routes())
        .and(signup::routes())
        .and(activation::routes())
        .and(restrictions::routes())
        .and(invitations::routes())
        .bind(app, room)
}
