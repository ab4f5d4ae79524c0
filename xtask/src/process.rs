//! Running other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command of ours comes to: nothing, or a sentence that says what went wrong.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The failure of a command that has said all there is to say.
pub(crate) const SAID: &str = "";

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A program to be started in the workspace's folder.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Runs a program with its output on the terminal; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command
        .status()
        .map_err(|e| format!("{} does not start: {e}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", shown(command)))
    }
}

/// Runs a program and returns what it printed; on failure the sentence carries what it complained about.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{} does not start: {e}", shown(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{} failed ({}): {}",
            shown(command),
            output.status,
            said.trim()
        ))
    }
}

/// Whether a program of that name can be started.
pub(crate) fn has(name: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", "command -v \"$1\" >/dev/null 2>&1", "sh", name]);
    shell.status().is_ok_and(|status| status.success())
}

/// Whether we may install packages and become another user.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}
