//! Links by which anybody who holds one joins a tenant, until they end or are taken back.
//!
//! A member who may invite has one of their own, which never gives more than they could give themselves and ends with
//! their membership; the environment may make general ones. The token is used where somebody signs in or signs up.

mod api;
mod domain;
mod model;
pub(crate) mod redeem;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::{forget_tenant, forget_user};
pub(crate) use redeem::{JoinError, join};
