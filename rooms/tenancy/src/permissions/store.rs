//! SQL of permissions and their categories.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::model::{AssignmentType, Category, Permission};

fn select() -> Query {
    Query::new(
        "SELECT p.id, p.key, p.name, p.description, p.created_at, p.updated_at, p.category_id, p.built_in, p.assignment_type
         FROM permissions p WHERE p.environment_id = ",
    )
}

/// Without the roles that hold it.
fn permission_from(row: &Row) -> Result<Permission, StoreError> {
    Ok(Permission {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        created_at: Millis(row.get(4)?),
        updated_at: Millis(row.get(5)?),
        role_ids: Vec::new(),
        category_id: row.get(6)?,
        fe_permission: row.get(7)?,
        assignment_type: AssignmentType::from_word(&row.get::<String>(8)?),
    })
}

fn permissions_from(rows: &[Row]) -> Result<Vec<Permission>, StoreError> {
    rows.iter().map(permission_from).collect()
}

/// Every permission of the environment, with the roles that hold it: the environment's and the scope's tenant's.
pub(super) async fn all(tx: &Tx, scope: &Scope) -> Result<Vec<Permission>, StoreError> {
    let mut query = select();
    query.bind(scope.environment_id()).push(" ORDER BY p.key, p.id");
    let mut permissions = permissions_from(&tx.all_built(&query).await?)?;
    let holders = tx
        .all(
            sql!(
                "SELECT permission_id, role_id FROM role_permissions WHERE environment_id = $1 AND tenant_id IN ('', $2)
                 ORDER BY permission_id, role_id"
            ),
            args![scope.environment_id(), scope.tenant_id()],
        )
        .await?;
    let mut pairs = Vec::with_capacity(holders.len());
    for row in &holders {
        pairs.push((row.get::<String>(0)?, row.get::<String>(1)?));
    }
    for permission in &mut permissions {
        let from = pairs.partition_point(|(id, _)| *id < permission.id);
        let own = pairs
            .get(from..)
            .unwrap_or(&[])
            .iter()
            .take_while(|(id, _)| *id == permission.id);
        permission.role_ids = own.map(|(_, role)| role.clone()).collect();
    }
    Ok(permissions)
}

/// One permission with the roles that hold it: the environment's and the scope's tenant's.
pub(super) async fn by_id(tx: &Tx, scope: &Scope, id: &str) -> Result<Option<Permission>, StoreError> {
    let mut query = select();
    query.bind(scope.environment_id()).push(" AND p.id = ").bind(id);
    let Some(mut permission) = tx
        .opt_built(&query)
        .await?
        .as_ref()
        .map(permission_from)
        .transpose()?
    else {
        return Ok(None);
    };
    let holders = tx
        .all(
            sql!(
                "SELECT role_id FROM role_permissions
                 WHERE environment_id = $1 AND permission_id = $2 AND tenant_id IN ('', $3) ORDER BY role_id"
            ),
            args![scope.environment_id(), id, scope.tenant_id()],
        )
        .await?;
    permission.role_ids = holders.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(Some(permission))
}

/// The permissions that at least one of these roles holds, by key, without the roles. At most 500 roles at once.
pub(super) async fn of_roles(
    tx: &Tx,
    environment: &EnvironmentId,
    roles: &[String],
) -> Result<Vec<Permission>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str());
    query
        .push(" AND p.id IN (SELECT permission_id FROM role_permissions WHERE environment_id = ")
        .bind(environment.as_str());
    query
        .push(" AND role_id IN ")
        .bind_list(roles)
        .push(") ORDER BY p.key, p.id");
    permissions_from(&tx.all_built(&query).await?)
}

/// Which of these ids exist. At most 500 at once.
pub(super) async fn known(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT id FROM permissions WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND id IN ")
        .bind_list(ids)
        .push(" ORDER BY id");
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// The named permissions, without the roles that hold them. At most 500 ids at once.
pub(super) async fn by_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Permission>, StoreError> {
    let mut query = select();
    query
        .bind(environment.as_str())
        .push(" AND p.id IN ")
        .bind_list(ids)
        .push(" ORDER BY p.key, p.id");
    permissions_from(&tx.all_built(&query).await?)
}

/// Ids of the permissions that every role made by a tenant has.
pub(super) async fn in_every_role(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!("SELECT id FROM permissions WHERE environment_id = $1 AND assignment_type = 'ALWAYS' ORDER BY id"),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Ids of the permissions with these keys; keys that are not there are left out.
pub(super) async fn ids_of_keys(
    tx: &Tx,
    environment: &EnvironmentId,
    keys: &[&str],
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT id FROM permissions WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND key IN ")
        .bind_list(keys.iter().copied())
        .push(" ORDER BY id");
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// False when the environment has a permission with this key.
pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Permission,
) -> Result<bool, StoreError> {
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO permissions (environment_id, id, key, name, description, category_id, assignment_type, built_in,
                   created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (environment_id, key) DO NOTHING"
            ),
            args![
                environment.as_str(),
                new.id,
                new.key,
                new.name,
                new.description,
                new.category_id,
                new.assignment_type.word(),
                new.fe_permission,
                new.created_at.0,
                new.updated_at.0
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Writes everything that may change of a permission; a key that is taken is [`StoreError::Unique`].
pub(super) async fn update(tx: &Tx, environment: &EnvironmentId, new: &Permission) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE permissions SET key = $3, name = $4, description = $5, category_id = $6, assignment_type = $7,
               updated_at = $8
             WHERE environment_id = $1 AND id = $2"
        ),
        args![
            environment.as_str(),
            new.id,
            new.key,
            new.name,
            new.description,
            new.category_id,
            new.assignment_type.word(),
            new.updated_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Removes the permission, also from the roles that hold it.
pub(super) async fn delete(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM role_permissions WHERE environment_id = $1 AND permission_id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    tx.exec(
        sql!("DELETE FROM permissions WHERE environment_id = $1 AND id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// The role holds the permission too.
pub(super) async fn give(
    tx: &Tx,
    environment: &EnvironmentId,
    permission: &str,
    role: &str,
    role_tenant: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO role_permissions (environment_id, role_id, permission_id, tenant_id) VALUES ($1, $2, $3, $4)
             ON CONFLICT (environment_id, role_id, permission_id) DO NOTHING"
        ),
        args![environment.as_str(), role, permission, role_tenant],
    )
    .await?;
    Ok(())
}

fn category_from(row: &Row) -> Result<Category, StoreError> {
    Ok(Category {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        created_at: Millis(row.get(3)?),
        fe_category: row.get(4)?,
    })
}

pub(super) async fn categories(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<Category>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT id, name, description, created_at, built_in FROM permission_categories
                 WHERE environment_id = $1 ORDER BY name, id"
            ),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(category_from).collect()
}

pub(super) async fn category(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Category>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, name, description, created_at, built_in FROM permission_categories
                 WHERE environment_id = $1 AND id = $2"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    row.as_ref().map(category_from).transpose()
}

/// A name or id that is taken is [`StoreError::Unique`].
pub(super) async fn insert_category(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Category,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO permission_categories (environment_id, id, name, description, built_in, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)"
        ),
        args![environment.as_str(), new.id, new.name, new.description, new.fe_category, new.created_at.0],
    )
    .await?;
    Ok(())
}

/// A name that is taken is [`StoreError::Unique`].
pub(super) async fn update_category(
    tx: &Tx,
    environment: &EnvironmentId,
    new: &Category,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE permission_categories SET name = $3, description = $4, updated_at = $5
             WHERE environment_id = $1 AND id = $2"
        ),
        args![environment.as_str(), new.id, new.name, new.description, now.0],
    )
    .await?;
    Ok(())
}

/// Removes the category unless a permission is in it; false when it was not removed.
pub(super) async fn delete_category(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<bool, StoreError> {
    let gone = tx
        .exec(
            sql!(
                "DELETE FROM permission_categories WHERE environment_id = $1 AND id = $2
                   AND NOT EXISTS (SELECT 1 FROM permissions WHERE environment_id = $1 AND category_id = $2)"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    Ok(gone == 1)
}
