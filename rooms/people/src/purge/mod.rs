//! What happens to users when a tenant or a role goes, or when a role is given to everybody.

mod domain;
mod store;

pub use domain::{PeopleTenancy, RoleRemoval};
