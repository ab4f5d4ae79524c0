//! The real server as a process, for what a function call cannot show: sockets, kills, starts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::database;
use crate::{Engine, PASSWORD};

/// How a server is to be started.
pub struct Launch {
    binary: PathBuf,
    database: database::Copy,
    home: tempfile::TempDir,
    port: u16,
    variables: BTreeMap<String, String>,
    starts: u32,
    scratch: Vec<database::Copy>,
}

/// What a login answered.
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
}

/// A server that runs. Dropping it kills it.
pub struct Running {
    child: Child,
    log: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// From the start of the process until it said it is ready.
    pub ready_after: Duration,
}

impl Launch {
    /// The credentials every launched server has.
    pub const CLIENT_ID: &'static str = "cccccccc-0000-4000-8000-000000000003";
    pub const SECRET: &'static str = "cccccccc-0000-4000-8000-0000000005ec";

    /// A server of the build profile this program has, over an empty database in memory or on the PostgreSQL server.
    pub async fn new(engine: Engine) -> Self {
        Self::of(database::empty(engine).await)
    }

    /// The same with its files on the disk that holds the source tree, for measuring.
    pub async fn new_on_disk(engine: Engine) -> Self {
        Self::of(database::empty_on_disk(engine).await)
    }

    /// A server over a database that is kept.
    #[must_use]
    pub fn over(url: &str) -> Self {
        Self::of(database::kept(url))
    }

    /// A server over a copy of a database that the PostgreSQL server keeps under this name; `None` when it has none.
    pub async fn over_copy(kept: &str) -> Option<Self> {
        database::copy_of(kept).await.map(Self::of)
    }

    /// Has the PostgreSQL server keep the database under this name; nothing may be connected to it.
    pub async fn keep(self, name: &str) {
        self.database.keep(name).await;
    }

    fn of(database: database::Copy) -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut variables = BTreeMap::new();
        for (name, value) in [
            ("TENANTRY_LISTEN", format!("127.0.0.1:{port}")),
            ("TENANTRY_PUBLIC_URL", format!("http://localhost:{port}")),
            (
                "TENANTRY_DATA_DIR",
                home.path().join("data").display().to_string(),
            ),
            ("TENANTRY_DATABASE_URL", database.url.clone()),
            ("TENANTRY_CLIENT_ID", Self::CLIENT_ID.to_owned()),
            ("TENANTRY_SECRET", Self::SECRET.to_owned()),
            ("TENANTRY_RATE_LIMITS", "off".to_owned()),
            ("TENANTRY_PASSWORD_HASH", "argon2id:m=64,t=1,p=1".to_owned()),
            ("TENANTRY_LOG", "warn".to_owned()),
        ] {
            variables.insert(name.to_owned(), value);
        }
        Self {
            binary: binary().to_path_buf(),
            database,
            home,
            port,
            variables,
            starts: 0,
            scratch: Vec::new(),
        }
    }

    /// The same with one variable set, or taken away when the value is empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self.variables.remove(name);
        } else {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// Where the server's data are.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Another empty database beside the server's, for measuring what the engine does alone.
    pub async fn scratch(&mut self) -> String {
        let beside = self.database.beside().await;
        let url = beside.url.clone();
        self.scratch.push(beside);
        url
    }

    /// Starts `tenantry serve` and waits until it is ready.
    ///
    /// # Panics
    /// With the server's log when it ends instead, or is not ready in a minute.
    pub async fn start(&mut self) -> Running {
        self.starts += 1;
        let log = self.home.path().join(format!("log-{}.txt", self.starts));
        let output = File::create(&log).unwrap();
        let mut command = Command::new(&self.binary);
        command.arg("serve").current_dir(self.home.path());
        command.env_clear().envs(&self.variables);
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let started = now();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.binary.display()));
        let mut running = Running {
            child,
            log,
            url: format!("http://127.0.0.1:{}", self.port),
            ready_after: Duration::ZERO,
        };
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let address = format!("{}/health/ready", running.url);
        loop {
            let answered = http
                .get(&address)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200);
            running.ready_after = started.elapsed();
            if answered {
                return running;
            }
            if let Some(status) = running.child.try_wait().unwrap() {
                panic!(
                    "the server ended with {status} instead of getting ready:\n{}",
                    running.log()
                );
            }
            assert!(
                running.ready_after < Duration::from_secs(60),
                "the server was not ready after a minute:\n{}",
                running.log()
            );
            tokio::time::sleep(Duration::from_millis(2)).await; // asking again, with the deadline above
        }
    }

    /// Removes the database. Not needed on SQLite.
    pub async fn end(self) {
        for copy in self.scratch {
            copy.remove().await;
        }
        self.database.remove().await;
    }
}

impl Running {
    /// What the server printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, at once.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code.
    pub fn stop(mut self) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success(), "SIGTERM could not be sent");
        self.child.wait().unwrap().code()
    }

    /// The most memory the process ever held, and what it holds now, in KiB, as the kernel counts it.
    #[must_use]
    pub fn memory_kib(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = |name: &str| -> u64 {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|figure| figure.parse().ok())
                .unwrap_or(0)
        };
        (line("VmHWM:"), line("VmRSS:"))
    }

    /// An environment token.
    pub async fn vendor_token(&self) -> String {
        let answer = self
            .call(
                "POST",
                "/auth/vendor",
                "",
                &serde_json::json!({"clientId": Launch::CLIENT_ID, "secret": Launch::SECRET}),
            )
            .await;
        answer["token"].as_str().expect("an environment token").to_owned()
    }

    /// One call with a token; the JSON of a success.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &serde_json::Value,
    ) -> serde_json::Value {
        let http = reqwest::Client::new();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = http.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log()));
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(
            status.is_success(),
            "{path} answered {status}: {text}\n{}",
            self.log()
        );
        serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)
    }

    /// Logs a user in who has the usual password.
    pub async fn log_in(&self, email: &str) -> Tokens {
        let body = serde_json::json!({"email": email, "password": PASSWORD});
        let answer = self.call("POST", crate::at::LOGIN, "", &body).await;
        let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
        Tokens {
            access_token: text("accessToken"),
            refresh_token: text("refreshToken"),
        }
    }

    /// A tenant with one user in it who can log in with [`PASSWORD`]; the user's id.
    pub async fn tenant_with_user(&self, token: &str, tenant: &str, email: &str) -> String {
        let made = serde_json::json!({"tenantId": tenant, "name": tenant});
        self.call("POST", "/tenants/resources/tenants/v1", token, &made)
            .await;
        let made =
            serde_json::json!({"email": email, "name": "Ann", "password": PASSWORD, "tenantId": tenant});
        let user = self
            .call("POST", "/identity/resources/vendor-only/users/v1", token, &made)
            .await;
        user["id"].as_str().expect("a user id").to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// The root of the source tree.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate has a parent folder")
}

/// The server's program of the same profile as this one, built when it is not up to date.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own
            .ancestors()
            .find(|folder| folder.join(".fingerprint").is_dir())
            .unwrap_or_else(|| panic!("{} does not lie in a target folder", own.display()));
        let mut cargo = Command::new(env!("CARGO"));
        // Both packages, so that dependencies are built with the features they have in this program and not once more.
        cargo.args([
            "build",
            "--quiet",
            "--package",
            "tenantry",
            "--package",
            "journeys",
        ]);
        cargo.args(["--bin", "tenantry"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        cargo.current_dir(repository());
        let built = cargo.output().expect("cargo starts");
        assert!(
            built.status.success(),
            "the server does not build:\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
        folder.join("tenantry")
    })
}

/// A port nobody listens on at the moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[expect(clippy::disallowed_methods, reason = "measures how long a real process takes")]
fn now() -> Instant {
    Instant::now()
}
