//! Walks along the indexes of memberships, and searches that no index answers alone.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Scope};

use super::entries::Entry;
use super::model::{Field, Search, Sort};

/// The column of memberships that holds a sort or a searched field.
const fn column(sort: Sort) -> &'static str {
    match sort {
        Sort::CreatedAt => "user_created_at",
        Sort::Name => "name_key",
        Sort::Email => "email_key",
        Sort::Username => "username_key",
        Sort::Phone => "phone_number",
        Sort::Verified | Sort::IsLocked | Sort::Provider => "class",
        Sort::Id | Sort::TenantId => "user_id",
    }
}

/// A part of a tenant's members that lies together in one index.
#[derive(Clone, Debug)]
pub(super) enum Range {
    All,
    /// One class.
    Class(String),
    /// What begins with a prefix: from it up to `end`, where there is one.
    Prefix {
        from: String,
        end: Option<String>,
    },
}

fn in_range(query: &mut Query, sort: Sort, range: &Range) {
    match range {
        Range::All => {}
        Range::Class(class) => {
            query.push(" AND class = ").bind(class.as_str());
        }
        Range::Prefix { from, end } => {
            let name = column(sort);
            // Says to the planner that the partial index holds all there is to find.
            if matches!(sort, Sort::Username | Sort::Phone) {
                query.push(" AND ").push(name).push(" <> ''");
            }
            query.push(" AND ").push(name).push(" >= ").bind(from.as_str());
            if let Some(end) = end {
                query.push(" AND ").push(name).push(" < ").bind(end.as_str());
            }
        }
    }
}

/// How many members are in a range; a walk over the index.
pub(super) async fn count(tx: &Tx, scope: &Scope, sort: Sort, range: &Range) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*) FROM memberships WHERE environment_id = ");
    query
        .bind(scope.environment_id())
        .push(" AND tenant_id = ")
        .bind(scope.tenant_id());
    in_range(&mut query, sort, range);
    tx.one_built(&query).await?.get(0)
}

/// The ids of `take` members of a range after skipping some, from its start or its end; always in ascending order.
pub(super) async fn walk(
    tx: &Tx,
    scope: &Scope,
    sort: Sort,
    range: &Range,
    (skip, from_end): (i64, bool),
    take: i64,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT user_id FROM memberships WHERE environment_id = ");
    query
        .bind(scope.environment_id())
        .push(" AND tenant_id = ")
        .bind(scope.tenant_id());
    in_range(&mut query, sort, range);
    let key = match (sort, range) {
        // Inside one class only the ids differ.
        (_, Range::Class(_)) => "user_id",
        _ => column(sort),
    };
    query.push(" ORDER BY ");
    if key != "user_id" {
        query.push(key).push(if from_end { " DESC, " } else { ", " });
    }
    query.push(if from_end {
        "user_id DESC LIMIT "
    } else {
        "user_id LIMIT "
    });
    query.bind(take).push(" OFFSET ").bind(skip);
    let rows = tx.all_built(&query).await?;
    let mut ids = rows
        .iter()
        .map(|row| row.get(0))
        .collect::<Result<Vec<String>, _>>()?;
    if from_end {
        ids.reverse();
    }
    Ok(ids)
}

/// Whether the tenant has members who are not to be seen.
pub(super) async fn has_invisible(tx: &Tx, scope: &Scope) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT 1 FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND invisible LIMIT 1"
            ),
            args![scope.environment_id(), scope.tenant_id()],
        )
        .await?;
    Ok(row.is_some())
}

/// The members of a tenant who are not to be seen, at most `most`.
pub(super) async fn invisible_in(tx: &Tx, scope: &Scope, most: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT user_id, name_key, email_key, username_key, phone_number, class, '', invisible, user_created_at
                 FROM memberships WHERE environment_id = $1 AND tenant_id = $2 AND invisible
                 ORDER BY user_id LIMIT $3"
            ),
            args![scope.environment_id(), scope.tenant_id(), most],
        )
        .await?;
    rows.iter().map(entry_from).collect()
}

/// Every member of a tenant.
pub(super) async fn entries_in(tx: &Tx, scope: &Scope) -> Result<Vec<Entry>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT user_id, name_key, email_key, username_key, phone_number, class, '', invisible, user_created_at
                 FROM memberships WHERE environment_id = $1 AND tenant_id = $2"
            ),
            args![scope.environment_id(), scope.tenant_id()],
        )
        .await?;
    rows.iter().map(entry_from).collect()
}

/// Every membership in some tenants.
pub(super) async fn entries_of(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[&str],
) -> Result<Vec<Entry>, StoreError> {
    let mut query = Query::new(
        "SELECT user_id, name_key, email_key, username_key, phone_number, class, '', invisible, user_created_at
         FROM memberships m WHERE environment_id = ",
    );
    query
        .bind(environment.as_str())
        .push(" AND tenant_id IN ")
        .bind_list(tenants.iter().copied());
    query
        .push(" AND NOT EXISTS (SELECT 1 FROM closed_tenants c WHERE c.environment_id = ")
        .bind(environment.as_str())
        .push(" AND c.tenant_id = m.tenant_id)");
    tx.all_built(&query).await?.iter().map(entry_from).collect()
}

/// Those of the ids that are users.
pub(super) async fn entries(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(400) {
        let mut query = Query::new(
            "SELECT id, name_key, email_key, username_key, phone_number, class, active_tenant, invisible, created_at
             FROM users WHERE environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            entries.push(entry_from(row)?);
        }
    }
    Ok(entries)
}

fn entry_from(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: row.get(0)?,
        name_key: row.get(1)?,
        email_key: row.get(2)?,
        username_key: row.get(3)?,
        phone_number: row.get(4)?,
        class: row.get(5)?,
        active_tenant: row.get(6)?,
        invisible: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Those of the ids that are members of the scope's tenant.
pub(super) async fn members_among(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut members = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(200) {
        let mut query = Query::new("SELECT user_id FROM memberships WHERE environment_id = ");
        query
            .bind(scope.environment_id())
            .push(" AND tenant_id = ")
            .bind(scope.tenant_id());
        query
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            members.push(row.get(0)?);
        }
    }
    Ok(members)
}

/// The ids of users with ids of another system, at most `most`.
pub(super) async fn by_external_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    external: &[String],
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT id FROM users WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND external_id <> '' AND external_id IN ");
    query.bind_list(external.iter().map(String::as_str));
    query.push(" ORDER BY id LIMIT ").bind(most);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// FROM and WHERE of a search that filters users, joined to memberships where a tenant is named.
fn filtered(query: &mut Query, environment: &EnvironmentId, search: &Search) {
    query.push(" FROM users u");
    if search.tenant.is_some() {
        query.push(" JOIN memberships m ON m.environment_id = u.environment_id AND m.user_id = u.id");
    }
    query
        .push(" WHERE u.environment_id = ")
        .bind(environment.as_str());
    if let Some(tenant) = &search.tenant {
        query.push(" AND m.environment_id = ").bind(environment.as_str());
        query.push(" AND m.tenant_id = ").bind(tenant.as_str());
    }
    if search.visible_only {
        query.push(" AND NOT u.invisible");
    }
    for (field, prefix) in &search.prefixes {
        let (lower, upper) = match (field, search.tenant.is_some()) {
            (Field::Email, false) => (" AND u.email_key >= ", " AND u.email_key < "),
            (Field::Email, true) => (" AND m.email_key >= ", " AND m.email_key < "),
            (Field::Name, false) => (" AND u.name_key >= ", " AND u.name_key < "),
            (Field::Name, true) => (" AND m.name_key >= ", " AND m.name_key < "),
            (Field::Username, false) => (
                " AND u.username_key <> '' AND u.username_key >= ",
                " AND u.username_key < ",
            ),
            (Field::Username, true) => (
                " AND m.username_key <> '' AND m.username_key >= ",
                " AND m.username_key < ",
            ),
            (Field::Phone, false) => (
                " AND u.phone_number <> '' AND u.phone_number >= ",
                " AND u.phone_number < ",
            ),
            (Field::Phone, true) => (
                " AND m.phone_number <> '' AND m.phone_number >= ",
                " AND m.phone_number < ",
            ),
        };
        query.push(lower).bind(prefix.as_str());
        if let Some(end) = kit::prefix_end(prefix) {
            query.push(upper).bind(end);
        }
    }
}

/// How many users a filtering search finds.
pub(super) async fn count_filtered(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*)");
    filtered(&mut query, environment, search);
    tx.one_built(&query).await?.get(0)
}

/// The ids of one page of a filtering search.
pub(super) async fn page_filtered(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
    sort: Sort,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT u.id");
    filtered(&mut query, environment, search);
    let (up, down) = match sort {
        Sort::CreatedAt => (
            " ORDER BY u.created_at, u.id",
            " ORDER BY u.created_at DESC, u.id DESC",
        ),
        Sort::Name => (
            " ORDER BY u.name_key, u.id",
            " ORDER BY u.name_key DESC, u.id DESC",
        ),
        Sort::Email => (
            " ORDER BY u.email_key, u.id",
            " ORDER BY u.email_key DESC, u.id DESC",
        ),
        Sort::Id => (" ORDER BY u.id", " ORDER BY u.id DESC"),
        Sort::Verified => (
            " ORDER BY u.verified, u.class, u.id",
            " ORDER BY u.verified DESC, u.class DESC, u.id DESC",
        ),
        Sort::IsLocked => (
            " ORDER BY u.is_locked, u.class, u.id",
            " ORDER BY u.is_locked DESC, u.class DESC, u.id DESC",
        ),
        Sort::Provider => (
            " ORDER BY u.provider, u.class, u.id",
            " ORDER BY u.provider DESC, u.class DESC, u.id DESC",
        ),
        Sort::TenantId if search.tenant.is_some() => (" ORDER BY u.id", " ORDER BY u.id DESC"),
        Sort::TenantId => (
            " ORDER BY u.active_tenant, u.id",
            " ORDER BY u.active_tenant DESC, u.id DESC",
        ),
        Sort::Username => (
            " ORDER BY u.username_key, u.id",
            " ORDER BY u.username_key DESC, u.id DESC",
        ),
        Sort::Phone => (
            " ORDER BY u.phone_number, u.id",
            " ORDER BY u.phone_number DESC, u.id DESC",
        ),
    };
    query.push(if search.order == Order::Ascending {
        up
    } else {
        down
    });
    query
        .push(" LIMIT ")
        .bind(search.limit)
        .push(" OFFSET ")
        .bind(search.skip);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}
