//! Tenants, roles, permissions and their categories.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in a test a failed unwrap is how it speaks"
)]

mod account;
mod applications;
mod assignments;
mod categories;
mod hierarchy;
mod permissions;
mod role_lists;
mod roles;
mod roles_of_tenants;
mod sub_tenants;
mod tenant_list;
mod tenants;
