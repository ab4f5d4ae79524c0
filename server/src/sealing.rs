//! The key that seals stored secrets: given in the configuration, or kept in a file of the data folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crypto::SealingKey;
use kit::Secret;

/// The file's name inside the data folder.
pub(crate) const KEY_FILE: &str = "sealing.key";

/// Reads the key, making the file on the first start. `given` goes before the file.
///
/// # Errors
/// A sentence when the file cannot be read, written or understood.
pub(crate) fn sealing_key(data_dir: &Path, given: Option<&Secret>) -> Result<SealingKey, String> {
    if let Some(text) = given {
        return SealingKey::parse(text.reveal())
            .map_err(|error| format!("sealing_key cannot be used: {error}"));
    }
    let path = data_dir.join(KEY_FILE);
    let shown = path.display();
    match File::open(&path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text)
                .map_err(|error| format!("{shown} cannot be read: {error}"))?;
            let text = Secret::new(text);
            SealingKey::parse(text.reveal().trim()).map_err(|error| {
                format!("{shown} does not hold a key ({error}): put the right file back, sealed data cannot be read without it")
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path),
        Err(error) => Err(format!("{shown} cannot be read: {error}")),
    }
}

/// Whether the folder has a key file.
#[must_use]
pub(crate) fn has_key_file(data_dir: &Path) -> bool {
    data_dir.join(KEY_FILE).exists()
}

fn make(path: &Path) -> Result<SealingKey, String> {
    let text = SealingKey::generate_text();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    // Without its directory entry on disk the key could be lost while data sealed under it survive.
    let synced = written.and_then(|()| File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all());
    synced.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    SealingKey::parse(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = sealing_key(folder.path(), None).unwrap().seal(b"x", "test");
        let again = sealing_key(folder.path(), None).unwrap();
        assert_eq!(again.open(&sealed, "test").unwrap().as_slice(), b"x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(KEY_FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_key_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEY_FILE), "nonsense").unwrap();
        assert!(
            sealing_key(folder.path(), None)
                .unwrap_err()
                .contains("put the right file back")
        );
    }
}
