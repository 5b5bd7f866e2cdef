//! A hand-over after the server was killed; and what database, log and backup hold of rotated and handed-over secrets.

use std::{collections::BTreeMap, fs, path::Path};

use crate::server::{Server, between, root_token, sallyport, shown, stderr};

/// Every file below a folder.
fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.display().to_string(), fs::read(&path).expect("read"));
        }
    }
}

pub fn hold_none(folder: &Path, secrets: &[(&str, String)]) {
    let mut found = BTreeMap::new();
    files(folder, &mut found);
    assert!(found.keys().any(|name| name.ends_with("sallyport.db")) && found.keys().any(|name| name.ends_with(".log")));
    for (file, bytes) in found {
        for (name, secret) in secrets {
            let holds = |part: &str| bytes.windows(part.len()).any(|bytes| bytes == part.as_bytes());
            assert!(!holds(secret), "{name} in {file}");
            // Without prefix and checksum it would still be the secret.
            assert!(secret.len() < 30 || !holds(&secret[8..30]), "part of {name} in {file}");
        }
    }
}

#[test]
fn a_link_outlives_a_killed_server_and_its_secrets_are_in_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("server.log"));
    let mut server = Server::start_logged(&data, &log);
    server.set_up();
    let app = server.make_app();
    let token = root_token(&data);
    let page = server.generated(&app, "production", &["read"], &[("signing_secret", "on")]).expect("answered");
    let (first, key) = (
        shown(&page, "secret-key").expect("shown"),
        between(&page, "id=\"credentials\" method=\"post\" action=\"/keys/", '/'),
    );
    let dialog = server.ask("GET", &format!("/keys/{key}/rotate"), &[], "").expect("answered");
    let seen = between(&dialog, "name=\"seen\" value=\"", '"');
    let rotated = server
        .form(&format!("/keys/{key}/rotate"), &[("seen", &seen), ("grace", "day"), ("signing_secret", "on")])
        .expect("answered");
    let second = shown(&rotated, "secret-key").expect("shown");
    let signing = shown(&rotated, "signing-secret").expect("shown");
    let sealed = between(&rotated, "name=\"sealed\" value=\"", '"');
    let passphrase = "correct horse battery";
    let made = server
        .form(&format!("/keys/{key}/handover"), &[("sealed", &sealed), ("passphrase", passphrase)])
        .expect("answered");
    let link = shown(&made, "handover-link").expect("a link");
    let (path, code) = link.split_once('#').expect("a fragment");
    let path = &path[path.find("/handover/").expect("a path")..];
    for secret in [&first, &second] {
        assert_eq!(server.verify(&token, secret)["code"], "valid");
    }
    let secrets = [
        ("the first secret", first),
        ("the second secret", second.clone()),
        ("the signing secret", signing),
        ("the code", code.to_owned()),
        ("the passphrase", passphrase.to_owned()),
    ];
    let backup = folder.path().join("copy.db");
    let copied = sallyport(&data, &["backup", backup.to_str().expect("UTF-8")]);
    assert!(copied.status.success(), "{}", stderr(&copied));
    // With the write-ahead log, which a stopped server merges.
    hold_none(folder.path(), &secrets);
    server.kill();

    let again = folder.path().join("again.log");
    let server = Server::start_logged(&data, &again);
    let opened = server.form(path, &[("code", code), ("passphrase", passphrase)]).expect("answered");
    assert!(opened.contains(&second), "{opened}");
    let twice = server.form(path, &[("code", code), ("passphrase", passphrase)]).expect("answered");
    assert!(twice.starts_with("HTTP/1.1 410") && !twice.contains(&second), "{twice}");
    server.kill();
    hold_none(folder.path(), &secrets);
}
