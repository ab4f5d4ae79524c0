//! `bench` and `crash`: programs of the journeys crate, on a release build.

use crate::process::{Outcome, program, run as start};

pub(crate) fn run(bin: &str, args: &[String]) -> Outcome {
    let mut cargo = program("cargo");
    cargo.args(["run", "--release", "-p", "journeys", "--bin", bin, "--"]);
    start(cargo.args(args))
}
