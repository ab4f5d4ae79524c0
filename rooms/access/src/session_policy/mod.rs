//! `/identity/resources/configurations/sessions/v1`: how long sessions last and how many a user may have.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
pub(crate) use domain::limits;
pub(crate) use model::Limits;
