//! Members of a tenant: their roles, and whether they may come in.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
