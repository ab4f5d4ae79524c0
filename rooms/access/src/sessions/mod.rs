//! Sessions: begun by a login, continued by refresh tokens, ended by a logout.

mod api;
pub(crate) mod cookies;
mod domain;
pub(crate) mod model;
mod own;
mod refresh;
mod store;
mod sweep;

pub(crate) use api::routes;
pub(crate) use domain::{
    Opening, SignedIn, alive_since, end_of_user, open, remove_of_tenant, remove_of_user,
};
pub use sweep::SessionSweep;
