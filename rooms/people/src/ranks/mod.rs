//! The environment-wide orders of users: counted in buckets as users are written, walked by lists.

mod domain;
mod store;

pub(crate) use domain::{Order, classes, enlist, page, rank, relist, strike, total};
