//! Who gets in, and for how long: the gatekeeper, passwords, sign-in, sessions, refresh, logout.
//!
//! Tables: credentials, sessions, `refresh_tokens`. Every token is minted in one place, behind one gate.

mod gate;
mod gatekeeper;
mod login;
mod passwords;
mod room;
mod sessions;
mod tokens;

pub use gatekeeper::AccessGatekeeper;
pub use passwords::AccessCredentials;
pub use room::routes;
pub use sessions::SessionSweep;
