//! Decisions about categories of permissions.

use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::domain::{Change, PermissionError};
use super::model::{Category, CategoryChanges, NewCategory};
use super::store;
use crate::faults::Faults;

pub(super) async fn list(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<Category>, StoreError> {
    store::categories(tx, environment).await
}

fn taken(error: StoreError) -> PermissionError {
    match error {
        StoreError::Unique { .. } => PermissionError::CategoryTaken,
        other => PermissionError::Store(other),
    }
}

pub(super) async fn create(tx: &Tx, change: &Change, new: &NewCategory) -> Result<Category, PermissionError> {
    let category = Category {
        id: new
            .id
            .clone()
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| change.ids.v4()),
        name: new.name.clone(),
        description: new.description.clone(),
        created_at: change.now,
        fe_category: false,
    };
    let mut faults = Faults::default();
    category.faults(&mut faults);
    faults.check().map_err(PermissionError::Faults)?;
    store::insert_category(tx, &change.environment, &category)
        .await
        .map_err(taken)?;
    let what = ("permissionCategory", category.id.as_str());
    change
        .record(tx, "Permission category created", what, None, Some(&category))
        .await?;
    Ok(category)
}

pub(super) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    changes: &CategoryChanges,
) -> Result<Category, PermissionError> {
    let old = store::category(tx, &change.environment, id)
        .await?
        .ok_or(PermissionError::NoCategory)?;
    let new = changes.apply(&old).map_err(PermissionError::Faults)?;
    store::update_category(tx, &change.environment, &new, change.now)
        .await
        .map_err(taken)?;
    change
        .record(
            tx,
            "Permission category updated",
            ("permissionCategory", id),
            Some(&old),
            Some(&new),
        )
        .await?;
    Ok(new)
}

pub(super) async fn delete(tx: &Tx, change: &Change, id: &str) -> Result<(), PermissionError> {
    let old = store::category(tx, &change.environment, id)
        .await?
        .ok_or(PermissionError::NoCategory)?;
    if old.fe_category {
        return Err(PermissionError::BuiltInCategory);
    }
    if !store::delete_category(tx, &change.environment, id).await? {
        return Err(PermissionError::InUse);
    }
    change
        .record(
            tx,
            "Permission category deleted",
            ("permissionCategory", id),
            Some(&old),
            None,
        )
        .await?;
    Ok(())
}
