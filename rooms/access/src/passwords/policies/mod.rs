//! Rules about passwords: how they are made up, which old ones may not come back, how long one lasts.

mod api;
mod complexity;
mod history;
mod rotation;
mod rules;

pub(crate) use api::routes;
pub(crate) use rotation::Age;
pub(crate) use rules::{Rules, of_tenant, of_user, of_user as rules_of_user};
