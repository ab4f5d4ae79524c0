//! From a configuration to a running server, and down again.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crypto::HashPool;
use db::{DatabaseUrl, Db, Engine};
use environment::{Directory, NewEnvironment};
use kit::{Clock, IdSource, Ids, RandomIds, Secret, SystemClock};
use outbound::{
    AwsKeys, AwsSurroundings, Endpoints, Http, Inbox, LeakLists, MailTransport, Outbound, SmsHook,
    SmsTransport, Smtp, Ways,
};
use tokio::net::{TcpListener, TcpSocket};
use web::EdgeSettings;

use crate::background::Background;
use crate::config::{Config, Mode};
use crate::migrations::MIGRATIONS;
use crate::wiring::{Parts, build, seeds};
use crate::{dev, figures, memory, sealing};

/// How many hash requests may wait: a little over two seconds of work per core. Beyond it a login is told to try again.
const HASH_QUEUE_PER_CORE: usize = 150;

/// Storage with its key: what every command but `config` needs.
pub struct Opened {
    pub db: Db,
    pub directory: Directory,
    ids: Ids,
    clock: Arc<dyn Clock>,
}

/// Opens and migrates the database of a configuration.
///
/// # Errors
/// A sentence for the operator.
pub async fn open(config: &Config, exclusive: bool) -> Result<Opened, String> {
    // Whoever starts first installs the provider; a second installation changes nothing.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let key = sealing::sealing_key(folder, config.sealing_key.as_ref())?;
    let mut settings = db::Settings::new(config.database_url.clone());
    settings.exclusive = exclusive;
    let db = Db::open(settings).await.map_err(|error| error.to_string())?;
    db.migrate(MIGRATIONS).await.map_err(|error| error.to_string())?;
    let (clock, ids): (Arc<dyn Clock>, Ids) = (Arc::new(SystemClock), Ids::new(RandomIds::new()));
    let directory = Directory::new(db.clone(), Arc::clone(&clock), ids.clone(), key);
    Ok(Opened {
        db,
        directory,
        ids,
        clock,
    })
}

/// How many connections may wait to be accepted, as far as the system allows it. Beyond it a first packet is lost, which its
/// sender repeats after a second: the usual 128 are fewer than a burst of sign-ins brings.
const BACKLOG: u32 = 4096;

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Runs a server until `stop` resolves.
///
/// # Errors
/// A sentence for the operator when it cannot start.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), String> {
    let listener = listener(config.listen)
        .map_err(|error| format!("{} cannot be listened on: {error}", config.listen))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let public_url = config
        .public_url
        .as_ref()
        .map_or_else(|| format!("http://localhost:{port}"), origin_of);
    let opened = open(&config, true).await?;
    fitting_key(&opened.directory).await?;
    first_environment(&config, &opened, &public_url).await?;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let metrics = figures::record();
    let outbound = ways_out(&config, &opened.clock)?;
    let built = build(Parts {
        db: opened.db.clone(),
        clock: opened.clock,
        ids: opened.ids,
        directory: opened.directory,
        hash_pool: HashPool::start(config.password_hash, cores, cores * HASH_QUEUE_PER_CORE),
        rate_limits: config.rate_limits,
        edge: EdgeSettings {
            trusted_proxies: config.trusted_proxies.clone(),
            ..EdgeSettings::default()
        },
        outbound: outbound.clone(),
        metrics,
    });
    if config.mode == Mode::Dev {
        let credentials = dev::Credentials {
            client_id: config.client_id.as_deref().unwrap_or_default(),
            secret: config.secret.as_ref().map_or("", Secret::reveal),
        };
        dev::fill(&built.edge, credentials).await?;
        println!("{}", dev::greeting(&public_url, credentials));
    } else {
        if outbound.mail().is_none() {
            tracing::warn!(
                "no mail is sent for environments without a provider of their own: people do not receive their links and codes"
            );
        }
        println!(
            "Tenantry is listening on {} as {public_url}",
            config.listen.ip().to_string() + ":" + &port.to_string()
        );
    }
    memory::small_pages(false);
    let background = Background::start(built.jobs);
    let connections = EdgeSettings::default().connections;
    web::serve(listener, built.edge, connections, stop).await;
    outbound.close();
    background.end().await;
    opened.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// How this server sends. In `dev` what has no way out is kept in the inbox.
fn ways_out(config: &Config, clock: &Arc<dyn Clock>) -> Result<Outbound, String> {
    let smtp = config
        .smtp_url
        .as_ref()
        .map(|url| Smtp::at(url.reveal()))
        .transpose()?;
    // The operator's own service may well be on a private address.
    let sms = config
        .sms_url
        .as_ref()
        .map(|url| SmsHook::at(url.reveal(), Http::new(true)));
    // So may the list of leaked passwords.
    let leaks = LeakLists::new(
        config.breach_url.as_deref(),
        Http::new(true),
        config.breach_file.as_deref(),
    )?;
    Ok(Outbound::new(Ways {
        mail: smtp.map(|smtp| Arc::new(smtp) as Arc<dyn MailTransport>),
        sms: sms
            .transpose()?
            .map(|hook| Arc::new(hook) as Arc<dyn SmsTransport>),
        inbox: (config.mode == Mode::Dev).then(|| Inbox::new(Arc::clone(clock))),
        from: config.mail_from.clone(),
        private: config.allow_private_addresses,
        endpoints: Endpoints::default(),
        leaks,
        captcha: config.captcha_url.as_ref().map(ToString::to_string),
        aws: aws(config.allow_aws_roles),
    }))
}

/// What the platform says about the credentials of this process, in the variables of its own.
fn aws(allowed: bool) -> AwsSurroundings {
    #[expect(
        clippy::disallowed_methods,
        reason = "variables of the platform, not settings of ours"
    )]
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let secret = |name: &str| read(name).map(Secret::new);
    let keys = read("AWS_ACCESS_KEY_ID").zip(secret("AWS_SECRET_ACCESS_KEY"));
    let whole = read("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let relative = read("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    AwsSurroundings {
        allowed,
        keys: keys.map(|(id, secret_key)| AwsKeys {
            id,
            secret: secret_key,
            token: secret("AWS_SESSION_TOKEN"),
        }),
        container: relative
            .map(|path| format!("http://169.254.170.2{path}"))
            .or(whole),
        container_token: secret("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    }
}

/// Whether the sealing key is the one the data were sealed with.
async fn fitting_key(directory: &Directory) -> Result<(), String> {
    if directory.opens().await.map_err(|error| error.to_string())? {
        return Ok(());
    }
    Err("the sealing key is not the one the data were sealed with: put the right key back".to_owned())
}

/// Makes the first environment when there is none, and checks that the first one is the one configured.
async fn first_environment(config: &Config, opened: &Opened, public_url: &str) -> Result<(), String> {
    let listed = || async {
        let found = environment::list_environments(&opened.directory).await;
        found.map_err(|error| error.to_string())
    };
    let mut found = listed().await?;
    if found.is_empty() {
        make_first(config, opened, public_url).await?;
        found = listed().await?;
    }
    let Some(first) = found.first() else { return Ok(()) };
    if config
        .client_id
        .as_deref()
        .is_some_and(|id| id != first.id.as_str())
    {
        return Err(format!(
            "client_id is {}, but the first environment of this database is {}: remove the setting or use another data folder",
            config.client_id.as_deref().unwrap_or_default(),
            first.id
        ));
    }
    if first.public_url != public_url {
        let moved = environment::move_environment(&opened.directory, &first.id, public_url).await;
        moved.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn make_first(config: &Config, opened: &Opened, public_url: &str) -> Result<(), String> {
    let source = RandomIds::new();
    let given = config.client_id.clone().zip(config.secret.clone());
    let printed = given.is_none();
    let (id, secret) = given.unwrap_or_else(|| (source.v4(), Secret::new(source.v4())));
    let origins = if config.mode == Mode::Dev {
        vec!["http://localhost:*".to_owned(), "http://127.0.0.1:*".to_owned()]
    } else {
        Vec::new()
    };
    let name = if config.mode == Mode::Dev {
        "Development"
    } else {
        "Production"
    };
    let new = NewEnvironment {
        id: id.as_str().into(),
        secret: secret.clone(),
        name: name.to_owned(),
        public_url: public_url.to_owned(),
        allowed_origins: origins,
    };
    let made = environment::create_first_environment(&opened.directory, new, &seeds())
        .await
        .map_err(|error| error.to_string())?;
    if made.is_none() {
        // Another node was faster; its keys must open here too.
        return fitting_key(&opened.directory).await;
    }
    if printed {
        println!("The first environment was made. Its secret is shown this once:");
        println!("  client id   {id}\n  secret      {}\n", secret.reveal());
    }
    Ok(())
}

/// The address as an origin, without the slash that the parser adds.
#[must_use]
pub fn origin_of(url: &url::Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whether the configuration names PostgreSQL.
#[must_use]
pub fn engine_of(url: &DatabaseUrl) -> Engine {
    match url {
        DatabaseUrl::Sqlite(_) => Engine::Sqlite,
        DatabaseUrl::Postgres(_) => Engine::Postgres,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_waits_for_the_server() {
        let unattended = listener(([127, 0, 0, 1], 0).into()).unwrap();
        let address = unattended.local_addr().unwrap();
        let burst: Vec<TcpStream> = (0..400)
            .map(|_| TcpStream::connect_timeout(&address, Duration::from_secs(3)).unwrap())
            .collect();
        assert_eq!(burst.len(), 400);
    }
}
