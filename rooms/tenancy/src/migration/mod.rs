//! Tenants that live elsewhere are brought in, many at once.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
pub use domain::TenantMigration;
