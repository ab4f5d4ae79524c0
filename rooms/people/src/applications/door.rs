//! The door of an application: who may come in, and where they were last.

use std::collections::{BTreeMap, BTreeSet};

use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope, UserId};
use tenancy::{AccessType, Application, ApplicationError};
use thiserror::Error;
use web::Problem;

use super::store;
use crate::records::{self, MembershipStatus, UserRecord};

/// Whether a user may enter a tenant through an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Open,
    /// The tenant does not have the application.
    NotAssigned,
    /// The tenant has it for some of its members, of whom the user is none.
    NotAssociated,
}

impl Entry {
    /// Open, or the reason why not.
    ///
    /// # Errors
    /// What to tell a user who wants to enter.
    pub const fn check(self) -> Result<(), ApplicationError> {
        match self {
            Self::Open => Ok(()),
            Self::NotAssigned => Err(ApplicationError::NotAssigned),
            Self::NotAssociated => Err(ApplicationError::NotAssociated),
        }
    }
}

/// An application as one user stands before it.
#[derive(Debug)]
pub struct Door {
    pub application: Application,
    /// The tenants that have it, of those in question.
    open: BTreeMap<String, AccessType>,
    /// The tenants in which the user was given it.
    given: BTreeSet<String>,
    /// The tenant that the user works in when using it; empty for none yet.
    pub active: String,
}

impl Door {
    /// Whether the user may enter this tenant, which must be one of those in question.
    #[must_use]
    pub fn entry(&self, tenant: &str) -> Entry {
        match self.open.get(tenant) {
            None => Entry::NotAssigned,
            Some(AccessType::Managed) if !self.given.contains(tenant) => Entry::NotAssociated,
            Some(AccessType::Free | AccessType::Managed) => Entry::Open,
        }
    }
}

/// The door of the application that a request names, or of the default one, for a user and some tenants of theirs.
///
/// # Errors
/// When there is no such application, or nobody may use it.
pub async fn door(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    named: Option<&str>,
    tenants: &[String],
) -> Result<Door, ApplicationError> {
    let application = match named {
        // One that is not there has no users.
        Some(id) => tenancy::application(tx, environment, id)
            .await?
            .ok_or(ApplicationError::NotAssociated)?,
        None => tenancy::default_application(tx, environment)
            .await?
            .ok_or(ApplicationError::NotSpecified)?,
    };
    if !application.is_active {
        return Err(ApplicationError::Inactive);
    }
    let open = tenancy::open_tenants(tx, environment, &application, tenants).await?;
    let given = if open.values().any(|access| *access == AccessType::Managed) {
        store::tenants_given(tx, environment, user.id.as_str(), &application.id).await?
    } else {
        Vec::new()
    };
    let last = if application.is_default {
        None
    } else {
        store::active_in(tx, environment, user.id.as_str(), &application.id).await?
    };
    Ok(Door {
        application,
        open,
        given: given.into_iter().collect(),
        active: last.unwrap_or_else(|| user.active_tenant.clone()),
    })
}

/// Why a user may not go on to work in a tenant.
#[derive(Debug, Error)]
pub(crate) enum EnterError {
    #[error("You are not a confirmed member of this tenant")]
    NotMember,
    #[error(transparent)]
    Application(#[from] ApplicationError),
}

impl From<StoreError> for EnterError {
    fn from(error: StoreError) -> Self {
        Self::Application(error.into())
    }
}

impl From<EnterError> for Problem {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::NotMember => Self::forbidden(error.to_string()),
            EnterError::Application(error) => error.into(),
        }
    }
}

/// Lets a user work in the tenant of the scope from the next token on: as a member or by access from above, through the
/// application that is named or the default one.
pub(crate) async fn enter(
    tx: &Tx,
    scope: &Scope,
    user: &UserRecord,
    named: Option<&str>,
    now: Millis,
) -> Result<(), EnterError> {
    let (membership, inherited) = records::membership_in_force(tx, scope, &user.id, now)
        .await?
        .filter(|(membership, _)| records::lets_in(membership, now))
        .ok_or(EnterError::NotMember)?;
    if !inherited && membership.status == MembershipStatus::PendingLogin {
        // Added in silence: coming in for the first time is the confirmation.
        records::set_membership_status(tx, scope, &user.id, MembershipStatus::Activated).await?;
    }
    let tenants = [membership.tenant_id];
    let door = door(tx, &scope.environment, user, named, &tenants).await?;
    door.entry(scope.tenant_id()).check()?;
    entered(tx, scope, &user.id, &door.application, now).await?;
    Ok(())
}

/// Notes that the user works in the tenant of the scope when using an application.
///
/// # Errors
/// When storage fails.
pub async fn entered(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    application: &Application,
    now: Millis,
) -> Result<(), StoreError> {
    if application.is_default {
        return records::set_active_tenant(tx, scope, user, now).await;
    }
    store::set_active(tx, scope, user.as_str(), &application.id, now).await
}
