//! Passwords: what they must look like, and the hashes that are kept of them.

mod credentials;
mod policy;
pub(crate) mod store;

pub use credentials::AccessCredentials;
pub(crate) use credentials::hash_problem;
