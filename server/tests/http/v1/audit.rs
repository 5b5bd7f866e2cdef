//! `/v1/orgs/{org_id}/audit`

use std::{fs, path::Path, process::Command};

use sallyport::audit::public_keys::PublicKeys;
use serde_json::{Value, json};

use crate::portal::TestPortal;

crate::on_both_portals!(
    events_of_a_token_have_its_name,
    events_are_filtered_and_paged,
    a_checkpoint_is_verified_with_the_published_keys,
    a_proof_is_checked_without_the_portal,
);

async fn events_of_a_token_have_its_name(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let answer = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body).await;
    let key = answer.json()["key_id"].clone();
    let log = portal.manage(&format!("/v1/orgs/{org}/audit"), &token, None).await;
    let event = log.json()["data"][0].clone();
    assert_eq!(
        event,
        json!({
            "seq": 5, "time": "2026-11-22T06:00:00Z",
            "actor_kind": "root_token", "actor_id": event["actor_id"], "actor_name": "Automation",
            "action": "key.generated", "target_kind": "key", "target_id": key, "target_name": "CI", "app_id": app,
            "outcome": "done", "status": null, "address": "127.0.0.1", "user_agent": null,
            "request_id": answer.header("x-request-id"),
            "details": {
                "environment": "production", "scopes": ["read"],
                "shown": event["details"]["shown"],
            },
        })
    );
    assert!(event["actor_id"].as_str().is_some_and(|id| id.starts_with("tok_")));
    let actions =
        log.json()["data"].as_array().expect("a list").iter().map(|event| event["action"].clone()).collect::<Vec<_>>();
    let expected = ["key.generated", "app.created", "project.created", "tenant.created", "organization.created"];
    assert_eq!(actions, expected);
    let secret = answer.json()["secret_key"].as_str().expect("text").to_owned();
    assert!(!log.body.contains(&secret));
    assert!(portal.store.check_chain(&org).await.expect("read").is_ok());
}

async fn events_are_filtered_and_paged(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let count = |query: &str| {
        let path = format!("/v1/orgs/{org}/audit?{query}");
        let token = token.clone();
        async move { portal.manage(&path, &token, None).await.json()["data"].as_array().map(Vec::len) }
    };
    assert_eq!(count("actor=Automation").await, Some(4));
    assert_eq!(count("actor=Eve").await, Some(0));
    let all = portal.manage(&format!("/v1/orgs/{org}/audit"), &token, None).await.json();
    let id = all["data"][0]["actor_id"].as_str().expect("text").to_owned();
    assert_eq!(count(&format!("actor={id}")).await, Some(4));
    assert_eq!(count("actor=command_line").await, Some(0));
    assert_eq!(count("action=app.created").await, Some(1));
    assert_eq!(count("outcome=refused").await, Some(0));
    let app = all["data"][0]["target_id"].as_str().expect("text").to_owned();
    assert_eq!(count(&format!("target={app}")).await, Some(1));
    assert_eq!(count("target=key_none").await, Some(0));
    assert_eq!(count("address=127.0.0.1").await, Some(4));
    assert_eq!(count("address=192.0.2.1").await, Some(0));
    assert_eq!(count("from=2026-11-22T06:00:00Z&to=2026-11-22T06:00:01Z").await, Some(4));
    assert_eq!(count("to=2026-11-22T07:00:00%2B01:00").await, Some(0));
    let first = portal.manage(&format!("/v1/orgs/{org}/audit?limit=3"), &token, None).await.json();
    assert_eq!(first["next_cursor"], "2");
    let next = portal.manage(&format!("/v1/orgs/{org}/audit?limit=3&cursor=2"), &token, None).await.json();
    assert_eq!((next["data"][0]["seq"].as_i64(), &next["next_cursor"]), (Some(1), &json!(null)));
    for query in [
        "action=app.made",
        "outcome=maybe",
        "from=today",
        "cursor=x",
        "cursor=",
        "actor=%00",
        "before=3",
        "target=%00",
        "address=here",
    ] {
        assert_eq!(count(query).await, None, "{query}");
    }
}

const KEYS: &str = "/.well-known/sallyport-audit.json";

async fn a_checkpoint_is_verified_with_the_published_keys(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    assert_eq!(portal.another().get(KEYS).await.json(), json!({ "keys": [] }), "before the first checkpoint");
    let path = format!("/v1/orgs/{org}/audit/checkpoint");
    let answer = portal.manage(&path, &token, None).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let published = portal.another().get(KEYS).await;
    assert_eq!((published.status.as_u16(), published.header("content-type")), (200, "application/json"));
    let key = published.json()["keys"][0].clone();
    assert_eq!(
        (&key["algorithm"], &key["from"], &key["until"]),
        (&json!("Ed25519"), &json!("2026-11-22T06:00:00Z"), &json!(null))
    );
    let name = "127.0.0.1:3000/audit";
    let verifier = key["verifier_key"].as_str().expect("text");
    assert!(verifier.starts_with(&format!("{name}+{}+", key["key_id"].as_str().expect("text"))), "{verifier}");
    for keys in [&published.body, verifier] {
        let keys = PublicKeys::parse(keys).expect("keys");
        let opened = keys.open(&answer.body).expect("signed");
        assert_eq!((opened.origin, opened.size), (format!("{name}/{org}"), 4));
    }
    assert_eq!(portal.manage(&path, &token, None).await.body, answer.body, "nothing happened since");
    assert_eq!(portal.manage(&format!("{path}?x=1"), &token, None).await.status, 400);
}

async fn a_proof_is_checked_without_the_portal(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let proof = async |seq: &str| portal.manage(&format!("/v1/orgs/{org}/audit/{seq}/proof"), &token, None).await;
    let folder = tempfile::tempdir().expect("a folder");
    for seq in 1..=4 {
        let right = proof(&seq.to_string()).await;
        assert_eq!((right.status.as_u16(), right.header("cache-control")), (200, "no-store"), "{}", right.body);
        let right = right.json();
        assert_eq!((right["leaf_index"].as_u64(), right["tree_size"].as_u64()), (Some(seq - 1), Some(4)));
        fs::write(folder.path().join("keys"), portal.another().get(KEYS).await.body).expect("written");
        let check = |proof: &Value| python_on(folder.path(), proof);
        assert_eq!(check(&right), (Some(0), String::new()), "{seq}");
        let mut wrong = right.clone();
        wrong["event"]["target_name"] = "Mallory".into();
        let (code, said) = check(&wrong);
        assert_eq!((code, said.contains(&format!("Event {seq} was changed"))), (Some(1), true), "{said}");
        let mut wrong = right.clone();
        wrong["event"]["target_name"] = "Mallory".into();
        wrong["event"]["format"] = 1.into();
        wrong["event"]["erased"] = true.into();
        let said = format!("Event {seq} is not proven: it was erased in the first format, and only its hash is left.");
        assert_eq!(check(&wrong), (Some(1), said));
        let mut wrong = right.clone();
        wrong["hashes"][0] = "00".repeat(32).into();
        let said = format!("Event {seq} is not proven: it is not in the tree of 4 events.");
        assert_eq!(check(&wrong), (Some(1), said));
        let mut wrong = right.clone();
        let note = right["checkpoint"].as_str().expect("text");
        wrong["checkpoint"] = note.replace("\n4\n", "\n6\n").into();
        let said = "The checkpoint of 6 events is not signed with one of the public keys.".to_owned();
        assert_eq!(check(&wrong), (Some(1), said));
    }
    for seq in ["0", "5", "-1", "x", "99999999999999999999"] {
        assert_eq!(proof(seq).await.status, 404, "{seq}");
    }
}

/// What the independent checker says of a proof, with the keys beside it.
fn python_on(folder: &Path, proof: &Value) -> (Option<i32>, String) {
    fs::write(folder.join("proof"), proof.to_string()).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/audit/verify.py");
    let mut command = Command::new("python3");
    command.arg(script).args(["--proof", "proof", "--public-key", "keys"]).current_dir(folder);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output();
    let output =
        output.unwrap_or_else(|error| panic!("python3: {error}. To run this test: sudo apt-get install python3"));
    (output.status.code(), String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
}
