//! Reading and changing an environment.

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use thiserror::Error;

use super::model::{LONGEST, LONGEST_ADDRESS, ORIGINS, Vendor, VendorChanges};
use crate::environments::{Profile, store};

/// Why nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum VendorError {
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn read(tx: &Tx, environment: &EnvironmentId) -> Result<Profile, StoreError> {
    store::find(tx, environment.as_str())
        .await?
        .ok_or(StoreError::NoRow)
}

/// Lays `changes` over the environment. No change writes nothing: the Terraform provider sends `{}` when it removes its last
/// origin, and expects that to do nothing.
pub(crate) async fn change(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    changes: &VendorChanges,
    by: &AuditRecord,
    now: Millis,
) -> Result<Profile, VendorError> {
    let faults = faults(changes);
    if !faults.is_empty() {
        return Err(VendorError::Faults(faults));
    }
    store::lock(tx, environment).await?;
    let old = read(tx, environment).await?;
    let mut new = laid_over(&old, changes);
    if new == old {
        return Ok(old);
    }
    store::update(tx, &new, now).await?;
    new.updated_at = now;
    by.clone()
        .changed(Some(&Vendor::from(old)), Some(&Vendor::from(new.clone())))
        .write(tx, ids, &Scope::environment(environment.clone()), now)
        .await?;
    Ok(new)
}

fn laid_over(old: &Profile, changes: &VendorChanges) -> Profile {
    let text = |given: &Option<String>, stored: &String| given.clone().unwrap_or_else(|| stored.clone());
    Profile {
        name: text(&changes.name, &old.name),
        shown_host: match &changes.host {
            // What was shown because nobody had set a host comes back with whole objects; that sets none.
            Some(host) if old.shown_host.is_empty() && *host == old.host => String::new(),
            given => text(given, &old.shown_host),
        },
        country: text(&changes.country, &old.country),
        backend_stack: text(&changes.backend_stack, &old.backend_stack),
        frontend_stack: text(&changes.frontend_stack, &old.frontend_stack),
        open_saas_installed: changes.open_saas_installed.unwrap_or(old.open_saas_installed),
        login_url: text(&changes.login_url, &old.login_url),
        logo: text(&changes.logo, &old.logo),
        icon: text(&changes.icon, &old.icon),
        white_label_mode: changes.white_label_mode.unwrap_or(old.white_label_mode),
        allowed_origins: changes
            .allowed_origins
            .clone()
            .unwrap_or_else(|| old.allowed_origins.clone()),
        ..old.clone()
    }
}

fn faults(changes: &VendorChanges) -> Vec<String> {
    let mut faults = Vec::new();
    if changes.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        faults.push("name should not be empty".to_owned());
    }
    let texts = [
        ("name", &changes.name, LONGEST),
        ("country", &changes.country, LONGEST),
        ("backendStack", &changes.backend_stack, LONGEST),
        ("frontendStack", &changes.frontend_stack, LONGEST),
        ("host", &changes.host, LONGEST),
        ("loginURL", &changes.login_url, LONGEST_ADDRESS),
        ("logo", &changes.logo, LONGEST_ADDRESS),
        ("icon", &changes.icon, LONGEST_ADDRESS),
    ];
    for (field, text, most) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > most) {
            faults.push(format!(
                "{field} must be shorter than or equal to {most} characters"
            ));
        }
    }
    let origins = changes.allowed_origins.as_deref().unwrap_or_default();
    if origins.len() > ORIGINS {
        faults.push(format!(
            "allowedOrigins must contain no more than {ORIGINS} elements"
        ));
    }
    if origins.iter().any(|origin| origin.trim().is_empty()) {
        faults.push("each value in allowedOrigins should not be empty".to_owned());
    }
    if origins
        .iter()
        .any(|origin| origin.chars().count() > LONGEST_ADDRESS)
    {
        faults.push(format!(
            "each value in allowedOrigins must be shorter than or equal to {LONGEST_ADDRESS} characters"
        ));
    }
    faults
}
