//! Rows of `restriction_lists` and `restriction_entries`.

use db::{Row, StoreError, Tx, args, sql};
use kit::{Millis, Scope};

use super::model::{Entry, Kind, List, MOST, Strategy};

fn list_from(row: &Row) -> Result<List, StoreError> {
    Ok(List {
        is_active: row.get(0)?,
        strategy: Strategy::stored(&row.get::<String>(1)?),
        block_public_domains: row.get(2)?,
    })
}

fn entry_from(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: row.get(0)?,
        strategy: Strategy::stored(&row.get::<String>(1)?),
        value: row.get(2)?,
        is_active: row.get(3)?,
        description: row.get(4)?,
        created_at: Millis(row.get(5)?),
    })
}

/// The list of exactly this level; as it is by default when nobody touched it.
pub(crate) async fn list(tx: &Tx, scope: &Scope, kind: Kind) -> Result<List, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT is_active, strategy, block_public_domains FROM restriction_lists
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3"
            ),
            args![scope.environment_id(), scope.tenant_id(), kind.as_str()],
        )
        .await?;
    row.as_ref()
        .map(list_from)
        .transpose()
        .map(Option::unwrap_or_default)
}

/// The same, and nobody else changes the list or its entries until this transaction ends.
pub(crate) async fn hold(tx: &Tx, scope: &Scope, kind: Kind, now: Millis) -> Result<List, StoreError> {
    let fresh = List::default();
    let row = tx
        .one(
            sql!(
                "INSERT INTO restriction_lists (environment_id, tenant_id, kind, is_active, strategy,
                   block_public_domains, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (environment_id, tenant_id, kind) DO UPDATE SET updated_at = excluded.updated_at
                 RETURNING is_active, strategy, block_public_domains"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                kind.as_str(),
                fresh.is_active,
                fresh.strategy.as_str(),
                fresh.block_public_domains,
                now.0
            ],
        )
        .await?;
    list_from(&row)
}

/// Writes a list that is held.
pub(crate) async fn set(tx: &Tx, scope: &Scope, kind: Kind, list: &List) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "UPDATE restriction_lists SET is_active = $4, strategy = $5, block_public_domains = $6
             WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3"
        ),
        args![
            scope.environment_id(),
            scope.tenant_id(),
            kind.as_str(),
            list.is_active,
            list.strategy.as_str(),
            list.block_public_domains
        ],
    )
    .await?;
    Ok(())
}

/// All entries of a list, oldest first; there are never many.
pub(crate) async fn entries(tx: &Tx, scope: &Scope, kind: Kind) -> Result<Vec<Entry>, StoreError> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let rows = tx
        .all(
            sql!(
                "SELECT id, strategy, value, is_active, description, created_at FROM restriction_entries
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3
                 ORDER BY created_at, id LIMIT $4"
            ),
            args![scope.environment_id(), scope.tenant_id(), kind.as_str(), most],
        )
        .await?;
    rows.iter().map(entry_from).collect()
}

/// The values that count.
pub(crate) async fn values(
    tx: &Tx,
    scope: &Scope,
    kind: Kind,
    strategy: Strategy,
) -> Result<Vec<String>, StoreError> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let rows = tx
        .all(
            sql!(
                "SELECT value FROM restriction_entries
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3 AND strategy = $4 AND is_active
                 ORDER BY value LIMIT $5"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                kind.as_str(),
                strategy.as_str(),
                most
            ],
        )
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Whether this very value is on the list and counts.
pub(crate) async fn has(
    tx: &Tx,
    scope: &Scope,
    kind: Kind,
    strategy: Strategy,
    value: &str,
) -> Result<bool, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id FROM restriction_entries
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3 AND strategy = $4 AND value = $5
                   AND is_active"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                kind.as_str(),
                strategy.as_str(),
                value
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// How many entries a list has.
pub(crate) async fn count(tx: &Tx, scope: &Scope, kind: Kind) -> Result<usize, StoreError> {
    let row = tx
        .one(
            sql!(
                "SELECT COUNT(*) FROM restriction_entries
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3"
            ),
            args![scope.environment_id(), scope.tenant_id(), kind.as_str()],
        )
        .await?;
    Ok(usize::try_from(row.get::<i64>(0)?).unwrap_or(usize::MAX))
}

/// False when the value is on the list already.
pub(crate) async fn insert(tx: &Tx, scope: &Scope, kind: Kind, entry: &Entry) -> Result<bool, StoreError> {
    let inserted = tx
        .exec(
            sql!(
                "INSERT INTO restriction_entries (environment_id, id, tenant_id, kind, strategy, value, is_active,
                   description, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (environment_id, tenant_id, kind, strategy, value) DO NOTHING"
            ),
            args![
                scope.environment_id(),
                &entry.id,
                scope.tenant_id(),
                kind.as_str(),
                entry.strategy.as_str(),
                &entry.value,
                entry.is_active,
                &entry.description,
                entry.created_at.0
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Removes one entry; its value, when it was there.
pub(crate) async fn remove(
    tx: &Tx,
    scope: &Scope,
    kind: Kind,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "DELETE FROM restriction_entries
                 WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3 AND id = $4
                 RETURNING value"
            ),
            args![scope.environment_id(), scope.tenant_id(), kind.as_str(), id],
        )
        .await?;
    row.map(|row| row.get(0)).transpose()
}

/// Removes the entries of one strategy.
pub(crate) async fn clear(tx: &Tx, scope: &Scope, kind: Kind, strategy: Strategy) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "DELETE FROM restriction_entries
             WHERE environment_id = $1 AND tenant_id = $2 AND kind = $3 AND strategy = $4"
        ),
        args![
            scope.environment_id(),
            scope.tenant_id(),
            kind.as_str(),
            strategy.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// Removes the lists of a tenant that goes.
pub(crate) async fn forget_tenant(tx: &Tx, scope: &Scope) -> Result<(), StoreError> {
    let (environment, tenant) = (scope.environment_id(), scope.tenant_id());
    tx.exec(
        sql!(
            "DELETE FROM restriction_entries WHERE environment_id = $1 AND tenant_id = $2 AND tenant_id <> ''"
        ),
        args![environment, tenant],
    )
    .await?;
    tx.exec(
        sql!(
            "DELETE FROM restriction_lists WHERE environment_id = $1 AND tenant_id = $2 AND tenant_id <> ''"
        ),
        args![environment, tenant],
    )
    .await?;
    Ok(())
}
