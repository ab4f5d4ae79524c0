//! People of the tenants below one's own: seen together, added to several at once, and let in from above.

mod api;
mod domain;
mod model;
mod store;

pub(crate) use api::routes;
