//! Lists of users: of the whole environment or of one tenant, sorted, searched and paged.
//!
//! Four ways lead to a page:
//! 1. Without a filter, or with one prefix and sorted by what is searched, the page is a short walk along one index:
//!    environment-wide and in large tenants from the nearest bucket of [`crate::ranks`], in others from the nearer end. Where
//!    invisible members are left out, the place of the page is looked for between the places they take ([`hidden`]).
//! 2. A list of ids is read as such and sorted here.
//! 3. Every other search in a tenant that is not large looks at its members, two thousand at most; with the tenants below,
//!    a search looks at the members of all of them, until a family that is large is in the index ([`crate::families`]).
//! 4. Every other search takes its candidates from [`crate::search`] ([`indexed`] says what it costs and how exact it is).

mod api;
mod domain;
mod entries;
mod family;
mod hidden;
mod indexed;
mod many;
mod model;
mod pages;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::find;
pub(crate) use family::{may_see_below, order, shown, widen};
pub(crate) use model::{Field, Search, Sort};

/// What the tests of this room reach.
#[cfg(test)]
pub(crate) mod proof {
    pub(crate) use super::domain::find;
    pub(crate) use super::model::{Field, Search, Sort};
}
