//! `backup` and `restore` of the SQLite file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SealingKey;
use db::{DatabaseUrl, Db};
use environment::Directory;
use kit::{Ids, RandomIds, SystemClock};

use crate::config::{Config, DEV_CLIENT_ID};
use crate::migrations::MIGRATIONS;
use crate::sealing;

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
    let _alone = alone(path)?;
    // A restore that was killed leaves its copy: the new one must not inherit that one's WAL.
    remove(&whole(&incoming))?;
    let placed = place(config, from, &incoming, path).await;
    if placed.is_err() {
        // The first fault is the one that matters.
        drop(remove(&whole(&incoming)));
    }
    placed
}

/// Copies the backup beside the target, checks it there and gives it the target's name.
async fn place(config: &Config, from: &Path, incoming: &Path, path: &Path) -> Result<(), String> {
    check(config, from, incoming).await?;
    // The old file's journal must not be applied to the new one.
    remove(&companions(path))?;
    fs::rename(incoming, path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| error.to_string())
}

/// Takes the lock that a server holds on its database, so that none runs or starts while files are replaced. The lock ends
/// when the answer is dropped.
fn alone(path: &Path) -> Result<File, String> {
    let name = beside(path, "lock");
    let fault = |error: io::Error| format!("{} cannot be written: {error}", name.display());
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
    fs::copy(from, incoming).map_err(|error| format!("{} cannot be read: {error}", from.display()))?;
    // However the backup was kept: the database holds secrets.
    #[cfg(unix)]
    fs::set_permissions(incoming, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(|error| error.to_string())?;
    File::open(incoming)
        .and_then(|file| file.sync_all())
        .map_err(|error| error.to_string())?;
    let misfit = |error: String| format!("{} is not a backup that fits: {error}", from.display());
    let key = sealing::sealing_key(&config.data_dir, config.sealing_key.as_ref())?;
    let db = Db::open(db::Settings::new(DatabaseUrl::Sqlite(incoming.to_path_buf())))
        .await
        .map_err(|error| misfit(error.to_string()))?;
    let opens = match db.migrate(MIGRATIONS).await {
        Ok(_) => directory(&db, key)
            .opens()
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(misfit(error.to_string())),
    };
    // Whatever came out: open connections would still write beside the copy after it is removed or renamed.
    db.close().await;
    if opens? {
        return remove(&companions(incoming));
    }
    Err("the sealing key does not belong to this backup: its secrets cannot be read".to_owned())
}

/// The environments of a database. Only their keys ask for the right sealing key.
fn directory(db: &Db, key: SealingKey) -> Directory {
    Directory::new(db.clone(), Arc::new(SystemClock), Ids::new(RandomIds::new()), key)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(if suffix.starts_with('-') { "" } else { "." });
    name.push(suffix);
    name.into()
}

/// What SQLite keeps beside a database. It applies them to whichever file has the name.
fn companions(path: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix))
}

/// A database with its companions.
fn whole(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_path_buf()];
    files.extend(companions(path));
    files
}

/// Removes files, those that exist.
fn remove(files: &[PathBuf]) -> Result<(), String> {
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be removed: {error}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the data of an earlier `tenantry dev`, and nobody else's.
///
/// # Errors
/// A sentence when a server holds the data, they are not ones that `dev` made, or they cannot be removed.
pub async fn wipe_dev(config: &Config) -> Result<(), String> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else {
        return Err("--fresh wipes a data folder only: drop the PostgreSQL database yourself".to_owned());
    };
    if !path.exists() {
        return Ok(());
    }
    let shown = path.display();
    let foreign = |what: &str| {
        format!(
            "--fresh wipes only what dev made, but {shown} {what}: use another data folder, or remove it yourself"
        )
    };
    // Before the lock file is made: beside what is not ours nothing appears.
    match kind(path).map_err(|error| format!("{shown} cannot be read: {error}"))? {
        Kind::Empty => return Ok(()),
        Kind::Foreign => return Err(foreign("is not a database that this program has opened")),
        Kind::Known => {}
    }
    let _alone = alone(path)?;
    let first = first_of(path)
        .await
        .map_err(|error| foreign(&format!("cannot be read as a database of ours ({error})")))?;
    if let Some(id) = &first
        && id != DEV_CLIENT_ID
    {
        return Err(foreign(&format!("has {id} as its first environment")));
    }
    let mut files = whole(path);
    // Dev's own key goes too. Beside an empty database, or one that lies elsewhere, it may be the key of other data.
    if first.is_some() && *path == config.data_dir.join("tenantry.db") {
        files.push(config.data_dir.join(sealing::KEY_FILE));
    }
    remove(&files)
}

/// What a file is by its first bytes.
enum Kind {
    Empty,
    /// SQLite with a WAL, as every database is that this program has opened.
    Known,
    Foreign,
}

/// Tells by reading alone: opening a database that has no WAL would give it one.
fn kind(path: &Path) -> io::Result<Kind> {
    let mut start = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut start)?;
    Ok(if start.is_empty() {
        Kind::Empty
    } else if start.starts_with(b"SQLite format 3\0") && start.ends_with(&[2, 2]) {
        Kind::Known
    } else {
        Kind::Foreign
    })
}

/// The id of the first environment of a database of whatever version: nothing is migrated.
async fn first_of(path: &Path) -> Result<Option<String>, String> {
    let db = Db::open(db::Settings::new(DatabaseUrl::Sqlite(path.to_path_buf())))
        .await
        .map_err(|error| error.to_string())?;
    // To list them no key is opened.
    let found = environment::list_environments(&directory(&db, SealingKey::generate())).await;
    db.close().await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.first().map(|first| first.id.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;
    use crate::start;
    use db::Migration;
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
        filled_as(config, "aaaaaaaa-0000-4000-8000-000000000001", name).await;
    }

    async fn filled_as(config: &Config, id: &str, name: &str) {
        let opened = start::open(config, true).await.unwrap();
        let new = NewEnvironment {
            id: id.into(),
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

    /// The files of a folder whose names begin like this.
    fn files(folder: &Path, begin: &str) -> Vec<String> {
        let all = fs::read_dir(folder).unwrap();
        let names = all.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(begin)).collect();
        names.sort();
        names
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
        for refused in [restore(&config, &file, true).await, wipe_dev(&config).await] {
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
    async fn a_restore_that_failed_leaves_nothing_for_the_next_one() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (config(old.path(), &[]), config(new.path(), &[]));
        filled(&from, "Old").await;
        let good = old.path().join("copy.db");
        backup(&from, &good).await.unwrap();
        let wrong = old.path().join("wrong.db");
        let db = Db::open(db::Settings::new(DatabaseUrl::Sqlite(wrong.clone())))
            .await
            .unwrap();
        let other = Migration {
            number: 999,
            name: "of_another_program",
            common: Some("SELECT 1"),
            sqlite: None,
            pg: None,
        };
        db.migrate(&[other]).await.unwrap();
        db.close().await;

        // The WAL of a restore that was killed, full of another database.
        let opened = start::open(&to, true).await.unwrap();
        let left = new.path().join("tenantry.db.restoring-wal");
        fs::copy(new.path().join("tenantry.db-wal"), &left).unwrap();
        opened.db.close().await;
        fs::copy(
            old.path().join(sealing::KEY_FILE),
            new.path().join(sealing::KEY_FILE),
        )
        .unwrap();
        assert!(fs::metadata(&left).unwrap().len() > 0);
        restore(&to, &good, true).await.unwrap();
        assert_eq!(names(&to).await, ["Old"]);

        for _ in 0..2 {
            let refused = restore(&to, &wrong, true).await.unwrap_err();
            assert!(refused.contains("is not a backup that fits"), "{refused}");
            assert!(files(new.path(), "tenantry.db.restoring").is_empty());
            restore(&to, &good, true).await.unwrap();
            assert_eq!(names(&to).await, ["Old"]);
            assert!(files(new.path(), "tenantry.db.restoring").is_empty());
        }
    }

    #[tokio::test]
    async fn only_what_dev_made_is_wiped() {
        let folder = tempfile::tempdir().unwrap();
        let own = config(folder.path(), &[]);
        wipe_dev(&own).await.unwrap();
        filled_as(&own, DEV_CLIENT_ID, "Mine").await;
        wipe_dev(&own).await.unwrap();
        assert!(!sealing::has_key_file(folder.path()));
        assert!(names(&own).await.is_empty());
        // A database without environments goes, but not a key that may be another's.
        wipe_dev(&own).await.unwrap();
        assert_eq!(files(folder.path(), "tenantry.db"), ["tenantry.db.lock"]);
        assert!(sealing::has_key_file(folder.path()));

        filled(&own, "Theirs").await;
        let before = files(folder.path(), "");
        let refused = wipe_dev(&own).await.unwrap_err();
        assert!(
            refused.contains("has aaaaaaaa-0000-4000-8000-000000000001 as its first environment"),
            "{refused}"
        );
        assert_eq!(files(folder.path(), ""), before);
        assert_eq!(names(&own).await, ["Theirs"]);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_not_wiped() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = elsewhere.path().join("notes.txt");
        fs::write(&file, "not a database").unwrap();
        let url = format!("sqlite:{}", file.display());
        let config = config(folder.path(), &[("TENANTRY_DATABASE_URL", url.as_str())]);
        let refused = wipe_dev(&config).await.unwrap_err();
        assert!(refused.contains("is not a database"), "{refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "not a database");
        assert_eq!(files(elsewhere.path(), ""), ["notes.txt"]);
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
        assert!(wipe_dev(&config).await.unwrap_err().contains("yourself"));
    }
}
