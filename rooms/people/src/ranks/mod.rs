//! The environment-wide orders of users: counted in buckets as users are written, walked by lists.

mod domain;
mod store;

pub(crate) use domain::{Order, enlist, page, rank, relist, strike, total};
