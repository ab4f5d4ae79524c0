//! Sessions: begun by a login, continued by refresh tokens, ended by a logout.

mod api;
mod begin;
pub(crate) mod cookies;
mod domain;
mod live;
pub(crate) mod model;
mod own;
mod refresh;
mod store;
mod sweep;

pub(crate) use begin::{Entrance, Entry, begin, prepare};
pub(crate) use domain::{SignedIn, alive_since, end_of_user, end_others, remove_of_tenant, remove_of_user};
pub(crate) use model::EndReason;
pub use sweep::SessionSweep;

use web::Routes;

use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    api::routes().and(live::routes())
}
