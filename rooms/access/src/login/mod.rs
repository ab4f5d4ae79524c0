//! Sign-in with a password.

mod api;
mod attempts;
mod domain;
mod guess;
mod model;
mod remarks;
mod turn;

pub(crate) use api::{answer, routes};
pub(crate) use attempts::{ATTEMPTS, BLOCK_SECONDS, BLOCKS};
pub(crate) use guess::Guess;
pub(crate) use model::{AuthResponse, RefreshBody, RefreshResponse};
pub(crate) use turn::{Standing, Underway};

/// Whether users of the environment sign in with passwords at all.
pub(crate) const fn takes_passwords(configuration: &environment::AuthConfiguration) -> bool {
    use environment::AuthStrategy::{EmailAndPassword, UsernameAndPassword};
    matches!(
        configuration.auth_strategy,
        EmailAndPassword | UsernameAndPassword
    )
}
