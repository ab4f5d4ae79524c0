//! Groups: members of one tenant who share roles.
//!
//! What a member holds through groups counts wherever direct roles do; [`crate::authorization`] joins the two. Who leaves
//! the tenant leaves its groups in the same transaction.

mod api;
mod domain;
mod lists;
mod model;
mod removal;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::{group_ids, purge};
pub(crate) use lists::{briefs, role_ids, role_ids_of};
pub(crate) use model::{GroupBrief, GroupsOfUser};
pub use removal::GroupRemoval;

/// What the tests of this room reach.
#[cfg(test)]
pub(crate) mod proof {
    pub(crate) use super::domain::{GroupError, add_roles, add_users, create, delete, remove_users, update};
    pub(crate) use super::lists::{Relations, read};
    pub(crate) use super::model::GroupBody;
}
