//! The project's own commands, run as `cargo xtask COMMAND`.

use std::process::ExitCode;

mod ci;
mod forward;
mod postgres;
mod process;
mod setup;
mod test;
mod tidy;

const USAGE: &str = "\
cargo xtask COMMAND

  setup                          install what the tests need and is absent; says what it installs
  test [-p PACKAGE]… [FILTER…]   setup, then every test on SQLite and on a private PostgreSQL
  ci                             tidy, formatting, forbidden dependencies, clippy, test
  tidy                           the rules that the compiler does not check
  bench [ARG…]                   measurements, on a release build
  crash [ARG…]                   kill rounds under load, on a release build
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "setup" => setup::run(),
        "test" => test::run(&rest),
        "ci" => ci::run(),
        "tidy" => tidy::run(),
        "bench" | "crash" => forward::run(&command, &rest),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("there is no command `{other}`.\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            if sentence != process::SAID {
                eprintln!("xtask: {sentence}");
            }
            ExitCode::FAILURE
        }
    }
}
