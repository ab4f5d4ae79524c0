//! Sums over the records of an environment.

mod api;
mod domain;

pub(crate) use api::routes;
