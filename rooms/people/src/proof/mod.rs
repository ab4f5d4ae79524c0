//! This room's decisions and statements on a fresh SQLite file.

mod bench;
mod families;
mod groups;
mod lists;
mod members;
mod scale;
mod search;
mod store;
mod users;

use bench::{Bench, NOW, run};
