//! `/identity/resources/users/v1/signUp`: people come by themselves, with a tenant of their own or by an invitation link.
//!
//! Where users verify their addresses first, nobody learns whether an address is somebody's: the answer is the same, and its
//! owner gets a mail. Where they come in at once that cannot be hidden, and the call is refused.

mod api;
mod domain;
mod known;
mod model;

pub(crate) use api::routes;
