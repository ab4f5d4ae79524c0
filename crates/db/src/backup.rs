//! A copy of a SQLite database that is in use.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// PostgreSQL has its own tools.
    #[error("a PostgreSQL database is backed up with pg_dump --format=custom, and restored with pg_restore")]
    OtherTool,
    /// An existing file is never overwritten.
    #[error("{0} exists already: choose another name or remove it")]
    Exists(String),
    /// The file or its directory cannot be written.
    #[error("the backup cannot be written")]
    File(#[source] std::io::Error),
    /// The database refused.
    #[error("the database cannot be copied")]
    Store(#[source] StoreError),
}

/// Writes a compact, consistent copy under another name, syncs it, and only then gives it its name: a file of that
/// name is always whole.
pub(crate) async fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let (from, to) = (from.to_path_buf(), to.to_path_buf());
    match tokio::task::spawn_blocking(move || copy_blocking(&from, &to)).await {
        Ok(result) => result,
        Err(_) => Err(BackupError::Store(StoreError::Panicked)),
    }
}

fn copy_blocking(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    if partial.exists() {
        // Left by a backup that was killed.
        std::fs::remove_file(&partial).map_err(BackupError::File)?;
    }
    let result = write(from, &partial).and_then(|()| name(&partial, to));
    if result.is_err() {
        // The first error is the one that matters.
        drop(std::fs::remove_file(&partial));
    }
    result
}

fn write(from: &Path, partial: &Path) -> Result<(), BackupError> {
    // A copy holds every secret the database holds. VACUUM INTO accepts an empty file.
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(partial).map_err(BackupError::File)?);
    let run = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(from, flags)?;
        conn.execute_batch("PRAGMA busy_timeout=5000")?;
        conn.execute("VACUUM INTO ?1", [partial.to_string_lossy()])
            .map(drop)
    };
    run().map_err(|error| BackupError::Store(StoreError::from_sqlite(error)))?;
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::File)
}

fn name(partial: &Path, to: &Path) -> Result<(), BackupError> {
    std::fs::rename(partial, to).map_err(BackupError::File)?;
    let directory = to
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(BackupError::File)
}
