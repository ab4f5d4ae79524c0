//! `backup` and `restore` of the SQLite file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use db::{DatabaseUrl, Db};

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
    let alone = alone(path)?;
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
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    drop(alone);
    synced.map_err(|error| error.to_string())
}

/// Takes the lock that a server holds on its database, so that none runs or starts while files are replaced. The lock ends
/// when the answer is dropped.
fn alone(path: &Path) -> Result<File, String> {
    let name = beside(path, "lock");
    let fault = |error: std::io::Error| format!("{} cannot be written: {error}", name.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "{} is in use by a server: stop it first, or use another data directory",
            path.display()
        )),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}

/// Copies the backup beside the target and opens it there: it must be ours, and the key must fit.
async fn check(config: &Config, from: &Path, incoming: &Path) -> Result<(), String> {
    forget(incoming);
    fs::copy(from, incoming).map_err(|error| format!("{} cannot be read: {error}", from.display()))?;
    // However the backup was kept: the database holds secrets.
    #[cfg(unix)]
    fs::set_permissions(incoming, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(|error| error.to_string())?;
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
    if !folder.exists() {
        return Ok(());
    }
    let _alone = alone(path)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;
    use environment::NewEnvironment;
    use kit::Secret;

    /// A configuration whose data are in a folder, as variables would give it.
    fn config(folder: &Path, more: &[(&str, &str)]) -> Config {
        let file = folder.join("tenantry.toml");
        fs::write(&file, "").unwrap();
        let folder = folder.display().to_string();
        let variables = [("TENANTRY_DATA_DIR", folder.as_str())];
        let variables = variables
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(Mode::Serve, Some(&file), variables, &[]).unwrap()
    }

    /// Makes a database with one environment of this name and closes it again.
    async fn filled(config: &Config, name: &str) {
        let opened = start::open(config, true).await.unwrap();
        let new = NewEnvironment {
            id: "aaaaaaaa-0000-4000-8000-000000000001".into(),
            secret: Secret::new("0123456789abcdef".to_owned()),
            name: name.to_owned(),
            public_url: "https://a.test".to_owned(),
            allowed_origins: Vec::new(),
        };
        environment::create_environment(&opened.directory, new, &[])
            .await
            .unwrap();
        opened.db.close().await;
    }

    async fn names(config: &Config) -> Vec<String> {
        let opened = start::open(config, true).await.unwrap();
        let all = environment::list_environments(&opened.directory).await.unwrap();
        opened.db.close().await;
        all.into_iter().map(|one| one.name).collect()
    }

    #[tokio::test]
    async fn a_backup_comes_back_with_its_key_and_only_over_data_that_may_go() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (config(old.path(), &[]), config(new.path(), &[]));
        filled(&from, "Old").await;
        let file = old.path().join("copy.db");
        backup(&from, &file).await.unwrap();
        assert!(backup(&from, &file).await.unwrap_err().contains("exists already"));

        let refused = restore(&to, &file, false).await.unwrap_err();
        assert!(refused.contains("sealing key is missing"), "{refused}");
        filled(&to, "New").await;
        let refused = restore(&to, &file, false).await.unwrap_err();
        assert!(refused.contains("--replace"), "{refused}");
        let refused = restore(&to, &file, true).await.unwrap_err();
        assert!(refused.contains("does not belong to this backup"), "{refused}");
        assert_eq!(names(&to).await, ["New"]);

        fs::copy(
            old.path().join(sealing::KEY_FILE),
            new.path().join(sealing::KEY_FILE),
        )
        .unwrap();
        restore(&to, &file, true).await.unwrap();
        assert_eq!(names(&to).await, ["Old"]);
    }

    #[tokio::test]
    async fn nothing_is_replaced_or_wiped_below_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[]);
        filled(&config, "Here").await;
        let file = folder.path().join("copy.db");
        backup(&config, &file).await.unwrap();
        let server = start::open(&config, true).await.unwrap();
        for refused in [restore(&config, &file, true).await, wipe_dev(&config)] {
            assert!(refused.unwrap_err().contains("in use by a server"));
        }
        // The other way round: while files are replaced no server starts.
        server.db.close().await;
        let DatabaseUrl::Sqlite(path) = &config.database_url else {
            panic!("it is SQLite")
        };
        let held = alone(path).unwrap();
        assert!(start::open(&config, true).await.is_err());
        drop(held);
        assert_eq!(names(&config).await, ["Here"]);
    }

    #[tokio::test]
    async fn what_is_no_backup_is_refused_and_the_data_stay() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[]);
        filled(&config, "Here").await;
        let file = folder.path().join("notes.txt");
        fs::write(&file, "not a database").unwrap();
        assert!(restore(&config, &file, true).await.is_err());
        assert!(
            restore(&config, &folder.path().join("nowhere"), true)
                .await
                .is_err()
        );
        assert_eq!(names(&config).await, ["Here"]);
    }

    #[tokio::test]
    async fn on_postgres_its_own_tools_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("TENANTRY_DATABASE_URL", "postgres://h/d")]);
        let file = folder.path().join("x");
        assert!(backup(&config, &file).await.unwrap_err().contains("pg_dump"));
        assert!(
            restore(&config, &file, true)
                .await
                .unwrap_err()
                .contains("pg_restore")
        );
    }
}
