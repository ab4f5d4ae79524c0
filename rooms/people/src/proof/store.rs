//! Reckonings over whole tables.

use db::{StoreError, Tx, args, sql};

/// Where a counter or a repeated key disagrees with the rows it stands for.
pub(super) async fn disagreements(tx: &Tx) -> Result<Vec<String>, StoreError> {
    // all environments: the test has one
    let rows = tx
        .all(
            sql!(
                "SELECT 'members ' || tenant_id FROM member_counts c WHERE members <>
                   (SELECT COUNT(*) FROM memberships m WHERE m.environment_id = c.environment_id
                      AND m.tenant_id = c.tenant_id AND c.class IN ('', m.class))
                 UNION ALL SELECT 'keys ' || u.id FROM users u JOIN memberships m
                   ON m.environment_id = u.environment_id AND m.user_id = u.id
                   WHERE m.email_key <> u.email_key OR m.name_key <> u.name_key OR m.class <> u.class
                     OR m.username_key <> u.username_key OR m.phone_number <> u.phone_number
                     OR m.user_created_at <> u.created_at OR m.invisible <> u.invisible
                 UNION ALL SELECT 'orphan ' || user_id FROM memberships m WHERE NOT EXISTS
                   (SELECT 1 FROM users u WHERE u.environment_id = m.environment_id AND u.id = m.user_id)
                 UNION ALL SELECT 'email ' || u.id FROM users u WHERE u.email_key LIKE '%@%' AND 1 <>
                   (SELECT COUNT(*) FROM user_identifiers i WHERE i.environment_id = u.environment_id
                      AND i.kind = 'email' AND i.user_id = u.id AND i.value = u.email_key AND i.is_primary AND i.owned
                      AND i.verified = u.verified)
                 UNION ALL SELECT 'phone ' || u.id FROM users u WHERE u.phone_number <> '' AND 1 <>
                   (SELECT COUNT(*) FROM user_identifiers i WHERE i.environment_id = u.environment_id
                      AND i.kind = 'phone' AND i.user_id = u.id AND i.value = u.phone_number AND i.is_primary)
                 UNION ALL SELECT 'nobody''s ' || i.id FROM user_identifiers i WHERE NOT EXISTS
                   (SELECT 1 FROM users u WHERE u.environment_id = i.environment_id AND u.id = i.user_id)"
            ),
            args![],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many users there are.
pub(super) async fn users(tx: &Tx) -> Result<i64, StoreError> {
    // all environments: the test has one
    tx.one(sql!("SELECT COUNT(*) FROM users"), args![]).await?.get(0)
}
