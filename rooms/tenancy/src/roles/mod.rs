//! Roles: of the environment, or of one tenant.

mod api;
mod domain;
mod migration;
mod model;
#[cfg(test)]
mod proof;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::{NewRoleOf, purge, seed};
pub use domain::{Unassignable, assignable_roles, default_roles, first_user_roles, roles_by_id, roles_held};
pub use migration::RoleMigration;
pub use model::Role;
