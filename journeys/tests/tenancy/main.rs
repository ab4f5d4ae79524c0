//! Tenants, roles, permissions and their categories.

mod categories;
mod permissions;
mod roles;
mod tenant_list;
mod tenants;
