//! Users: creation and invitation, reading, changing, removing, and the switches of an environment.

mod api;
mod create;
mod domain;
mod flags;
mod model;

pub(crate) use api::routes;
pub(crate) use domain::{UserError, change_profile, outranks, strongest};
pub(crate) use model::ProfileBody;
