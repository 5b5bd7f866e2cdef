//! The lock of the one server on a data folder.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use sallyport::store::open_lock;

pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("sallyport.lock")
}

/// Held while a server runs: a second one on the same database would not hear of the first one's revocations.
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path = path(folder);
        let file = open_lock(&path).map_err(|error| format!("The lock {} can't be opened: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "Another sallyport serves the data in {} already. End it, or choose another folder with --data.",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(format!("The lock {} can't be taken: {error}", path.display())),
        }
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
        drop(first);
        assert!(ServerLock::take(folder.path()).is_ok());
    }
}
