//! Tests that are generated from the route table: what is served, who is let in, and who sees what.
#![expect(clippy::panic, reason = "in a test a failed unwrap is how it speaks")]

mod document;
mod guards;
mod isolation;
mod operations;
