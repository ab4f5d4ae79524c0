//! The `tenantry` program: command line, configuration, wiring, background loop. No behaviour of its own.

mod background;
pub mod config;
pub mod data;
pub mod dev;
pub mod environments;
mod figures;
mod inbox;
pub mod memory;
mod migrations;
mod operator;
mod sealing;
pub mod start;
mod wiring;

pub use migrations::MIGRATIONS;
pub use wiring::{Built, Parts, build, seeds};
