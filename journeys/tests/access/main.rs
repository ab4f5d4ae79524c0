//! Passwords, sessions and the tokens they end in.

mod claims;
mod cookies;
mod login;
mod logout;
mod refresh;
