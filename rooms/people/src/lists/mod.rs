//! Lists of users: of the whole environment or of one tenant, sorted, searched and paged.
//!
//! Four ways lead to a page, from the cheapest on:
//! 1. Without a filter, or with one prefix and sorted by what is searched, the page is a short walk along one index:
//!    environment-wide and in large tenants from the nearest bucket of [`crate::ranks`], in others from the nearer end.
//! 2. A list of ids is read as such and sorted here.
//! 3. With the tenants below, the members of all of them are read and put in order here; the cost grows with their number.
//! 4. Everything else filters in the database; its cost grows with the users that the narrowest prefix leaves.

mod api;
mod domain;
mod family;
mod model;
mod pages;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::find;
pub(crate) use family::below;
pub(crate) use model::{Search, Sort};

/// What the tests of this room reach.
#[cfg(test)]
pub(crate) mod proof {
    pub(crate) use super::domain::find;
    pub(crate) use super::model::{Field, Search, Sort};
}
