//! The signed-in user's own profile and tenants.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
