//! A key that another person has to approve, asked for and claimed by the command line; and what database, log and backup hold
//! of it.

use serde_json::json;

use crate::{
    client::client,
    handover::hold_none,
    server::{Server, between, root_token, sallyport, stderr, stdout},
};

#[test]
fn what_was_approved_is_claimed_by_the_command_line_and_its_secrets_are_in_no_file() {
    let (folder, own) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (data, log) = (folder.path().join("data"), folder.path().join("server.log"));
    let mut server = Server::start_logged(&data, &log);
    server.set_up();
    let app = server.make_app();
    let gateway = root_token(&data);
    let token = stdout(&sallyport(&data, &["token", "create", "--name", "script", "--manage"])).trim().to_owned();
    let url = format!("http://{}", server.address);
    let run = |arguments: &[&str]| {
        client(own.path(), &url, arguments).env("SALLYPORT_TOKEN", &token).output().expect("the binary runs")
    };
    let shown = stdout(&run(&["apps", "show", &app, "--json"]));
    let org = serde_json::from_str::<serde_json::Value>(&shown).expect("JSON")["org_id"].clone();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let rules = json!({ "approval_environments": ["production"] }).to_string();
    let path = format!("/v1/orgs/{}/key-policy", org.as_str().expect("an id"));
    let set = server.ask("PUT", &path, &headers, &rules).expect("answered");
    assert!(set.starts_with("HTTP/1.1 200"), "{set}");

    let create = ["keys", "create", "--app", &app, "--label", "CI", "--environment", "production", "--scope", "read"];
    let asked = run(&[&create[..], &["--out", "ci.json"]].concat());
    let said = stderr(&asked);
    assert!(!asked.status.success() && said.contains("waits for the approval of another person"), "{said}");
    assert!(!own.path().join("ci.json").exists(), "there are no credentials yet");
    let id = between(&said, "sallyport keys claim ", ' ');
    let early = run(&["keys", "claim", &id]);
    assert!(!early.status.success() && stderr(&early).contains("Nobody has approved this request yet."));
    let approved = server.form(&format!("/approvals/{id}"), &[("do", "approve")]).expect("answered");
    assert!(approved.contains("?done=approve"), "{approved}");

    let claimed = run(&["keys", "claim", &id, "--out", "ci.json"]);
    assert!(claimed.status.success(), "{}", stderr(&claimed));
    let credentials = std::fs::read_to_string(own.path().join("ci.json")).expect("written");
    let credentials: serde_json::Value = serde_json::from_str(&credentials).expect("JSON");
    let secret = |name: &str| credentials[name].as_str().expect("a secret").to_owned();
    let (key, signing) = (secret("secret_key"), secret("signing_secret"));
    let said = stdout(&claimed) + &stderr(&claimed);
    assert!(said.contains("ci.json") && !said.contains(&key) && !said.contains(&signing), "{said}");
    assert_eq!(server.verify(&gateway, &key)["code"], "valid");
    let again = run(&["keys", "claim", &id]);
    let said = stdout(&again) + &stderr(&again);
    assert!(!again.status.success() && said.contains("claimed already") && !said.contains(&key), "{said}");

    let secrets = [("the claimed secret", key), ("its signing secret", signing)];
    let backup = folder.path().join("copy.db");
    let copied = sallyport(&data, &["backup", backup.to_str().expect("UTF-8")]);
    assert!(copied.status.success(), "{}", stderr(&copied));
    // With the write-ahead log, and after it was merged.
    hold_none(folder.path(), &secrets);
    server.kill();
    let again = folder.path().join("again.log");
    Server::start_logged(&data, &again).kill();
    hold_none(folder.path(), &secrets);
}
