//! The command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tenantry::config::{Config, Mode};
use tenantry::{data, memory, start};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Multi-tenant identity server.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Common {
    /// Configuration file (default: ./tenantry.toml when it exists).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// What browsers see: token issuer, cookies, links.
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Folder of the SQLite file and the sealing key.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// sqlite:PATH or postgres://…
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// A throw-away server with fixed credentials and demo users.
    Dev {
        /// Wipe the data of an earlier run first.
        #[arg(long)]
        fresh: bool,
    },
    /// The server.
    Serve,
    /// Environments: isolated scopes, each with its own host, users and keys.
    #[command(subcommand)]
    Environment(EnvironmentCommand),
    /// Show the effective configuration, secrets masked.
    Config,
    /// Copy the database, also while a server runs (SQLite).
    Backup { file: PathBuf },
    /// Put a backup in place (SQLite).
    Restore {
        file: PathBuf,
        /// Overwrite existing data.
        #[arg(long)]
        replace: bool,
    },
    /// Bring the database to this version's schema, then end.
    Migrate,
}

#[derive(Subcommand)]
enum EnvironmentCommand {
    /// Make an environment; prints its credentials once.
    Create {
        #[arg(long)]
        name: String,
        /// Its own address, such as https://login.example.com.
        #[arg(long = "url", value_name = "URL")]
        url: String,
        /// Origins that may call it from a browser.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
    },
    /// List environments.
    List,
    /// Replace an environment's secret; prints the new one once.
    RotateSecret { id: String },
    /// Sign with a new key from now on; the old one stays published until its tokens have expired.
    RotateSigningKey {
        id: String,
        /// Honour tokens of the old key no longer: everybody signs in again.
        #[arg(long)]
        at_once: bool,
    },
}

fn main() -> ExitCode {
    memory::small_pages(true);
    let cli = Cli::parse();
    let mode = if matches!(cli.command, Command::Dev { .. }) {
        Mode::Dev
    } else {
        Mode::Serve
    };
    let common = &cli.common;
    let flags = [
        ("listen", common.listen.clone()),
        ("public_url", common.public_url.clone()),
        ("data_dir", common.data_dir.clone()),
        ("database_url", common.database_url.clone()),
    ];
    #[expect(clippy::disallowed_methods, reason = "this is where variables are read")]
    let variables = std::env::vars();
    let config = match Config::read(mode, common.config.as_deref(), variables, &flags) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("tenantry cannot start:");
            for fault in faults {
                eprintln!("  - {fault}");
            }
            return ExitCode::from(2);
        }
    };
    log_to_stderr(&config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tenantry cannot start: no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(obey(cli.command, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused { sentence, code }) => {
            eprintln!("tenantry: {sentence}");
            ExitCode::from(code)
        }
    }
}

/// Why a command ended without success.
struct Refused {
    sentence: String,
    code: u8,
}

impl From<String> for Refused {
    fn from(sentence: String) -> Self {
        Self { sentence, code: 1 }
    }
}

async fn obey(command: Command, config: Config) -> Result<(), Refused> {
    match command {
        Command::Dev { fresh } => {
            if fresh {
                data::wipe_dev(&config).await?;
            }
            Ok(start::run(config, stop_signal()).await?)
        }
        Command::Serve => Ok(start::run(config, stop_signal()).await?),
        Command::Config => {
            print!("{}", config.describe());
            Ok(())
        }
        Command::Migrate => {
            let opened = start::open(&config, false).await?;
            opened.db.close().await;
            println!("The schema is up to date.");
            Ok(())
        }
        Command::Backup { file } => {
            data::backup(&config, &file)
                .await
                .map_err(|sentence| wrong_engine(&config, sentence))?;
            println!("Written: {}. Keep the sealing key with it.", file.display());
            Ok(())
        }
        Command::Restore { file, replace } => {
            data::restore(&config, &file, replace)
                .await
                .map_err(|sentence| wrong_engine(&config, sentence))?;
            println!("Restored from {}.", file.display());
            Ok(())
        }
        Command::Environment(command) => Ok(tenantry::environments::obey(command.into(), &config).await?),
    }
}

/// PostgreSQL has its own tools: exit code 2 tells scripts so.
fn wrong_engine(config: &Config, sentence: String) -> Refused {
    let code = if start::engine_of(&config.database_url) == db::Engine::Postgres {
        2
    } else {
        1
    };
    Refused { sentence, code }
}

impl From<EnvironmentCommand> for tenantry::environments::Order {
    fn from(command: EnvironmentCommand) -> Self {
        match command {
            EnvironmentCommand::Create { name, url, origins } => Self::Create { name, url, origins },
            EnvironmentCommand::List => Self::List,
            EnvironmentCommand::RotateSecret { id } => Self::RotateSecret { id },
            EnvironmentCommand::RotateSigningKey { id, at_once } => Self::RotateSigningKey { id, at_once },
        }
    }
}

fn log_to_stderr(filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().init();
    }
}

/// Resolves on SIGTERM or Ctrl-C.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::warn!(%error, "SIGTERM is not listened for");
                drop(interrupt.await);
                return;
            }
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
    tracing::info!("stopping: requests under way are finished first");
}
