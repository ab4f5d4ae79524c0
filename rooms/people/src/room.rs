//! What the handlers of this room share.

use std::sync::Arc;

use blocks::audit::AuditRecord;
use blocks::throttle::RateLimit;
use db::{StoreError, Tx};
use environment::Directory;
use kit::{Ids, Millis, Scope, UserId};
use web::{AnyCaller, App, BoundRoutes, EnvironmentCaller, Routes, UserCaller};

use crate::records::{self, UserRecord};
use crate::search::Columns;
use crate::{
    Credentials, Mailer, applications, below, bulk, groups, identifiers, lists, me, members, onboarding,
    team, temporary, tenants, users,
};

/// State of this room's handlers.
#[derive(Clone)]
pub struct People {
    pub(crate) app: App,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) directory: Directory,
    pub(crate) limits: RateLimit,
    pub(crate) mailer: Mailer,
    /// Of the search index, what is in memory.
    pub(crate) columns: Columns,
}

/// What every change needs besides its transaction.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) scope: Scope,
    pub(crate) ids: Ids,
    pub(crate) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(crate) by: AuditRecord,
    /// The user whose own level bounds what may be done; `None` for the environment, which nothing bounds.
    pub(crate) bounded_by: Option<Bound>,
}

/// The user on whose word a change is made.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) user: UserId,
    /// Where they are signed in: there their own level is measured.
    pub(crate) scope: Scope,
    /// Permission keys in force for the call; none for what goes on after the answer.
    pub(crate) permissions: Arc<[String]>,
}

impl Change {
    /// The user on whose word it is made, where it is one's.
    pub(crate) async fn issuer(&self, tx: &Tx) -> Result<Option<UserRecord>, StoreError> {
        match &self.bounded_by {
            Some(by) => records::user_by_id(tx, &self.scope.environment, by.user.as_str()).await,
            None => Ok(None),
        }
    }
}

impl Bound {
    /// Whether a permission is held, wildcards considered.
    pub(crate) fn may(&self, key: &str) -> bool {
        self.permissions
            .iter()
            .any(|granted| web::permission_covers(granted, key))
    }
}

impl From<&UserCaller> for Bound {
    fn from(caller: &UserCaller) -> Self {
        Self {
            user: caller.user.clone(),
            scope: caller.scope(),
            permissions: Arc::clone(&caller.permissions),
        }
    }
}

impl People {
    pub(crate) fn change_by(&self, caller: &AnyCaller) -> Change {
        Change {
            scope: caller.scope(),
            ids: self.app.ids().clone(),
            now: self.app.now(),
            by: AuditRecord::new("", "user", "").by(caller),
            bounded_by: caller.user().map(Bound::from),
        }
    }

    pub(crate) fn change_by_environment(&self, caller: &EnvironmentCaller) -> Change {
        self.change_by(&AnyCaller::Environment(caller.clone()))
    }

    pub(crate) fn change_by_user(&self, caller: &UserCaller) -> Change {
        self.change_by(&AnyCaller::User(caller.clone()))
    }
}

/// The routes of this room. `directory` keeps the keys of codes; `limits` bounds how often codes are sent.
pub fn routes(
    app: &App,
    directory: Directory,
    credentials: Arc<dyn Credentials>,
    limits: RateLimit,
) -> BoundRoutes {
    let room = People {
        app: app.clone(),
        credentials,
        mailer: Mailer::new(app, &directory),
        directory,
        limits,
        columns: Columns::default(),
    };
    Routes::new()
        .and(users::routes())
        .and(members::routes())
        .and(below::routes())
        .and(temporary::routes())
        .and(tenants::routes())
        .and(bulk::routes())
        .and(team::routes())
        .and(lists::routes())
        .and(groups::routes())
        .and(me::routes())
        .and(identifiers::routes())
        .and(onboarding::routes())
        .and(applications::routes())
        .bind(app, room)
}
