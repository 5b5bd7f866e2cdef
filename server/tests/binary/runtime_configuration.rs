//! The file that an app reads, from the page to a reader.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::server::{Server, between, shown, stderr, stdout};

const READ: &str =
    "from runtime_configuration import load; config = load(); print(config.app_id, config.org_id, config.app_api_key)";

#[test]
fn what_the_dialog_downloads_is_what_a_backend_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let profile = root.join("examples/profiles/synheart.toml");
    let (mut server, _) =
        Server::start_with(&folder.path().join("data"), &["--profile", profile.to_str().expect("text")], |line| {
            line.contains("/setup?token=")
        });
    server.set_up();
    let app = server.make_app();
    let page = server.ask("GET", &format!("/apps/{app}"), &[], "").expect("answered");
    assert!(page.contains("Download synheart.json"), "{page}");

    let dialog = server.generated(&app, "production", &["read"], &[]).expect("answered");
    assert!(dialog.contains("Download synheart.json"), "{dialog}");
    let (_, form) = dialog.split_once("<form id=\"runtime-file\"").expect("a form");
    let (action, sealed) = (between(form, "action=\"", '"'), between(form, "name=\"sealed\" value=\"", '"'));
    let answer = server.form(&action, &[("sealed", &sealed)]).expect("answered");
    assert!(answer.contains("filename=\"synheart.json\""), "{answer}");
    let text = answer.split_once("\r\n\r\n").expect("a body").1;
    let file = folder.path().join("synheart.json");
    std::fs::write(&file, text).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");

    let mut python = Command::new("python3");
    python.args(["-W", "error", "-B", "-c", READ]).current_dir(folder.path());
    let read = python.env("PYTHONPATH", root.join("clients/python")).output().expect("python3 starts");
    let key = shown(&dialog, "secret-key").expect("shown");
    let org = between(text, "\"org_id\": \"", '"');
    assert_eq!(stdout(&read).trim(), format!("{app} {org} {key}"), "{}", stderr(&read));
    server.kill();
}
