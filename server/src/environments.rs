//! `tenantry environment …`.

use environment::NewEnvironment;
use kit::{IdSource, RandomIds, Secret};
use url::Url;

use crate::config::Config;
use crate::start::{self, origin_of};
use crate::wiring::seeds;

/// What the operator asks for.
pub enum Order {
    Create {
        name: String,
        url: String,
        origins: Vec<String>,
    },
    List,
    RotateSecret {
        id: String,
    },
    RotateSigningKey {
        id: String,
        at_once: bool,
    },
}

/// Does it and prints the outcome.
///
/// # Errors
/// A sentence for the operator.
pub async fn obey(order: Order, config: &Config) -> Result<(), String> {
    let opened = start::open(config, false).await?;
    let outcome = act(order, &opened).await;
    opened.db.close().await;
    outcome
}

async fn act(order: Order, opened: &start::Opened) -> Result<(), String> {
    let directory = &opened.directory;
    match order {
        Order::Create { name, url, origins } => {
            let url = url
                .parse::<Url>()
                .map_err(|_| format!("{url} is not an address such as https://login.example.com"))?;
            let source = RandomIds::new();
            let (id, secret) = (source.v4(), Secret::new(source.v4()));
            let new = NewEnvironment {
                id: id.as_str().into(),
                secret: secret.clone(),
                name,
                public_url: origin_of(&url),
                allowed_origins: origins,
            };
            environment::create_environment(directory, new, &seeds())
                .await
                .map_err(|error| error.to_string())?;
            println!(
                "client id   {id}\nsecret      {}   (shown this once)",
                secret.reveal()
            );
        }
        Order::List => {
            let all = environment::list_environments(directory)
                .await
                .map_err(|error| error.to_string())?;
            for found in all {
                println!("{}  {}  {}", found.id, found.public_url, found.name);
            }
        }
        Order::RotateSecret { id } => {
            let secret = Secret::new(RandomIds::new().v4());
            let rotated = environment::rotate_secret(directory, &id.into(), &secret).await;
            rotated.map_err(|error| error.to_string())?;
            println!(
                "secret      {}   (shown this once; the old one no longer works)",
                secret.reveal()
            );
        }
        Order::RotateSigningKey { id, at_once } => {
            let rotated = environment::rotate_signing_key(directory, &id.into(), at_once).await;
            let rotated = rotated.map_err(|error| error.to_string())?;
            println!(
                "New tokens are signed with key {}; those of the key before it are honoured until {}. Back ends that hold the old public key must fetch the new one.",
                rotated.kid, rotated.previous_until
            );
        }
    }
    Ok(())
}
