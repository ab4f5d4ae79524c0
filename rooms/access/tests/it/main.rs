//! Sign-in, sessions and the gatekeeper over the real rooms and a database of their own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests speak by failing"
)]

mod audits;
mod gatekeeper;
mod house;
mod login;
mod refresh;
mod store;
