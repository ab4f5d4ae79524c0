//! `ci`: everything a change must pass, the quick checks first.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use crate::process::{Outcome, output, program, run as start};
use crate::{test, tidy};

/// Never in the tree: TLS and cryptography are rustls and aws-lc-rs, one library for all.
const FORBIDDEN: &[&str] = &["native-tls", "openssl", "openssl-sys", "ring"];

type Step = (&'static str, fn() -> Outcome);

const STEPS: &[Step] = &[
    ("tidy", tidy::run),
    ("formatting", formatting),
    ("forbidden dependencies", forbidden),
    ("clippy", clippy),
    ("tests", || test::run(&[])),
];

pub(crate) fn run() -> Outcome {
    for (name, step) in STEPS {
        println!("== {name}");
        #[expect(clippy::disallowed_methods, reason = "measures how long a step takes")]
        let began = Instant::now();
        let outcome = step();
        eprintln!("== {name}: {:.0} s", began.elapsed().as_secs_f64());
        outcome?;
    }
    Ok(())
}

fn formatting() -> Outcome {
    start(program("cargo").args(["fmt", "--all", "--check"]))
}

fn clippy() -> Outcome {
    start(program("cargo").args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn tree() -> Command {
    let mut cargo = program("cargo");
    cargo.args(["tree", "--workspace", "--edges", "normal,build,dev"]);
    cargo
}

fn forbidden() -> Outcome {
    let found = forbidden_in(&output(tree().args(["--prefix", "none", "--format", "{p}"]))?);
    for name in &found {
        println!("{name} is in the tree, through:");
        start(tree().args(["--invert", name]))?;
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err("TLS and cryptography come from rustls and aws-lc-rs alone; switch the features off that pull these in".to_owned())
    }
}

/// The forbidden packages among the lines of `cargo tree`, each `name vVERSION …`.
fn forbidden_in(lines: &str) -> BTreeSet<&'static str> {
    let names: BTreeSet<&str> = lines
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    FORBIDDEN
        .iter()
        .copied()
        .filter(|name| names.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_package_is_found_by_its_whole_name() {
        let found = forbidden_in("kit v0.1.0 (/x)\nring v0.17.14\nkeyring v1.0.0\nopenssl-probe v0.1.6\n");
        assert_eq!(found, BTreeSet::from(["ring"]));
    }
}
