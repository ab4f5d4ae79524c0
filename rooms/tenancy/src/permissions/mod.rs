//! Permissions and their categories.

mod api;
mod categories;
mod domain;
mod model;
#[cfg(test)]
mod proof;
mod store;

pub(crate) use api::routes;
#[cfg(test)]
pub(crate) use domain::list as visible;
pub use domain::permissions_of_roles;
pub(crate) use domain::{in_every_role, permissions_by_id, seed, unknown};
pub use model::{AssignmentType, Permission};
