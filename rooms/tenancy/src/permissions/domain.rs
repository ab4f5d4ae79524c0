//! Decisions about permissions.

use blocks::audit::{AuditRecord, Severity};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope};
use serde::Serialize;
use thiserror::Error;

use super::model::{AssignmentType, Category, Classification, NewPermission, Permission, PermissionChanges};
use super::store;
use crate::catalogue;
use crate::faults::Faults;
use crate::roles;

/// The permissions that at least one of these roles holds, each once, by key, without the roles that hold it.
///
/// # Errors
/// When storage fails.
pub async fn permissions_of_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    roles: &[String],
) -> Result<Vec<Permission>, StoreError> {
    let mut found = Vec::new();
    for chunk in roles.chunks(500) {
        found.extend(store::of_roles(tx, environment, chunk).await?);
    }
    if roles.len() > 500 {
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found.dedup_by(|a, b| a.id == b.id);
    }
    Ok(found)
}

/// Which of these ids are no permissions of the environment.
pub(crate) async fn unknown(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut unknown = Vec::new();
    for chunk in ids.chunks(500) {
        let known = store::known(tx, environment, chunk).await?;
        unknown.extend(
            chunk
                .iter()
                .filter(|id| known.binary_search(id).is_err())
                .cloned(),
        );
    }
    Ok(unknown)
}

/// The named permissions without the roles that hold them; unknown ids are left out.
pub(crate) async fn permissions_by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Permission>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        found.extend(store::by_ids(tx, environment, chunk).await?);
    }
    Ok(found)
}

/// Ids of the permissions that every role made by a tenant has.
pub(crate) async fn in_every_role(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<String>, StoreError> {
    store::in_every_role(tx, environment).await
}

/// Why a call about permissions or categories was refused.
#[derive(Debug, Error)]
pub(super) enum PermissionError {
    /// A client looks for `already exist`.
    #[error("Permission with key {0} already exists")]
    KeyTaken(String),
    /// Likewise.
    #[error("Permission category already exists")]
    CategoryTaken,
    #[error("Permission not found")]
    NotFound,
    #[error("Permission category not found")]
    NoCategory,
    #[error("Permissions not found: {}", .0.join(", "))]
    Unknown(Vec<String>),
    #[error("Roles not found: {}", .0.join(", "))]
    NoRoles(Vec<String>),
    #[error("Built-in permissions cannot be changed or deleted")]
    BuiltIn,
    #[error("Built-in permission categories cannot be deleted")]
    BuiltInCategory,
    #[error("The category still has permissions in it")]
    InUse,
    #[error("the permission has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What every change here needs besides its transaction.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) environment: EnvironmentId,
    pub(super) ids: Ids,
    pub(super) now: Millis,
    /// Actor and origin; each change adds what happened.
    pub(super) by: AuditRecord,
}

impl Change {
    pub(super) async fn record<T: Serialize>(
        &self,
        tx: &Tx,
        action: &str,
        (resource, id): (&str, &str),
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let mut record = self.by.clone().severity(Severity::Medium).changed(before, after);
        action.clone_into(&mut record.action);
        resource.clone_into(&mut record.resource);
        id.clone_into(&mut record.resource_id);
        record.write(tx, &self.ids, &self.scope(), self.now).await
    }

    fn scope(&self) -> Scope {
        Scope::environment(self.environment.clone())
    }
}

/// Every permission a caller sees. Users do not see those that tenants may never give.
pub(crate) async fn list(tx: &Tx, scope: &Scope, as_user: bool) -> Result<Vec<Permission>, StoreError> {
    let mut permissions = store::all(tx, scope).await?;
    if as_user {
        permissions.retain(|permission| permission.assignment_type != AssignmentType::Never);
    }
    Ok(permissions)
}

/// Most permissions in one call.
const BATCH: usize = 1000;

/// Creates all the permissions or, by failing, none; answers in the order sent.
pub(super) async fn create(
    tx: &Tx,
    change: &Change,
    batch: &[NewPermission],
) -> Result<Vec<Permission>, PermissionError> {
    let mut faults = Faults::default();
    faults.at_most("body", batch.len(), BATCH);
    for new in batch {
        new.faults(&mut faults);
    }
    faults.check().map_err(PermissionError::Faults)?;
    let mut created = Vec::with_capacity(batch.len());
    for new in batch {
        let category = new.category_id.clone().filter(|id| !id.is_empty());
        category_exists(tx, change, category.as_deref()).await?;
        let permission = Permission {
            id: change.ids.v4(),
            key: new.key.clone(),
            name: new.name.clone(),
            description: new.description.clone().unwrap_or_default(),
            created_at: change.now,
            updated_at: change.now,
            role_ids: Vec::new(),
            category_id: category,
            fe_permission: false,
            assignment_type: new.assignment_type.unwrap_or_default(),
        };
        if !store::insert(tx, &change.environment, &permission).await? {
            return Err(PermissionError::KeyTaken(permission.key));
        }
        let what = ("permission", permission.id.as_str());
        change
            .record(tx, "Permission created", what, None, Some(&permission))
            .await?;
        created.push(permission);
    }
    Ok(created)
}

async fn category_exists(tx: &Tx, change: &Change, id: Option<&str>) -> Result<(), PermissionError> {
    let Some(id) = id else { return Ok(()) };
    match store::category(tx, &change.environment, id).await? {
        Some(_) => Ok(()),
        None => Err(PermissionError::Faults(vec![
            "categoryId must be the id of an existing category".to_owned(),
        ])),
    }
}

async fn own(tx: &Tx, change: &Change, id: &str) -> Result<Permission, PermissionError> {
    let found = store::by_id(tx, &change.scope(), id)
        .await?
        .ok_or(PermissionError::NotFound)?;
    if found.fe_permission {
        Err(PermissionError::BuiltIn)
    } else {
        Ok(found)
    }
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &PermissionChanges,
) -> Result<Permission, PermissionError> {
    let old = own(tx, change, id).await?;
    let new = changes.apply(&old, change.now).map_err(PermissionError::Faults)?;
    category_exists(tx, change, new.category_id.as_deref()).await?;
    store::update(tx, &change.environment, &new)
        .await
        .map_err(|error| match error {
            StoreError::Unique { .. } => PermissionError::KeyTaken(new.key.clone()),
            other => PermissionError::Store(other),
        })?;
    change
        .record(
            tx,
            "Permission updated",
            ("permission", id),
            Some(&old),
            Some(&new),
        )
        .await?;
    Ok(new)
}

pub(super) async fn delete(tx: &Tx, change: &Change, id: &str) -> Result<(), PermissionError> {
    let old = own(tx, change, id).await?;
    store::delete(tx, &change.environment, id).await?;
    change
        .record(tx, "Permission deleted", ("permission", id), Some(&old), None)
        .await?;
    Ok(())
}

/// Gives a permission to more roles; those that hold it keep it.
pub(super) async fn give_to_roles(
    tx: &Tx,
    change: &Change,
    id: &str,
    role_ids: &[String],
) -> Result<Permission, PermissionError> {
    let environment = &change.environment;
    let old = store::by_id(tx, &change.scope(), id)
        .await?
        .ok_or(PermissionError::NotFound)?;
    let roles = roles::roles_by_id(tx, environment, role_ids).await?;
    let unknown: Vec<String> = role_ids
        .iter()
        .filter(|id| !roles.iter().any(|role| role.id == **id))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(PermissionError::NoRoles(unknown));
    }
    let mut role_ids = old.role_ids.clone();
    for role in &roles {
        store::give(
            tx,
            environment,
            id,
            &role.id,
            role.tenant_id.as_deref().unwrap_or(""),
        )
        .await?;
        role_ids.push(role.id.clone());
    }
    role_ids.sort_unstable();
    role_ids.dedup();
    let new = Permission {
        role_ids,
        ..old.clone()
    };
    change
        .record(
            tx,
            "Permission given to roles",
            ("permission", id),
            Some(&old),
            Some(&new),
        )
        .await?;
    Ok(new)
}

/// Classifies permissions for use by tenants; answers the first of them, as the documented answer is one permission.
pub(super) async fn classify(
    tx: &Tx,
    change: &Change,
    body: &Classification,
) -> Result<Permission, PermissionError> {
    let mut faults = Faults::default();
    faults.at_most("permissionIds", body.permission_ids.len(), BATCH);
    faults.check().map_err(PermissionError::Faults)?;
    let mut first = None;
    for id in &body.permission_ids {
        let Some(old) = store::by_id(tx, &change.scope(), id).await? else {
            return Err(PermissionError::Unknown(vec![id.clone()]));
        };
        let new = Permission {
            assignment_type: body.assignment_type,
            updated_at: change.now,
            ..old.clone()
        };
        store::update(tx, &change.environment, &new).await?;
        change
            .record(
                tx,
                "Permission classified",
                ("permission", id),
                Some(&old),
                Some(&new),
            )
            .await?;
        first = first.or(Some(new));
    }
    first.ok_or_else(|| PermissionError::Faults(vec!["permissionIds should not be empty".to_owned()]))
}

/// Puts the built-in categories and permissions into a new environment and answers the ids of the permissions that the
/// seeded roles hold: Admin's, then ReadOnly's.
pub(crate) async fn seed(
    tx: &Tx,
    ids: &Ids,
    environment: &EnvironmentId,
    now: Millis,
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let present = store::categories(tx, environment).await?;
    let mut categories = Vec::with_capacity(catalogue::CATEGORIES.len());
    for name in catalogue::CATEGORIES {
        if let Some(category) = present.iter().find(|category| category.name == name) {
            categories.push((name, category.id.clone()));
            continue;
        }
        let category = Category {
            id: ids.v4(),
            name: name.to_owned(),
            description: None,
            created_at: now,
            fe_category: true,
        };
        store::insert_category(tx, environment, &category).await?;
        categories.push((name, category.id));
    }
    let all: Vec<String> = catalogue::keys().collect();
    for key in &all {
        let home = catalogue::category_of(key);
        let permission = Permission {
            id: ids.v4(),
            key: key.clone(),
            name: catalogue::name_of(key),
            description: String::new(),
            created_at: now,
            updated_at: now,
            role_ids: Vec::new(),
            category_id: categories
                .iter()
                .find(|(name, _)| *name == home)
                .map(|(_, id)| id.clone()),
            fe_permission: true,
            assignment_type: AssignmentType::Assignable,
        };
        store::insert(tx, environment, &permission).await?;
    }
    let admin: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|key| catalogue::admin_holds(key))
        .collect();
    let reader: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|key| catalogue::reader_holds(key))
        .collect();
    Ok((
        store::ids_of_keys(tx, environment, &admin).await?,
        store::ids_of_keys(tx, environment, &reader).await?,
    ))
}
