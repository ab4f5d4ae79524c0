//! Who gets in, and for how long: the gatekeeper, passwords, sign-in, sessions, refresh, logout.
//!
//! Tables: credentials, `password_history`, sessions, `refresh_tokens`, `guess_locks`, `restriction_lists`, `restriction_entries`, `invitation_links`. Every token is minted in one place, behind one gate.

mod activation;
mod captcha;
mod gate;
mod gatekeeper;
mod invitations;
mod letters;
mod lockout;
mod login;
mod passwords;
mod restrictions;
mod room;
mod session_policy;
mod sessions;
mod signup;
mod tokens;

pub use gatekeeper::AccessGatekeeper;
pub use passwords::{AccessCredentials, Judge};
pub use restrictions::email_domain_allowed;
pub use room::routes;
pub use sessions::SessionSweep;
