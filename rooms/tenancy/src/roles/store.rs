//! SQL of roles and of the permissions they hold.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::model::{Role, RoleSearch, RoleSort};

fn select() -> Query {
    Query::new(
        "SELECT r.id, r.environment_id, r.tenant_id, r.key, r.name, r.description, r.is_default, r.first_user_role, r.level,
                r.created_at, r.updated_at
         FROM roles r WHERE r.environment_id = ",
    )
}

/// Without its permissions; [`with_permissions`] adds them.
fn role_from(row: &Row) -> Result<Role, StoreError> {
    let tenant: String = row.get(2)?;
    Ok(Role {
        id: row.get(0)?,
        vendor_id: row.get(1)?,
        tenant_id: (!tenant.is_empty()).then_some(tenant),
        key: row.get(3)?,
        name: row.get(4)?,
        description: row.get(5)?,
        is_default: row.get(6)?,
        first_user_role: row.get(7)?,
        level: row.get(8)?,
        created_at: Millis(row.get(9)?),
        updated_at: Millis(row.get(10)?),
        permissions: Vec::new(),
    })
}

/// Fills in the permissions of roles. At most 500 roles at once.
async fn with_permissions(
    tx: &Tx,
    environment: &EnvironmentId,
    rows: &[Row],
) -> Result<Vec<Role>, StoreError> {
    let mut roles: Vec<Role> = rows.iter().map(role_from).collect::<Result<_, _>>()?;
    for chunk in roles.chunks_mut(500) {
        let mut query =
            Query::new("SELECT role_id, permission_id FROM role_permissions WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND role_id IN ")
            .bind_list(chunk.iter().map(|role| role.id.as_str()));
        query.push(" ORDER BY role_id, permission_id");
        let held = tx.all_built(&query).await?;
        let mut pairs = Vec::with_capacity(held.len());
        for row in &held {
            pairs.push((row.get::<String>(0)?, row.get::<String>(1)?));
        }
        for role in chunk {
            let from = pairs.partition_point(|(id, _)| *id < role.id);
            let own = pairs
                .get(from..)
                .unwrap_or(&[])
                .iter()
                .take_while(|(id, _)| *id == role.id);
            role.permissions = own.map(|(_, permission)| permission.clone()).collect();
        }
    }
    Ok(roles)
}

/// The environment's roles and, where the scope names a tenant, that tenant's own.
pub(super) async fn visible(tx: &Tx, scope: &Scope) -> Result<Vec<Role>, StoreError> {
    let mut query = select();
    query
        .bind(scope.environment_id())
        .push(" AND r.tenant_id IN ('', ")
        .bind(scope.tenant_id());
    query.push(") ORDER BY r.level, r.key, r.id");
    let rows = tx.all_built(&query).await?;
    with_permissions(tx, &scope.environment, &rows).await
}

pub(super) async fn by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Role>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str()).push(" AND r.id = ").bind(id);
    let rows = tx.all_built(&query).await?;
    Ok(with_permissions(tx, environment, &rows).await?.pop())
}

/// At most 500 ids at once.
pub(super) async fn by_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Role>, StoreError> {
    let mut query = select();
    query
        .bind(environment.as_str())
        .push(" AND r.id IN ")
        .bind_list(ids)
        .push(" ORDER BY r.level, r.key, r.id");
    let rows = tx.all_built(&query).await?;
    with_permissions(tx, environment, &rows).await
}

/// Roles of the scope that are given by themselves.
pub(super) async fn given(tx: &Tx, scope: &Scope, to_first_user: bool) -> Result<Vec<Role>, StoreError> {
    let mut query = select();
    query
        .bind(scope.environment_id())
        .push(" AND r.tenant_id IN ('', ")
        .bind(scope.tenant_id());
    query.push(if to_first_user {
        ") AND r.first_user_role"
    } else {
        ") AND r.is_default"
    });
    query.push(" ORDER BY r.level, r.key, r.id");
    let rows = tx.all_built(&query).await?;
    with_permissions(tx, &scope.environment, &rows).await
}

/// Whether another role has this key, which would be told from this one by nobody who reads a token: for a role of the
/// environment one of any tenant, for a role that a tenant makes itself (`by_tenant`) one of the environment. Others who ask
/// wait.
pub(super) async fn is_taken(
    tx: &Tx,
    environment: &EnvironmentId,
    role: &Role,
    by_tenant: bool,
) -> Result<bool, StoreError> {
    tx.line_up(&format!("role keys of {environment}")).await?;
    let row = tx
        .opt(
            sql!(
                "SELECT 1 FROM roles WHERE environment_id = $1 AND key = $2 AND id <> $3
                   AND ($4 = '' OR (tenant_id = '' AND $5)) LIMIT 1"
            ),
            args![
                environment.as_str(),
                role.key,
                role.id,
                role.tenant_id.as_deref().unwrap_or(""),
                by_tenant
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// False when the environment or the tenant has a role with this key.
pub(super) async fn insert(tx: &Tx, environment: &EnvironmentId, role: &Role) -> Result<bool, StoreError> {
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO roles (environment_id, id, tenant_id, key, name, description, is_default, first_user_role, level,
                   created_at, updated_at, name_key, search_key)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT (environment_id, tenant_id, key) DO NOTHING"
            ),
            args![
                environment.as_str(),
                role.id,
                role.tenant_id.as_deref().unwrap_or(""),
                role.key,
                role.name,
                role.description,
                role.is_default,
                role.first_user_role,
                role.level,
                role.created_at.0,
                role.updated_at.0,
                role.name_key(),
                role.search_text()
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Writes everything that may change of a role; a key that is taken is [`StoreError::Unique`].
pub(super) async fn update(tx: &Tx, environment: &EnvironmentId, role: &Role) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE roles SET tenant_id = $3, key = $4, name = $5, description = $6, is_default = $7, first_user_role = $8,
               level = $9, updated_at = $10, name_key = $11, search_key = $12
             WHERE environment_id = $1 AND id = $2"
        ),
        args![
            environment.as_str(),
            role.id,
            role.tenant_id.as_deref().unwrap_or(""),
            role.key,
            role.name,
            role.description,
            role.is_default,
            role.first_user_role,
            role.level,
            role.updated_at.0,
            role.name_key(),
            role.search_text()
        ],
    )
    .await?;
    Ok(())
}

/// Makes the role wait for other changes of it, so that a change that reads before it writes loses none.
pub(super) async fn hold(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE roles SET updated_at = updated_at WHERE environment_id = $1 AND id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// False when there is no such role.
pub(super) async fn delete(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let gone = tx
        .exec(
            sql!("DELETE FROM roles WHERE environment_id = $1 AND id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    forget_permissions(tx, environment, id).await?;
    Ok(gone == 1)
}

pub(super) async fn forget_permissions(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM role_permissions WHERE environment_id = $1 AND role_id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// The role holds these permissions too.
pub(super) async fn add_permissions(
    tx: &Tx,
    environment: &EnvironmentId,
    role: &Role,
    permissions: &[String],
) -> Result<(), StoreError> {
    for permission in permissions {
        tx.exec(
            sql!(
                "INSERT INTO role_permissions (environment_id, role_id, permission_id, tenant_id) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (environment_id, role_id, permission_id) DO NOTHING"
            ),
            args![environment.as_str(), role.id, permission, role.tenant_id.as_deref().unwrap_or("")],
        )
        .await?;
    }
    Ok(())
}

/// Up to `most` ids of a tenant's own roles.
pub(super) async fn own_ids(tx: &Tx, scope: &Scope, most: i64) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!("SELECT id FROM roles WHERE environment_id = $1 AND tenant_id = $2 ORDER BY id LIMIT $3"),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

fn wanted(query: &mut Query, environment: &EnvironmentId, search: &RoleSearch) {
    query.bind(environment.as_str());
    if let Some(tenants) = &search.tenants {
        query
            .push(" AND r.tenant_id IN ")
            .bind_list(tenants.iter().map(String::as_str));
    }
    if !search.levels.is_empty() {
        query
            .push(" AND r.level IN ")
            .bind_list(search.levels.iter().copied());
    }
    if let Some(text) = &search.contains {
        let mut pattern = String::from("%");
        for c in text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        query
            .push(" AND r.search_key LIKE ")
            .bind(pattern)
            .push(" ESCAPE '\\'");
    }
}

pub(super) async fn count(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &RoleSearch,
) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*) FROM roles r WHERE r.environment_id = ");
    wanted(&mut query, environment, search);
    tx.one_built(&query).await?.get(0)
}

/// One page, sorted by what the table knows.
pub(super) async fn page(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &RoleSearch,
    sort: RoleSort,
) -> Result<Vec<Role>, StoreError> {
    let mut query = select();
    wanted(&mut query, environment, search);
    query.push(match sort {
        RoleSort::Level | RoleSort::Members | RoleSort::Groups => " ORDER BY r.level",
        RoleSort::Key => " ORDER BY r.key",
        RoleSort::Name => " ORDER BY r.name_key",
        RoleSort::Description => " ORDER BY r.description",
        RoleSort::IsDefault => " ORDER BY r.is_default",
        RoleSort::FirstUserRole => " ORDER BY r.first_user_role",
        RoleSort::CreatedAt => " ORDER BY r.created_at",
        RoleSort::UpdatedAt => " ORDER BY r.updated_at",
        RoleSort::Permissions => {
            " ORDER BY (SELECT COUNT(*) FROM role_permissions p
                WHERE p.environment_id = r.environment_id AND p.role_id = r.id)"
        }
    });
    query.push(match (sort, search.order) {
        (RoleSort::Level, Order::Ascending) => ", r.key, r.id LIMIT ",
        (RoleSort::Level, Order::Descending) => " DESC, r.key DESC, r.id DESC LIMIT ",
        (_, Order::Ascending) => ", r.id LIMIT ",
        (_, Order::Descending) => " DESC, r.id DESC LIMIT ",
    });
    query.bind(search.limit).push(" OFFSET ").bind(search.skip);
    let rows = tx.all_built(&query).await?;
    with_permissions(tx, environment, &rows).await
}

/// The ids of everything that is searched for, at most `most`.
pub(super) async fn all_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &RoleSearch,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT r.id FROM roles r WHERE r.environment_id = ");
    wanted(&mut query, environment, search);
    query.push(" ORDER BY r.id LIMIT ").bind(most);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// The levels of a tenant's own roles and the environment's.
pub(super) async fn levels_in(tx: &Tx, scope: &Scope) -> Result<Vec<i64>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT DISTINCT level FROM roles WHERE environment_id = $1 AND tenant_id IN ('', $2) ORDER BY level"
            ),
            args![scope.environment_id(), scope.tenant_id()],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The levels of all roles: one step along the index per level, however many roles have it.
pub(super) async fn levels(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<i64>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "WITH RECURSIVE steps (level) AS (
                   SELECT (SELECT MIN(r.level) FROM roles r WHERE r.environment_id = $1)
                   UNION ALL
                   SELECT (SELECT MIN(r.level) FROM roles r WHERE r.environment_id = $1 AND r.level > s.level)
                   FROM steps s WHERE s.level IS NOT NULL)
                 SELECT level FROM steps WHERE level IS NOT NULL ORDER BY level"
            ),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Up to `most` tenants that have roles of their own: one step along the index per tenant.
pub(super) async fn tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "WITH RECURSIVE steps (tenant_id) AS (
                   SELECT (SELECT MIN(r.tenant_id) FROM roles r WHERE r.environment_id = $1 AND r.tenant_id > '')
                   UNION ALL
                   SELECT (SELECT MIN(r.tenant_id) FROM roles r
                     WHERE r.environment_id = $1 AND r.tenant_id > s.tenant_id)
                   FROM steps s WHERE s.tenant_id IS NOT NULL)
                 SELECT tenant_id FROM steps WHERE tenant_id IS NOT NULL LIMIT $2"
            ),
            args![environment.as_str(), most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}
