//! `test`: every test of the workspace, on SQLite and on a private PostgreSQL, closed by one plain line of figures.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::postgres::Cluster;
use crate::process::{Outcome, SAID, program};
use crate::setup;

pub(crate) fn run(args: &[String]) -> Outcome {
    let (selection, filters) = split(args)?;
    let outcome = cluster_and_tests(&selection, &filters);
    let (tally, trouble) = match outcome {
        Ok((tally, trouble)) => (tally, trouble),
        Err(sentence) => (Tally::default(), Some(sentence)),
    };
    for sentence in trouble.iter().chain(tally.sentence().iter()) {
        eprintln!("xtask: {sentence}");
    }
    println!(
        "\n{} passed, {} failed",
        tally.passed,
        tally.failed(trouble.is_some())
    );
    if trouble.is_none() && tally.sentence().is_none() {
        Ok(())
    } else {
        Err(SAID.to_owned())
    }
}

fn cluster_and_tests(selection: &[String], filters: &[String]) -> Outcome<(Tally, Option<String>)> {
    setup::run()?;
    let cluster = Cluster::start()?;
    let mut cargo = program("cargo");
    cargo.args(["test", "--no-fail-fast"]);
    if !selection.iter().any(|word| word == "--package") {
        cargo.arg("--workspace");
    }
    cargo.args(selection).arg("--").args(filters);
    cargo.env("TENANTRY_TEST_DATABASE_URL", cluster.url());
    let ran = counted(&mut cargo);
    let ended = cluster.end();
    let (tally, trouble) = ran?;
    Ok((tally, trouble.or(ended.err())))
}

/// `-p NAME` names a package, `--test NAME` one of its test targets; every other word filters tests by name.
fn split(args: &[String]) -> Outcome<(Vec<String>, Vec<String>)> {
    let (mut selection, mut filters) = (Vec::new(), Vec::new());
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "-p" || word == "--package" {
            selection.push("--package".to_owned());
            selection.push(words.next().ok_or("-p wants the name of a package")?.clone());
        } else if word == "--test" {
            selection.push("--test".to_owned());
            selection.push(
                words
                    .next()
                    .ok_or("--test wants the name of a test target")?
                    .clone(),
            );
        } else if word.starts_with('-') && word != "--" {
            return Err(format!(
                "`test` does not know {word}; it takes -p PACKAGE, --test TARGET and filters"
            ));
        } else if word != "--" {
            filters.push(word.clone());
        }
    }
    Ok((selection, filters))
}

/// Runs the tests, passes their output on as it comes, and adds up what each binary reports.
fn counted(cargo: &mut Command) -> Outcome<(Tally, Option<String>)> {
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cargo does not start: {e}"))?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut terminal = std::io::stdout();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // A closed terminal is no reason to stop counting.
            let _ = terminal.write_all(&line).and_then(|()| terminal.flush());
            tally.add(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    let status = child
        .wait()
        .map_err(|e| format!("cargo cannot be waited for: {e}"))?;
    let trouble = (!status.success() && tally.failed == 0)
        .then(|| format!("`cargo test` failed ({status}) without naming a failed test: a build error, or a test program that died"));
    Ok((tally, trouble))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`.
    fn add(&mut self, line: &str) {
        let Some((_, figures)) = line.split_once("test result: ") else {
            return;
        };
        let words: Vec<&str> = figures
            .split([' ', ';', '.'])
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            if let [count, what] = pair
                && let Ok(count) = count.parse::<u64>()
            {
                match *what {
                    "passed" => self.passed += count,
                    "failed" => self.failed += count,
                    "ignored" => self.ignored += count,
                    _ => {}
                }
            }
        }
    }

    /// An ignored test is a part that is missing, and so is whatever else went wrong.
    fn failed(&self, trouble: bool) -> u64 {
        self.failed + self.ignored + u64::from(trouble)
    }

    fn sentence(&self) -> Option<String> {
        if self.failed > 0 {
            Some(format!("tests that failed: {}", self.failed))
        } else if self.ignored > 0 {
            Some(format!(
                "tests that are ignored: {}; a part that is missing counts as failed",
                self.ignored
            ))
        } else if self.passed == 0 {
            Some("no test ran".to_owned())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line);
        }
        tally
    }

    #[test]
    fn figures_of_all_binaries_are_added_up() {
        let tally = tally(&[
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.01s",
            "test result: FAILED. 20 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.50s",
        ]);
        assert_eq!(
            tally,
            Tally {
                passed: 23,
                failed: 2,
                ignored: 1
            }
        );
        assert_eq!(tally.failed(false), 3);
    }

    #[test]
    fn nothing_run_and_anything_ignored_are_failures() {
        assert!(tally(&[]).sentence().is_some());
        assert!(
            tally(&["test result: ok. 3 passed; 0 failed; 1 ignored;"])
                .sentence()
                .is_some()
        );
        assert!(
            tally(&["test result: ok. 3 passed; 0 failed; 0 ignored;"])
                .sentence()
                .is_none()
        );
    }

    #[test]
    fn words_filter_and_p_names_a_package() {
        let words = ["-p", "kit", "--test", "it", "scope", "ids"].map(str::to_owned);
        let (selection, filters) = split(&words).unwrap();
        assert_eq!(selection, ["--package", "kit", "--test", "it"]);
        assert_eq!(filters, ["scope", "ids"]);
        assert!(split(&["-p".to_owned()]).is_err());
        assert!(split(&["--release".to_owned()]).is_err());
    }
}
