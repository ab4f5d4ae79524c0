//! What the handlers of this room share, and the traits by which rooms further right take part.

use std::sync::Arc;

use async_trait::async_trait;
use blocks::tasks::Runner;
use db::{StoreError, Tx};
use environment::Directory;
use kit::{EnvironmentId, Ids, Millis, Scope, TenantId, UserId};
use web::{App, BoundRoutes, Routes};

use crate::applications::{ApplicationRemoval, ApplicationSpread};
use crate::hierarchy::SubAccountOpening;
use crate::migration::TenantMigration;
use crate::roles::RoleMigration;
use crate::tenants::{Finds, TenantRemoval};
use crate::{account, applications, hierarchy, migration, permissions, roles, tenants};

/// What a room that owns rows of tenants does when a tenant is deleted.
#[async_trait]
pub trait TenantPurge: Send + Sync {
    /// Whether work is under way that needs the tenant: until it is done the tenant is not deleted.
    async fn is_needed(&self, tx: &Tx, scope: &Scope) -> Result<bool, StoreError> {
        let _ = (tx, scope);
        Ok(false)
    }

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

/// To whom applications were given: answered by the room that owns memberships.
#[async_trait]
pub trait ApplicationHolders: Send + Sync {
    /// Removes up to `most` rows about a deleted application; true when nothing of it is left.
    async fn forget_application(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        application: &str,
        most: i64,
    ) -> Result<bool, StoreError>;
}

/// Members whose roles also hold in the tenants below: answered by the room that owns memberships.
#[async_trait]
pub trait SubAccountMembers: Send + Sync {
    /// The roles of this member of the scope's tenant hold below as well from now on. False when they did already, or
    /// when there is no such member.
    async fn open_to(&self, tx: &Tx, scope: &Scope, user: &UserId) -> Result<bool, StoreError>;

    /// The same for the next `most` members after `cursor` (`""` at the start); the new cursor, `None` when done.
    async fn open_to_all(
        &self,
        tx: &Tx,
        scope: &Scope,
        cursor: &str,
        most: i64,
    ) -> Result<Option<String>, StoreError>;
}

/// The rooms further right that take part in what this one does.
#[derive(Clone)]
pub struct Neighbours {
    /// Asked in their order when a tenant is deleted.
    pub purges: Arc<[Arc<dyn TenantPurge>]>,
    pub holders: Arc<dyn RoleHolders>,
    pub application_holders: Arc<dyn ApplicationHolders>,
    pub members: Arc<dyn SubAccountMembers>,
}

/// State of this room's handlers.
#[derive(Clone)]
pub struct Tenancy {
    pub(crate) app: App,
    pub(crate) purges: Arc<[Arc<dyn TenantPurge>]>,
    pub(crate) holders: Arc<dyn RoleHolders>,
    pub(crate) application_holders: Arc<dyn ApplicationHolders>,
    pub(crate) members: Arc<dyn SubAccountMembers>,
    /// Seals and opens secrets.
    pub(crate) directory: Directory,
    pub(crate) finds: Arc<Finds>,
}

/// The routes of this room.
pub fn routes(app: &App, directory: Directory, neighbours: Neighbours) -> BoundRoutes {
    let room = Tenancy {
        app: app.clone(),
        purges: neighbours.purges,
        holders: neighbours.holders,
        application_holders: neighbours.application_holders,
        members: neighbours.members,
        directory,
        finds: Arc::default(),
    };
    Routes::new()
        .and(tenants::routes())
        .and(applications::routes())
        .and(hierarchy::routes())
        .and(account::routes())
        .and(migration::routes())
        .and(roles::routes())
        .and(permissions::routes())
        .bind(app, room)
}

/// The background work of this room: large tenants and applications are removed, tenants brought in, and roles, reach and
/// applications given to everybody, in pieces.
#[must_use]
pub fn runners(neighbours: Neighbours, ids: Ids) -> Vec<Arc<dyn Runner>> {
    vec![
        Arc::new(TenantRemoval::new(neighbours.purges)),
        Arc::new(RoleMigration::new(neighbours.holders)),
        Arc::new(SubAccountOpening::new(neighbours.members)),
        Arc::new(TenantMigration::new(ids)),
        Arc::new(ApplicationRemoval::new(neighbours.application_holders)),
        Arc::new(ApplicationSpread),
    ]
}
