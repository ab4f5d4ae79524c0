//! Clients that act for an application, such as agents. Each has a secret of its own, shown once.

mod api;
mod domain;
mod model;
mod store;

pub(super) use api::routes;
