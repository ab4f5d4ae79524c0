//! What a tenant's own people see and edit of it.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
