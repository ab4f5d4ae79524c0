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

/// Makes a group one that a directory keeps, as its synchronisation does.
pub(super) async fn hand_to_directory(tx: &Tx, id: &str) -> Result<(), StoreError> {
    tx.exec(
        // all environments: the test has one
        sql!("UPDATE user_groups SET managed_by = 'scim2' WHERE id = $1"),
        args![id],
    )
    .await?;
    Ok(())
}

/// The id of the one group there is.
pub(super) async fn only_group(tx: &Tx) -> Result<String, StoreError> {
    // all environments: the test has one
    tx.one(sql!("SELECT id FROM user_groups"), args![]).await?.get(0)
}

/// So many more members of the tenant acme, all in the group. Nothing counts them.
pub(super) async fn crowd(tx: &Tx, group: &str, members: i64) -> Result<(), StoreError> {
    for statement in [
        // all environments: the test has one
        sql!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
             INSERT INTO users (environment_id, id, email_key, username, username_key, name, name_key, phone_number, verified,
               is_locked, provider, class, managed_by, invisible, super_user, mfa_enrolled, mfa_bypass, metadata,
               vendor_metadata, profile_picture_url, external_id, active_tenant, valid_after, created_at)
             SELECT 'e1', 'crowd' || i, 'crowd' || i || '@acme.test', '', '', '', '', '', TRUE, FALSE, 'local', '10local',
               'frontegg', FALSE, FALSE, FALSE, FALSE, '{}', '', '', '', 'acme', 0, 0 FROM n"
        ),
        // all environments: the test has one
        sql!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
             INSERT INTO memberships (environment_id, tenant_id, user_id, status, is_disabled, valid_after, sub_accounts,
               created_at, email_key, username_key, name_key, phone_number, class, invisible, user_created_at)
             SELECT 'e1', 'acme', 'crowd' || i, 'Activated', FALSE, 0, FALSE, 0, 'crowd' || i || '@acme.test', '', '', '',
               '10local', FALSE, 0 FROM n"
        ),
    ] {
        tx.exec(statement, args![members]).await?;
    }
    tx.exec(
        // all environments: the test has one
        sql!(
            "INSERT INTO group_members (environment_id, tenant_id, group_id, user_id)
             SELECT environment_id, tenant_id, $1, user_id FROM memberships WHERE user_id LIKE 'crowd%'"
        ),
        args![group],
    )
    .await?;
    Ok(())
}

/// How many rows groups have altogether.
pub(super) async fn group_rows(tx: &Tx) -> Result<i64, StoreError> {
    tx.one(
        // all environments: the test has one
        sql!(
            "SELECT (SELECT COUNT(*) FROM user_groups) + (SELECT COUNT(*) FROM group_members)
               + (SELECT COUNT(*) FROM group_roles)"
        ),
        args![],
    )
    .await?
    .get(0)
}
