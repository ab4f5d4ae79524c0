//! Tests that are generated from the route table: what is served, who is let in, and who sees what.

mod guards;
mod isolation;
mod operations;
