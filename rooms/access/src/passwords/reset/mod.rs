//! A new password for somebody who forgot theirs: asked for by mail or text message, set with a ticket.
//!
//! Asking always answers alike, whether or not there is such a user, and asking too often changes nothing but what is sent.

mod api;
mod ask;
mod model;
mod set;

pub(crate) use api::routes;
