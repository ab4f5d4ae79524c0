//! Brings a database to the schema the program was built for.
//!
//! Every migration runs in one transaction together with the row that records it, so a process that is killed
//! leaves either both or neither. Nodes that start at once take turns.

use tokio_postgres::Client;

use crate::postgres::Postgres;
use crate::sqlite::{Conn, Sqlite};
use crate::{Engine, StoreError};

/// One step of the schema, embedded with `include_str!`: the text both engines understand, or one for each where
/// they must differ. An engine's own text wins over the common one.
///
/// On PostgreSQL every `TEXT` column is declared with the collation that compares by bytes, as SQLite does.
///
/// The text must not begin or end transactions. On SQLite foreign keys are not enforced while it runs, so that a
/// table can be rebuilt, but are checked before it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// From 1, ascending.
    pub number: u32,
    /// `room_what`, as in the file's name.
    pub name: &'static str,
    /// For both engines.
    pub common: Option<&'static str>,
    /// For SQLite only.
    pub sqlite: Option<&'static str>,
    /// For PostgreSQL only.
    pub pg: Option<&'static str>,
}

/// A migration that was applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub number: u32,
    pub name: &'static str,
}

/// Why the schema is not up to date; each is a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The list in the program is not ascending, or a migration has no text for this engine.
    #[error("migration {number} ({name}) cannot be used: {reason}")]
    Malformed {
        number: u32,
        name: &'static str,
        reason: &'static str,
    },
    /// The text of an applied migration is another now.
    #[error(
        "migration {number} ({name}) was changed after it had been applied to this database: \
         put its old text back and add a new migration instead"
    )]
    Changed { number: u32, name: &'static str },
    /// The database has migrations this program does not know.
    #[error(
        "the database is newer than this program: it has migration {number} ({name}). \
         Start a program that knows it, or restore a backup from before"
    )]
    Newer { number: u32, name: String },
    /// The file is another program's; it is left as it was.
    #[error("the database has tables but no schema_migrations: it is not one of this program")]
    Foreign,
    /// A migration was added before ones that are applied already.
    #[error("migration {number} ({name}) was added before migration {last}, which this database already has")]
    OutOfOrder {
        number: u32,
        name: &'static str,
        last: u32,
    },
    /// A migration failed and was rolled back.
    #[error("migration {number} ({name}) failed and left nothing behind: {source}; {detail}")]
    Failed {
        number: u32,
        name: &'static str,
        detail: String,
        source: StoreError,
    },
    /// The table of applied migrations could not be read.
    #[error("the table of migrations cannot be used: {0}")]
    Store(#[from] StoreError),
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
const APPLIED: &str = "SELECT number, name, checksum FROM schema_migrations ORDER BY number";

/// Any constant will do, as long as every version uses the same.
const ADVISORY_LOCK: i64 = 0x7465_6e61_6e74_7279;

/// A migration with the text of the engine at hand.
#[derive(Debug, Clone, Copy)]
struct Step {
    number: u32,
    name: &'static str,
    text: &'static str,
}

/// A row of the table.
struct Past {
    number: i64,
    name: String,
    checksum: String,
}

impl Step {
    fn failed(self, source: StoreError) -> MigrateError {
        let detail = match &source {
            StoreError::Other(cause) | StoreError::Unavailable(cause) => cause.to_string(),
            _ => String::new(),
        };
        MigrateError::Failed {
            number: self.number,
            name: self.name,
            detail,
            source,
        }
    }

    /// FNV-1a over the text without carriage returns: it must notice an edit, not resist an attack.
    fn checksum(self) -> String {
        let hash = self
            .text
            .bytes()
            .filter(|byte| *byte != b'\r')
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{hash:016x}")
    }
}

/// The texts for one engine, in an order that makes sense.
fn steps(migrations: &[Migration], engine: Engine) -> Result<Vec<Step>, MigrateError> {
    let mut steps = Vec::with_capacity(migrations.len());
    let mut last = 0;
    for migration in migrations {
        let Migration { number, name, .. } = *migration;
        if number <= last {
            return Err(MigrateError::Malformed {
                number,
                name,
                reason: "its number does not come after the last",
            });
        }
        last = number;
        let own = match engine {
            Engine::Sqlite => migration.sqlite,
            Engine::Postgres => migration.pg,
        };
        let Some(text) = own.or(migration.common) else {
            return Err(MigrateError::Malformed {
                number,
                name,
                reason: "it has no text for this engine",
            });
        };
        steps.push(Step { number, name, text });
    }
    Ok(steps)
}

/// What is left to do, once it is certain that list and database belong together.
fn pending(steps: &[Step], past: &[Past]) -> Result<Vec<Step>, MigrateError> {
    for row in past {
        match steps.iter().find(|step| i64::from(step.number) == row.number) {
            Some(step) if step.checksum() == row.checksum => {}
            Some(step) => {
                return Err(MigrateError::Changed {
                    number: step.number,
                    name: step.name,
                });
            }
            None => {
                let number = u32::try_from(row.number).unwrap_or(u32::MAX);
                return Err(MigrateError::Newer {
                    number,
                    name: row.name.clone(),
                });
            }
        }
    }
    let last = past.iter().map(|row| row.number).max().unwrap_or(0);
    let missing = |step: &&Step| !past.iter().any(|row| row.number == i64::from(step.number));
    let pending: Vec<Step> = steps.iter().filter(missing).copied().collect();
    match pending.first() {
        Some(first) if i64::from(first.number) < last => Err(MigrateError::OutOfOrder {
            number: first.number,
            name: first.name,
            last: u32::try_from(last).unwrap_or(u32::MAX),
        }),
        _ => Ok(pending),
    }
}

fn now() -> i64 {
    kit::Clock::now(&kit::SystemClock).0
}

pub(crate) async fn on_sqlite(
    sqlite: &Sqlite,
    migrations: &[Migration],
) -> Result<Vec<Applied>, MigrateError> {
    let steps = steps(migrations, Engine::Sqlite)?;
    sqlite.alone(move |conn| apply_on_sqlite(conn, &steps)).await?
}

fn apply_on_sqlite(conn: &Conn, steps: &[Step]) -> Result<Vec<Applied>, MigrateError> {
    let raw = conn.raw();
    if is_foreign(raw).map_err(StoreError::from_sqlite)? {
        return Err(MigrateError::Foreign);
    }
    raw.execute_batch(TABLE).map_err(StoreError::from_sqlite)?;
    raw.execute_batch("PRAGMA foreign_keys=OFF")
        .map_err(StoreError::from_sqlite)?;
    let result = apply_pending(conn, steps);
    if !conn.is_idle() {
        conn.control("ROLLBACK")?;
    }
    raw.execute_batch("PRAGMA foreign_keys=ON")
        .map_err(StoreError::from_sqlite)?;
    result
}

/// Whether a file has tables and none of ours. A PostgreSQL database may be shared with others, a file is not.
fn is_foreign(raw: &rusqlite::Connection) -> Result<bool, rusqlite::Error> {
    raw.query_row(
        "SELECT COUNT(*) > 0 AND SUM(name = 'schema_migrations') = 0 FROM sqlite_master WHERE type = 'table'",
        [],
        |row| row.get::<_, Option<bool>>(0),
    )
    .map(|foreign| foreign.unwrap_or(false))
}

fn apply_pending(conn: &Conn, steps: &[Step]) -> Result<Vec<Applied>, MigrateError> {
    let mut applied = Vec::new();
    loop {
        // Read again under the write lock each time: another process may have gone ahead.
        conn.control("BEGIN IMMEDIATE")?;
        let past = past_on_sqlite(conn.raw()).map_err(StoreError::from_sqlite)?;
        let Some(step) = pending(steps, &past)?.first().copied() else {
            conn.control("ROLLBACK")?;
            return Ok(applied);
        };
        apply_one(conn, step).map_err(|error| step.failed(error))?;
        tracing::info!(number = step.number, name = step.name, "migration applied");
        applied.push(Applied {
            number: step.number,
            name: step.name,
        });
    }
}

fn past_on_sqlite(raw: &rusqlite::Connection) -> rusqlite::Result<Vec<Past>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Past {
            number: row.get(0)?,
            name: row.get(1)?,
            checksum: row.get(2)?,
        })
    };
    raw.prepare(APPLIED)?.query_map([], read)?.collect()
}

fn apply_one(conn: &Conn, step: Step) -> Result<(), StoreError> {
    let raw = conn.raw();
    let run = || {
        raw.execute_batch(step.text)?;
        raw.execute(
            "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![step.number, step.name, step.checksum(), now()],
        )?;
        raw.prepare("PRAGMA foreign_key_check")?.exists([])
    };
    if run().map_err(StoreError::from_sqlite)? {
        return Err(StoreError::ForeignKey);
    }
    conn.control("COMMIT")
}

pub(crate) async fn on_postgres(
    postgres: &Postgres,
    migrations: &[Migration],
) -> Result<Vec<Applied>, MigrateError> {
    let steps = steps(migrations, Engine::Postgres)?;
    // Closing this connection gives the lock back, whatever happens.
    let client = postgres.own_connection().await?;
    let mut applied = Vec::new();
    let lock = format!("SELECT pg_advisory_lock({ADVISORY_LOCK})");
    client
        .batch_execute(&lock)
        .await
        .map_err(StoreError::from_postgres)?;
    client
        .batch_execute(TABLE)
        .await
        .map_err(StoreError::from_postgres)?;
    let past = past_on_postgres(&client)
        .await
        .map_err(StoreError::from_postgres)?;
    for step in pending(&steps, &past)? {
        if let Err(error) = apply_on_postgres(&client, step).await {
            return Err(step.failed(StoreError::from_postgres(error)));
        }
        tracing::info!(number = step.number, name = step.name, "migration applied");
        applied.push(Applied {
            number: step.number,
            name: step.name,
        });
    }
    Ok(applied)
}

/// Gives every text column the collation in which text compares by its bytes, as it does on SQLite; the default one
/// orders by the customs of the server's language, and a page of a list would differ between the engines.
fn by_bytes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(at) = rest.find(" TEXT") {
        let (before, after) = rest.split_at(at + " TEXT".len());
        out.push_str(before);
        if !after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            out.push_str(" COLLATE \"C\"");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

async fn past_on_postgres(client: &Client) -> Result<Vec<Past>, tokio_postgres::Error> {
    let rows = client.query(APPLIED, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Past {
                number: row.try_get(0)?,
                name: row.try_get(1)?,
                checksum: row.try_get(2)?,
            })
        })
        .collect()
}

async fn apply_on_postgres(client: &Client, step: Step) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN").await?;
    client.batch_execute(&by_bytes(step.text)).await?;
    client
        .execute(
            "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            &[&i64::from(step.number), &step.name, &step.checksum(), &now()],
        )
        .await?;
    client.batch_execute("COMMIT").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_columns_compare_by_bytes_and_nothing_else_changes() {
        assert_eq!(
            by_bytes("CREATE TABLE t (a TEXT NOT NULL, b TEXT,\n c BIGINT, d TEXTURE)"),
            "CREATE TABLE t (a TEXT COLLATE \"C\" NOT NULL, b TEXT COLLATE \"C\",\n c BIGINT, d TEXTURE)"
        );
    }
}
