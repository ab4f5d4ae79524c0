//! What users are found and reached by: e-mail addresses, phone numbers and usernames; and the links by which the
//! environment lets them in for the first time or again.
//!
//! A user has any number of addresses and numbers, one of each kind being primary: that one is repeated in the user's row
//! and written through [`book`] whenever the row changes. An address that is primary or verified is *owned*, and so is a
//! verified number: one index makes it the only one of its environment, whoever writes. What a user merely names is a claim
//! that anybody may make beside others; the first who proves it owns it. So nobody learns from a refusal whether an address
//! or a number is somebody's, and nobody keeps others from theirs by naming it first.

mod book;
mod emails;
mod errors;
mod links;
mod lists;
mod model;
mod notices;
mod phones;
mod policy;
mod store;
mod usernames;

use web::Routes;

use crate::room::People;

pub(crate) use book::{
    Erased, disown, enlist_all, erase, follow, open, proved_beside, proved_number, strike_all,
};
pub use links::{ACTIVATE_USER, RESET_PASSWORD};
pub(crate) use links::{page_link, void_resets};
pub(crate) use model::phone_prefix;
pub(crate) use notices::address_changed;

pub(crate) fn routes() -> Routes<People> {
    Routes::new()
        .and(emails::routes())
        .and(phones::routes())
        .and(usernames::routes())
        .and(lists::routes())
        .and(links::routes())
        .and(policy::routes())
}
