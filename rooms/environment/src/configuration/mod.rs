//! `/identity/resources/configurations/v1`: how an environment authenticates people.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
pub use model::{AuthConfiguration, AuthStrategy, CookieSameSite, JwtAlgorithm, MachineAuthStrategy};
