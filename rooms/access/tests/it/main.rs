//! Sign-in, sessions and the gatekeeper over the real rooms and a database of their own.

mod gatekeeper;
mod house;
mod login;
mod refresh;
