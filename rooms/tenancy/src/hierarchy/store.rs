//! SQL of places in a hierarchy. Every way passes through tenants that are being cleared away: whoever takes over their
//! sub-tenants stands above these already. `CROSS JOIN` keeps SQLite from turning a way down round: it would read every
//! tenant of the environment once per step.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use super::model::Node;
use crate::tenants::{Seat, Sort, SubAccountAccess};

/// Keeps other moves of the environment away until the transaction ends.
pub(super) async fn guard(tx: &Tx, environment: &EnvironmentId) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO hierarchies (environment_id, moves) VALUES ($1, 1)
             ON CONFLICT (environment_id) DO UPDATE SET moves = hierarchies.moves + 1"
        ),
        args![environment.as_str()],
    )
    .await?;
    Ok(())
}

/// The ids above a tenant, the nearest first; among them those of tenants that are being cleared away.
pub(super) async fn above(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "WITH RECURSIVE up (tenant_id, level) AS (
                   SELECT parent_tenant_id, CAST(1 AS BIGINT) FROM tenants
                   WHERE environment_id = $1 AND tenant_id = $2
                   UNION ALL
                   SELECT COALESCE(t.parent_tenant_id, r.parent_tenant_id), up.level + 1
                   FROM up
                   LEFT JOIN tenants t ON t.environment_id = $1 AND t.tenant_id = up.tenant_id
                   LEFT JOIN tenant_removals r ON r.environment_id = $1 AND r.tenant_id = up.tenant_id
                   WHERE up.tenant_id <> '' AND up.level < $3)
                 SELECT tenant_id FROM up WHERE tenant_id <> '' ORDER BY level"
            ),
            args![environment.as_str(), id, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The parents of tenants, as (tenant, parent); without those at the top. At most 500 at once.
pub(super) async fn parents_of(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: impl IntoIterator<Item = &str> + Clone,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut query =
        Query::new("SELECT t.tenant_id, t.parent_tenant_id FROM tenants t WHERE t.environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND t.parent_tenant_id <> '' AND t.tenant_id IN ")
        .bind_list(ids.clone());
    query
        .push(" UNION ALL SELECT r.tenant_id, r.parent_tenant_id FROM tenant_removals r WHERE r.environment_id = ")
        .bind(environment.as_str())
        .push(" AND r.parent_tenant_id <> '' AND r.tenant_id IN ")
        .bind_list(ids);
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Begins a query with the ways down from some tenants: `down` holds each tenant met, the level it is met at, the one the
/// way began at, and whether it is being cleared away. A step has two ways to go, to tenants and to removals, and each
/// has its own key: NULL, which no index holds, on the other way. `UNION ALL` instead would be two steps, which
/// PostgreSQL refuses, or a table of all tenants, which SQLite would fill.
fn ways_down(mut query: Query, environment: &EnvironmentId, tops: &[&str], levels: i64) -> Query {
    query
        .push(
            "WITH RECURSIVE ways (removed) AS (SELECT FALSE UNION ALL SELECT TRUE),
             down (top, tenant_id, removed, level) AS (
               SELECT p.tenant_id, p.tenant_id, FALSE, CAST(0 AS BIGINT) FROM tenants p WHERE p.environment_id = ",
        )
        .bind(environment.as_str())
        .push(" AND p.tenant_id IN ")
        .bind_list(tops.iter().copied());
    query
        .push(
            " UNION ALL
               SELECT down.top, COALESCE(t.tenant_id, r.tenant_id), ways.removed, down.level + 1
               FROM down CROSS JOIN ways
               LEFT JOIN tenants t ON t.environment_id = ",
        )
        .bind(environment.as_str())
        .push(
            " AND t.parent_tenant_id = CASE WHEN NOT ways.removed THEN down.tenant_id END
               LEFT JOIN tenant_removals r ON r.environment_id = ",
        )
        .bind(environment.as_str())
        .push(
            " AND r.parent_tenant_id = CASE WHEN ways.removed THEN down.tenant_id END
               WHERE COALESCE(t.tenant_id, r.tenant_id) IS NOT NULL AND down.level < ",
        )
        .bind(levels)
        .push(") ");
    query
}

/// Whether nothing stands below a tenant, as below most. PostgreSQL takes the recursion for much work and reads all tenants
/// first; it answers this from the indexes, whose next entries are another tenant's.
async fn is_lowest(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let row = tx
        .one(
            sql!(
                "SELECT
                   (SELECT parent_tenant_id FROM tenants
                    WHERE environment_id = $1 AND (parent_tenant_id, tenant_id) >= ($2, '')
                    ORDER BY parent_tenant_id, tenant_id LIMIT 1),
                   (SELECT parent_tenant_id FROM tenant_removals
                    WHERE environment_id = $1 AND (parent_tenant_id, tenant_id) >= ($2, '')
                    ORDER BY parent_tenant_id, tenant_id LIMIT 1)"
            ),
            args![environment.as_str(), id],
        )
        .await?;
    let (tenant, removal): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
    Ok(tenant.as_deref() != Some(id) && removal.as_deref() != Some(id))
}

/// Ids below a tenant, level by level.
pub(super) async fn below(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    levels: i64,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    if is_lowest(tx, environment, id).await? {
        return Ok(Vec::new());
    }
    let mut query = ways_down(Query::new(""), environment, &[id], levels);
    query
        .push("SELECT tenant_id FROM down WHERE level > 0 AND NOT removed ORDER BY level, tenant_id LIMIT ")
        .bind(most);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// How many levels stand below a tenant, counted up to `most`.
pub(super) async fn height(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    most: i64,
) -> Result<i64, StoreError> {
    let mut query = ways_down(Query::new(""), environment, &[id], most);
    query.push("SELECT COALESCE(MAX(level), 0) FROM down WHERE NOT removed");
    tx.one_built(&query).await?.get(0)
}

/// Where the tenants below one stand in lists.
pub(super) async fn seats_below(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    levels: i64,
) -> Result<Vec<Seat>, StoreError> {
    let rows = tx
        .all_built(&seats_query(Query::new(""), environment, id, levels))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Seat {
                tenant_id: row.get(0)?,
                name_key: row.get(1)?,
                created_at: row.get(2)?,
            })
        })
        .collect()
}

fn seats_query(query: Query, environment: &EnvironmentId, id: &str, levels: i64) -> Query {
    let mut query = ways_down(query, environment, &[id], levels);
    query
        .push(
            "SELECT t.tenant_id, t.name_key, t.created_at FROM down CROSS JOIN tenants t
             WHERE down.level > 0 AND NOT down.removed AND t.tenant_id = down.tenant_id AND t.environment_id = ",
        )
        .bind(environment.as_str());
    query
}

/// The tenants being cleared away whose sub-tenants one of these takes over, as (tenant, who takes over).
pub(super) async fn removals_below(
    tx: &Tx,
    environment: &EnvironmentId,
    parents: impl IntoIterator<Item = &str>,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut query =
        Query::new("SELECT r.tenant_id, r.parent_tenant_id FROM tenant_removals r WHERE r.environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND r.parent_tenant_id IN ")
        .bind_list(parents);
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn nodes() -> Query {
    Query::new(
        "SELECT t.tenant_id, t.parent_tenant_id, t.name, t.status, t.created_at, t.is_reseller, t.sub_account_access
         FROM tenants t WHERE t.environment_id = ",
    )
}

fn node_from(row: &Row) -> Result<Node, StoreError> {
    Ok(Node {
        tenant_id: row.get(0)?,
        parent: row.get(1)?,
        name: row.get(2)?,
        status: row.get(3)?,
        created_at: Millis(row.get(4)?),
        is_reseller: row.get(5)?,
        access: SubAccountAccess::from_stored(&row.get::<String>(6)?),
    })
}

/// Those of the named tenants that exist. At most 500 at once.
pub(super) async fn nodes_of(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: impl IntoIterator<Item = &str>,
) -> Result<Vec<Node>, StoreError> {
    let mut query = nodes();
    query
        .bind(environment.as_str())
        .push(" AND t.tenant_id IN ")
        .bind_list(ids);
    tx.all_built(&query).await?.iter().map(node_from).collect()
}

/// The next children of some tenants, after one of them, by parent and id.
pub(super) async fn children_after(
    tx: &Tx,
    environment: &EnvironmentId,
    parents: impl IntoIterator<Item = &str>,
    (parent, id): (&str, &str),
    most: i64,
) -> Result<Vec<Node>, StoreError> {
    let mut query = nodes();
    query
        .bind(environment.as_str())
        .push(" AND t.parent_tenant_id IN ")
        .bind_list(parents);
    query
        .push(" AND (t.parent_tenant_id, t.tenant_id) > (")
        .bind(parent)
        .push(", ")
        .bind(id);
    query
        .push(") ORDER BY t.parent_tenant_id, t.tenant_id LIMIT ")
        .bind(most);
    tx.all_built(&query).await?.iter().map(node_from).collect()
}

/// How many children a tenant has.
pub(super) async fn count_children(
    tx: &Tx,
    environment: &EnvironmentId,
    parent: &str,
) -> Result<i64, StoreError> {
    tx.one(
        sql!("SELECT COUNT(*) FROM tenants WHERE environment_id = $1 AND parent_tenant_id = $2"),
        args![environment.as_str(), parent],
    )
    .await?
    .get(0)
}

/// Ids of `limit` children after skipping some, in an order that is walked backwards where `down` says so.
pub(super) async fn children_page(
    tx: &Tx,
    environment: &EnvironmentId,
    parent: &str,
    (sort, down): (Sort, bool),
    (skip, limit): (i64, i64),
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT t.tenant_id FROM tenants t WHERE t.environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND t.parent_tenant_id <> '' AND t.parent_tenant_id = ")
        .bind(parent);
    query.push(match (sort, down) {
        (Sort::CreatedAt, false) => " ORDER BY t.created_at, t.tenant_id",
        (Sort::CreatedAt, true) => " ORDER BY t.created_at DESC, t.tenant_id DESC",
        (Sort::Name, false) => " ORDER BY t.name_key, t.tenant_id",
        (Sort::Name, true) => " ORDER BY t.name_key DESC, t.tenant_id DESC",
        (Sort::TenantId, false) => " ORDER BY t.tenant_id",
        (Sort::TenantId, true) => " ORDER BY t.tenant_id DESC",
    });
    query.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(skip);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// Which of the tenants have children. At most 500 at once.
pub(super) async fn parents_among(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: impl IntoIterator<Item = &str>,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("SELECT p.tenant_id FROM tenants p WHERE p.environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND p.tenant_id IN ")
        .bind_list(ids);
    query
        .push(" AND EXISTS (SELECT 1 FROM tenants t WHERE t.environment_id = ")
        .bind(environment.as_str())
        .push(" AND t.parent_tenant_id = p.tenant_id)");
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// How many tenants stand below each of some, for those that have any. At most 500 at once.
pub(super) async fn sizes(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: impl IntoIterator<Item = &str>,
    levels: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let tops: Vec<&str> = ids.into_iter().collect();
    let mut query = ways_down(Query::new(""), environment, &tops, levels);
    query.push("SELECT top, COUNT(*) FROM down WHERE level > 0 AND NOT removed GROUP BY top");
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Puts a tenant under another (`""` = at the top). The guard must be held.
pub(super) async fn set_parent(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    parent: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE tenants SET parent_tenant_id = $3 WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), id, parent],
    )
    .await?;
    tx.exec(
        sql!("UPDATE hierarchies SET groupings = groupings + 1 WHERE environment_id = $1"),
        args![environment.as_str()],
    )
    .await?;
    Ok(())
}

/// How often tenants have been put under others or taken from there.
pub(super) async fn groupings(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT groupings FROM hierarchies WHERE environment_id = $1"),
            args![environment.as_str()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn set_access(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
    access: SubAccountAccess,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE tenants SET sub_account_access = $3, updated_at = $4 WHERE environment_id = $1 AND tenant_id = $2"
        ),
        args![environment.as_str(), id, access.as_str(), now.0],
    )
    .await?;
    Ok(())
}

/// Whether the order must be walked from its other end.
pub(super) const fn reversed(order: Order, from_end: bool) -> bool {
    matches!(order, Order::Descending) != from_end
}

/// Notes that there was a tenant of this id.
pub(crate) async fn note_former(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO former_tenants (environment_id, tenant_id) VALUES ($1, $2)
             ON CONFLICT (environment_id, tenant_id) DO NOTHING"
        ),
        args![environment.as_str(), id],
    )
    .await?;
    Ok(())
}

/// Whether a tenant of this id was deleted once.
pub(super) async fn is_former(tx: &Tx, environment: &EnvironmentId, id: &str) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT 1 FROM former_tenants WHERE environment_id = $1 AND tenant_id = $2"),
            args![environment.as_str(), id],
        )
        .await?;
    Ok(row.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{Bench, run};

    async fn plan(bench: &Bench, query: Query) -> Vec<String> {
        let rows = bench
            .db
            .read::<_, StoreError, _>(async move |tx| tx.all_built(&query).await)
            .await
            .unwrap();
        rows.iter().map(|row| row.get(3).unwrap()).collect()
    }

    #[test]
    fn no_way_reads_tenants_that_do_not_stand_on_it() {
        run(async {
            let bench = Bench::new().await;
            let explain = || Query::new("EXPLAIN QUERY PLAN ");
            let mut down = ways_down(explain(), &bench.environment, &["a", "b"], 9);
            down.push("SELECT top, COUNT(*) FROM down WHERE level > 0 AND NOT removed GROUP BY top");
            for query in [down, seats_query(explain(), &bench.environment, "a", 9)] {
                let plan = plan(&bench, query).await;
                let on = |name: &str| {
                    let step = plan.iter().find(|step| step.split(' ').nth(1) == Some(name));
                    step.map_or("", String::as_str)
                };
                // One row per key, in the order that the text has: from what is above to what is below.
                let keys = "(environment_id=? AND parent_tenant_id=?)";
                assert!(on("t").contains(keys), "{plan:#?}");
                assert!(
                    on("r").contains(keys) && on("r").contains("tenant_removals_by_parent"),
                    "{plan:#?}"
                );
                let scanned: Vec<&String> = plan.iter().filter(|step| step.starts_with("SCAN")).collect();
                assert!(
                    scanned
                        .iter()
                        .all(|step| ["SCAN down", "SCAN ways", "SCAN CONSTANT ROW"].contains(&step.as_str())),
                    "{plan:#?}"
                );
                assert!(!plan.iter().any(|step| step.contains("AUTOMATIC")), "{plan:#?}");
            }
        });
    }
}
