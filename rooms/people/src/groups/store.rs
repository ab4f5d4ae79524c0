//! The tables `user_groups`, `group_members` and `group_roles`.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis, Scope};

use super::model::{Group, GroupSort, GroupUser, Page};
use crate::records::{MembershipStatus, UserRecord};

/// How many values one `IN` list gets.
const CHUNK: usize = 500;
/// Sorts after every id.
const LAST: &str = "\u{10ffff}";

fn select() -> Query {
    Query::new(
        "SELECT g.id, g.name, g.color, g.description, g.metadata, g.managed_by, g.created_at, g.updated_at
         FROM user_groups g WHERE g.environment_id = ",
    )
}

fn group_from(row: &Row) -> Result<Group, StoreError> {
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        color: row.get(2)?,
        description: row.get(3)?,
        metadata: row.get(4)?,
        managed_by: row.get(5)?,
        created_at: Millis(row.get(6)?),
        updated_at: Millis(row.get(7)?),
    })
}

fn in_tenant(query: &mut Query, scope: &Scope) {
    query
        .bind(scope.environment_id())
        .push(" AND g.tenant_id = ")
        .bind(scope.tenant_id());
}

/// False when the tenant has a group with this name.
pub(super) async fn insert(tx: &Tx, scope: &Scope, group: &Group) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO user_groups (environment_id, tenant_id, id, name, name_key, color, description, metadata,
                   managed_by, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                 ON CONFLICT (environment_id, tenant_id, name) DO NOTHING"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                group.id,
                group.name,
                group.name_key(),
                group.color,
                group.description,
                group.metadata,
                group.managed_by,
                group.created_at.0,
                group.updated_at.0
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// A name that is taken is [`StoreError::Unique`].
pub(super) async fn update(tx: &Tx, scope: &Scope, group: &Group) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE user_groups SET name = $4, name_key = $5, color = $6, description = $7, metadata = $8,
               updated_at = $9
             WHERE environment_id = $1 AND tenant_id = $2 AND id = $3"
        ),
        args![
            scope.environment_id(),
            scope.tenant_id(),
            group.id,
            group.name,
            group.name_key(),
            group.color,
            group.description,
            group.metadata,
            group.updated_at.0
        ],
    )
    .await?;
    Ok(())
}

/// Keeps other writers away from a group until the transaction ends; false when there is none.
pub(super) async fn hold(tx: &Tx, scope: &Scope, id: &str) -> Result<bool, StoreError> {
    let rows = tx
        .exec(
            sql!(
                "UPDATE user_groups SET updated_at = updated_at
                 WHERE environment_id = $1 AND tenant_id = $2 AND id = $3"
            ),
            args![scope.environment_id(), scope.tenant_id(), id],
        )
        .await?;
    Ok(rows == 1)
}

/// Notes that members or roles of a group changed.
pub(super) async fn touch(tx: &Tx, scope: &Scope, id: &str, now: Millis) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE user_groups SET updated_at = $4 WHERE environment_id = $1 AND tenant_id = $2 AND id = $3"
        ),
        args![scope.environment_id(), scope.tenant_id(), id, now.0],
    )
    .await?;
    Ok(())
}

pub(super) async fn by_id(tx: &Tx, scope: &Scope, id: &str) -> Result<Option<Group>, StoreError> {
    let mut query = select();
    in_tenant(&mut query, scope);
    query.push(" AND g.id = ").bind(id);
    tx.opt_built(&query).await?.as_ref().map(group_from).transpose()
}

/// Those of the ids that are groups of the tenant, by name.
pub(super) async fn by_ids(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<Group>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut query = select();
        in_tenant(&mut query, scope);
        query
            .push(" AND g.id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            found.push(group_from(row)?);
        }
    }
    Ok(found)
}

pub(super) async fn count(tx: &Tx, scope: &Scope) -> Result<i64, StoreError> {
    tx.one(
        sql!("SELECT COUNT(*) FROM user_groups WHERE environment_id = $1 AND tenant_id = $2"),
        args![scope.environment_id(), scope.tenant_id()],
    )
    .await?
    .get(0)
}

pub(super) async fn page(tx: &Tx, scope: &Scope, page: Page) -> Result<Vec<Group>, StoreError> {
    let mut query = select();
    in_tenant(&mut query, scope);
    query.push(match page.sort {
        GroupSort::Id => " ORDER BY g.id",
        GroupSort::Name => " ORDER BY g.name_key",
        GroupSort::CreatedAt => " ORDER BY g.created_at",
        GroupSort::UpdatedAt => " ORDER BY g.updated_at",
    });
    query.push(match (page.sort, page.order) {
        (GroupSort::Id, Order::Ascending) => " LIMIT ",
        (GroupSort::Id, Order::Descending) => " DESC LIMIT ",
        (_, Order::Ascending) => ", g.id LIMIT ",
        (_, Order::Descending) => " DESC, g.id DESC LIMIT ",
    });
    query.bind(page.limit).push(" OFFSET ").bind(page.skip);
    tx.all_built(&query).await?.iter().map(group_from).collect()
}

/// Removes a group and its roles. Its members follow in pieces; see [`forget_members`].
pub(super) async fn delete(tx: &Tx, scope: &Scope, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM user_groups WHERE environment_id = $1 AND tenant_id = $2 AND id = $3"),
        args![scope.environment_id(), scope.tenant_id(), id],
    )
    .await?;
    tx.exec(
        sql!("DELETE FROM group_roles WHERE environment_id = $1 AND tenant_id = $2 AND group_id = $3"),
        args![scope.environment_id(), scope.tenant_id(), id],
    )
    .await?;
    Ok(())
}

/// Removes up to `most` members of a group; how many.
pub(super) async fn forget_members(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    id: &str,
    most: i64,
) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM group_members WHERE environment_id = $1 AND tenant_id = $2 AND group_id = $3 AND user_id IN (
               SELECT user_id FROM group_members WHERE environment_id = $1 AND tenant_id = $2 AND group_id = $3
               ORDER BY user_id LIMIT $4)"
        ),
        args![environment.as_str(), tenant, id, most],
    )
    .await
}

/// Removes up to `most` rows of each kind that a tenant has here; how many of the largest kind.
pub(super) async fn purge(tx: &Tx, scope: &Scope, most: i64) -> Result<u64, StoreError> {
    let members = tx
        .exec(
            sql!(
                "DELETE FROM group_members WHERE environment_id = $1 AND tenant_id = $2 AND (group_id, user_id) IN (
                   SELECT group_id, user_id FROM group_members WHERE environment_id = $1 AND tenant_id = $2
                   ORDER BY group_id, user_id LIMIT $3)"
            ),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    let roles = tx
        .exec(
            sql!(
                "DELETE FROM group_roles WHERE environment_id = $1 AND tenant_id = $2 AND (group_id, role_id) IN (
                   SELECT group_id, role_id FROM group_roles WHERE environment_id = $1 AND tenant_id = $2
                   ORDER BY group_id, role_id LIMIT $3)"
            ),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    let groups = tx
        .exec(
            sql!(
                "DELETE FROM user_groups WHERE environment_id = $1 AND tenant_id = $2 AND id IN (
                   SELECT id FROM user_groups WHERE environment_id = $1 AND tenant_id = $2 ORDER BY id LIMIT $3)"
            ),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    Ok(members.max(roles).max(groups))
}

/// Gives a group roles that it does not have yet; how many are new.
pub(super) async fn add_roles(tx: &Tx, scope: &Scope, id: &str, roles: &[String]) -> Result<u64, StoreError> {
    let mut added = 0;
    for role in roles {
        added += tx
            .exec(
                sql!(
                    "INSERT INTO group_roles (environment_id, tenant_id, group_id, role_id) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (environment_id, tenant_id, group_id, role_id) DO NOTHING"
                ),
                args![scope.environment_id(), scope.tenant_id(), id, role],
            )
            .await?;
    }
    Ok(added)
}

pub(super) async fn remove_roles(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    roles: &[String],
) -> Result<u64, StoreError> {
    let mut query = Query::new("DELETE FROM group_roles WHERE environment_id = ");
    query
        .bind(scope.environment_id())
        .push(" AND tenant_id = ")
        .bind(scope.tenant_id());
    query
        .push(" AND group_id = ")
        .bind(id)
        .push(" AND role_id IN ")
        .bind_list(roles.iter().map(String::as_str));
    tx.exec_built(&query).await
}

/// Which group has which role, as (group, role).
pub(super) async fn roles_of(
    tx: &Tx,
    scope: &Scope,
    groups: &[String],
) -> Result<Vec<(String, String)>, StoreError> {
    let mut pairs = Vec::new();
    for chunk in groups.chunks(CHUNK) {
        let mut query = Query::new("SELECT group_id, role_id FROM group_roles WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND group_id IN ")
            .bind_list(chunk.iter().map(String::as_str))
            .push(" ORDER BY group_id, role_id");
        for row in &tx.all_built(&query).await? {
            pairs.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(pairs)
}

/// Keeps writers away from the memberships of users in the tenant; which of them are members.
pub(super) async fn hold_members(
    tx: &Tx,
    scope: &Scope,
    users: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut held = Vec::with_capacity(users.len());
    for chunk in users.chunks(CHUNK) {
        let mut query =
            Query::new("UPDATE memberships SET valid_after = valid_after WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str))
            .push(" RETURNING user_id");
        for row in &tx.all_built(&query).await? {
            held.push(row.get(0)?);
        }
    }
    held.sort_unstable();
    Ok(held)
}

/// Which of the users are in the group.
pub(super) async fn members_among(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    users: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new("SELECT user_id FROM group_members WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND group_id = ")
            .bind(id)
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            found.push(row.get(0)?);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Puts users into a group; those who are in it already stay.
pub(super) async fn add_members(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    users: &[String],
) -> Result<(), StoreError> {
    for chunk in users.chunks(CHUNK) {
        let mut query =
            Query::new("INSERT INTO group_members (environment_id, tenant_id, group_id, user_id) VALUES ");
        for (index, user) in chunk.iter().enumerate() {
            query
                .push(if index == 0 { "(" } else { ", (" })
                .bind(scope.environment_id());
            query.push(", ").bind(scope.tenant_id());
            query.push(", ").bind(id).push(", ").bind(user.as_str()).push(")");
        }
        query.push(" ON CONFLICT (environment_id, tenant_id, group_id, user_id) DO NOTHING");
        tx.exec_built(&query).await?;
    }
    Ok(())
}

pub(super) async fn remove_members(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    users: &[String],
) -> Result<(), StoreError> {
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new("DELETE FROM group_members WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND group_id = ")
            .bind(id)
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        tx.exec_built(&query).await?;
    }
    Ok(())
}

/// The first `each` members of every group, as (group, member, whether other members do not see them). What it costs depends
/// on what it answers, not on how many members the groups have.
pub(super) async fn members_of(
    tx: &Tx,
    scope: &Scope,
    groups: &[String],
    each: i64,
) -> Result<Vec<(String, GroupUser, bool)>, StoreError> {
    let mut found = Vec::new();
    for chunk in groups.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT g.id, u.id, u.email_key, u.name, u.profile_picture_url, u.created_at, m.status, u.invisible
             FROM user_groups g
             JOIN group_members gm ON gm.environment_id = g.environment_id AND gm.tenant_id = g.tenant_id
               AND gm.group_id = g.id AND gm.user_id <= COALESCE((
                 SELECT b.user_id FROM group_members b WHERE b.environment_id = g.environment_id
                   AND b.tenant_id = g.tenant_id AND b.group_id = g.id ORDER BY b.user_id LIMIT 1 OFFSET ",
        );
        query.bind(each - 1).push("), ").bind(LAST);
        query.push(
            ")
             JOIN memberships m ON m.environment_id = gm.environment_id AND m.tenant_id = gm.tenant_id
               AND m.user_id = gm.user_id
             JOIN users u ON u.environment_id = gm.environment_id AND u.id = gm.user_id
             WHERE g.environment_id = ",
        );
        in_tenant(&mut query, scope);
        query
            .push(" AND g.id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        query.push(" ORDER BY g.id, gm.user_id");
        for row in &tx.all_built(&query).await? {
            let user = GroupUser {
                id: row.get(1)?,
                email: UserRecord::email_of(row.get(2)?),
                name: row.get(3)?,
                profile_picture_url: row.get(4)?,
                created_at: Millis(row.get(5)?),
                activated_for_tenant: MembershipStatus::from_stored(&row.get::<String>(6)?)
                    == MembershipStatus::Activated,
            };
            found.push((row.get(0)?, user, row.get(7)?));
        }
    }
    Ok(found)
}

/// Ids of the roles that a member of the scope's tenant has through groups, each once.
pub(super) async fn role_ids(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT DISTINCT r.role_id FROM group_members m
                 JOIN group_roles r ON r.environment_id = m.environment_id AND r.tenant_id = m.tenant_id
                   AND r.group_id = m.group_id
                 WHERE m.environment_id = $1 AND m.user_id = $2 AND m.tenant_id = $3 ORDER BY r.role_id"
            ),
            args![scope.environment_id(), user, scope.tenant_id()],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Which role each of the users has through groups, as (user, tenant, role).
pub(super) async fn role_ids_of(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: Option<&str>,
    users: &[String],
) -> Result<Vec<(String, String, String)>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT DISTINCT m.user_id, m.tenant_id, r.role_id FROM group_members m
             JOIN group_roles r ON r.environment_id = m.environment_id AND r.tenant_id = m.tenant_id
               AND r.group_id = m.group_id
             WHERE m.environment_id = ",
        );
        of_users(&mut query, environment, tenant, chunk);
        query.push(" ORDER BY m.user_id, m.tenant_id, r.role_id");
        for row in &tx.all_built(&query).await? {
            found.push((row.get(0)?, row.get(1)?, row.get(2)?));
        }
    }
    Ok(found)
}

/// Which groups each of the users is in, as (user, tenant, group).
pub(super) async fn groups_of(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: Option<&str>,
    users: &[String],
) -> Result<Vec<(String, String, Group)>, StoreError> {
    let mut found = Vec::new();
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT g.id, g.name, g.color, g.description, g.metadata, g.managed_by, g.created_at, g.updated_at,
                    m.user_id, m.tenant_id
             FROM group_members m
             JOIN user_groups g ON g.environment_id = m.environment_id AND g.tenant_id = m.tenant_id
               AND g.id = m.group_id
             WHERE m.environment_id = ",
        );
        of_users(&mut query, environment, tenant, chunk);
        query.push(" ORDER BY m.user_id, g.name_key, g.id");
        for row in &tx.all_built(&query).await? {
            found.push((row.get(8)?, row.get(9)?, group_from(row)?));
        }
    }
    Ok(found)
}

fn of_users(query: &mut Query, environment: &EnvironmentId, tenant: Option<&str>, users: &[String]) {
    query
        .bind(environment.as_str())
        .push(" AND m.user_id IN ")
        .bind_list(users.iter().map(String::as_str));
    if let Some(tenant) = tenant {
        query.push(" AND m.tenant_id = ").bind(tenant);
    }
}
