//! What the handlers of this room share, and the traits by which rooms further right take part.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::Runner;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, TenantId, UserId};
use web::{App, BoundRoutes, Routes};

use crate::roles::RoleMigration;
use crate::tenants::TenantRemoval;
use crate::{permissions, roles, tenants};

/// What a room that owns rows of tenants does when a tenant is deleted.
#[async_trait]
pub trait TenantPurge: Send + Sync {
    /// Removes up to `most` rows of the tenant that the scope names; true when nothing of it is left.
    async fn purge(&self, tx: &Tx, scope: &Scope, most: i64, now: Millis) -> Result<bool, StoreError>;

    /// Takes effect at once, in the transaction of the deletion: nobody of the tenant gets in any more.
    async fn shut(&self, tx: &Tx, scope: &Scope, now: Millis) -> Result<(), StoreError>;
}

/// Who can hold a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Member,
    Group,
}

/// Who holds roles: answered by the room that owns memberships.
#[async_trait]
pub trait RoleHolders: Send + Sync {
    /// The role is gone: nobody holds it any more.
    async fn role_deleted(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        role_id: &str,
    ) -> Result<(), StoreError>;

    /// The level of the strongest role that a user holds in the scope's tenant (the lowest number), directly or through a
    /// group; `None` without roles.
    async fn strongest(&self, tx: &Tx, scope: &Scope, user: &UserId) -> Result<Option<i64>, StoreError>;

    /// How often each of the roles is held in the scope, counted up to a bound; roles that nobody holds may be left out.
    async fn uses(
        &self,
        tx: &Tx,
        scope: &Scope,
        role_ids: &[String],
        by: Holder,
    ) -> Result<Vec<(String, i64)>, StoreError>;

    /// The next `most` members after `cursor` (`""` at the start) get the role; the new cursor, `None` when done.
    /// Only members of `tenant` where one is given.
    #[expect(
        clippy::too_many_arguments,
        reason = "one piece of a long walk: where, what, from where, how far"
    )]
    async fn give_role(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        tenant: Option<&TenantId>,
        role_id: &str,
        cursor: &str,
        most: i64,
        now: Millis,
    ) -> Result<Option<String>, StoreError>;
}

/// State of this room's handlers.
#[derive(Clone)]
pub struct Tenancy {
    pub(crate) app: App,
    pub(crate) purges: Arc<[Arc<dyn TenantPurge>]>,
    pub(crate) holders: Arc<dyn RoleHolders>,
}

/// The routes of this room. `purges` are asked in their order when a tenant is deleted.
pub fn routes(app: &App, purges: Arc<[Arc<dyn TenantPurge>]>, holders: Arc<dyn RoleHolders>) -> BoundRoutes {
    let room = Tenancy {
        app: app.clone(),
        purges,
        holders,
    };
    Routes::new()
        .and(tenants::routes())
        .and(roles::routes())
        .and(permissions::routes())
        .bind(app, room)
}

/// The background work of this room: large tenants are removed, and default roles given to everybody, in pieces.
#[must_use]
pub fn runners(purges: Arc<[Arc<dyn TenantPurge>]>, holders: Arc<dyn RoleHolders>) -> Vec<Arc<dyn Runner>> {
    vec![
        Arc::new(TenantRemoval::new(purges)),
        Arc::new(RoleMigration::new(holders)),
    ]
}
