//! Audit records: posting, querying, exporting, counting.

mod api;
pub(crate) mod domain;
mod export;

pub(crate) use api::routes;
