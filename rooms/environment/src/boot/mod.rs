//! What login boxes and the admin portal ask for before anybody is known: ways to sign in, to sign up and to get back in,
//! providers, and switches of the clients themselves.

mod api;
mod model;

pub(crate) use api::routes;
