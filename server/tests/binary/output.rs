//! Output that can't be written: nothing panics, and the result is reported.

use std::{
    fs::OpenOptions,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::server::{sallyport, stderr, stdout};

fn printed_to(data: &Path, arguments: &[&str], out: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
    command.spawn().expect("the binary starts").wait_with_output().expect("ended")
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has it").into()
}

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(sallyport(folder.path(), &["migrate"]).status.success());
    folder
}

#[test]
fn every_command_ends_without_a_panic() {
    let folder = data();
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/profiles/default.toml");
    for arguments in [
        &["token", "list"][..],
        &["token", "list", "--json"],
        &["capability-key", "list"],
        &["capability-key", "list", "--json"],
        &["capability-key", "replace", "--yes"],
        &["user", "list"],
        &["user", "list", "--json"],
        &["user", "sign-out", "--all"],
        &["migrate"],
        &["profile", "check", profile],
        &["profile", "check", profile, "--json"],
    ] {
        let ended = printed_to(folder.path(), arguments, closed());
        assert_eq!((ended.status.code(), stderr(&ended).as_str()), (Some(0), ""), "{arguments:?}");
        let ended = printed_to(folder.path(), arguments, full());
        let said = stderr(&ended);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("Standard output can't be written") && !said.contains("panicked"), "{said}");
    }
    for arguments in [&["--help"][..], &["--version"], &["token", "--help"]] {
        for out in [closed(), full()] {
            let ended = printed_to(folder.path(), arguments, out);
            assert_eq!((ended.status.code(), stderr(&ended).as_str()), (Some(0), ""), "{arguments:?}");
        }
    }
}

#[test]
fn an_error_that_can_not_be_written_is_no_panic() {
    let folder = data();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["token", "revoke", "tok_x", "--data"]).arg(folder.path()).stderr(full());
    assert_eq!(command.status().expect("ended").code(), Some(1));
}

#[test]
fn root_tokens_are_listed_under_a_head() {
    let folder = data();
    let created = sallyport(folder.path(), &["token", "create", "--name", "Terraform", "--manage", "--json"]);
    let created: serde_json::Value = serde_json::from_str(&stdout(&created)).expect("JSON");
    assert!(created["token"].as_str().is_some_and(|token| token.starts_with("sp_root_")), "the token is in it");
    let listed = stdout(&sallyport(folder.path(), &["token", "list"]));
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["ID", "CREATED", "TOKEN", "ACCESS", "EXPIRES", "ORGANIZATION", "STATUS", "NAME"]
    );
    let text = |name: &str| created[name].as_str().expect("text").to_owned();
    let row = [&text("token_id"), &text("created_at"), &text("shown"), "manage", "never", "all", "active", "Terraform"];
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), row);
    assert_eq!(lines.len(), 2);
    assert!(!listed.contains(&text("token")));
}

#[test]
fn a_root_token_that_could_not_be_printed_is_revoked() {
    let folder = data();
    let tokens = || -> Vec<serde_json::Value> {
        serde_json::from_str(&stdout(&sallyport(folder.path(), &["token", "list", "--json"]))).expect("JSON")
    };
    for (out, many) in [(full(), 1), (closed(), 2)] {
        let ended = printed_to(folder.path(), &["token", "create", "--name", "lost"], out);
        let said = stderr(&ended);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("was created but could not be printed") && said.contains("it was revoked"), "{said}");
        assert!(!said.contains("sp_root_"), "{said}");
        let tokens = tokens();
        assert_eq!(tokens.len(), many);
        assert!(tokens.iter().all(|token| !token["revoked_at"].is_null()), "{tokens:?}");
    }
    let ended = printed_to(folder.path(), &["token", "create", "--name", "lost"], Stdio::null());
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains("No token was created."), "{}", stderr(&ended));
    assert_eq!(tokens().len(), 2);
}
