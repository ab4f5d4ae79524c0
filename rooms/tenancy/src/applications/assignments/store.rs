//! SQL of what was decided about tenants and applications.

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Millis};

use crate::applications::AccessType;

/// A decision about a tenant and an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) application_id: String,
    pub(super) tenant_id: String,
    pub(super) assigned: bool,
    /// None where the application says.
    pub(super) access_type: Option<AccessType>,
}

fn decision_from(row: &Row) -> Result<Decision, StoreError> {
    Ok(Decision {
        application_id: row.get(0)?,
        tenant_id: row.get(1)?,
        assigned: row.get(2)?,
        access_type: AccessType::from_word(&row.get::<String>(3)?),
    })
}

fn select() -> Query {
    Query::new(
        "SELECT application_id, tenant_id, assigned, access_type FROM application_tenants WHERE environment_id = ",
    )
}

/// What was decided about these tenants, of every application or of one. At most 500 tenants at once.
pub(super) async fn of_tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    application: Option<&str>,
    tenants: &[String],
) -> Result<Vec<Decision>, StoreError> {
    let mut query = select();
    query.bind(environment.as_str());
    if let Some(application) = application {
        query.push(" AND application_id = ").bind(application);
    }
    query
        .push(" AND tenant_id IN ")
        .bind_list(tenants.iter().map(String::as_str));
    query.push(" ORDER BY tenant_id, application_id");
    let rows = tx.all_built(&query).await?;
    rows.iter().map(decision_from).collect()
}

pub(super) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    tenant: &str,
) -> Result<Option<Decision>, StoreError> {
    let tenants = [tenant.to_owned()];
    Ok(of_tenants(tx, environment, Some(application), &tenants)
        .await?
        .pop())
}

/// Writes a decision over an earlier one.
pub(super) async fn decide(
    tx: &Tx,
    environment: &EnvironmentId,
    decision: &Decision,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO application_tenants (environment_id, application_id, tenant_id, assigned, access_type, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (environment_id, application_id, tenant_id)
             DO UPDATE SET assigned = excluded.assigned, access_type = excluded.access_type"
        ),
        args![
            environment.as_str(),
            decision.application_id,
            decision.tenant_id,
            decision.assigned,
            decision.access_type.map_or("", AccessType::word),
            now.0
        ],
    )
    .await?;
    Ok(())
}

/// Gives a new tenant what new tenants get.
pub(crate) async fn welcome(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO application_tenants (environment_id, application_id, tenant_id, assigned, access_type, created_at)
             SELECT environment_id, id, $2, TRUE, '', $3 FROM applications
             WHERE environment_id = $1 AND (is_default OR auto_assign)
             ON CONFLICT (environment_id, application_id, tenant_id) DO NOTHING"
        ),
        args![environment.as_str(), tenant, now.0],
    )
    .await?;
    Ok(())
}

/// Ids of the applications that a new member of the tenant is given.
pub(super) async fn given(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT a.id FROM applications a LEFT JOIN application_tenants t
                   ON t.environment_id = a.environment_id AND t.application_id = a.id AND t.tenant_id = $2
                 WHERE a.environment_id = $1 AND (a.is_default OR a.auto_assign) AND COALESCE(t.assigned, a.is_default)
                 ORDER BY a.id"
            ),
            args![environment.as_str(), tenant],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Up to `most` tenants after `after` that have an application by a decision.
pub(super) async fn decided_tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT tenant_id FROM application_tenants
                 WHERE environment_id = $1 AND application_id = $2 AND tenant_id > $3 AND assigned
                 ORDER BY tenant_id LIMIT $4"
            ),
            args![environment.as_str(), application, after, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Up to `most` tenants after `after` that an application was not taken from.
pub(super) async fn undenied_tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT t.tenant_id FROM tenants t
                 WHERE t.environment_id = $1 AND t.tenant_id > $3
                   AND NOT EXISTS (SELECT 1 FROM application_tenants x WHERE x.environment_id = $1
                     AND x.application_id = $2 AND x.tenant_id = t.tenant_id AND NOT x.assigned)
                 ORDER BY t.tenant_id LIMIT $4"
            ),
            args![environment.as_str(), application, after, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Up to `most` tenants after `after`.
pub(super) async fn tenants(
    tx: &Tx,
    environment: &EnvironmentId,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT tenant_id FROM tenants WHERE environment_id = $1 AND tenant_id > $2 ORDER BY tenant_id LIMIT $3"
            ),
            args![environment.as_str(), after, most],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Gives an application to the next `most` tenants after `after` about which nothing was decided; the last of them, `None`
/// when there are no more.
pub(in crate::applications) async fn spread(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    after: &str,
    most: i64,
    now: Millis,
) -> Result<Option<String>, StoreError> {
    let next = tenants(tx, environment, after, most).await?;
    let Some(last) = next.last() else { return Ok(None) };
    tx.exec(
        sql!(
            "INSERT INTO application_tenants (environment_id, application_id, tenant_id, assigned, access_type, created_at)
             SELECT environment_id, $2, tenant_id, TRUE, '', $5 FROM tenants
             WHERE environment_id = $1 AND tenant_id > $3 AND tenant_id <= $4
             ON CONFLICT (environment_id, application_id, tenant_id) DO NOTHING"
        ),
        args![environment.as_str(), application, after, last, now.0],
    )
    .await?;
    let more = i64::try_from(next.len()).unwrap_or(most) >= most;
    Ok(next.into_iter().next_back().filter(|_| more))
}

/// Removes what was decided about a tenant. Never more rows than there are applications.
pub(crate) async fn forget_tenant(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM application_tenants WHERE environment_id = $1 AND tenant_id = $2"),
        args![environment.as_str(), tenant],
    )
    .await?;
    Ok(())
}

/// Removes up to `most` decisions about an application; true when none is left.
pub(in crate::applications) async fn forget_application(
    tx: &Tx,
    environment: &EnvironmentId,
    application: &str,
    most: i64,
) -> Result<bool, StoreError> {
    let gone = tx
        .exec(
            sql!(
                "DELETE FROM application_tenants WHERE environment_id = $1 AND application_id = $2 AND tenant_id IN (
                   SELECT tenant_id FROM application_tenants WHERE environment_id = $1 AND application_id = $2
                   ORDER BY tenant_id LIMIT $3)"
            ),
            args![environment.as_str(), application, most],
        )
        .await?;
    Ok(gone < most.unsigned_abs())
}
