//! Roles: of the environment, or of one tenant.

mod api;
mod domain;
mod lists;
mod migration;
mod model;
#[cfg(test)]
mod proof;
mod rules;
mod store;

pub(crate) use domain::{NewRoleOf, purge, seed};
pub use domain::{Unassignable, assignable_roles, default_roles, first_user_roles, roles_by_id, roles_held};
pub use migration::RoleMigration;
pub use model::Role;

/// Single roles and their lists.
pub(crate) fn routes() -> web::Routes<crate::room::Tenancy> {
    api::routes().and(lists::routes())
}
