//! Lock files: empty, readable by their owner only, and never opened through a symbolic link.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::{fs::OFlags, io::Errno};

/// Opens a lock file, creating it if it is missing. Its content is not changed. Anything but a regular file is
/// refused: another user may have put it there.
pub fn open_lock(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a pipe would wait for its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let not_ours = |what: &str| io::Error::other(format!("{what} is in its place; remove it"));
    let file = options.open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => not_ours("a link"),
        _ => error,
    })?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(not_ours("something that is no file"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        // Anyone who can open the file can hold the lock. Files of older versions have wider permissions.
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_lock_is_its_owners_alone_and_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.lock");
        open_lock(&path).expect("made");
        assert_eq!(mode(&path), 0o600);
        fs::write(&path, "what another version wrote").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("set");
        open_lock(&path).expect("opened");
        assert_eq!(fs::read_to_string(&path).expect("read"), "what another version wrote");
        assert_eq!(mode(&path), 0o600, "one that others could hold is closed to them");
    }

    #[test]
    fn what_is_no_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (victim, link) = (folder.path().join("victim"), folder.path().join("a.lock"));
        fs::write(&victim, "precious").expect("written");
        fs::set_permissions(&victim, Permissions::from_mode(0o644)).expect("set");
        symlink(&victim, &link).expect("linked");
        let error = open_lock(&link).expect_err("refused").to_string();
        assert_eq!(error, "a link is in its place; remove it");
        assert_eq!((fs::read_to_string(&victim).expect("read").as_str(), mode(&victim)), ("precious", 0o644));

        let dangling = folder.path().join("b.lock");
        symlink(folder.path().join("nowhere"), &dangling).expect("linked");
        assert!(open_lock(&dangling).is_err());
        assert!(!folder.path().join("nowhere").exists(), "nothing is made where a link points");
        assert!(open_lock(folder.path()).is_err(), "a folder is no lock");
    }
}
