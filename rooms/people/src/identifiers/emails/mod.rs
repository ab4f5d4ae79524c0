//! E-mail addresses: several per user, of which one is primary.

mod api;
mod domain;

pub(super) use api::routes;
