//! Sign-in with a password.

mod api;
mod domain;
mod model;

pub(crate) use api::{answer, routes};
pub(crate) use domain::{ATTEMPTS, BLOCKS};
pub(crate) use model::{RefreshBody, RefreshResponse};
