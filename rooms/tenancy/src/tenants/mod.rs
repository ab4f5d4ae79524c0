//! Tenants: the customers of an environment.

mod access;
mod api;
mod domain;
mod finds;
mod list;
mod model;
#[cfg(test)]
mod proof;
mod removal;
mod store;

pub use access::SubAccountAccess;
pub(crate) use api::routes;
pub(crate) use domain::{Change, create, delete, held, update};
pub use domain::{
    TenantError, create_tenant, hold_tenant, sub_account_access, tenant, tenant_exists, tenants_by_id,
};
pub(crate) use finds::Finds;
pub use model::{NewTenant, Tenant};
pub(crate) use model::{Prefix, Seat, Sort, TenantChanges};
pub use removal::TenantRemoval;
pub(crate) use store::{by_alias, matching, matching_ids, seats_of};
