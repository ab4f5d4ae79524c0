//! Temporary access: a membership that ends by itself.

mod api;
mod domain;
mod expiry;
mod model;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::permitted;
pub use expiry::TemporaryExpiry;
