//! The server's lock on a data folder.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use sallyport::store::open_lock;

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("sallyport.lock")
}

/// Held while a server runs: a second one on the same database would not learn of the first one's revocations.
pub struct ServerLock {
    _file: File,
    /// The real folder of the database file: the lock file alone could be deleted while a server runs.
    _folder: File,
}

impl ServerLock {
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path = path(folder);
        let file = open_lock(&path).map_err(|error| format!("The lock {} can't be opened: {error}", path.display()))?;
        lock(&file, &path, folder)?;
        let real = fs::canonicalize(folder.join("sallyport.db")).ok();
        let real = real.as_deref().and_then(Path::parent).unwrap_or(folder);
        let opened = File::open(real);
        let opened = opened.map_err(|error| format!("The folder {} can't be opened: {error}", real.display()))?;
        lock(&opened, real, folder)?;
        Ok(Self { _file: file, _folder: opened })
    }
}

fn lock(file: &File, path: &Path, folder: &Path) -> Result<(), String> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(format!(
            "Another sallyport serves the data in {} already. End it, or choose another folder with --data.",
            folder.display()
        )),
        Err(TryLockError::Error(error)) => Err(format!("The lock {} can't be taken: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = ServerLock::take(folder.path()).expect("free");
        assert!(ServerLock::take(folder.path()).is_err());
        std::fs::remove_file(folder.path().join("sallyport.lock")).expect("deleted");
        assert!(ServerLock::take(folder.path()).is_err(), "a new lock file lets nobody in");
        drop(first);
        assert!(ServerLock::take(folder.path()).is_ok());
    }

    #[test]
    fn one_server_at_a_time_on_a_database_that_two_folders_name() {
        let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let database = first.path().join("sallyport.db");
        std::fs::write(&database, "").expect("written");
        std::os::unix::fs::symlink(&database, second.path().join("sallyport.db")).expect("linked");
        let held = ServerLock::take(first.path()).expect("free");
        assert!(ServerLock::take(second.path()).is_err());
        drop(held);
        assert!(ServerLock::take(second.path()).is_ok());
    }
}
