//! The orders of users in an environment and in its large tenants: counted in buckets as users are written, walked by
//! lists.

mod domain;
mod members;
mod store;

pub(crate) use domain::{Ground, Order, classes, enlist, page, rank, relist, strike, total};
pub(crate) use members::{close, enter, hold_count, is_ranked, leave, relist_member, sizes};
