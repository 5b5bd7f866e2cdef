//! Whether this process may use the files in the data folder; if not, whose they are and who this is.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::{Access, access},
    process::geteuid,
};

/// An error for the first existing file or folder that may not be used. Missing files are not an error, and files in
/// an inaccessible folder are not checked.
pub fn check(folder: &Path, key: &Path, database: Option<&Path>) -> Result<(), String> {
    one(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
    one(key, Access::READ_OK)?;
    database.map_or(Ok(()), |database| one(database, Access::READ_OK | Access::WRITE_OK))
}

fn one(path: &Path, wanted: Access) -> Result<(), String> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    match access(path, wanted) {
        Err(rustix::io::Errno::ACCESS) => Err(refusal(path, metadata.uid(), metadata.permissions().mode())),
        _ => Ok(()),
    }
}

fn refusal(path: &Path, owner: u32, mode: u32) -> String {
    let (owner, me) = (user(owner), user(geteuid().as_raw()));
    format!(
        "{} belongs to {owner} with mode {:04o}, and this runs as {me}, who may not use it. Run it as \
         {owner}: sudo -u {owner} sallyport …",
        path.display(),
        mode & 0o7777
    )
}

/// The name of a user if the system knows it, else the number.
fn user(id: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut names = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    names.next().unwrap_or_else(|| format!("user {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_mode_and_users_are_named() {
        let said = refusal(Path::new("/data/master.key"), 0, 0o100_600);
        assert!(said.starts_with("/data/master.key belongs to root with mode 0600"), "{said}");
        assert!(said.contains("sudo -u root"), "{said}");
    }

    #[test]
    fn what_is_ones_own_and_what_is_missing_pass() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(check(folder.path(), &folder.path().join("nothing"), None), Ok(()));
    }
}
