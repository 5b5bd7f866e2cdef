//! `sallyport audit`, beside a server.

use std::{fs, path::Path};

use sallyport::store::Location;

use super::{fails, says};
use crate::portal::TestPortal;

crate::on_both_portals!(
    a_whole_log_is_whole,
    tampering_ends_with_one_and_its_number,
    a_log_that_was_deleted_is_missed,
    a_rotated_key_is_published,
    a_revoked_key_is_published_and_refused,
    a_checkpoint_is_made_on_demand,
    only_hashes_need_a_word,
);

const KEYS: &str = "/.well-known/sallyport-audit.json";

/// An organization, and what an auditor took home in a folder: export, checkpoint and public keys.
async fn taken_home(portal: &TestPortal, folder: &Path) -> String {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let note = portal.manage(&format!("/v1/orgs/{org}/audit/checkpoint"), &token, None).await.body;
    fs::write(folder.join("note"), note).expect("written");
    fs::write(folder.join("keys"), portal.another().get(KEYS).await.body).expect("written");
    fs::write(folder.join("export"), says(portal, &["audit", "export", "--org", &org], "")).expect("written");
    org
}

async fn a_whole_log_is_whole(portal: &TestPortal) {
    let folder = tempfile::tempdir().expect("a folder");
    let org = taken_home(portal, folder.path()).await;
    let [export, note, keys] = ["export", "note", "keys"].map(|name| folder.path().join(name).display().to_string());
    let all = says(portal, &["audit", "verify"], "");
    let lines: Vec<_> = all.lines().map(|line| line.split(", root").next().expect("text").to_owned()).collect();
    assert_eq!(lines.len(), 2, "{all}");
    assert_eq!(lines[0], format!("{org}: nothing is wrong. Events: 5, checkpoints: 1"), "the export is an event, too");
    assert!(lines[1].starts_with("system: nothing is wrong. Events: "), "{all}");
    let one = says(portal, &["audit", "verify", "--org", &org, "--checkpoint", &note], "");
    assert_eq!(one.lines().count(), 1);
    let from = ["audit", "verify", "--from-export", &export];
    assert!(says(portal, &from, "").contains("Events: 5, checkpoints: 0"));
    let with = [&from[..], &["--checkpoint", &note, "--public-key", &keys]].concat();
    assert!(says(portal, &with, "").contains("Events: 5, checkpoints: 1"));
    // The file in which the portal collects them.
    let line = serde_json::json!({ "note": fs::read_to_string(&note).expect("read") });
    fs::write(&note, format!("{line}\n")).expect("written");
    assert!(says(portal, &with, "").contains("Events: 5, checkpoints: 1"));
    let error = fails(portal, &[&from[..], &["--checkpoint", &note]].concat(), "", 2);
    assert!(error.contains("--public-key FILE"), "{error}");
    let error = fails(portal, &["audit", "verify", "--org", "org_none_1"], "", 1);
    assert!(error.contains("There is no log of org_none_1."), "{error}");
    fs::write(&keys, "AAAA").expect("written");
    assert!(fails(portal, &with, "", 1).contains("contains no public key"));
    let another = portal.store.checkpoint("other/audit", "system").await.expect("made").note;
    fs::write(&note, another).expect("written");
    let error = fails(portal, &["audit", "verify", "--org", &org, "--public-key", &note], "", 1);
    assert!(error.contains("contains no public key"), "{error}");
}

async fn tampering_ends_with_one_and_its_number(portal: &TestPortal) {
    let folder = tempfile::tempdir().expect("a folder");
    let org = taken_home(portal, folder.path()).await;
    let [export, note, keys] = ["export", "note", "keys"].map(|name| folder.path().join(name).display().to_string());
    let lines = fs::read_to_string(&export).expect("read");
    fs::write(&export, lines.replacen("\"actor_name\":\"Automation\"", "\"actor_name\":\"Mallory\"", 1))
        .expect("written");
    let from = ["audit", "verify", "--from-export", &export, "--checkpoint", &note, "--public-key", &keys];
    let error = fails(portal, &from, "", 1);
    assert_eq!(
        error,
        "sallyport: Event 1 was changed: its hash is not that of its fields and of the event before it.\n"
    );
    let cut: String = lines.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&export, cut).expect("written");
    let error = fails(portal, &from, "", 1);
    assert_eq!(error, "sallyport: Event 4 is missing: the chain was cut, it had at least 4 events.\n");
    portal.store.execute(format!("UPDATE events SET actor_name = 'Mallory' WHERE chain = '{org}' AND seq = 3")).await;
    let error = fails(portal, &["audit", "verify"], "", 1);
    assert!(error.contains(&format!("{org}: Event 3 was changed")), "{error}");
    assert!(says(portal, &["audit", "verify", "--org", "system"], "").contains("nothing is wrong"));
    let token = portal.token(true, None).await;
    let refused = portal.manage(&format!("/v1/orgs/{org}/audit/9/proof"), &token, None).await;
    assert_eq!(refused.status, 404);
}

async fn a_log_that_was_deleted_is_missed(portal: &TestPortal) {
    let folder = tempfile::tempdir().expect("a folder");
    let org = taken_home(portal, folder.path()).await;
    let note = folder.path().join("note").display().to_string();
    for table in ["checkpoints WHERE chain", "events WHERE chain", "chains WHERE name"] {
        portal.store.execute(format!("DELETE FROM {table} = '{org}'")).await;
    }
    let error = fails(portal, &["audit", "verify"], "", 1);
    assert!(error.contains(&format!("{org}: Event 1 is missing: the whole log is.")), "{error}");
    let error = fails(portal, &["audit", "verify", "--org", &org], "", 1);
    assert!(error.contains("There is no log of"), "{error}");
    assert!(says(portal, &["audit", "verify", "--org", "system"], "").contains("system: nothing is wrong"));
    let error = fails(portal, &["audit", "verify", "--checkpoint", &note], "", 1);
    assert!(error.contains(&format!("{org}: Event 1 is missing: the whole log of 4 events is.")), "{error}");
}

async fn a_rotated_key_is_published(portal: &TestPortal) {
    let folder = tempfile::tempdir().expect("a folder");
    let org = taken_home(portal, folder.path()).await;
    let key = says(portal, &["audit", "rotate-key"], "");
    let keys = portal.another().get(KEYS).await.json()["keys"].clone();
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    assert!(keys[0]["until"].is_string() && keys[1]["until"].is_null());
    assert_eq!(keys[1]["public_key"], key.trim());
    assert!(
        says(portal, &["audit", "verify", "--org", &org], "").contains("checkpoints: 1"),
        "signed with the old key"
    );
}

async fn a_revoked_key_is_published_and_refused(portal: &TestPortal) {
    let folder = tempfile::tempdir().expect("a folder");
    let org = taken_home(portal, folder.path()).await;
    let [export, note, keys] = ["export", "note", "keys"].map(|name| folder.path().join(name).display().to_string());
    let leaked = portal.another().get(KEYS).await.json()["keys"][0]["public_key"].as_str().expect("text").to_owned();
    let new = says(portal, &["audit", "revoke-key", &leaked], "");
    let published = portal.another().get(KEYS).await;
    let list = published.json()["keys"].clone();
    assert_eq!(list[1]["public_key"], new.trim());
    assert!(list[0]["revoked"].is_string() && list[1]["revoked"].is_null(), "{list}");
    fs::write(&keys, &published.body).expect("written");
    let from = ["audit", "verify", "--from-export", &export, "--checkpoint", &note, "--public-key", &keys];
    let error = fails(portal, &from, "", 1);
    assert!(error.contains("it is signed with a key that was revoked: somebody else may have signed it."), "{error}");
    assert!(says(portal, &["audit", "verify", "--org", &org], "").contains("checkpoints: 0"), "not used");
    let error = fails(portal, &["audit", "revoke-key", &leaked], "", 1);
    assert!(error.contains("This key was revoked before."), "{error}");
    let error = fails(portal, &["audit", "revoke-key", "AAAA"], "", 1);
    assert!(error.contains("It is not a key of this portal."), "{error}");
}

async fn a_checkpoint_is_made_on_demand(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let note = says(portal, &["audit", "checkpoint", "--org", &org, "--public-url", "https://keys.example.com"], "");
    assert!(note.starts_with(&format!("keys.example.com/audit/{org}\n4\n")), "{note}");
    let keys = portal.store.public_keys().await.expect("read");
    assert!(keys.open(&note).is_ok(), "{note}");
    let all = says(portal, &["audit", "checkpoint"], "");
    assert!(all.contains("keys.example.com/audit/system\n"), "under the name of the last: {all}");
    let error = fails(portal, &["audit", "checkpoint", "--org", "org_none_1"], "", 1);
    assert!(error.contains("There is no log of org_none_1."), "{error}");
}

/// A log of an early version, with events that were erased.
async fn only_hashes_need_a_word(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let no_bytes = match portal.store.location() {
        Location::Postgres(_) => "CAST('' AS BYTEA)",
        Location::Sqlite(_) => "x''",
    };
    portal.store.execute(format!("UPDATE events SET salts = {no_bytes} WHERE chain = '{org}' AND seq < 3")).await;
    let verify = ["audit", "verify", "--org", &org];
    let error = fails(portal, &verify, "", 1);
    assert!(error.contains("Event 1 has nothing but its hash"), "{error}");
    let told = "Of 2 in the first format only the hash is left: nothing they contain is proven.";
    assert!(says(portal, &[&verify[..], &["--first-format-until", "2"]].concat(), "").contains(told));
    // The first checkpoint says so from now on.
    says(portal, &["audit", "checkpoint", "--org", &org], "");
    assert!(says(portal, &verify, "").contains(told));
    portal.store.execute(format!("UPDATE events SET salts = {no_bytes} WHERE chain = '{org}' AND seq = 3")).await;
    let error = fails(portal, &verify, "", 1);
    assert!(error.contains("Event 3 was changed: it is in a format that was no longer written"), "{error}");
}
