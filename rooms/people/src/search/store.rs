//! The tables of the index.

use std::collections::BTreeMap;

use db::{Db, Query, StoreError, Tx, args, sql};
use kit::EnvironmentId;

use super::columns::Keys;
use super::text::{Content, Marker};
use crate::families;
use crate::records::UserRecord;

/// How many values one `IN` list gets.
const CHUNK: usize = 400;
/// How many rows one `INSERT` gets.
const ROWS: usize = 100;

/// A user who waits to be folded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) created_at: i64,
    pub(super) user: String,
    version: i64,
}

/// Queues a user who was written, removed, or moved in or out of a large tenant.
pub(crate) async fn note(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &str,
    created_at: i64,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO search_queue (environment_id, created_at, user_id, version) VALUES ($1, $2, $3, 1)
             ON CONFLICT (environment_id, created_at, user_id) DO UPDATE SET version = search_queue.version + 1"
        ),
        args![environment.as_str(), created_at, user],
    )
    .await?;
    Ok(())
}

/// Queues every member of a tenant.
pub(crate) async fn note_members(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO search_queue (environment_id, created_at, user_id, version)
             SELECT environment_id, user_created_at, user_id, 1 FROM memberships
             WHERE environment_id = $1 AND tenant_id = $2 ORDER BY user_created_at, user_id
             ON CONFLICT (environment_id, created_at, user_id) DO UPDATE SET version = search_queue.version + 1"
        ),
        args![environment.as_str(), tenant],
    )
    .await?;
    Ok(())
}

/// Queues the next members of a tenant behind a user, at most `most`; who they are.
pub(crate) async fn note_members_after(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT user_id, user_created_at FROM memberships
                 WHERE environment_id = $1 AND tenant_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4"
            ),
            args![environment.as_str(), tenant, after, most],
        )
        .await?;
    let mut users = Vec::with_capacity(rows.len());
    for row in &rows {
        let user: String = row.get(0)?;
        note(tx, environment, &user, row.get(1)?).await?;
        users.push(user);
    }
    Ok(users)
}

/// How many users of an environment are queued, counted up to `most`.
pub(crate) async fn waiting_in(db: &Db, environment: &EnvironmentId, most: i64) -> Result<i64, StoreError> {
    let row = db
        .one(
            sql!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM search_queue WHERE environment_id = $1 LIMIT $2) queued"
            ),
            args![environment.as_str(), most],
        )
        .await?;
    row.get(0)
}

/// An environment with queued users.
pub(super) async fn waiting(db: &Db) -> Result<Option<EnvironmentId>, StoreError> {
    let row = db
        .opt(
            // all environments: the job serves one after the other
            sql!("SELECT environment_id FROM search_queue ORDER BY environment_id LIMIT 1"),
            args![],
        )
        .await?;
    row.map(|row| Ok(row.get::<String>(0)?.into())).transpose()
}

/// Makes others who fold this environment wait; the next free number.
pub(super) async fn hold(tx: &Tx, environment: &EnvironmentId) -> Result<i64, StoreError> {
    let row = tx
        .one(
            sql!(
                "INSERT INTO search_heads (environment_id, next_doc) VALUES ($1, 0)
                 ON CONFLICT (environment_id) DO UPDATE SET next_doc = search_heads.next_doc RETURNING next_doc"
            ),
            args![environment.as_str()],
        )
        .await?;
    row.get(0)
}

pub(super) async fn advance(tx: &Tx, environment: &EnvironmentId, next: i64) -> Result<(), StoreError> {
    tx.exec(
        sql!("UPDATE search_heads SET next_doc = $2 WHERE environment_id = $1"),
        args![environment.as_str(), next],
    )
    .await?;
    Ok(())
}

/// The first queued users.
pub(super) async fn first_queued(
    tx: &Tx,
    environment: &EnvironmentId,
    most: i64,
) -> Result<Vec<Queued>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT created_at, user_id, version FROM search_queue WHERE environment_id = $1
                 ORDER BY created_at, user_id LIMIT $2"
            ),
            args![environment.as_str(), most],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Queued {
                created_at: row.get(0)?,
                user: row.get(1)?,
                version: row.get(2)?,
            })
        })
        .collect()
}

/// Every queued user, with the number of those who have one.
pub(super) async fn all_queued(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<Vec<(String, Option<i64>)>, StoreError> {
    let rows = tx
        .all(
            // Not a join: PostgreSQL reads every user for one where it believes the queue to be as long as it once was.
            sql!(
                "SELECT q.user_id, (
                   SELECT d.doc FROM search_docs d WHERE d.environment_id = q.environment_id AND d.user_id = q.user_id)
                 FROM search_queue q WHERE q.environment_id = $1 ORDER BY q.created_at, q.user_id"
            ),
            args![environment.as_str()],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Takes users off the queue that have not changed since they were read.
pub(super) async fn dequeue(
    tx: &Tx,
    environment: &EnvironmentId,
    queued: &[Queued],
) -> Result<(), StoreError> {
    let mut versions: BTreeMap<i64, Vec<&Queued>> = BTreeMap::new();
    for entry in queued {
        versions.entry(entry.version).or_default().push(entry);
    }
    for (version, entries) in versions {
        for chunk in entries.chunks(CHUNK) {
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
                continue;
            };
            let mut query = Query::new("DELETE FROM search_queue WHERE environment_id = ");
            query.bind(environment.as_str());
            query.push(" AND created_at >= ").bind(first.created_at);
            query.push(" AND created_at <= ").bind(last.created_at);
            query.push(" AND version = ").bind(version);
            query
                .push(" AND user_id IN ")
                .bind_list(chunk.iter().map(|entry| entry.user.as_str()));
            tx.exec_built(&query).await?;
        }
    }
    Ok(())
}

/// What the postings are to hold of each of the users that are there.
pub(crate) async fn contents_of(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
) -> Result<BTreeMap<String, Content>, StoreError> {
    let read = read_users(tx, environment, users).await?;
    Ok(read
        .into_iter()
        .map(|(user, (content, _))| (user, content))
        .collect())
}

/// What the index is to hold of each of the users that are there: for the postings, where tags of tenants are those that
/// are ranked, and for the columns.
pub(super) async fn read_users(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
) -> Result<BTreeMap<String, (Content, Keys)>, StoreError> {
    let mut contents = BTreeMap::new();
    let in_families = families::any(tx, environment).await?;
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new(
            "SELECT id, name_key, email_key, username_key, phone_number, invisible, class, created_at
             FROM users WHERE environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            let mut content = Content::default();
            let (id, name, email): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (username, phone): (String, String) = (row.get(3)?, row.get(4)?);
            content
                .part(Marker::Name, &name)
                .part(
                    Marker::Email,
                    &UserRecord::email_of(email.clone()).unwrap_or_default(),
                )
                .part(Marker::Username, &username)
                .part(Marker::Phone, &phone)
                .class(&row.get::<String>(6)?);
            if row.get(5)? {
                content.invisible();
            }
            let keys = Keys {
                name,
                email,
                username,
                phone,
                id: id.clone(),
                created_at: row.get(7)?,
            };
            contents.insert(id, (content, keys));
        }
        let mut query = Query::new(
            "SELECT m.user_id, m.tenant_id FROM memberships m
             JOIN member_counts c ON c.environment_id = m.environment_id AND c.tenant_id = m.tenant_id
             WHERE c.class = '' AND c.ranked AND m.environment_id = ",
        );
        query
            .bind(environment.as_str())
            .push(" AND m.user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            if let Some((content, _)) = contents.get_mut(&row.get::<String>(0)?) {
                content.tenant(&row.get::<String>(1)?);
            }
        }
        if in_families {
            let mut query = Query::new("SELECT user_id, tenant_id FROM memberships WHERE environment_id = ");
            query
                .bind(environment.as_str())
                .push(" AND user_id IN ")
                .bind_list(chunk.iter().map(String::as_str));
            let rows = tx.all_built(&query).await?;
            let held = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
            let held = held.collect::<Result<Vec<(String, String)>, StoreError>>()?;
            for (user, tag) in families::tags(tx, environment, &held).await? {
                if let Some((content, _)) = contents.get_mut(&user) {
                    content.tag(tag);
                }
            }
        }
    }
    Ok(contents)
}

/// The numbers and contents that the index has of users.
pub(crate) async fn docs_of(
    tx: &Tx,
    environment: &EnvironmentId,
    users: &[String],
) -> Result<BTreeMap<String, (i64, Content)>, StoreError> {
    let mut docs = BTreeMap::new();
    for chunk in users.chunks(CHUNK) {
        let mut query = Query::new("SELECT user_id, doc, content FROM search_docs WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND user_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            docs.insert(
                row.get(0)?,
                (row.get(1)?, Content::from_stored(&row.get::<String>(2)?)),
            );
        }
    }
    Ok(docs)
}

/// The users behind numbers, after their number, with what the index has of them, in the order of the numbers.
pub(crate) async fn users_of(
    tx: &Tx,
    environment: &EnvironmentId,
    docs: &[i64],
) -> Result<Vec<(i64, String, Content)>, StoreError> {
    let mut users = Vec::with_capacity(docs.len());
    for chunk in docs.chunks(CHUNK) {
        let mut query = Query::new("SELECT user_id, content, doc FROM search_docs WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND doc IN ")
            .bind_list(chunk.iter().copied());
        for row in &tx.all_built(&query).await? {
            users.push((
                row.get::<i64>(2)?,
                row.get::<String>(0)?,
                Content::from_stored(&row.get::<String>(1)?),
            ));
        }
    }
    let place: BTreeMap<i64, usize> = docs.iter().enumerate().map(|(at, doc)| (*doc, at)).collect();
    users.sort_by_key(|(doc, ..)| place.get(doc).copied());
    Ok(users)
}

/// Writes what the index has of users.
pub(super) async fn put_docs(
    tx: &Tx,
    environment: &EnvironmentId,
    docs: &[(i64, String, String)],
) -> Result<(), StoreError> {
    for chunk in docs.chunks(ROWS) {
        let mut query = Query::new("INSERT INTO search_docs (environment_id, doc, user_id, content) VALUES ");
        for (at, (doc, user, content)) in chunk.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" });
            query.bind(environment.as_str()).push(", ").bind(*doc);
            query.push(", ").bind(user).push(", ").bind(content).push(")");
        }
        query.push(" ON CONFLICT (environment_id, doc) DO UPDATE SET content = excluded.content");
        tx.exec_built(&query).await?;
    }
    Ok(())
}

pub(super) async fn drop_docs(tx: &Tx, environment: &EnvironmentId, docs: &[i64]) -> Result<(), StoreError> {
    for chunk in docs.chunks(CHUNK) {
        let mut query = Query::new("DELETE FROM search_docs WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND doc IN ")
            .bind_list(chunk.iter().copied());
        tx.exec_built(&query).await?;
    }
    Ok(())
}

/// Hands every block of the grams to `each`.
pub(super) async fn postings(
    tx: &Tx,
    environment: &EnvironmentId,
    grams: &[i64],
    mut each: impl FnMut(i64, i64, &[u8]),
) -> Result<(), StoreError> {
    let mut query = Query::new("SELECT gram, block, docs FROM search_postings WHERE environment_id = ");
    query
        .bind(environment.as_str())
        .push(" AND gram IN ")
        .bind_list(grams.iter().copied());
    for row in &tx.all_built(&query).await? {
        each(row.get(0)?, row.get(1)?, &row.get::<Vec<u8>>(2)?);
    }
    Ok(())
}

/// One block of several grams, as far as there is one.
pub(super) async fn block_of(
    tx: &Tx,
    environment: &EnvironmentId,
    block: i64,
    grams: &[i64],
) -> Result<BTreeMap<i64, Vec<u8>>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in grams.chunks(CHUNK) {
        let mut query = Query::new("SELECT gram, docs FROM search_postings WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND block = ")
            .bind(block)
            .push(" AND gram IN ")
            .bind_list(chunk.iter().copied());
        for row in &tx.all_built(&query).await? {
            found.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(found)
}

/// Writes one block of several grams; an empty one goes.
pub(super) async fn put_block(
    tx: &Tx,
    environment: &EnvironmentId,
    block: i64,
    postings: &[(i64, Vec<u8>)],
) -> Result<(), StoreError> {
    let (full, empty): (Vec<_>, Vec<_>) = postings.iter().partition(|(_, docs)| !docs.is_empty());
    for chunk in full.chunks(ROWS) {
        let mut query = Query::new("INSERT INTO search_postings (environment_id, gram, block, docs) VALUES ");
        for (at, (gram, docs)) in chunk.iter().enumerate() {
            query.push(if at == 0 { "(" } else { ", (" });
            query.bind(environment.as_str()).push(", ").bind(*gram);
            query
                .push(", ")
                .bind(block)
                .push(", ")
                .bind(docs.clone())
                .push(")");
        }
        query.push(" ON CONFLICT (environment_id, gram, block) DO UPDATE SET docs = excluded.docs");
        tx.exec_built(&query).await?;
    }
    for chunk in empty.chunks(CHUNK) {
        let mut query = Query::new("DELETE FROM search_postings WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND block = ")
            .bind(block)
            .push(" AND gram IN ")
            .bind_list(chunk.iter().map(|(gram, _)| *gram));
        tx.exec_built(&query).await?;
    }
    Ok(())
}

/// Hands the blocks of a column to `each`, in ascending order, and perhaps others that lie between them.
pub(super) async fn column(
    tx: &Tx,
    environment: &EnvironmentId,
    kind: i64,
    blocks: &[i64],
    mut each: impl FnMut(i64, &[u8]),
) -> Result<(), StoreError> {
    for chunk in blocks.chunks(CHUNK) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
            continue;
        };
        // Neighbours are walked to; each that is named is searched for.
        let dense = chunk.len() * 2 > usize::try_from(last - first).unwrap_or(usize::MAX);
        let rows = if dense {
            let range = sql!(
                "SELECT block, parts FROM search_columns
                 WHERE environment_id = $1 AND kind = $2 AND block >= $3 AND block <= $4 ORDER BY block"
            );
            tx.all(range, args![environment.as_str(), kind, *first, *last])
                .await?
        } else {
            let mut query = Query::new("SELECT block, parts FROM search_columns WHERE environment_id = ");
            query
                .bind(environment.as_str())
                .push(" AND kind = ")
                .bind(kind)
                .push(" AND block IN ")
                .bind_list(chunk.iter().copied())
                .push(" ORDER BY block");
            tx.all_built(&query).await?
        };
        for row in &rows {
            each(row.get(0)?, row.bytes(1)?);
        }
    }
    Ok(())
}

/// One block of every column that has it.
pub(super) async fn columns_at(
    tx: &Tx,
    environment: &EnvironmentId,
    block: i64,
) -> Result<BTreeMap<i64, Vec<u8>>, StoreError> {
    let rows = tx
        .all(
            sql!(
                "SELECT kind, parts FROM search_columns
                 WHERE environment_id = $1 AND block = $2 AND kind IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"
            ),
            args![environment.as_str(), block],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Writes one block of several columns.
pub(super) async fn put_columns(
    tx: &Tx,
    environment: &EnvironmentId,
    block: i64,
    columns: &BTreeMap<i64, Vec<u8>>,
) -> Result<(), StoreError> {
    for (kind, parts) in columns {
        tx.exec(
            sql!(
                "INSERT INTO search_columns (environment_id, kind, block, parts) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (environment_id, kind, block) DO UPDATE SET parts = excluded.parts"
            ),
            args![environment.as_str(), *kind, block, parts.clone()],
        )
        .await?;
    }
    Ok(())
}

/// How often each block was written, eight bytes for each.
pub(super) async fn stamps(tx: &Tx, environment: &EnvironmentId) -> Result<Vec<u8>, StoreError> {
    let row = tx
        .opt(
            sql!("SELECT stamps FROM search_stamps WHERE environment_id = $1"),
            args![environment.as_str()],
        )
        .await?;
    row.map_or_else(|| Ok(Vec::new()), |row| row.get(0))
}

/// Notes how often each block was written.
pub(super) async fn put_stamps(
    tx: &Tx,
    environment: &EnvironmentId,
    stamps: Vec<u8>,
) -> Result<(), StoreError> {
    tx.exec(
        sql!(
            "INSERT INTO search_stamps (environment_id, stamps) VALUES ($1, $2)
             ON CONFLICT (environment_id) DO UPDATE SET stamps = excluded.stamps"
        ),
        args![environment.as_str(), stamps],
    )
    .await?;
    Ok(())
}
