//! `setup`: what the tests need beyond the Rust toolchain and a C compiler. Says what it installs; does nothing when all is there.

use std::fs;
use std::path::Path;

use crate::postgres;
use crate::process::{Outcome, has, is_root, output, program, root, run as start};

/// Where the Python clients find their packages.
const PYTHON_VENV: &str = "target/clients/python-venv";
const NODE_CLIENTS: &str = "journeys/clients/node";
const PYTHON_CLIENTS: &str = "journeys/clients/python";

pub(crate) fn run() -> Outcome {
    let root = root();
    let node = root.join(NODE_CLIENTS).join("package-lock.json");
    let python = root.join(PYTHON_CLIENTS).join("requirements.txt");

    let missing = missing_packages(node.is_file(), python.is_file());
    if !missing.is_empty() {
        install(&missing)?;
        let still = missing_packages(node.is_file(), python.is_file());
        if !still.is_empty() {
            return Err(format!(
                "installed {} but did not find what they bring: PostgreSQL's initdb and pg_ctl, npm or python3 with venv",
                still.join(" ")
            ));
        }
    }
    if node.is_file() {
        node_packages(&root, &node)?;
    }
    if python.is_file() {
        python_packages(&root, &python)?;
    }
    Ok(())
}

/// Debian and Ubuntu packages for the programs that are not there.
fn missing_packages(node: bool, python: bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if postgres::bin_dir().is_none() {
        packages.push("postgresql");
    }
    if node && !has("node") {
        packages.push("nodejs");
    }
    if node && !has("npm") {
        packages.push("npm");
    }
    if python && !python_has_venv() {
        packages.push("python3-venv");
    }
    packages
}

/// Debian ships `venv` without `ensurepip`, so both are asked for.
fn python_has_venv() -> bool {
    has("python3")
        && program("python3")
            .args(["-c", "import venv, ensurepip"])
            .output()
            .is_ok_and(|output| output.status.success())
}

fn install(packages: &[&str]) -> Outcome {
    let list = packages.join(" ");
    if !has("apt-get") {
        return Err(format!(
            "the tests need these packages (Debian names): {list}. Install them with this system's package manager"
        ));
    }
    if !is_root() {
        return Err(format!(
            "the tests need packages that only root can install: sudo apt-get update && sudo apt-get install -y {list}"
        ));
    }
    println!("setup: installing Debian packages: {list}");
    output(program("apt-get").args(["update", "-qq"]))?;
    let mut apt = program("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt.args(["install", "-y", "-qq", "--no-install-recommends"]);
    output(apt.args(packages)).map(drop)
}

fn node_packages(root: &Path, lock: &Path) -> Outcome {
    let folder = root.join(NODE_CLIENTS);
    let stamp = folder.join("node_modules/.installed-from");
    if same_text(lock, &stamp) {
        return Ok(());
    }
    println!("setup: installing Node packages of {NODE_CLIENTS}/package-lock.json");
    start(
        program("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )?;
    remember(lock, &stamp)
}

fn python_packages(root: &Path, requirements: &Path) -> Outcome {
    let venv = root.join(PYTHON_VENV);
    let stamp = venv.join("installed-from.txt");
    if same_text(requirements, &stamp) {
        return Ok(());
    }
    println!("setup: installing Python packages of {PYTHON_CLIENTS}/requirements.txt into {PYTHON_VENV}");
    start(program("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut pip = program(venv.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    start(pip.arg(requirements))?;
    remember(requirements, &stamp)
}

/// The stamp holds the text that was installed from: times of files say little after a fresh clone.
fn same_text(wanted: &Path, stamp: &Path) -> bool {
    match (fs::read(wanted), fs::read(stamp)) {
        (Ok(wanted), Ok(stamp)) => wanted == stamp,
        _ => false,
    }
}

fn remember(wanted: &Path, stamp: &Path) -> Outcome {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).map_err(|e| format!("{} cannot be made: {e}", folder.display()))?;
    }
    fs::copy(wanted, stamp).map_err(|e| format!("{} cannot be written: {e}", stamp.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_counts_only_for_the_text_it_was_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let (wanted, stamp) = (folder.path().join("wanted"), folder.path().join("deep/stamp"));
        fs::write(&wanted, "a==1").unwrap();
        assert!(!same_text(&wanted, &stamp));
        remember(&wanted, &stamp).unwrap();
        assert!(same_text(&wanted, &stamp));
        fs::write(&wanted, "a==2").unwrap();
        assert!(!same_text(&wanted, &stamp));
    }
}
