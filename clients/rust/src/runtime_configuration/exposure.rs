//! Whether others may read the file, which contains a key.

use std::{
    path::Path,
    process::{Command, Stdio},
};

pub(crate) fn warnings(path: &Path) -> Vec<String> {
    let mut all = Vec::new();
    if others_can_read(path) {
        let path = path.display();
        all.push(format!("{path} contains a key, and other users of this machine can read it: chmod 600 it."));
    }
    if is_open_to_git(path) {
        let path = path.display();
        all.push(format!("{path} contains a key, lies in a git work tree and is not ignored: add it to .gitignore."));
    }
    all
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|of| of.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

fn is_open_to_git(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    if !folder.ancestors().any(|folder| folder.join(".git").exists()) {
        return false;
    }
    let mut git = Command::new("git");
    git.args(["-c", "core.fsmonitor=false", "check-ignore", "--quiet", "--"]).arg(name).current_dir(folder);
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A hook sets these for its own repository.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        git.env_remove(name);
    }
    // 1: not ignored, or tracked already. More: git can't tell.
    git.status().is_ok_and(|ended| ended.code() == Some(1))
}
