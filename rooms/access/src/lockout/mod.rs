//! `/identity/resources/configurations/v1/lockout-policy`: how many wrong passwords in a row are one too many.

mod api;
mod model;

pub(crate) use api::routes;
pub(crate) use model::most_attempts;
