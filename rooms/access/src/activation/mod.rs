//! `/identity/resources/users/v1/activate`: a user proves the address, chooses a password where there is none, and is in.
//!
//! The ticket or code comes from a mail of [`people::Mailer`], or from the environment, which sends it itself. Looking at
//! one never uses it; an activation that is refused leaves it good.

mod again;
mod api;
mod domain;
mod model;

pub(crate) use again::{counted_by, mail_again, remind};
pub(crate) use api::routes;
pub(crate) use domain::{CODE, Decoy};
