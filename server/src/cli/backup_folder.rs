//! Backups in a folder, of which only the newest are kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sallyport::Timestamp;

const PREFIX: &str = "sallyport-";
const SUFFIX: &str = ".db";

/// The name of a backup that is made now. The names sort as the times do.
pub(super) fn name(now: Timestamp) -> String {
    format!("{PREFIX}{}{SUFFIX}", now.to_chrono().format("%Y%m%dT%H%M%SZ"))
}

/// Whether a file has such a name: no other is ever deleted.
fn is_ours(name: &str) -> bool {
    let time = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    time.is_some_and(|time| {
        time.len() == 16
            && time.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    })
}

/// Deletes all but the newest up to `made`, which was made now; returns those that were deleted. Those with a later time in their
/// name were made by a clock that was wrong: they are neither counted nor deleted.
pub(super) fn keep_newest(folder: &Path, keep: usize, made: &str) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{} can't be read: {error}", folder.display());
    let mut ours = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_ours(&name) && *name <= *made && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            ours.push(entry.path());
        }
    }
    ours.sort();
    ours.truncate(ours.len().saturating_sub(keep));
    for old in &ours {
        fs::remove_file(old).map_err(|error| format!("{} can't be deleted: {error}", old.display()))?;
    }
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_backups_are_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut names: Vec<_> = (0..5).map(|day| name(Timestamp::from_seconds(day * 86_400))).collect();
        names.extend(["sallyport.db", "sallyport-notes.db", "sallyport-20261122T061757Z.db.part"].map(str::to_owned));
        for name in &names {
            fs::write(folder.path().join(name), "x").expect("written");
        }
        let deleted = keep_newest(folder.path(), 2, &names[4]).expect("deleted");
        assert_eq!(deleted, names[..3].iter().map(|name| folder.path().join(name)).collect::<Vec<_>>());
        assert!(names[3..].iter().all(|name| folder.path().join(name).exists()));
        assert_eq!(keep_newest(folder.path(), 9, &names[4]).expect("nothing to do"), Vec::<PathBuf>::new());
        // The one that is made now is the fourth: the fifth has a name of the future.
        assert_eq!(keep_newest(folder.path(), 1, &names[3]).expect("nothing to do"), Vec::<PathBuf>::new());
        assert!(names[3..].iter().all(|name| folder.path().join(name).exists()));
    }
}
