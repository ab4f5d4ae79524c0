//! Counting members of several tenants.

use std::collections::BTreeMap;

use db::{Query, StoreError, Tx};
use kit::EnvironmentId;

async fn counted(
    tx: &Tx,
    environment: &EnvironmentId,
    (sum, whose, only): (&'static str, &'static str, &'static str),
    tenants: &[String],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut query = Query::new("SELECT m.tenant_id, ");
    query.push(sum).push(" FROM ").push(whose);
    query
        .push(" m WHERE m.environment_id = ")
        .bind(environment.as_str())
        .push(" AND m.tenant_id IN ")
        .bind_list(tenants.iter().map(String::as_str));
    query.push(only).push(" GROUP BY m.tenant_id");
    let rows = tx.all_built(&query).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many members each of the tenants has.
pub(super) async fn members(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let kept = ("MAX(m.members)", "member_counts", " AND m.class = ''");
    counted(tx, environment, kept, tenants).await
}

/// How many of them are invisible.
pub(super) async fn invisible(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let walked = ("COUNT(*)", "memberships", " AND m.invisible");
    counted(tx, environment, walked, tenants).await
}

/// How many of them reach the tenants below; only those that are visible where `visible` says so.
pub(super) async fn reaching(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
    visible: bool,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let only = if visible {
        " AND m.sub_accounts AND NOT m.invisible"
    } else {
        " AND m.sub_accounts"
    };
    counted(tx, environment, ("COUNT(*)", "memberships", only), tenants).await
}
