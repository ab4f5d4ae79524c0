//! Which tenants may use an application.

mod api;
mod domain;
mod model;
mod store;

pub(super) use api::routes;
pub use domain::{Assignment, assigned_applications, given_applications, open_tenants};
pub(super) use store::{forget_application, spread};
pub(crate) use store::{forget_tenant, welcome};
