//! `bench [--quick] [--million] [--users=N] [--like=TEXT] [--engine=NAME] [--write]`: what the server does per second on this machine, beside what the machine
//! could do at most. Starts the real release binary with rate limits off and loads it over loopback from this process, on
//! the same cores. SQLite, and PostgreSQL beside it when TENANTRY_TEST_DATABASE_URL is set.
//!
//! `--million` adds the lines over 1,000,000 users, or N (their database is made once and kept, for SQLite in target/bench), `--write`
//! puts the table into BENCHMARKS.md, `--quick` measures for a second a line, to see that everything runs, `--like` measures of the
//! lines over many users those alone whose name has the text, `--engine` measures on `sqlite` or `postgres` alone.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that measures: what goes wrong stops it with a sentence"
)]

mod calibration;
mod callers;
mod lines;
mod load;
mod million;
mod report;

use std::time::Duration;

use journeys::{Engine, repository};

use crate::report::{HEAD, Line};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let users = |word: &str| word.strip_prefix("--users=")?.parse::<usize>().ok();
    let like = |word: &str| word.strip_prefix("--like=").map(str::to_owned);
    let named = |word: &str| word.strip_prefix("--engine=").map(str::to_owned);
    if let Some(unknown) = words.iter().find(|word| {
        !["--quick", "--million", "--write", "--only-million"].contains(&word.as_str())
            && users(word).is_none()
            && like(word).is_none()
            && !named(word).is_some_and(|engine| ["sqlite", "postgres"].contains(&engine.as_str()))
    }) {
        println!(
            "bench does not know {unknown}; it takes --quick, --million, --only-million, --users=N, --like=TEXT, --engine=sqlite, \
             --engine=postgres and --write"
        );
        std::process::exit(2);
    }
    let users = words.iter().find_map(|word| users(word)).unwrap_or(1_000_000);
    let like = words.iter().find_map(|word| like(word)).unwrap_or_default();
    let engine = words.iter().find_map(|word| named(word));
    let sqlite = engine.as_deref() != Some("postgres");
    let postgres = journeys::has_postgres() && engine.as_deref() != Some("sqlite");
    let duration = Duration::from_secs(if has("--quick") { 1 } else { 10 });
    // One thread drives the load: it shares two cores with the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let mut lines = Vec::new();
    if !has("--only-million") {
        if sqlite {
            lines.extend(runtime.block_on(lines::all(Engine::Sqlite, duration)));
        }
        if postgres {
            lines.extend(runtime.block_on(lines::all(Engine::Postgres, duration)));
        }
    }
    if has("--million") || has("--only-million") {
        if sqlite {
            lines.extend(million::on_sqlite(users, duration, &like));
        }
        if postgres {
            lines.extend(million::on_postgres(users, duration, &like));
        }
    }
    let table = table(&lines);
    println!("\n{table}");
    if has("--write") {
        let path = repository().join("BENCHMARKS.md");
        std::fs::write(&path, format!("# Benchmarks\n\n{}\n\n{table}\n", conditions()))
            .expect("BENCHMARKS.md can be written");
    }
    let missed = lines.iter().filter(|line| line.missed()).count();
    println!("\n{} lines, {missed} missed what was asked for", lines.len());
}

fn table(lines: &[Line]) -> String {
    let rows: Vec<String> = lines.iter().map(Line::row).collect();
    format!("{HEAD}\n{}", rows.join("\n"))
}

/// Under which conditions the figures were measured.
fn conditions() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name"))
                .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        })
        .unwrap_or_else(|| "unknown processor".to_owned());
    format!(
        "Made by `cargo xtask bench -- --million --write`. {cores} cores ({model}), release build, load generator on the same cores over \
         loopback, rate limits off, password cost argon2id m=19456 t=2 p=1, SQLite with synchronous=FULL on the disk of this \
         folder. The calibration lines were measured in the same run; a share compares a line with the ceiling that bounds it."
    )
}
