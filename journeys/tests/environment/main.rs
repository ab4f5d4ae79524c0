//! The environment: its credentials, settings, keys and addresses, and what every route owes every caller.

mod bodies;
mod configuration;
mod cors;
mod discovery;
mod environments;
mod paths;
mod vendor_token;
