//! Work on many users or many tenants at once: small orders are finished when the caller is answered, large ones go on in the
//! background, item by item, and tell how far they are.

mod api;
mod invite;
mod model;
mod roles;
mod starter;
mod store;

pub(crate) use api::routes;
pub use invite::BulkInvite;
pub use roles::BulkRoles;
pub(crate) use starter::Starter;
