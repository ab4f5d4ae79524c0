//! Permissions and their categories.

mod api;
mod categories;
mod domain;
mod model;
mod store;

pub(crate) use api::routes;
pub use domain::permissions_of_roles;
pub(crate) use domain::{seed, unknown};
pub use model::{AssignmentType, Permission};
