//! Tenants below tenants: who stands above and below whom, and how that changes.
//!
//! The one thing stored is each tenant's parent. A way up is a few steps along primary keys whatever the number of
//! tenants, and that is what every request asks; a move is one row. Ways down cost as much as they find, and every list
//! that can be long is a page along an index of the children of one tenant.

mod api;
mod domain;
mod lists;
mod model;
mod opening;
mod reads;
mod store;

pub(crate) use api::routes;
pub use domain::{ancestors, descendants, groupings, is_within};
pub(crate) use domain::{guard, levels_left};
pub use opening::SubAccountOpening;
pub use reads::{Lineage, below_among, lineage, parents_among};
pub(crate) use store::note_former;
