//! Tenants: the customers of an environment.

mod api;
mod domain;
mod model;
#[cfg(test)]
mod proof;
mod removal;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::hold_tenant;
pub use domain::{TenantError, create_tenant, tenant, tenant_exists, tenants_by_id};
pub use model::{NewTenant, Tenant};
pub use removal::TenantRemoval;
