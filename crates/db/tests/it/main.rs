//! Every store test runs on both engines; see `world`.

mod bodies;
mod world;
