//! `/.well-known/…`: how verifiers find the keys.

mod api;

pub(crate) use api::routes;
