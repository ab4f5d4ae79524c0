//! `backup` and `restore` of the SQLite file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use db::{DatabaseUrl, Db, OpenError};

use crate::config::Config;
use crate::{sealing, start};

const OTHER_TOOL: &str = "the data are in PostgreSQL: back them up with `pg_dump --format=custom`, restore them with `pg_restore`, and keep the sealing key with them";

/// Writes a copy of the database, also while a server runs on it.
///
/// # Errors
/// A sentence for the operator.
pub async fn backup(config: &Config, to: &Path) -> Result<(), String> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else {
        return Err(OTHER_TOOL.to_owned());
    };
    if !path.exists() {
        return Err(format!("there is no database at {}", path.display()));
    }
    let db = Db::open(db::Settings::new(config.database_url.clone()))
        .await
        .map_err(|error| error.to_string())?;
    let copied = db.backup(to).await.map_err(|error| error.to_string());
    db.close().await;
    copied
}

/// Puts a backup where the configuration expects the database.
///
/// # Errors
/// A sentence for the operator: a server holds the data, data exist and `replace` was not said, the file is not a
/// database of ours, or the sealing key is missing or does not fit.
pub async fn restore(config: &Config, from: &Path, replace: bool) -> Result<(), String> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else {
        return Err(OTHER_TOOL.to_owned());
    };
    if path.exists() && !replace {
        return Err(format!(
            "{} exists already: say --replace to overwrite it",
            path.display()
        ));
    }
    if config.sealing_key.is_none() && !sealing::has_key_file(&config.data_dir) {
        return Err(format!(
            "the sealing key is missing: put the {} that belongs to the backup into {}, or set TENANTRY_SEALING_KEY",
            sealing::KEY_FILE,
            config.data_dir.display()
        ));
    }
    fs::create_dir_all(&config.data_dir).map_err(|error| error.to_string())?;
    let incoming = beside(path, "restoring");
    let _lock = hold(config).await?;
    let checked = check(config, from, &incoming).await;
    if let Err(fault) = checked {
        forget(&incoming);
        return Err(fault);
    }
    // The old file's journal must not be applied to the new one.
    for old in [path.clone(), beside(path, "-wal"), beside(path, "-shm")] {
        if old != *path && old.exists() {
            fs::remove_file(&old).map_err(|error| format!("{} cannot be removed: {error}", old.display()))?;
        }
    }
    fs::rename(&incoming, path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| error.to_string())
}

/// Keeps servers away while the file is replaced.
async fn hold(config: &Config) -> Result<Option<Db>, String> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else {
        return Ok(None);
    };
    let mut settings = db::Settings::new(config.database_url.clone());
    settings.exclusive = true;
    if !path.exists() {
        return Ok(None);
    }
    match Db::open(settings).await {
        Ok(db) => {
            // Folds the journal into the file; the lock file itself is released with the process.
            db.close().await;
            Ok(Some(db))
        }
        Err(error @ OpenError::InUse { .. }) => Err(error.to_string()),
        // A damaged database is a reason to restore, not to refuse.
        Err(_) => Ok(None),
    }
}

/// Copies the backup beside the target and opens it there: it must be ours, and the key must fit.
async fn check(config: &Config, from: &Path, incoming: &Path) -> Result<(), String> {
    forget(incoming);
    fs::copy(from, incoming).map_err(|error| format!("{} cannot be read: {error}", from.display()))?;
    File::open(incoming)
        .and_then(|file| file.sync_all())
        .map_err(|error| error.to_string())?;
    let opened = start::open_at(config, DatabaseUrl::Sqlite(incoming.to_path_buf()), false)
        .await
        .map_err(|error| format!("{} is not a backup that fits: {error}", from.display()))?;
    let opens = opened.directory.opens().await.map_err(|error| error.to_string());
    opened.db.close().await;
    forget(&beside(incoming, "-wal"));
    forget(&beside(incoming, "-shm"));
    if opens? {
        return Ok(());
    }
    Err("the sealing key does not belong to this backup: its secrets cannot be read".to_owned())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(if suffix.starts_with('-') { "" } else { "." });
    name.push(suffix);
    name.into()
}

fn forget(path: &Path) {
    // It may not exist; if it cannot be removed the next step says so.
    drop(fs::remove_file(path));
}

/// Removes the data of an earlier `tenantry dev`.
///
/// # Errors
/// A sentence when the folder does not look like one that `dev` made, or cannot be removed.
pub fn wipe_dev(config: &Config) -> Result<(), String> {
    let folder = &config.data_dir;
    let DatabaseUrl::Sqlite(path) = &config.database_url else {
        return Err("--fresh wipes a data folder only: drop the PostgreSQL database yourself".to_owned());
    };
    for file in [
        path.clone(),
        beside(path, "-wal"),
        beside(path, "-shm"),
        folder.join(sealing::KEY_FILE),
    ] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be removed: {error}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
