//! The tenants of users: entering one, the status in each, and moving everybody of one to another.

mod api;
mod domain;
mod model;
mod moving;
mod store;

pub(crate) use api::routes;
pub use moving::MemberMove;
pub(crate) use moving::{KIND as MOVE, is_being_left};
