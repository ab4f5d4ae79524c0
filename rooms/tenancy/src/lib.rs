//! Tenants and sub-tenants, applications, roles, permissions and their categories.
//!
//! Tables: tenants, tenant_aliases, tenant_terms, tenant_totals, tenant_removals, former_tenants, hierarchies, applications,
//! application_totals, application_tenants, application_credentials, application_clients, roles, role_permissions, permissions,
//! permission_categories. Other rooms ask through the functions re-exported here; each takes the caller's
//! transaction.

mod account;
mod applications;
mod catalogue;
mod faults;
mod hierarchy;
mod migration;
mod permissions;
#[cfg(test)]
mod proof;
mod roles;
mod room;
mod seed;
mod tenants;

pub use applications::{
    AccessType, Application, ApplicationError, Assignment, application, application_used, applications,
    assigned_applications, default_application, given_applications, hold_application, open_tenants,
};
pub use hierarchy::{
    Lineage, SubAccountOpening, ancestors, below_among, descendants, groupings, is_within, lineage,
    parents_among,
};
pub use migration::TenantMigration;
pub use permissions::{AssignmentType, Permission, permissions_of_roles};
pub use roles::{
    Role, RoleMigration, Unassignable, assignable_roles, default_roles, first_user_roles, roles_by_id,
    roles_held,
};
pub use room::{
    ApplicationHolders, Holder, Neighbours, RoleHolders, SubAccountMembers, Tenancy, TenantPurge, routes,
    runners,
};
pub use seed::TenancySeed;
pub use tenants::{
    NewTenant, SubAccountAccess, Tenant, TenantError, TenantRemoval, create_tenant, hold_tenant,
    sub_account_access, tenant, tenant_exists, tenants_by_id,
};
