//! Decisions about tenants and applications.

use std::collections::BTreeMap;

use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};

use super::model::{AssignmentView, NewAssignment, TenantAssignments};
use super::store::{self, Decision};
use crate::applications::domain::{self, ApplicationError, Change};
use crate::applications::{AccessType, Application};
use crate::tenants;

/// An application that a tenant has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub application: Application,
    /// The assignment's own access type, else the application's.
    pub access_type: AccessType,
}

/// How many tenants one statement is asked about.
const CHUNK: usize = 500;

/// Who of a tenant may use an application; `None` when the tenant does not have it.
fn effective(application: &Application, decision: Option<&Decision>) -> Option<AccessType> {
    match decision {
        Some(decision) if decision.assigned => Some(decision.access_type.unwrap_or(application.access_type)),
        Some(_) => None,
        None => application.is_default.then_some(application.access_type),
    }
}

async fn decisions(
    tx: &Tx,
    environment: &EnvironmentId,
    application: Option<&str>,
    tenants: &[String],
) -> Result<Vec<Decision>, StoreError> {
    let mut all = Vec::new();
    for chunk in tenants.chunks(CHUNK) {
        all.append(&mut store::of_tenants(tx, environment, application, chunk).await?);
    }
    Ok(all)
}

/// Those of the tenants that have an application, each with who of it may use it.
///
/// # Errors
/// When storage fails.
pub async fn open_tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &Application,
    tenants: &[String],
) -> Result<BTreeMap<String, AccessType>, StoreError> {
    let decided = decisions(tx, environment, Some(&application.id), tenants).await?;
    let by_tenant: BTreeMap<&str, &Decision> = decided
        .iter()
        .map(|decision| (decision.tenant_id.as_str(), decision))
        .collect();
    Ok(tenants
        .iter()
        .filter_map(|tenant| {
            let access = effective(application, by_tenant.get(tenant.as_str()).copied())?;
            Some((tenant.clone(), access))
        })
        .collect())
}

/// The applications that the tenant of the scope has, the default one first and then the oldest.
///
/// # Errors
/// When storage fails.
pub async fn assigned_applications(tx: &Tx, scope: &Scope) -> Result<Vec<Assignment>, StoreError> {
    let applications = domain::applications(tx, &scope.environment).await?;
    let tenants = [scope.tenant_id().to_owned()];
    let decided = decisions(tx, &scope.environment, None, &tenants).await?;
    Ok(assigned(&applications, &decided))
}

/// What a tenant has by these decisions about it.
fn assigned(applications: &[Application], decided: &[Decision]) -> Vec<Assignment> {
    let by_application: BTreeMap<&str, &Decision> = decided
        .iter()
        .map(|decision| (decision.application_id.as_str(), decision))
        .collect();
    applications
        .iter()
        .filter_map(|application| {
            let access_type = effective(application, by_application.get(application.id.as_str()).copied())?;
            Some(Assignment {
                application: application.clone(),
                access_type,
            })
        })
        .collect()
}

/// Ids of the applications that a new member of the scope's tenant is given.
///
/// # Errors
/// When storage fails.
pub async fn given_applications(tx: &Tx, scope: &Scope) -> Result<Vec<String>, StoreError> {
    store::given(tx, &scope.environment, scope.tenant_id()).await
}

/// A place in a walk through ids: those after it, so many.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) after: String,
    pub(super) most: i64,
}

/// The tenants that have an application, by id. One more than asked for tells that there are more.
pub(super) async fn tenants_of(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    walk: &Walk,
) -> Result<Vec<String>, ApplicationError> {
    let application = domain::known(tx, environment, id).await?;
    Ok(tenants_having(tx, environment, &application, walk).await?)
}

async fn tenants_having(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &Application,
    walk: &Walk,
) -> Result<Vec<String>, StoreError> {
    let (id, after) = (application.id.as_str(), walk.after.as_str());
    if application.is_default {
        store::undenied_tenants(tx, environment, id, after, walk.most).await
    } else {
        store::decided_tenants(tx, environment, id, after, walk.most).await
    }
}

/// What a list of assignments is to hold.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Only these applications, when not empty.
    pub(super) applications: Vec<String>,
    /// Only these tenants.
    pub(super) tenants: Option<Vec<String>>,
    pub(super) access_type: Option<AccessType>,
    pub(super) walk: Walk,
}

/// The applications of tenants, by tenant; tenants that have none of those wanted are left out. With it the tenant that a
/// walk goes on after, when it does not end here.
pub(super) async fn list(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
) -> Result<(Vec<TenantAssignments>, Option<String>), StoreError> {
    let mut applications = domain::applications(tx, environment).await?;
    if !wanted.applications.is_empty() {
        applications.retain(|one| wanted.applications.contains(&one.id));
    }
    let (tenants, next) = match &wanted.tenants {
        Some(named) => {
            let found = tenants::tenants_by_id(tx, environment, named).await?;
            let mut ids: Vec<String> = found.into_iter().map(|one| one.tenant_id).collect();
            ids.sort_unstable();
            (ids, None)
        }
        None => walked(tx, environment, wanted, &applications).await?,
    };
    let mut rows = Vec::with_capacity(tenants.len());
    for chunk in tenants.chunks(CHUNK) {
        let decided = store::of_tenants(tx, environment, None, chunk).await?;
        for tenant in chunk {
            let from = decided.partition_point(|one| one.tenant_id < *tenant);
            let to = decided.partition_point(|one| one.tenant_id <= *tenant);
            let own = decided.get(from..to).unwrap_or(&[]);
            let assignments: Vec<AssignmentView> = assigned(&applications, own)
                .into_iter()
                .filter(|one| wanted.access_type.is_none_or(|wanted| wanted == one.access_type))
                .map(|one| AssignmentView {
                    app_id: one.application.id,
                    access_type: one.access_type,
                })
                .collect();
            if !assignments.is_empty() {
                rows.push(TenantAssignments {
                    tenant_id: tenant.clone(),
                    assignments,
                });
            }
        }
    }
    Ok((rows, next))
}

/// The next tenants that may have any of these applications.
async fn walked(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
    applications: &[Application],
) -> Result<(Vec<String>, Option<String>), StoreError> {
    let most = wanted.walk.most;
    let one_more = Walk {
        most: most + 1,
        ..wanted.walk.clone()
    };
    let mut tenants = if wanted.applications.is_empty() {
        store::tenants(tx, environment, &one_more.after, one_more.most).await?
    } else {
        let mut all = Vec::new();
        for application in applications {
            all.append(&mut tenants_having(tx, environment, application, &one_more).await?);
        }
        all.sort_unstable();
        all.dedup();
        all
    };
    let length = usize::try_from(most).unwrap_or(usize::MAX);
    let more = tenants.len() > length;
    tenants.truncate(length);
    let next = tenants.last().cloned().filter(|_| more);
    Ok((tenants, next))
}

/// A tenant and an application that are both there, kept from going until the transaction ends.
async fn both_held(
    tx: &Tx,
    change: &Change,
    application: &str,
    tenant: &str,
) -> Result<(Application, Option<Decision>), ApplicationError> {
    let environment = &change.environment;
    let application = domain::held(tx, environment, application).await?;
    if tenants::hold_tenant(tx, environment, tenant).await?.is_none() {
        return Err(ApplicationError::NoTenant);
    }
    let decision = store::find(tx, environment, &application.id, tenant).await?;
    Ok((application, decision))
}

async fn decide(
    tx: &Tx,
    change: &Change,
    action: &str,
    application: &Application,
    (old, new): (Option<&Decision>, &Decision),
) -> Result<(), StoreError> {
    store::decide(tx, &change.environment, new, change.now).await?;
    let view = |decision: Option<&Decision>| {
        effective(application, decision).map(
            |access_type| serde_json::json!({"tenantId": new.tenant_id, "accessType": access_type.word()}),
        )
    };
    let (was, is) = (view(old), view(Some(new)));
    let in_tenant = Change {
        by: change.by.clone().in_tenant(&new.tenant_id),
        ..change.clone()
    };
    in_tenant
        .record(
            tx,
            action,
            ("application", &application.id),
            was.as_ref(),
            is.as_ref(),
        )
        .await
}

/// Gives an application to a tenant, or finds that it has it; the applications it has then.
pub(super) async fn assign(
    tx: &Tx,
    change: &Change,
    application: &str,
    new: &NewAssignment,
) -> Result<Vec<String>, ApplicationError> {
    let (application, old) = both_held(tx, change, application, &new.tenant_id).await?;
    let before = old.as_ref().filter(|old| old.assigned);
    let decision = Decision {
        application_id: application.id.clone(),
        tenant_id: new.tenant_id.clone(),
        assigned: true,
        access_type: new.access_type.or_else(|| before.and_then(|old| old.access_type)),
    };
    if before != Some(&decision) {
        decide(
            tx,
            change,
            "Application assigned to tenant",
            &application,
            (old.as_ref(), &decision),
        )
        .await?;
    }
    let scope = Scope::tenant(change.environment.clone(), new.tenant_id.as_str().into());
    let assigned = assigned_applications(tx, &scope).await?;
    Ok(assigned.into_iter().map(|one| one.application.id).collect())
}

/// Says who of a tenant may use an application that it has.
pub(super) async fn edit(
    tx: &Tx,
    change: &Change,
    application: &str,
    tenant: &str,
    access_type: AccessType,
) -> Result<(), ApplicationError> {
    let (application, old) = both_held(tx, change, application, tenant).await?;
    if effective(&application, old.as_ref()).is_none() {
        return Err(ApplicationError::NotAssigned);
    }
    let decision = Decision {
        application_id: application.id.clone(),
        tenant_id: tenant.to_owned(),
        assigned: true,
        access_type: Some(access_type),
    };
    decide(
        tx,
        change,
        "Application assignment updated",
        &application,
        (old.as_ref(), &decision),
    )
    .await?;
    Ok(())
}

/// Takes an application from a tenant. That is remembered, so that the default application is closed to it too.
pub(super) async fn unassign(
    tx: &Tx,
    change: &Change,
    application: &str,
    tenant: &str,
) -> Result<(), ApplicationError> {
    let (application, old) = both_held(tx, change, application, tenant).await?;
    if effective(&application, old.as_ref()).is_none() {
        return Err(ApplicationError::NotAssigned);
    }
    let decision = Decision {
        application_id: application.id.clone(),
        tenant_id: tenant.to_owned(),
        assigned: false,
        access_type: None,
    };
    decide(
        tx,
        change,
        "Application taken from tenant",
        &application,
        (old.as_ref(), &decision),
    )
    .await?;
    Ok(())
}
