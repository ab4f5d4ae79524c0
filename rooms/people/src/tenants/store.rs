//! Memberships by user and by tenant, some at a time.

use db::{Query, StoreError, Tx};
use kit::EnvironmentId;

use crate::records::MembershipStatus;

/// (user, tenant, status) of memberships of these users, by user and tenant; at most `most` per user. Only of the statuses
/// given, where any are.
pub(super) async fn statuses(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
    only: &[MembershipStatus],
    most: i64,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let mut query = Query::new(
        "SELECT user_id, tenant_id, status FROM (
           SELECT m.user_id, m.tenant_id, m.status,
                  ROW_NUMBER() OVER (PARTITION BY m.user_id ORDER BY m.tenant_id) AS place
           FROM memberships m WHERE m.environment_id = ",
    );
    query
        .bind(environment.as_str())
        .push(" AND m.user_id IN ")
        .bind_list(users.iter().map(String::as_str));
    if !only.is_empty() {
        query
            .push(" AND m.status IN ")
            .bind_list(only.iter().map(|status| status.as_str()));
    }
    query
        .push(" AND NOT EXISTS (SELECT 1 FROM closed_tenants c WHERE c.environment_id = ")
        .bind(environment.as_str());
    query
        .push(" AND c.tenant_id = m.tenant_id)) AS found WHERE place <= ")
        .bind(most)
        .push(" ORDER BY user_id, place");
    let rows = tx.all_built(&query).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .collect()
}
