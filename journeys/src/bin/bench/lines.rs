//! The lines over a small database.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use journeys::{Engine, Launch, Running, at};

use crate::calibration;
use crate::callers::{Creator, Crowded, RIGHT, Refused, Same, Session};
use crate::load::{Caller, Measured, Plan, run};
use crate::report::{Ceiling, Line, Target};

pub(crate) const fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

/// A launch with the password cost of production, its data on the disk of this folder.
pub(crate) async fn production(engine: Engine) -> Launch {
    Launch::new_on_disk(engine)
        .await
        .with("TENANTRY_PASSWORD_HASH", "argon2id:m=19456,t=2,p=1")
}

/// Several callers made alike.
pub(crate) fn times<C: Caller + 'static>(count: usize, make: impl Fn(usize) -> C) -> Vec<Box<dyn Caller>> {
    (0..count)
        .map(|index| Box::new(make(index)) as Box<dyn Caller>)
        .collect()
}

pub(crate) async fn all(engine: Engine, duration: Duration) -> Vec<Line> {
    let mut lines = Bench::start(engine, duration).await;
    lines.calibrate().await;
    lines.trivial().await;
    lines.logins().await;
    lines.storm().await;
    lines.refreshes().await;
    lines.vendor_tokens().await;
    lines.profiles().await;
    lines.creations().await;
    lines.unknown_accounts().await;
    drop(lines.running);
    lines.launch.end().await;
    lines.lines
}

struct Bench {
    launch: Launch,
    running: Running,
    duration: Duration,
    engine: &'static str,
    token: String,
    hashes: Ceiling,
    signatures: Ceiling,
    lines: Vec<Line>,
}

const EMAIL: &str = "ann@example.com";
const LOCKOUT: &str = "/identity/resources/configurations/v1/lockout-policy";

impl Bench {
    async fn start(engine: Engine, duration: Duration) -> Self {
        let mut launch = production(engine).await;
        // Before anything else runs: what an idle server holds.
        let running = launch.start().await;
        let idle = running.memory_kib().1;
        let ready = running.ready_after;
        let token = running.vendor_token().await;
        running.tenant_with_user(&token, "acme", EMAIL).await;
        let engine = name(engine);
        println!("{engine}: measuring, {duration:?} a line");
        let lines = vec![
            Line::single(
                engine,
                "first start, with migrations and keys",
                ready.as_secs_f64() * 1000.0,
                "ms",
                None,
            ),
            Line::single(
                engine,
                "idle memory before the first login",
                idle as f64 / 1024.0,
                "MB",
                Some(40.0),
            ),
        ];
        Self {
            hashes: calibration::hashes(duration),
            signatures: calibration::signatures(duration),
            launch,
            running,
            duration,
            engine,
            token,
            lines,
        }
    }

    fn plan(&self, rate: Option<u32>) -> Plan {
        Plan {
            address: self
                .running
                .url
                .trim_start_matches("http://")
                .parse()
                .expect("an address"),
            duration: self.duration,
            rate,
        }
    }

    fn add(&mut self, what: &str, measured: &Measured, ceiling: Option<Ceiling>, target: Target) {
        let line = Line::measured(
            self.engine,
            what,
            measured,
            self.running.memory_kib().0,
            ceiling,
            target,
        );
        println!("{}", line.row());
        self.lines.push(line);
    }

    async fn calibrate(&mut self) {
        let scratch = self.launch.scratch().await;
        let commits = calibration::commits(&scratch, self.duration).await;
        for ceiling in [self.hashes, self.signatures, commits] {
            let line = Line::ceiling(self.engine, ceiling);
            println!("{}", line.row());
            self.lines.push(line);
        }
    }

    async fn trivial(&mut self) {
        let callers = times(64, |_| Same::get("/health/live", "", ""));
        let measured = run(self.plan(None), callers).await;
        self.add(
            "calibration: loopback, /health/live",
            &measured,
            None,
            Target::None,
        );
    }

    async fn logins(&mut self) {
        let user = self.running.log_in(EMAIL).await;
        let logins = run(self.plan(None), times(8, |_| Same::login(EMAIL, RIGHT)));
        let profiles = run(
            self.plan(Some(200)),
            times(4, |_| Same::get(at::ME, &user.access_token, "")),
        );
        let (logins, profiles) = tokio::join!(logins, profiles);
        self.add(
            "password login",
            &logins,
            Some(self.hashes),
            Target::OfCeiling(0.85),
        );
        self.add(
            "GET users/v2/me at 200/s meanwhile",
            &profiles,
            None,
            Target::P99Millis(15.0),
        );
    }

    /// Far more sign-ins than can be hashed must not be felt by anybody else.
    async fn storm(&mut self) {
        let user = self.running.log_in(EMAIL).await;
        // Everybody for themselves: of one account no more than a few are judged at once.
        let emails: Vec<String> = (0..400).map(|n| format!("storm-{n}@example.com")).collect();
        for (number, email) in emails.iter().enumerate() {
            let tenant = format!("storm-{number}");
            self.running.tenant_with_user(&self.token, &tenant, email).await;
        }
        let logins = run(
            self.plan(None),
            times(400, |index| Crowded(Same::login(&emails[index], RIGHT))),
        );
        let profiles = run(
            self.plan(Some(200)),
            times(4, |_| Same::get(at::ME, &user.access_token, "")),
        );
        let (logins, profiles) = tokio::join!(logins, profiles);
        self.add(
            "sign-ins of 400 callers at once, let in or sent away",
            &logins,
            None,
            Target::None,
        );
        self.add(
            "GET users/v2/me at 200/s meanwhile",
            &profiles,
            None,
            Target::P99Millis(15.0),
        );
    }

    async fn refreshes(&mut self) {
        let mut sessions = Vec::new();
        // Each refresh waits for the disk; as many callers as the other lines have, so that commits are shared.
        for _ in 0..64 {
            sessions.push(self.running.log_in(EMAIL).await.refresh_token);
        }
        let measured = run(self.plan(None), times(64, |index| Session::new(&sessions[index]))).await;
        self.add(
            "refresh with rotation",
            &measured,
            Some(self.signatures),
            Target::OfCeiling(0.55),
        );
    }

    async fn vendor_tokens(&mut self) {
        let measured = run(self.plan(None), times(16, |_| Same::vendor())).await;
        self.add(
            "environment token",
            &measured,
            Some(self.signatures),
            Target::OfCeiling(0.55),
        );
    }

    async fn profiles(&mut self) {
        let user = self.running.log_in(EMAIL).await;
        let measured = run(
            self.plan(None),
            times(64, |_| Same::get(at::ME, &user.access_token, "")),
        )
        .await;
        self.add("GET users/v2/me", &measured, None, Target::PerSecond(25_000.0));
    }

    async fn creations(&mut self) {
        let number = Arc::new(AtomicU64::new(0));
        let measured = run(
            self.plan(None),
            times(64, |_| Creator::new(&self.token, "acme", &number)),
        )
        .await;
        self.add(
            "durable user creation, no password",
            &measured,
            None,
            Target::PerSecond(2_000.0),
        );
    }

    /// Times that must not differ: a wrong password of a known account, and an unknown account. Side by side, so that both
    /// meet the same machine, and for long enough that each is tried two thousand times.
    async fn unknown_accounts(&mut self) {
        let off = serde_json::json!({"enabled": false, "maxAttempts": 10});
        self.running.call("POST", LOCKOUT, &self.token, &off).await;
        let plan = Plan {
            duration: self.duration * 4,
            ..self.plan(None)
        };
        let refused = |email: &'static str| {
            let callers = times(1, |_| Refused(Same::login(email, "Wrong-horse-9-battery")));
            run(plan, callers)
        };
        let (known, unknown) = tokio::join!(refused(EMAIL), refused("nobody@example.com"));
        self.add("login refused, known account", &known, None, Target::None);
        self.add("login refused, unknown account", &unknown, None, Target::None);
        let apart = (known.millis(0.5) - unknown.millis(0.5)).abs() * 1000.0;
        let line = Line::single(self.engine, "login refused: medians apart", apart, "µs", None);
        println!("{}", line.row());
        self.lines.push(line);
    }
}
