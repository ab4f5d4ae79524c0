//! Decisions about members and their applications.

use std::collections::{BTreeMap, BTreeSet};

use db::{StoreError, Tx};
use kit::{Millis, Scope, TenantId, UserId};
use serde_json::json;
use tenancy::ApplicationError;
use thiserror::Error;

use super::door::{EnterError, enter};
use super::model::{ActiveTenant, AppUsers, Given, UserApps};
use super::store;
use crate::records;
use crate::room::Change;
use crate::users::{UserError, outranks, strongest};

/// Why a call about members and applications was refused.
#[derive(Debug, Error)]
pub(super) enum AppError {
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Enter(#[from] EnterError),
    #[error("the body has wrong values")]
    Faults(Vec<String>),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::Application(error.into())
    }
}

/// How many users one statement is asked about.
const CHUNK: usize = 500;

/// Gives a new member what new members get.
pub(crate) async fn welcome(tx: &Tx, scope: &Scope, user: &str, now: Millis) -> Result<(), StoreError> {
    for application in tenancy::given_applications(tx, scope).await? {
        store::give(tx, scope, user, &application, now).await?;
    }
    Ok(())
}

/// Which members and which applications a change is about. All in the tenant of the change.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    users: Vec<String>,
    applications: Vec<String>,
}

impl Pairs {
    /// In a fixed order, each once.
    pub(super) fn new(users: Vec<String>, applications: Vec<String>) -> Self {
        let sorted = |mut ids: Vec<String>| {
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        Self {
            users: sorted(users),
            applications: sorted(applications),
        }
    }

    /// Holds everything the change is about, or finds that something of it is not there or out of the caller's reach.
    async fn hold(&self, tx: &Tx, change: &Change, must_have: bool) -> Result<(), AppError> {
        let scope = &change.scope;
        if !tenancy::tenant_exists(tx, &scope.environment, scope.tenant_id()).await? {
            return Err(UserError::NoTenant.into());
        }
        let tenants = [scope.tenant_id().to_owned()];
        for id in &self.applications {
            let application = tenancy::hold_application(tx, &scope.environment, id)
                .await?
                .ok_or(ApplicationError::NotFound)?;
            let open = tenancy::open_tenants(tx, &scope.environment, &application, &tenants).await?;
            if open.is_empty() && (must_have || change.bounded_by.is_some()) {
                return Err(ApplicationError::NotAssigned.into());
            }
        }
        let mut strongest_of_all = None;
        for user in &self.users {
            if !records::hold_membership(tx, scope, &UserId::from(user.as_str())).await? {
                return Err(UserError::NotFound.into());
            }
            if change.bounded_by.is_some() {
                let level = strongest(tx, scope, user, change.now).await?;
                strongest_of_all = strongest_of_all.into_iter().chain(level).min();
            }
        }
        if outranks(tx, change, strongest_of_all).await? {
            return Err(UserError::TooStrong.into());
        }
        Ok(())
    }
}

/// Gives members applications; those they have already they keep. All or none.
pub(super) async fn give(tx: &Tx, change: &Change, pairs: &Pairs) -> Result<Vec<Given>, AppError> {
    pairs.hold(tx, change, true).await?;
    let mut all = Vec::with_capacity(pairs.users.len());
    for application in &pairs.applications {
        let mut added = Vec::new();
        for user in &pairs.users {
            let (created_at, new) = store::give(tx, &change.scope, user, application, change.now).await?;
            if new {
                added.push(user.clone());
            }
            all.push(Given {
                app_id: application.clone(),
                user_tenant_id: user_tenant_id(&change.scope, user),
                created_at,
            });
        }
        record(tx, change, "Users assigned to application", application, &added).await?;
    }
    Ok(all)
}

/// Gives a member who is just being added applications of the tenant of the change.
pub(crate) async fn give_new(
    tx: &Tx,
    change: &Change,
    user: &UserId,
    applications: &[String],
) -> Result<(), UserError> {
    if applications.is_empty() {
        return Ok(());
    }
    let pairs = Pairs::new(vec![user.to_string()], applications.to_vec());
    match give(tx, change, &pairs).await {
        Ok(_) => Ok(()),
        Err(AppError::User(error)) => Err(error),
        Err(AppError::Application(ApplicationError::Store(error))) => Err(error.into()),
        Err(error) => Err(UserError::Faults(vec![format!("applicationIds: {error}")])),
    }
}

/// Takes applications from members; those they do not have are no error.
pub(super) async fn take(tx: &Tx, change: &Change, pairs: &Pairs) -> Result<(), AppError> {
    pairs.hold(tx, change, false).await?;
    for application in &pairs.applications {
        let mut taken = Vec::new();
        for user in &pairs.users {
            if store::take(tx, &change.scope, user, application).await? {
                taken.push(user.clone());
            }
        }
        record(
            tx,
            change,
            "Users unassigned from application",
            application,
            &taken,
        )
        .await?;
    }
    Ok(())
}

async fn record(
    tx: &Tx,
    change: &Change,
    action: &str,
    application: &str,
    users: &[String],
) -> Result<(), StoreError> {
    if users.is_empty() {
        return Ok(());
    }
    let what = json!({"tenantId": change.scope.tenant_id(), "userIds": users});
    let mut record = change.by.clone();
    if action.contains("unassigned") {
        record.before = Some(what);
    } else {
        record.after = Some(what);
    }
    action.clone_into(&mut record.action);
    "application".clone_into(&mut record.resource);
    application.clone_into(&mut record.resource_id);
    record.write(tx, &change.ids, &change.scope, change.now).await
}

/// Always the same for one user in one tenant.
fn user_tenant_id(scope: &Scope, user: &str) -> String {
    let key = format!("{}/{}", scope.environment_id(), scope.tenant_id());
    crypto::derived_uuid(key.as_bytes(), user)
}

/// A place in a walk through the ids of users: those after it, so many.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) after: String,
    pub(super) most: i64,
    /// Leave out members who are not to be seen.
    pub(super) visible_only: bool,
}

/// The users that were given an application; in one tenant, where the scope names one, which must have it.
pub(super) async fn users_of(tx: &Tx, scope: &Scope, id: &str, walk: &Walk) -> Result<Vec<String>, AppError> {
    let application = tenancy::application(tx, &scope.environment, id)
        .await?
        .ok_or(ApplicationError::NotFound)?;
    if let Some(tenant) = &scope.tenant {
        let tenants = [tenant.to_string()];
        let open = tenancy::open_tenants(tx, &scope.environment, &application, &tenants).await?;
        if open.is_empty() {
            return Err(ApplicationError::NotAssigned.into());
        }
    }
    Ok(store::users_of(tx, scope, id, walk).await?)
}

/// What a user was given; in one tenant, where the scope names one, of which the user must be a member.
pub(super) async fn apps_of(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, AppError> {
    let users = [user.to_owned()];
    let mut found = apps_of_each(tx, scope, &users).await?;
    Ok(found.pop().ok_or(UserError::NotFound)?.app_ids)
}

/// What each of these users was given. Those that the scope does not know are left out.
pub(super) async fn apps_of_each(
    tx: &Tx,
    scope: &Scope,
    users: &[String],
) -> Result<Vec<UserApps>, StoreError> {
    let held = records::memberships_of(tx, &scope.environment, users).await?;
    let known: BTreeSet<String> = held
        .into_iter()
        .filter(|(_, membership)| scope.tenant.is_none() || membership.tenant_id == scope.tenant_id())
        .map(|(user, _)| user)
        .collect();
    // What is left of a deleted application is on its way out.
    let there = application_ids(tx, scope).await?;
    let mut apps: BTreeMap<String, Vec<String>> = known.into_iter().map(|user| (user, Vec::new())).collect();
    for chunk in users.chunks(CHUNK) {
        for (user, application) in store::of_users(tx, scope, chunk).await? {
            if there.contains(&application)
                && let Some(own) = apps.get_mut(&user)
            {
                own.push(application);
            }
        }
    }
    Ok(apps
        .into_iter()
        .map(|(user_id, app_ids)| UserApps { user_id, app_ids })
        .collect())
}

async fn application_ids(tx: &Tx, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    let all = tenancy::applications(tx, &scope.environment).await?;
    Ok(all.into_iter().map(|one| one.id).collect())
}

/// The same walk for each of these applications; in one tenant, where the scope names one. Applications that the
/// scope does not know are left out.
pub(super) async fn users_of_each(
    tx: &Tx,
    scope: &Scope,
    applications: &[String],
    walk: &Walk,
) -> Result<Vec<AppUsers>, StoreError> {
    let there = match &scope.tenant {
        None => application_ids(tx, scope).await?,
        Some(_) => {
            let assigned = tenancy::assigned_applications(tx, scope).await?;
            assigned.into_iter().map(|one| one.application.id).collect()
        }
    };
    let mut all = Vec::new();
    for app_id in applications.iter().filter(|id| there.contains(*id)) {
        all.push(AppUsers {
            app_id: app_id.clone(),
            user_ids: store::users_of(tx, scope, app_id, walk).await?,
        });
    }
    Ok(all)
}

/// The tenant that a user works in, per application: the default one, and others where that was ever told.
pub(super) async fn active(tx: &Tx, scope: &Scope, user: &UserId) -> Result<Vec<ActiveTenant>, AppError> {
    let environment = &scope.environment;
    let user = records::user_by_id(tx, environment, user.as_str())
        .await?
        .ok_or(UserError::NotFound)?;
    let told: BTreeMap<String, String> = store::active(tx, environment, user.id.as_str())
        .await?
        .into_iter()
        .collect();
    Ok(tenancy::applications(tx, environment)
        .await?
        .into_iter()
        .filter_map(|application| {
            let tenant_id = if application.is_default {
                Some(user.active_tenant.clone()).filter(|tenant| !tenant.is_empty())
            } else {
                told.get(&application.id).cloned()
            }?;
            Some(ActiveTenant {
                tenant_id,
                application_id: application.id,
            })
        })
        .collect())
}

/// Makes a user work in these tenants from the next token on.
pub(super) async fn switch(
    tx: &Tx,
    change: &Change,
    user: &UserId,
    wanted: &[ActiveTenant],
) -> Result<(), AppError> {
    let environment = &change.scope.environment;
    let held = records::hold(tx, environment, user.as_str())
        .await?
        .ok_or(UserError::NotFound)?;
    let before = active(tx, &change.scope, user).await?;
    for one in wanted {
        let application = tenancy::application(tx, environment, &one.application_id)
            .await?
            .ok_or(ApplicationError::NotFound)?;
        let scope = Scope::tenant(environment.clone(), TenantId::from(one.tenant_id.as_str()));
        enter(tx, &scope, &held, Some(&application.id), change.now).await?;
    }
    let after = active(tx, &change.scope, user).await?;
    if before != after {
        let mut record = change.by.clone().changed(Some(&before), Some(&after));
        "User switched tenant".clone_into(&mut record.action);
        user.as_str().clone_into(&mut record.resource_id);
        records::audit(tx, &change.ids, &change.scope, record, &held, change.now).await?;
    }
    Ok(())
}
