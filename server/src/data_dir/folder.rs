//! The folder's permissions, and traces of a database in it.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::lock;

/// A warning if others could put another database or master key into the folder. Not an error: container volumes are
/// often created like this.
pub(super) fn check(folder: &Path) -> Option<String> {
    let found = fs::metadata(folder).ok()?;
    let (mode, shown) = (found.permissions().mode() & 0o777, folder.display());
    let who = match mode {
        mode if mode & 0o002 != 0 => "Everybody on this machine",
        mode if mode & 0o020 != 0 => "The group of the folder",
        _ => return None,
    };
    Some(format!(
        "Warning: {who} can write to the data folder {shown} (its mode is {mode:o}), and so replace the database and the \
         master key. Unless that is meant, run: chmod 700 {shown}"
    ))
}

/// Creates the folder if it is missing; returns whether it did.
pub(super) fn make(folder: &Path) -> Result<bool, String> {
    if folder.exists() {
        return Ok(false);
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| format!("The data folder {} can't be made: {error}", folder.display()))?;
    Ok(true)
}

/// Traces of a missing SQLite database.
pub(super) struct Traces {
    /// Of the database itself: WAL files that were not checkpointed.
    pub of_database: Vec<PathBuf>,
    /// Of a server that ran there.
    pub of_server: Vec<PathBuf>,
}

/// `None` if the database exists: an empty file does not count.
pub(super) fn traces(database: &Path, key: &Path) -> Option<Traces> {
    if fs::metadata(database).is_ok_and(|found| found.len() > 0) {
        return None;
    }
    let beside = |end: &str| PathBuf::from(format!("{}{end}", database.display()));
    let there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let holds = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.len() > 0);
    let link = fs::symlink_metadata(database).is_ok_and(|found| found.is_symlink()).then(|| database.to_owned());
    let folded: Vec<_> = ["-wal", "-journal"].map(beside).into_iter().filter(holds).collect();
    let of_server = [key.to_owned(), lock::path(database.parent().unwrap_or(Path::new(".")))];
    Some(Traces {
        of_database: link.into_iter().chain(folded).collect(),
        of_server: of_server.into_iter().filter(there).collect(),
    })
}
