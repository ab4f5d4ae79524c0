//! Creating environments, and changing what only operators may change.

use std::sync::Arc;

use blocks::audit::{AuditRecord, Severity};
use blocks::settings;
use crypto::SigningKey;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, Secret};

use super::model::{Environment, EnvironmentError, NewEnvironment, Profile, Rotated, Seed, host_key};
use super::store;
use crate::configuration::{AuthConfiguration, CookieSameSite};
use crate::keys::{self, KeyRow, Use};
use crate::{Directory, keys::store as key_store};

/// Creates an environment with its keys, its default configuration and what the seeds put into it.
///
/// # Errors
/// When a value does not serve, the client id exists, or another environment answers at the host.
pub async fn create_environment(
    directory: &Directory,
    new: NewEnvironment,
    seeds: &[Arc<dyn Seed>],
) -> Result<Environment, EnvironmentError> {
    let id = new.id.clone();
    let created = create(directory, new, seeds, false).await?;
    created.ok_or(EnvironmentError::Exists(id))
}

/// The same, unless there is any environment: then `None`. Of several nodes that start at once on an empty database one makes
/// it.
///
/// # Errors
/// When a value does not serve.
pub async fn create_first_environment(
    directory: &Directory,
    new: NewEnvironment,
    seeds: &[Arc<dyn Seed>],
) -> Result<Option<Environment>, EnvironmentError> {
    create(directory, new, seeds, true).await
}

async fn create(
    directory: &Directory,
    new: NewEnvironment,
    seeds: &[Arc<dyn Seed>],
    only_as_first: bool,
) -> Result<Option<Environment>, EnvironmentError> {
    let profile = profile_of(&new, directory.now())?;
    let configuration = AuthConfiguration {
        // Browsers refuse SameSite=None without Secure, and there is no Secure on plain http.
        cookie_same_site: if profile.public_url.starts_with("https://") {
            CookieSameSite::None
        } else {
            CookieSameSite::Lax
        },
        ..AuthConfiguration::default()
    };
    let first = keys::first_keys(
        &profile.id,
        directory.ids(),
        configuration.default_token_expiration,
        directory.sealing(),
    )?;
    let (ids, now, seeds) = (directory.ids().clone(), profile.created_at, seeds.to_vec());
    let created = profile.clone();
    let made = directory
        .db()
        .write(async move |tx| {
            if only_as_first && !store::first(tx, 1).await?.is_empty() {
                return Ok(false);
            }
            if !store::insert(tx, &created).await? {
                if only_as_first {
                    return Ok(false);
                }
                return Err(taken(tx, &created).await?);
            }
            for key in &first {
                key_store::insert(tx, &created.id, key, now).await?;
            }
            let scope = Scope::environment(created.id.clone());
            settings::put(tx, &ids, &scope, now, &configuration).await?;
            for seed in &seeds {
                seed.seed(tx, &ids, &created.id, now).await?;
            }
            AuditRecord::new("Environment created", "environment", created.id.as_str())
                .changed(
                    None::<&()>,
                    Some(&serde_json::json!({"name": created.name, "publicUrl": created.public_url})),
                )
                .write(tx, &ids, &scope, now)
                .await?;
            store::told(tx, &created.id).await?;
            Ok(true)
        })
        .await?;
    directory.forget();
    Ok(made.then(|| Environment::from(&profile)))
}

/// What an environment collided with.
async fn taken(tx: &Tx, new: &Profile) -> Result<EnvironmentError, StoreError> {
    if store::find(tx, new.id.as_str()).await?.is_some() {
        return Ok(EnvironmentError::Exists(new.id.clone()));
    }
    Ok(match store::at_host(tx, &new.host).await? {
        Some(_) => EnvironmentError::HostTaken(new.host.clone()),
        None => StoreError::RetriesExhausted.into(), // its place: another one was created just now
    })
}

fn profile_of(new: &NewEnvironment, now: Millis) -> Result<Profile, EnvironmentError> {
    if !kit::is_uuid(new.id.as_str()) {
        return Err(EnvironmentError::Id);
    }
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(EnvironmentError::Name);
    }
    let (public_url, host) = address_of(&new.public_url)?;
    Ok(Profile {
        id: new.id.clone(),
        name: name.to_owned(),
        host,
        public_url,
        secret_hash: hash_of(&new.secret)?,
        shown_host: String::new(),
        country: String::new(),
        backend_stack: String::new(),
        frontend_stack: String::new(),
        open_saas_installed: false,
        login_url: String::new(),
        logo: String::new(),
        icon: String::new(),
        white_label_mode: false,
        allowed_origins: new.allowed_origins.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
    })
}

/// A public address as it is stored, and its host.
fn address_of(text: &str) -> Result<(String, String), EnvironmentError> {
    let url = text.trim().trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .ok_or(EnvironmentError::PublicUrl)?;
    let host = host_key(rest).filter(|_| !rest.contains(['/', '?', '#', '@']));
    Ok((url.to_owned(), host.ok_or(EnvironmentError::PublicUrl)?))
}

fn hash_of(secret: &Secret) -> Result<String, EnvironmentError> {
    if secret.reveal().chars().count() < 16 {
        return Err(EnvironmentError::Secret);
    }
    Ok(crypto::sha256_hex(secret.reveal()))
}

/// Every environment, in order of creation.
///
/// # Errors
/// When storage fails.
pub async fn list_environments(directory: &Directory) -> Result<Vec<Environment>, StoreError> {
    let all = directory.db().read(async |tx| store::all(tx).await).await?;
    Ok(all.iter().map(Environment::from).collect())
}

/// Gives an environment another public address: its tokens' issuer and the host it answers at. Tokens that name the old
/// issuer stay good until they end.
///
/// # Errors
/// When there is no such environment, the address does not serve, or another environment answers there.
pub async fn move_environment(
    directory: &Directory,
    environment: &EnvironmentId,
    public_url: &str,
) -> Result<(), EnvironmentError> {
    let (url, host) = address_of(public_url)?;
    let (ids, now, id) = (directory.ids().clone(), directory.now(), environment.clone());
    directory
        .db()
        .write(async move |tx| {
            let old = store::find(tx, id.as_str()).await?;
            let old = old.ok_or_else(|| EnvironmentError::NotFound(id.clone()))?;
            if store::at_host(tx, &host).await?.is_some_and(|owner| owner != id) {
                return Err(EnvironmentError::HostTaken(host.clone()));
            }
            store::set_address(tx, &id, &url, &host, now).await?;
            let address = |url: &str| serde_json::json!({"publicUrl": url});
            AuditRecord::new("Environment moved", "environment", id.as_str())
                .changed(Some(&address(&old.public_url)), Some(&address(&url)))
                .write(tx, &ids, &Scope::environment(id.clone()), now)
                .await?;
            Ok(())
        })
        .await?;
    directory.forget();
    Ok(())
}

/// Replaces the secret of an environment's back ends. Tokens they hold stay good until they end.
///
/// # Errors
/// When there is no such environment, or the secret does not serve.
pub async fn rotate_secret(
    directory: &Directory,
    environment: &EnvironmentId,
    secret: &Secret,
) -> Result<(), EnvironmentError> {
    let hash = hash_of(secret)?;
    let (ids, now, id) = (directory.ids().clone(), directory.now(), environment.clone());
    directory
        .db()
        .write(async move |tx| {
            if !store::set_secret(tx, &id, &hash, now).await? {
                return Err(EnvironmentError::NotFound(id.clone()));
            }
            AuditRecord::new("Environment secret rotated", "environment", id.as_str())
                .severity(Severity::High)
                .write(tx, &ids, &Scope::environment(id.clone()), now)
                .await?;
            Ok(())
        })
        .await?;
    directory.forget();
    Ok(())
}

/// Gives an environment new keys for user and environment tokens. The keys before them verify until the last token they may
/// have signed has ended, or not at all when `at_once`, as after a leak: then everybody has to log in again. Server-side SDKs
/// that hold the public key for the life of their process have to be restarted.
///
/// # Errors
/// When there is no such environment, or a key cannot be made.
pub async fn rotate_signing_key(
    directory: &Directory,
    environment: &EnvironmentId,
    at_once: bool,
) -> Result<Rotated, EnvironmentError> {
    let fresh = [
        (Use::User, SigningKey::generate_rsa()?),
        (Use::Vendor, SigningKey::generate_rsa()?),
    ];
    let (ids, now, id) = (directory.ids().clone(), directory.now(), environment.clone());
    let keys = directory.clone();
    let rotated = directory
        .db()
        .write(async move |tx| {
            if !store::lock(tx, &id).await? {
                return Err(EnvironmentError::NotFound(id.clone()));
            }
            let stored = key_store::of(tx, &id).await?;
            let mut rotated = None;
            for (purpose, key) in &fresh {
                let active = stored
                    .iter()
                    .find(|row| row.purpose == *purpose && row.signs())
                    .ok_or_else(|| EnvironmentError::NotFound(id.clone()))?;
                // A later setting may have made tokens longer or shorter; the new key starts with what is in force now.
                let longest = token_seconds(tx, &id, active).await?;
                let position = active.position + 1;
                let new = keys::next_key(&id, *purpose, position, &key.pkcs8, longest, keys.sealing())?;
                let until = if at_once {
                    now
                } else {
                    now.plus_seconds(active.longest_seconds)
                };
                key_store::retire(tx, &id, active, now, until).await?;
                if !key_store::insert(tx, &id, &new, now).await? {
                    return Err(StoreError::RetriesExhausted.into()); // somebody else rotates right now
                }
                if *purpose == Use::User {
                    rotated = Some(Rotated {
                        kid: new.kid,
                        previous_until: until,
                    });
                }
            }
            if at_once {
                key_store::end_retired(tx, &id, now).await?;
            }
            store::touch(tx, &id, now).await?;
            AuditRecord::new("Signing keys rotated", "environment", id.as_str())
                .severity(Severity::High)
                .write(tx, &ids, &Scope::environment(id.clone()), now)
                .await?;
            rotated.ok_or_else(|| EnvironmentError::NotFound(id.clone()))
        })
        .await?;
    directory.forget();
    Ok(rotated)
}

/// How long tokens of this purpose live as configured now.
async fn token_seconds(tx: &Tx, environment: &EnvironmentId, active: &KeyRow) -> Result<i64, StoreError> {
    if active.purpose != Use::User {
        return Ok(active.longest_seconds);
    }
    let scope = Scope::environment(environment.clone());
    let configuration: AuthConfiguration = settings::effective(tx, &scope).await?;
    Ok(configuration.default_token_expiration)
}
