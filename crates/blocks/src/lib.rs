//! Named building blocks over `db` and `web`: each is a module with its own page of documentation and its own table.

pub mod audit;
pub mod jobs;
pub mod limits;
pub mod listing;
pub mod one_time;
pub mod outbox;
pub mod ranking;
pub mod settings;
pub mod tasks;
pub mod throttle;
