//! `/vendors`: the environment as management clients and login boxes see it.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
