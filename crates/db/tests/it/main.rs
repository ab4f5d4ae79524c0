//! Every store test runs on both engines; see `world`.
#![expect(
    clippy::disallowed_methods,
    reason = "callers that come at once need tasks of their own; the cluster is named in a variable"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say so at once"
)]

mod bodies;
mod files;
mod migrations;
mod notices;
mod postgres;
mod statements;
mod transactions;
mod world;
mod writer;
