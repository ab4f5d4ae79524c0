//! Environments as things that are created, listed and changed.

mod domain;
mod model;
pub(crate) mod store;

pub use domain::{
    create_environment, create_first_environment, list_environments, move_environment, rotate_secret,
    rotate_signing_key,
};
pub use model::{Environment, EnvironmentError, NewEnvironment, Rotated, Seed};
pub(crate) use model::{Profile, host_key};
