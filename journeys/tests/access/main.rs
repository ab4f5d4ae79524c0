//! Passwords, sessions and the tokens they end in.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in a test a failed unwrap or a panic is how it speaks"
)]

mod activation;
mod applications;
mod captcha;
mod claims;
mod cookies;
mod invitation_links;
mod lockout;
mod login;
mod logout;
mod own_sessions;
mod password_change;
mod password_expiry;
mod password_leaks;
mod password_policies;
mod password_reset;
mod refresh;
mod restrictions;
mod sessions;
mod signup;
mod strangers;
mod unlock;
mod whole_journey;
