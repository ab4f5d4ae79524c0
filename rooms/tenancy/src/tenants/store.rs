//! SQL of tenants.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use futures_util::future::try_join;
use kit::{EnvironmentId, Millis};

use super::access::SubAccountAccess;
use super::model::{Prefix, Seat, Sort, Tenant, terms};

/// Everything of a tenant.
const WHOLE: &str =
        "SELECT t.id, t.environment_id, t.tenant_id, t.name, t.alias, t.status, t.website, t.application_url, t.domain,
                t.address, t.timezone, t.date_format, t.time_format, t.currency, t.creator_name, t.creator_email,
                t.logo, t.logo_url, t.is_reseller, t.metadata, t.created_at, t.updated_at, t.parent_tenant_id, t.sub_account_access";

fn select() -> Query {
    let mut query = Query::new(WHOLE);
    query.push(" FROM tenants t");
    query
}

fn tenant_from(row: &Row) -> Result<Tenant, StoreError> {
    let parent: String = row.get(22)?;
    Ok(Tenant {
        id: row.get(0)?,
        vendor_id: row.get(1)?,
        tenant_id: row.get(2)?,
        name: row.get(3)?,
        alias: row.get(4)?,
        status: row.get(5)?,
        website: row.get(6)?,
        application_url: row.get(7)?,
        domain: row.get(8)?,
        address: row.get(9)?,
        timezone: row.get(10)?,
        date_format: row.get(11)?,
        time_format: row.get(12)?,
        currency: row.get(13)?,
        creator_name: row.get(14)?,
        creator_email: row.get(15)?,
        logo: row.get(16)?,
        logo_url: row.get(17)?,
        is_reseller: row.get(18)?,
        metadata: row.get(19)?,
        created_at: Millis(row.get(20)?),
        updated_at: Millis(row.get(21)?),
        deleted_at: None,
        parent_tenant_id: (!parent.is_empty()).then_some(parent),
        sub_account_access: SubAccountAccess::from_stored(&row.get::<String>(23)?),
    })
}

fn tenants_from(rows: &[Row]) -> Result<Vec<Tenant>, StoreError> {
    rows.iter().map(tenant_from).collect()
}

pub(super) async fn by_id(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<Tenant>, StoreError> {
    let mut query = select();
    query
        .push(" WHERE t.environment_id = ")
        .bind(environment.as_str())
        .push(" AND t.tenant_id = ")
        .bind(id);
    tx.opt_built(&query).await?.as_ref().map(tenant_from).transpose()
}

pub(super) async fn exists(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT 1 FROM tenants WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    Ok(row.is_some())
}

/// At most 500 ids at once.
pub(super) async fn by_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Tenant>, StoreError> {
    let mut query = select();
    query
        .push(" WHERE t.environment_id = ")
        .bind(environment.as_str());
    query
        .push(" AND t.tenant_id IN ")
        .bind_list(ids)
        .push(" ORDER BY t.tenant_id");
    tenants_from(&tx.all_built(&query).await?)
}

pub(crate) async fn by_alias(
    tx: &Tx,
    environment: &EnvironmentId,
    alias: &str,
) -> Result<Option<Tenant>, StoreError> {
    let mut query = select();
    query.push(" JOIN tenant_aliases a ON a.environment_id = t.environment_id AND a.tenant_id = t.tenant_id");
    query
        .push(" WHERE a.environment_id = ")
        .bind(environment.as_str())
        .push(" AND a.alias = ")
        .bind(alias);
    tx.opt_built(&query).await?.as_ref().map(tenant_from).transpose()
}

/// The tenants after an id, in the order of ids.
pub(super) async fn after(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    most: i64,
) -> Result<Vec<Tenant>, StoreError> {
    let mut query = select();
    query
        .push(" WHERE t.environment_id = ")
        .bind(environment.as_str())
        .push(" AND t.tenant_id > ")
        .bind(id);
    query.push(" ORDER BY t.tenant_id LIMIT ").bind(most);
    tenants_from(&tx.all_built(&query).await?)
}

pub(super) async fn total(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT tenants FROM tenant_totals WHERE environment_id = $1"),
            args![environment.as_str()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Which edition of the list of tenants this is.
pub(super) async fn edition(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT edition FROM tenant_totals WHERE environment_id = $1"),
            args![environment.as_str()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Counts tenants that come or go; by 0 where one only got another name.
pub(super) async fn count(tx: &Tx, environment: &EnvironmentId, by: i64) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO tenant_totals (environment_id, tenants, edition) VALUES ($1, $2, 1)
             ON CONFLICT (environment_id) DO UPDATE SET tenants = tenant_totals.tenants + excluded.tenants,
               edition = tenant_totals.edition + 1"
        ),
        args![environment.as_str(), by],
    )
    .await?;
    Ok(())
}

/// Order of the columns, with the primary key last; `reversed` walks the same index from its other end.
fn ordered(query: &mut Query, sort: Sort, order: Order, reversed: bool) {
    let down = (order == Order::Descending) != reversed;
    query.push(match (sort, down) {
        (Sort::CreatedAt, false) => " ORDER BY t.created_at, t.tenant_id",
        (Sort::CreatedAt, true) => " ORDER BY t.created_at DESC, t.tenant_id DESC",
        (Sort::Name, false) => " ORDER BY t.name_key, t.tenant_id",
        (Sort::Name, true) => " ORDER BY t.name_key DESC, t.tenant_id DESC",
        (Sort::TenantId, false) => " ORDER BY t.tenant_id",
        (Sort::TenantId, true) => " ORDER BY t.tenant_id DESC",
    });
}

/// One page of all tenants. The seats are found in an index alone, from the end that is nearer.
pub(super) async fn page(
    tx: &Tx,
    environment: &EnvironmentId,
    sort: (Sort, Order),
    place: (i64, i64),
    total: i64,
) -> Result<Vec<Tenant>, StoreError> {
    match page_query(Query::new(""), environment, sort, place, total) {
        Some(query) => tenants_from(&tx.all_built(&query).await?),
        None => Ok(Vec::new()),
    }
}

/// `CROSS JOIN` keeps SQLite from reading every tenant in the order of the list, to ask of each whether it is on the page.
fn page_query(
    mut query: Query,
    environment: &EnvironmentId,
    (sort, order): (Sort, Order),
    (offset, limit): (i64, i64),
    total: i64,
) -> Option<Query> {
    let limit = limit.min(total - offset);
    if limit <= 0 {
        return None;
    }
    let reversed = offset > total / 2;
    let skip = if reversed { total - offset - limit } else { offset };
    query
        .push(WHOLE)
        .push(" FROM (SELECT t.tenant_id AS seat FROM tenants t WHERE t.environment_id = ")
        .bind(environment.as_str());
    ordered(&mut query, sort, order, reversed);
    query.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(skip);
    query
        .push(") p CROSS JOIN tenants t WHERE t.tenant_id = p.seat AND t.environment_id = ")
        .bind(environment.as_str());
    ordered(&mut query, sort, order, false);
    Some(query)
}

/// How the engine would go about a page in the middle.
#[cfg(test)]
pub(super) fn page_plan(environment: &EnvironmentId, sort: Sort) -> Option<Query> {
    let explain = Query::new("EXPLAIN QUERY PLAN ");
    page_query(explain, environment, (sort, Order::Ascending), (50, 50), 1_000)
}

/// What a term must be, after `environment_id =`.
fn within(query: &mut Query, environment: &EnvironmentId, prefix: &Prefix) {
    query
        .bind(environment.as_str())
        .push(" AND s.term >= ")
        .bind(&prefix.text);
    if let Some(end) = &prefix.end {
        query.push(" AND s.term < ").bind(end);
    }
    query.push(" AND s.shared < ").bind(prefix.length);
}

/// How many tenants a prefix finds.
pub(crate) async fn matching(
    tx: &Tx,
    environment: &EnvironmentId,
    prefix: &Prefix,
) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*) FROM tenant_terms s WHERE s.environment_id = ");
    within(&mut query, environment, prefix);
    tx.one_built(&query).await?.get(0)
}

/// The tenants a prefix finds.
pub(crate) async fn matching_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    prefix: &Prefix,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT s.tenant_id FROM tenant_terms s WHERE s.environment_id = ");
    within(&mut query, environment, prefix);
    query.push(" ORDER BY s.term, s.tenant_id");
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

fn seat_from(row: &Row) -> Result<Seat, StoreError> {
    Ok(Seat {
        tenant_id: row.get(0)?,
        name_key: row.get(1)?,
        created_at: row.get(2)?,
    })
}

/// Where tenants stand in the lists. At most 500 ids at once.
pub(crate) async fn seats_of(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Seat>, StoreError> {
    let mut query =
        Query::new("SELECT t.tenant_id, t.name_key, t.created_at FROM tenants t WHERE t.environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND t.tenant_id IN ")
        .bind_list(ids);
    tx.all_built(&query).await?.iter().map(seat_from).collect()
}

/// The seats after one, in the order of a list.
pub(super) async fn seats_after(
    tx: &Tx,
    environment: &EnvironmentId,
    (sort, order): (Sort, Order),
    after: Option<&Seat>,
    most: i64,
) -> Result<Vec<Seat>, StoreError> {
    let mut query =
        Query::new("SELECT t.tenant_id, t.name_key, t.created_at FROM tenants t WHERE t.environment_id = ");
    query.bind(environment.as_str());
    if let Some(seat) = after {
        let beyond = if order == Order::Ascending {
            ") > ("
        } else {
            ") < ("
        };
        match sort {
            Sort::CreatedAt => {
                query
                    .push(" AND (t.created_at, t.tenant_id")
                    .push(beyond)
                    .bind(seat.created_at)
                    .push(", ");
            }
            Sort::Name => {
                query
                    .push(" AND (t.name_key, t.tenant_id")
                    .push(beyond)
                    .bind(&seat.name_key)
                    .push(", ");
            }
            Sort::TenantId => {
                query.push(" AND (t.tenant_id").push(beyond);
            }
        }
        query.bind(&seat.tenant_id).push(")");
    }
    ordered(&mut query, sort, order, false);
    query.push(" LIMIT ").bind(most);
    tx.all_built(&query).await?.iter().map(seat_from).collect()
}

/// False when the id is taken.
pub(super) async fn insert(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &Tenant,
) -> Result<bool, StoreError> {
    let parent = tenant.parent_tenant_id.as_deref().unwrap_or("");
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO tenants (environment_id, tenant_id, id, parent_tenant_id, name, name_key, alias, status, website,
                   application_url, domain, address, timezone, date_format, time_format, currency, creator_name,
                   creator_email, logo, logo_url, is_reseller, metadata, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                         $23, $24)
                 ON CONFLICT (environment_id, tenant_id) DO NOTHING"
            ),
            args![
                environment.as_str(),
                tenant.tenant_id,
                tenant.id,
                parent,
                tenant.name,
                kit::search_key(&tenant.name),
                tenant.alias,
                tenant.status,
                tenant.website,
                tenant.application_url,
                tenant.domain,
                tenant.address,
                tenant.timezone,
                tenant.date_format,
                tenant.time_format,
                tenant.currency,
                tenant.creator_name,
                tenant.creator_email,
                tenant.logo,
                tenant.logo_url,
                tenant.is_reseller,
                tenant.metadata,
                tenant.created_at.0,
                tenant.updated_at.0
            ],
        )
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    index(tx, environment, tenant).await?;
    count(tx, environment, 1).await?;
    Ok(true)
}

/// Writes everything that may change of a tenant.
pub(super) async fn update(tx: &Tx, environment: &EnvironmentId, tenant: &Tenant) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE tenants SET name = $3, name_key = $4, alias = $5, status = $6, website = $7, application_url = $8,
               domain = $9, address = $10, timezone = $11, date_format = $12, time_format = $13, currency = $14,
               creator_name = $15, creator_email = $16, logo = $17, logo_url = $18, is_reseller = $19, metadata = $20,
               updated_at = $21
             WHERE environment_id = $1 AND tenant_id = $2"
        ),
        args![
            environment.as_str(),
            tenant.tenant_id,
            tenant.name,
            kit::search_key(&tenant.name),
            tenant.alias,
            tenant.status,
            tenant.website,
            tenant.application_url,
            tenant.domain,
            tenant.address,
            tenant.timezone,
            tenant.date_format,
            tenant.time_format,
            tenant.currency,
            tenant.creator_name,
            tenant.creator_email,
            tenant.logo,
            tenant.logo_url,
            tenant.is_reseller,
            tenant.metadata,
            tenant.updated_at.0
        ],
    )
    .await?;
    Ok(())
}

/// How far members of the tenant reach; `None` when there is none.
pub(super) async fn access(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<SubAccountAccess>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT sub_account_access FROM tenants WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    row.map(|row| access_from(&row)).transpose()
}

fn access_from(row: &Row) -> Result<SubAccountAccess, StoreError> {
    Ok(SubAccountAccess::from_stored(&row.get::<String>(0)?))
}

/// Makes the tenant wait for other changes of it, so that a change that reads before it writes loses none. Answers how
/// far members of it reach; `None` when there is none.
pub(super) async fn hold(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<SubAccountAccess>, StoreError> {
    let place = format!("tenant {environment} {id}");
    let args = args![environment.as_str(), id];
    let held = tx.opt(
        sql!(
            "UPDATE tenants SET updated_at = updated_at WHERE environment_id = $1 AND tenant_id = $2
                 RETURNING sub_account_access"
        ),
        args,
    );
    // Sent together, in this order.
    let ((), row) = try_join(tx.line_up(&place), held).await?;
    row.map(|row| access_from(&row)).transpose()
}

/// Puts the tenant under the terms it is found by.
pub(super) async fn index(tx: &Tx, environment: &EnvironmentId, tenant: &Tenant) -> Result<(), StoreError> {
    for (term, shared) in terms(&tenant.tenant_id, &tenant.name) {
        tx.exec(
            sql!(
                "INSERT INTO tenant_terms (environment_id, tenant_id, term, shared) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (environment_id, tenant_id, term) DO NOTHING"
            ),
            args![environment.as_str(), tenant.tenant_id, term, shared],
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn unindex(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM tenant_terms WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// Gives the tenant this alias alone, or none; false when another tenant has it.
pub(super) async fn set_alias(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    alias: Option<&str>,
) -> Result<bool, StoreError> {
    tx.exec(
        sql!("DELETE FROM tenant_aliases WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    let Some(alias) = alias else { return Ok(true) };
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO tenant_aliases (environment_id, alias, tenant_id) VALUES ($1, $2, $3)
                 ON CONFLICT (environment_id, alias) DO NOTHING"
            ),
            args![environment.as_str(), alias, id],
        )
        .await?;
    Ok(inserted == 1)
}

/// Removes the tenant's own row and what it is found by; false when there is none.
pub(super) async fn delete(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    parent: &str,
) -> Result<bool, StoreError> {
    let gone = tx
        .exec(
            sql!("DELETE FROM tenants WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    if gone == 0 {
        return Ok(false);
    }
    // Where this tenant was to take over the sub-tenants of another that is going, its own parent does.
    tx.exec(
        sql!("UPDATE tenant_removals SET parent_tenant_id = $3 WHERE environment_id = $1 AND parent_tenant_id = $2"),
        args![environment.as_str(), id, parent],
    )
    .await?;
    unindex(tx, environment, id).await?;
    set_alias(tx, environment, id, None).await?;
    count(tx, environment, -1).await?;
    Ok(true)
}

/// Puts up to `most` sub-tenants of a tenant under another (`""` = at the top); how many there were.
pub(super) async fn reparent(
    tx: &Tx,
    environment: &EnvironmentId,
    from: &str,
    to: &str,
    most: i64,
) -> Result<u64, StoreError> {
    tx.exec(
        sql!(
            "UPDATE tenants SET parent_tenant_id = $3
             WHERE environment_id = $1 AND tenant_id IN (
               SELECT tenant_id FROM tenants WHERE environment_id = $1 AND parent_tenant_id = $2
               ORDER BY tenant_id LIMIT $4)"
        ),
        args![environment.as_str(), from, to, most],
    )
    .await
}

/// Marks a tenant as gone but not yet cleared away.
pub(super) async fn open_removal(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    parent: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO tenant_removals (environment_id, tenant_id, parent_tenant_id, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (environment_id, tenant_id) DO NOTHING"
        ),
        args![environment.as_str(), id, parent, now.0],
    )
    .await?;
    Ok(())
}

/// The tenant that takes over the sub-tenants of one being cleared away; `None` when it is not.
pub(super) async fn removal(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT parent_tenant_id FROM tenant_removals WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

pub(super) async fn close_removal(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM tenant_removals WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}
