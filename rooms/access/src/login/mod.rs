//! Sign-in with a password.

mod api;
mod domain;
mod guess;
mod model;
mod remarks;

pub(crate) use api::{answer, routes};
pub(crate) use domain::{ATTEMPTS, BLOCK_SECONDS, BLOCKS};
pub(crate) use guess::Guess;
pub(crate) use model::{RefreshBody, RefreshResponse};
