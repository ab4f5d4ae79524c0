//! Passwords: what they must look like, and the hashes that are kept of them.

mod credentials;
mod policy;
pub(crate) mod store;
mod verify;

pub use credentials::AccessCredentials;
pub(crate) use credentials::hash_problem;
pub(crate) use verify::routes;
