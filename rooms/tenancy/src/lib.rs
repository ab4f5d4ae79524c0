//! Tenants and sub-tenants, applications, roles, permissions and their categories.
//!
//! Tables: tenants, tenant_aliases, tenant_terms, tenant_totals, tenant_removals, applications, roles, role_permissions,
//! permissions, permission_categories. Other rooms ask through the functions re-exported here; each takes the caller's
//! transaction.

mod applications;
mod catalogue;
mod faults;
mod permissions;
#[cfg(test)]
mod proof;
mod roles;
mod room;
mod seed;
mod tenants;

pub use applications::{Application, default_application};
pub use permissions::{AssignmentType, Permission, permissions_of_roles};
pub use roles::{
    Role, RoleMigration, Unassignable, assignable_roles, default_roles, first_user_roles, roles_by_id,
    roles_held,
};
pub use room::{Holder, RoleHolders, Tenancy, TenantPurge, routes, runners};
pub use seed::TenancySeed;
pub use tenants::{
    NewTenant, Tenant, TenantError, TenantRemoval, create_tenant, tenant, tenant_exists, tenants_by_id,
};
