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
    directory
        .db()
        .write(async move |tx| {
            if !store::insert(tx, &created).await? {
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
            Ok(())
        })
        .await?;
    directory.forget();
    Ok(Environment::from(&profile))
}

/// Which of the two an environment collided with.
async fn taken(tx: &Tx, new: &Profile) -> Result<EnvironmentError, StoreError> {
    Ok(match store::find(tx, new.id.as_str()).await? {
        Some(_) => EnvironmentError::Exists(new.id.clone()),
        None => EnvironmentError::HostTaken(new.host.clone()),
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
    let public_url = new.public_url.trim().trim_end_matches('/');
    let rest = public_url
        .strip_prefix("https://")
        .or_else(|| public_url.strip_prefix("http://"))
        .ok_or(EnvironmentError::PublicUrl)?;
    if rest.contains(['/', '?', '#', '@']) {
        return Err(EnvironmentError::PublicUrl);
    }
    Ok(Profile {
        id: new.id.clone(),
        name: name.to_owned(),
        host: host_key(public_url).ok_or(EnvironmentError::PublicUrl)?,
        public_url: public_url.to_owned(),
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

/// Gives an environment another public address: its host, the issuer of its new tokens, its cookies follow.
///
/// # Errors
/// When the address does not serve, belongs to another environment, or there is no such environment.
pub async fn move_environment(
    directory: &Directory,
    environment: &EnvironmentId,
    public_url: &str,
) -> Result<(), EnvironmentError> {
    let host = host_key(public_url).ok_or(EnvironmentError::PublicUrl)?;
    let (ids, now, id) = (directory.ids().clone(), directory.now(), environment.clone());
    let public_url = public_url.trim_end_matches('/').to_owned();
    directory
        .db()
        .write(async move |tx| {
            if !store::set_address(tx, &id, &host, &public_url, now).await? {
                return Err(EnvironmentError::HostTaken(host.clone()));
            }
            AuditRecord::new("Environment moved", "environment", id.as_str())
                .described(public_url.clone())
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
/// have signed has ended, or not at all when `at_once`: then everybody has to log in again, and server-side SDKs that hold
/// the public key for the life of their process (server-sdk-contract.md 2.1) have to be restarted.
///
/// # Errors
/// When there is no such environment, or a key cannot be made.
pub async fn rotate_signing_key(
    directory: &Directory,
    environment: &EnvironmentId,
    at_once: bool,
) -> Result<Rotated, EnvironmentError> {
    let fresh = Arc::new([
        (Use::User, SigningKey::generate_rsa()?),
        (Use::Vendor, SigningKey::generate_rsa()?),
    ]);
    let (ids, now, id) = (directory.ids().clone(), directory.now(), environment.clone());
    let caches = directory.clone();
    let rotated = directory
        .db()
        .write(async move |tx| {
            let stored = key_store::of(tx, &id).await?;
            let mut rotated = None;
            for (purpose, key) in fresh.iter() {
                let active = stored
                    .iter()
                    .find(|row| row.purpose == *purpose && row.signs())
                    .ok_or_else(|| EnvironmentError::NotFound(id.clone()))?;
                let position = active.position + 1;
                // A later setting may have made tokens longer; the new key starts with what is in force now.
                let longest = token_seconds(tx, &id, active).await?;
                let new = keys::next_key(&id, *purpose, position, &key.pkcs8, longest, caches.sealing())?;
                let until = if at_once {
                    key_store::end_retired(tx, &id, *purpose, now).await?;
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
