//! Members of a tenant: their roles, and whether they may come in.

mod api;
mod domain;
mod join;
mod model;
mod shut;

pub(crate) use api::routes;
pub(crate) use domain::{check_level, give, held, note, set, take};
pub use join::{Joined, count_joined, join};
pub(crate) use model::RolesBody;
pub use shut::{ShutOutError, shut_out};

/// What the tests of this room reach.
#[cfg(test)]
pub(crate) mod proof {
    pub(crate) use super::domain::{give, set_disabled, take};

    impl super::model::MemberRoles {
        pub(crate) fn keys(&self) -> Vec<String> {
            self.roles.iter().map(|role| role.key.clone()).collect()
        }
    }
}
