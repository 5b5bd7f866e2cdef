//! Whatever the user and umask: files on the disk are private to their owner.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use crate::server::{Server, sallyport, stderr};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("there").permissions().mode() & 0o777
}

fn without_umask(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_sallyport")]).args(arguments);
    command.arg("--data").arg(data);
    command
}

#[test]
fn every_file_is_the_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (server, _) = Server::run(without_umask(&data, &["serve", "--listen", "127.0.0.1:0"]), |_| true);
    let copy = folder.path().join("copy.db");
    let made = without_umask(&data, &["backup", copy.to_str().expect("UTF-8")]).output().expect("runs");
    assert!(made.status.success(), "{}", stderr(&made));
    assert_eq!(mode(&data), 0o700);
    let files = fs::read_dir(&data).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files: Vec<_> = files.chain([copy]).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    server.kill();
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").expect("written");
    let data = folder.path().join("data");
    assert!(sallyport(&data, &["migrate"]).status.success());
    let lock = data.join("sallyport.lock");
    fs::remove_file(&lock).expect("removed");
    symlink(&victim, &lock).expect("linked");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        let ended = sallyport(&data, command);
        assert_eq!(ended.status.code(), Some(1), "{command:?}");
        assert!(stderr(&ended).contains("a link is in its place"), "{}", stderr(&ended));
        assert_eq!(fs::read_to_string(&victim).expect("read"), "precious");
    }
    // A backup replaces the name, not the target of a link.
    let link = folder.path().join("copy.db");
    symlink(&victim, &link).expect("linked");
    for force in [&[][..], &["--force"]] {
        let backup = [&["backup", link.to_str().expect("UTF-8")][..], force].concat();
        assert_eq!(sallyport(&data, &backup).status.code(), Some(1));
        assert_eq!(fs::read_to_string(&victim).expect("read"), "precious");
    }
}
