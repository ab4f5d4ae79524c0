//! A private PostgreSQL cluster for one test run: own data directory, own free port, ended by its pid.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

use crate::process::{Outcome, has, is_root, output};

/// Below this much free memory file system the cluster lives on disk.
const TMPFS_BYTES_WANTED: u64 = 4 << 30;

/// Waits until its standard input closes, which happens when the test run ends in whatever way, a kill included; then it
/// ends the cluster by the pid in its data directory and removes everything.
const KEEPER: &str = r#"
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -d /proc/1 ] && [ "$(readlink "/proc/$pid/cwd")" != "$1/data" ]; then pid=; fi
if [ -n "$pid" ]; then
    kill -INT "$pid"
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -QUIT "$pid" 2>/dev/null && sleep 1
fi
rm -rf "$1"
[ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null
"#;

pub(crate) struct Cluster {
    url: String,
    keeper: Keeper,
}

impl Cluster {
    /// Makes and starts a cluster. As root it runs under another user, because PostgreSQL refuses root.
    pub(crate) fn start() -> Outcome<Self> {
        let bin = bin_dir().ok_or("PostgreSQL's initdb and pg_ctl are not there; run `cargo xtask setup`")?;
        let user = if is_root() {
            Some(unprivileged_user()?)
        } else {
            None
        };
        let keeper = Keeper::of(home(user.as_ref())?)?;
        let home = keeper.home.as_path();
        let superuser = "tenantry_tests";

        let mut initdb = as_user(user.as_ref(), &bin.join("initdb"), home);
        initdb.arg("--pgdata").arg(home.join("data"));
        initdb.args([
            "--encoding=UTF8",
            "--locale=C",
            "--auth=trust",
            "--no-sync",
            "--username",
            superuser,
        ]);
        output(&mut initdb)?;

        // Between finding a free port and taking it another program may come first.
        let mut last = String::new();
        for _ in 0..5 {
            let port = free_port()?;
            match start_on(port, &bin, user.as_ref(), home) {
                Ok(()) => {
                    let url = format!("postgres://{superuser}@127.0.0.1:{port}/postgres");
                    return Ok(Self { url, keeper });
                }
                Err(sentence) => last = sentence,
            }
        }
        Err(last)
    }

    /// Where tests reach it, as a superuser who may create databases.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the cluster and says so when that did not work.
    pub(crate) fn end(mut self) -> Outcome {
        self.keeper.close()
    }
}

/// A process that outlives us for as long as it takes to end the cluster and remove its directory.
struct Keeper {
    home: PathBuf,
    process: Child,
    lifeline: Option<ChildStdin>,
}

impl Keeper {
    fn of(home: TempDir) -> Outcome<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", KEEPER, "sh"]).arg(home.path());
        // In a process group of its own, so that Ctrl-C on the terminal does not end it before the cluster.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = shell.spawn().map_err(|e| format!("`sh` does not start: {e}"))?;
        let lifeline = process.stdin.take();
        Ok(Self {
            home: home.keep(),
            process,
            lifeline,
        })
    }

    fn close(&mut self) -> Outcome {
        let Some(lifeline) = self.lifeline.take() else {
            return Ok(());
        };
        drop(lifeline);
        match self.process.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!(
                "the PostgreSQL cluster in {} did not end",
                self.home.display()
            )),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Err(sentence) = self.close() {
            eprintln!("xtask: {sentence}");
        }
    }
}

/// The folder with the server's programs: on the search path, or where Debian puts the newest version.
pub(crate) fn bin_dir() -> Option<PathBuf> {
    if has("initdb") && has("pg_ctl") {
        return Some(PathBuf::new());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(Result::ok)
        .filter_map(|version| {
            Some((
                version.file_name().to_str()?.parse::<u32>().ok()?,
                version.path().join("bin"),
            ))
        })
        .filter(|(_, bin)| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
        .max()
        .map(|(_, bin)| bin)
}

struct User {
    name: &'static str,
    uid: u32,
    gid: u32,
}

fn unprivileged_user() -> Outcome<User> {
    let id = |flag, name| {
        let printed = output(Command::new("id").args([flag, name])).ok()?;
        printed.trim().parse::<u32>().ok()
    };
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| {
            Some(User {
                name,
                uid: id("-u", name)?,
                gid: id("-g", name)?,
            })
        })
        .ok_or_else(|| {
            "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it"
                .to_owned()
        })
}

/// A directory for data, log and socket that belongs to the cluster's user.
fn home(user: Option<&User>) -> Outcome<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("tenantry-pg-");
    let memory = Path::new("/dev/shm");
    let made = if free_bytes(memory) >= TMPFS_BYTES_WANTED {
        builder.tempdir_in(memory)
    } else {
        builder.tempdir()
    };
    let home = made.map_err(|e| format!("no temporary directory for PostgreSQL: {e}"))?;
    if let Some(user) = user {
        chown(home.path(), Some(user.uid), Some(user.gid))
            .map_err(|e| format!("{} cannot be given to {}: {e}", home.path().display(), user.name))?;
    }
    Ok(home)
}

fn free_bytes(folder: &Path) -> u64 {
    let printed = output(
        Command::new("df")
            .args(["--output=avail", "--block-size=1"])
            .arg(folder),
    );
    printed
        .ok()
        .and_then(|text| text.lines().last()?.trim().parse().ok())
        .unwrap_or(0)
}

fn as_user(user: Option<&User>, program: &Path, home: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) if has("setpriv") => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={}", user.uid), &format!("--regid={}", user.gid)]);
            command.args(["--clear-groups", "--"]).arg(program);
            command
        }
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user.name, "--"]).arg(program);
            command
        }
    };
    command.current_dir(home).env("LC_ALL", "C").env_remove("PGDATA");
    command
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free port: {e}"))?;
    let address = listener.local_addr().map_err(|e| format!("no free port: {e}"))?;
    Ok(address.port())
}

/// Starts the server and returns once it takes connections.
fn start_on(port: u16, bin: &Path, user: Option<&User>, home: &Path) -> Outcome {
    let (data, log) = (home.join("data"), home.join("log"));
    let options = format!(
        "-h 127.0.0.1 -p {port} -k '{}' -N 400 -F -c full_page_writes=off -c max_wal_size=256MB",
        home.display()
    );
    let mut pg_ctl = as_user(user, &bin.join("pg_ctl"), home);
    pg_ctl.args(["start", "--wait", "--silent", "--timeout=60"]);
    pg_ctl
        .arg("--pgdata")
        .arg(&data)
        .arg("--log")
        .arg(&log)
        .args(["--options", &options]);
    // The server inherits what pg_ctl has: a pipe of ours would never close.
    pg_ctl
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = pg_ctl
        .status()
        .map_err(|e| format!("pg_ctl does not start: {e}"))?;
    if started.success() {
        return Ok(());
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    Err(format!(
        "PostgreSQL did not start on port {port}: {}",
        said.trim()
    ))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_cluster_takes_connections_and_is_gone_afterwards() {
        let cluster = Cluster::start().unwrap();
        let address = cluster
            .url()
            .split('@')
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let home = cluster.keeper.home.clone();
        assert!(TcpStream::connect(&address).is_ok());
        cluster.end().unwrap();
        assert!(TcpStream::connect(&address).is_err());
        assert!(!home.exists());
    }
}
