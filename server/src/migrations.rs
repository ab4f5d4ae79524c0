//! The schema, embedded.

use db::Migration;

const fn both(number: u32, name: &'static str, text: &'static str) -> Migration {
    Migration { number, name, common: Some(text), sqlite: None, pg: None }
}

/// Every migration, in order. A file is added here once and never changed afterwards.
pub const MIGRATIONS: &[Migration] = &[
    both(1, "blocks_tables", include_str!("../../migrations/0001_blocks_tables.sql")),
];
