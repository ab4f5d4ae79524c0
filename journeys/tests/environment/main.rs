//! The environment: its credentials, settings, keys and addresses, and what every route owes every caller.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a failed unwrap is how it speaks"
)]

mod bodies;
mod boot;
mod configuration;
mod cors;
mod discovery;
mod environments;
mod limits;
mod messages;
mod paths;
mod vendor_token;
