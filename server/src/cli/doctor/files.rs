//! Files: who may read them, whether there is room, how old the newest backup is.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use rustix::fs::statvfs;
use sallyport::Timestamp;

use super::finding::Finding;

fn mode(path: &Path) -> std::io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

pub(super) fn data_folder(folder: &Path) -> Finding {
    let (name, shown) = ("data_folder", folder.display());
    match mode(folder) {
        Ok(mode) if mode & 0o077 == 0 => Finding::good(name, format!("only its owner can use {shown}")),
        Ok(mode) => {
            Finding::bad(name, format!("others can use {shown} (its mode is {mode:03o})"), format!("chmod 700 {shown}"))
        }
        Err(error) => Finding::bad(
            name,
            format!("{shown} can't be read: {error}"),
            "Name the folder with --data, and run this as the server's user: sudo -u sallyport sallyport doctor",
        ),
    }
}

pub(super) fn secret(name: &'static str, path: &Path) -> Finding {
    match mode(path) {
        Ok(mode) if mode & 0o077 == 0 => Finding::good(name, format!("only its owner can read {}", path.display())),
        Ok(mode) => Finding::bad(
            name,
            format!("others can read {} (its mode is {mode:03o})", path.display()),
            format!("chmod 600 {}; if others had access to this machine, replace the secret.", path.display()),
        ),
        Err(error) => Finding::bad(
            name,
            format!("{} can't be read: {error}", path.display()),
            "Put it back, owned by the server's user, with mode 600.",
        ),
    }
}

/// A group may read these: packages install them for root and the group of the server.
pub(super) fn secrets(name: &'static str, paths: &[PathBuf]) -> Finding {
    let open: Vec<_> = paths.iter().filter(|path| mode(path).is_ok_and(|mode| mode & 0o007 != 0)).collect();
    if open.is_empty() {
        return Finding::good(name, format!("{} checked", paths.len()));
    }
    let open = open.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ");
    Finding::bad(name, format!("everybody on this machine can read {open}"), format!("chmod o= {open}"))
}

pub(super) fn disk(folder: &Path) -> Finding {
    match statvfs(folder) {
        Ok(disk) => room(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize),
        Err(error) => Finding::bad("disk", format!("it can't be measured: {error}"), "Is the disk mounted?"),
    }
}

/// A small disk needs this, others a twentieth or as much as is enough for years.
const LEAST: u64 = 500_000_000;
const ENOUGH: u64 = 5_000_000_000;

fn room(free: u64, size: u64) -> Finding {
    let detail = format!("{} MB of {} MB are free", free / 1_000_000, size / 1_000_000);
    if free >= LEAST && free >= ENOUGH.min(size / 20) {
        return Finding::good("disk", detail);
    }
    let fix = "Free some space, or move the data folder to a larger disk: when it is full, nothing can be revoked.";
    Finding::bad("disk", detail, fix)
}

pub(super) fn backups(folder: &Path, most: Duration, now: Timestamp) -> Finding {
    let fix = "Run `sallyport backup` (for PostgreSQL pg_dump) from a timer: docs/operating.md#backup.";
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) => return Finding::bad("backup", format!("{} can't be read: {error}", folder.display()), fix),
    };
    let metadata = files.filter_map(|file| file.ok()?.metadata().ok());
    let times = metadata.filter(|file| file.is_file() && file.len() > 0).filter_map(|file| file.modified().ok());
    let Some(newest) = times.max() else {
        return Finding::bad("backup", format!("there is none in {}", folder.display()), fix);
    };
    let newest = newest.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age = now.since(Timestamp::from_seconds(i64::try_from(newest).unwrap_or(i64::MAX)));
    let detail = format!("the newest is {} hours old", age.as_secs() / 3600);
    if age <= most { Finding::good("backup", detail) } else { Finding::bad("backup", detail, fix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    #[test]
    fn a_folder_and_a_key_that_others_can_use_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("master.key");
        fs::write(&key, "x").expect("written");
        for (mode, ok) in [(0o700, true), (0o750, false), (0o777, false)] {
            set(folder.path(), mode);
            assert_eq!(data_folder(folder.path()).ok, ok, "{mode:o}");
        }
        for (mode, ok) in [(0o600, true), (0o400, true), (0o640, false), (0o644, false)] {
            set(&key, mode);
            let found = secret("master_key", &key);
            assert_eq!((found.ok, found.fix.is_some()), (ok, !ok), "{mode:o}");
        }
        assert!(!data_folder(&folder.path().join("missing")).ok && !secret("k", &folder.path().join("missing")).ok);
    }

    #[test]
    fn a_file_with_a_secret_that_everybody_can_read_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        fs::write(&file, "x").expect("written");
        for (mode, ok) in [(0o640, true), (0o644, false)] {
            set(&file, mode);
            assert_eq!(secrets("secret_files", std::slice::from_ref(&file)).ok, ok, "{mode:o}");
        }
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_found() {
        let gigabyte = 1_000_000_000;
        for (free, size, ok) in [
            (10 * gigabyte, 100 * gigabyte, true),
            (2 * gigabyte, 100 * gigabyte, false),
            (400_000_000, gigabyte, false),
        ] {
            assert_eq!(room(free, size).ok, ok, "{free} of {size}");
        }
        assert!(!disk(Path::new("/nowhere")).ok);
    }

    #[test]
    fn an_old_or_missing_backup_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let (day, now) = (Duration::from_secs(24 * 3600), Timestamp::from_seconds(1_795_327_200));
        assert!(!backups(folder.path(), day, now).ok && !backups(&folder.path().join("missing"), day, now).ok);
        let file = fs::File::create(folder.path().join("keys.db")).expect("made");
        assert!(!backups(folder.path(), day, now).ok, "an empty file is no backup");
        std::io::Write::write_all(&mut &file, b"SQLite").expect("written");
        let at = UNIX_EPOCH + Duration::from_secs(1_795_327_200);
        file.set_modified(at - day / 2).expect("set");
        assert!(backups(folder.path(), day, now).ok);
        file.set_modified(at - 3 * day).expect("set");
        let found = backups(folder.path(), day, now);
        assert_eq!((found.ok, found.detail.as_str()), (false, "the newest is 72 hours old"));
    }
}
