//! A command run by a user who does not own the data.

use std::{os::unix::fs::PermissionsExt, process::Command};

use crate::server::{sallyport, stderr};

#[test]
fn the_message_names_file_mode_and_user() {
    if !rustix::process::geteuid().is_root() {
        // Only root can run something as another user.
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
    let data = folder.path().join("data");
    assert!(sallyport(&data, &["migrate"]).status.success());
    // A copy that every user can run, wherever the binary is.
    let binary = folder.path().join("sallyport");
    std::fs::copy(env!("CARGO_BIN_EXE_sallyport"), &binary).expect("copied");
    let run = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary);
        let ended = command.args(["token", "list", "--data"]).arg(&data).output().expect("setpriv runs");
        assert_eq!(ended.status.code(), Some(1));
        stderr(&ended)
    };
    let said = run();
    assert!(said.contains(&format!("{} belongs to root with mode 0700", data.display())), "{said}");
    assert!(said.contains("sudo -u root"), "{said}");
    // A folder that can be entered, with a key that can't be read.
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o777)).expect("set");
    let said = run();
    assert!(said.contains("master.key belongs to root with mode 0600"), "{said}");
}
