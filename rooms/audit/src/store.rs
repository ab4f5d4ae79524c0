//! SQL of audit records and their tallies.

use blocks::listing::Order;
use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use crate::model::{Audit, rank, severity_of, severity_word, tallied};
use crate::wanted::{Column, Wanted};

/// Conditions and orders without an index look at this many of the newest records that meet the others.
pub(crate) const WINDOW: i64 = 50_000;

/// Adds records of one environment and counts them; those that are there already are left as they are.
pub(crate) async fn add(tx: &Tx, environment: &EnvironmentId, audits: &[&Audit]) -> Result<(), StoreError> {
    let mut added = Vec::new();
    for audit in audits.iter().copied() {
        if insert(tx, environment, audit).await? {
            added.push(audit);
        }
    }
    for (tally, entries) in tallied(&added) {
        tx.exec(
            sql!(
                "INSERT INTO audit_tallies (environment_id, kind, name, hour, entries) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (environment_id, kind, name, hour)
                 DO UPDATE SET entries = audit_tallies.entries + excluded.entries"
            ),
            args![environment.as_str(), tally.kind, tally.name, tally.hour, entries],
        )
        .await?;
    }
    Ok(())
}

async fn insert(tx: &Tx, environment: &EnvironmentId, audit: &Audit) -> Result<bool, StoreError> {
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
    let custom = serde_json::to_string(&audit.custom).map_err(StoreError::other)?;
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO audits (environment_id, id, tenant_id, created_at, severity, severity_rank, actor_kind, actor_id,
                   user_id, email, email_key, action, ip, user_agent, description, resource, resource_id, trace_id, custom,
                   before_change, after_change, search_text)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
                 ON CONFLICT (environment_id, id) DO NOTHING"
            ),
            args![
                environment.as_str(),
                audit.id,
                audit.tenant_id,
                audit.created_at.0,
                severity_word(audit.severity),
                rank(audit.severity),
                audit.actor_kind,
                audit.actor_id,
                audit.user_id,
                audit.email,
                audit.email.as_deref().unwrap_or("").to_lowercase(),
                audit.action,
                audit.ip,
                audit.user_agent,
                audit.description,
                audit.resource,
                audit.resource_id,
                audit.trace_id,
                custom,
                json(&audit.before),
                json(&audit.after),
                audit.search_text()
            ],
        )
        .await?;
    Ok(inserted == 1)
}

fn audit_from(row: &Row) -> Result<Audit, StoreError> {
    let parsed = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
    let custom: String = row.get(15)?;
    Ok(Audit {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        created_at: Millis(row.get(2)?),
        severity: severity_of(&row.get::<String>(3)?).unwrap_or_default(),
        actor_kind: row.get(4)?,
        actor_id: row.get(5)?,
        user_id: row.get(6)?,
        email: row.get(7)?,
        action: row.get(8)?,
        ip: row.get(9)?,
        user_agent: row.get(10)?,
        description: row.get(11)?,
        resource: row.get(12)?,
        resource_id: row.get(13)?,
        trace_id: row.get(14)?,
        custom: serde_json::from_str(&custom).map_err(StoreError::other)?,
        before: parsed(row.get(16)?).map_err(StoreError::other)?,
        after: parsed(row.get(17)?).map_err(StoreError::other)?,
    })
}

/// The records with these ids, in the order of the ids given.
pub(crate) async fn by_ids(
    tx: &Tx,
    environment: &EnvironmentId,
    ids: &[String],
) -> Result<Vec<Audit>, StoreError> {
    let mut found = std::collections::BTreeMap::new();
    for chunk in ids.chunks(500) {
        let mut query = Query::new(
            "SELECT id, tenant_id, created_at, severity, actor_kind, actor_id, user_id, email, action, ip, user_agent,
                    description, resource, resource_id, trace_id, custom, before_change, after_change
             FROM audits WHERE environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND id IN ")
            .bind_list(chunk);
        for row in &tx.all_built(&query).await? {
            let audit = audit_from(row)?;
            found.insert(audit.id.clone(), audit);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// A bound that a deep page sets: only records before (or, ascending, from) this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) bound: i64,
    pub(crate) skip: i64,
}

/// The ids of one page and of one record more, if there is one.
pub(crate) async fn page(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
    seat: Option<Seat>,
) -> Result<Vec<String>, StoreError> {
    let offset = seat.map_or(wanted.offset, |seat| seat.skip);
    let most = if wanted.is_indexed() {
        offset + wanted.count + 1
    } else {
        WINDOW
    };
    let mut query = Query::new("SELECT a.id FROM (");
    source(&mut query, environment, wanted, most, seat);
    query.push(") a WHERE a.kept");
    conditions(&mut query, wanted);
    sorted(&mut query, wanted);
    query
        .push(" LIMIT ")
        .bind(wanted.count + 1)
        .push(" OFFSET ")
        .bind(offset);
    tx.all_built(&query).await?.iter().map(|row| row.get(0)).collect()
}

/// How many records are wanted, counted up to `most`.
pub(crate) async fn count(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
    most: i64,
) -> Result<i64, StoreError> {
    let looked_at = if wanted.is_indexed() { most } else { WINDOW };
    let mut query = Query::new("SELECT COUNT(*) FROM (SELECT a.id FROM (");
    source(&mut query, environment, wanted, looked_at, None);
    query.push(") a WHERE a.kept");
    conditions(&mut query, wanted);
    query.push(" LIMIT ").bind(most).push(") counted");
    tx.one_built(&query).await?.get(0)
}

/// The newest (or, where an ascending index leads, the oldest) records that meet the conditions with an index. One branch
/// per user, address or tenant asked for, so that each follows its index.
fn source(query: &mut Query, environment: &EnvironmentId, wanted: &Wanted, most: i64, seat: Option<Seat>) {
    let (lead, values): (&'static str, &[String]) = if !wanted.users.is_empty() {
        (" AND b.user_id = ", &wanted.users)
    } else if !wanted.emails.is_empty() {
        (" AND b.email_key = ", &wanted.emails)
    } else {
        (" AND b.tenant_id = ", &wanted.tenants)
    };
    let branches: Vec<Option<&String>> = if values.is_empty() {
        vec![None]
    } else {
        values.iter().map(Some).collect()
    };
    let ascending = wanted.is_indexed() && wanted.order == Order::Ascending;
    for (at, value) in branches.into_iter().enumerate() {
        query.push(if at == 0 {
            "SELECT * FROM ("
        } else {
            " UNION ALL SELECT * FROM ("
        });
        query.push(
            "SELECT b.id, b.created_at, b.tenant_id, b.severity_rank, b.actor_id, b.user_id, b.email_key, b.action, b.ip,
                    b.user_agent, b.description, b.resource, b.resource_id, b.search_text, TRUE AS kept
             FROM audits b WHERE b.environment_id = ",
        );
        query.bind(environment.as_str());
        if let Some(value) = value {
            query.push(lead).bind(value);
        }
        let led_by_tenant = wanted.users.is_empty() && wanted.emails.is_empty();
        if !wanted.tenants.is_empty() && !led_by_tenant {
            query.push(" AND b.tenant_id IN ").bind_list(&wanted.tenants);
        }
        if !wanted.emails.is_empty() && !wanted.users.is_empty() {
            query.push(" AND b.email_key IN ").bind_list(&wanted.emails);
        }
        if let Some(severity) = wanted.severity {
            query.push(" AND b.severity = ").bind(severity_word(severity));
        }
        if let Some(action) = &wanted.action {
            query.push(" AND b.action = ").bind(action);
        }
        if let Some(from) = wanted.from {
            query.push(" AND b.created_at >= ").bind(from.0);
        }
        if let Some(to) = wanted.to {
            query.push(" AND b.created_at <= ").bind(to.0);
        }
        if let Some(seat) = seat {
            query
                .push(if ascending {
                    " AND b.created_at >= "
                } else {
                    " AND b.created_at < "
                })
                .bind(seat.bound);
        }
        query.push(if ascending {
            " ORDER BY b.created_at, b.id LIMIT "
        } else {
            " ORDER BY b.created_at DESC, b.id DESC LIMIT "
        });
        query.bind(most).push(") c");
    }
}

fn conditions(query: &mut Query, wanted: &Wanted) {
    for (column, value) in &wanted.columns {
        query.push(match column {
            Column::TenantId => " AND a.tenant_id = ",
            Column::ActorId => " AND a.actor_id = ",
            Column::Ip => " AND a.ip = ",
            Column::UserAgent => " AND a.user_agent = ",
            Column::Description => " AND a.description = ",
            Column::Resource => " AND a.resource = ",
            Column::ResourceId => " AND a.resource_id = ",
            Column::Action => " AND a.action = ",
            Column::Email => " AND a.email_key = ",
            Column::UserId => " AND a.user_id = ",
            // These two are read elsewhere and never get here.
            Column::CreatedAt | Column::Severity => continue,
        });
        query.bind(value);
    }
    if let Some(text) = &wanted.text {
        query
            .push(" AND a.search_text LIKE ")
            .bind(containing(text))
            .push(" ESCAPE '\\'");
    }
    for (name, value) in &wanted.custom {
        // The sender's own members stand in the search text as JSON, lower-cased.
        let name = serde_json::Value::from(name.to_lowercase()).to_string();
        let text = serde_json::Value::from(value.to_lowercase()).to_string();
        query
            .push(" AND (a.search_text LIKE ")
            .bind(containing(&format!("{name}:{text}")))
            .push(" ESCAPE '\\'");
        for end in [',', '}'] {
            let plain = containing(&format!("{name}:{}{end}", value.to_lowercase()));
            query
                .push(" OR a.search_text LIKE ")
                .bind(plain)
                .push(" ESCAPE '\\'");
        }
        query.push(")");
    }
}

fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn sorted(query: &mut Query, wanted: &Wanted) {
    let down = wanted.order == Order::Descending;
    query.push(match wanted.sort.unwrap_or(Column::CreatedAt) {
        Column::CreatedAt => " ORDER BY a.created_at",
        Column::Severity => " ORDER BY a.severity_rank",
        Column::Action => " ORDER BY a.action",
        Column::Email => " ORDER BY a.email_key",
        Column::UserId => " ORDER BY COALESCE(a.user_id, '')",
        Column::TenantId => " ORDER BY a.tenant_id",
        Column::ActorId => " ORDER BY COALESCE(a.actor_id, '')",
        Column::Ip => " ORDER BY COALESCE(a.ip, '')",
        Column::UserAgent => " ORDER BY COALESCE(a.user_agent, '')",
        Column::Description => " ORDER BY COALESCE(a.description, '')",
        Column::Resource => " ORDER BY a.resource",
        Column::ResourceId => " ORDER BY a.resource_id",
    });
    query.push(if down {
        " DESC, a.created_at DESC, a.id DESC"
    } else {
        ", a.created_at, a.id"
    });
}

/// Records of a tenant (`None` = of the whole environment) from `from` up to but not including `to`, counted one by one:
/// for pieces of an hour.
pub(crate) async fn count_between(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: Option<&str>,
    (from, to): (i64, i64),
) -> Result<i64, StoreError> {
    let mut query = Query::new("SELECT COUNT(*) FROM audits WHERE environment_id = ");
    query.bind(environment.as_str());
    if let Some(tenant) = tenant {
        query.push(" AND tenant_id = ").bind(tenant);
    }
    query
        .push(" AND created_at >= ")
        .bind(from)
        .push(" AND created_at < ")
        .bind(to);
    tx.one_built(&query).await?.get(0)
}

/// The sum of a counter over the hours that begin from `from` up to but not including `to`.
pub(crate) async fn sum(
    tx: &Tx,
    environment: &EnvironmentId,
    (kind, name): (&'static str, &str),
    (from, to): (i64, i64),
) -> Result<i64, StoreError> {
    let row = tx
        .one(
            sql!(
                "SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) FROM audit_tallies
                 WHERE environment_id = $1 AND kind = $2 AND name = $3 AND hour >= $4 AND hour < $5"
            ),
            args![environment.as_str(), kind, name, from, to],
        )
        .await?;
    row.get(0)
}

/// A counter hour by hour, oldest first.
pub(crate) async fn hours(
    tx: &Tx,
    environment: &EnvironmentId,
    (kind, name): (&'static str, &str),
    (from, to): (i64, i64),
) -> Result<Vec<(i64, i64)>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT hour, entries FROM audit_tallies
                 WHERE environment_id = $1 AND kind = $2 AND name = $3 AND hour >= $4 AND hour < $5 ORDER BY hour"
            ),
            args![environment.as_str(), kind, name, from, to],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The names with the highest sums of a kind of counter.
pub(crate) async fn top(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: &'static str,
    (from, to): (i64, i64),
    most: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT name, CAST(SUM(entries) AS BIGINT) AS counted FROM audit_tallies
                 WHERE environment_id = $1 AND kind = $2 AND hour >= $3 AND hour < $4 AND name <> ''
                 GROUP BY name ORDER BY counted DESC, name LIMIT $5"
            ),
            args![environment.as_str(), kind, from, to, most],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
