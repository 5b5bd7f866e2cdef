//! `/orgs/{org_id}/activity/{seq}/proof`, its file, and `/docs/audit`.

use std::{fs, path::Path, process::Command};

use sallyport::audit::{Act, Actor};

use crate::portal::TestPortal;

crate::on_both_portals!(
    an_event_leads_to_its_proof,
    the_public_keys_are_on_a_page,
    the_log_is_filtered_by_target_and_address,
);

async fn an_event_leads_to_its_proof(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    portal.app_in(&org, "Focus and calm").await;
    let list = portal.get(&format!("/orgs/{org}/activity")).await.body;
    let path = format!("/orgs/{org}/activity/2/proof");
    assert!(list.contains(&format!("href=\"{path}\" class=\"cell-sub\">Inclusion proof</a>")), "{list}");
    let page = portal.get(&path).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
    for text in
        ["Inclusion proof", "Event 2", "Download JSON", "Leaf index", "Tree size", "Signed checkpoint", "verify.py"]
    {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let file = portal.get(&format!("{path}.json")).await;
    assert_eq!(file.header("content-type"), "application/json");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"proof-2.json\"");
    let proof = file.json();
    assert!(page.body.contains(proof["root"].as_str().expect("text")));
    assert!(page.body.contains(proof["hashes"][0].as_str().expect("text")));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proof.json"), &file.body).expect("written");
    let keys = portal.another().get("/.well-known/sallyport-audit.json").await.body;
    fs::write(folder.path().join("keys.json"), keys).expect("written");
    assert_eq!(verified(folder.path()), format!("{org}: event 2 is in the log of {} events.", proof["tree_size"]));
    for seq in ["0", "99", "-1", "x", "99999999999999999999"] {
        for of in ["", ".json"] {
            let missing = portal.get(&format!("/orgs/{org}/activity/{seq}/proof{of}")).await;
            assert_eq!(missing.status, 404, "{seq}");
        }
    }
}

fn verified(folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/audit/verify.py");
    let mut command = Command::new("python3");
    command.arg(script).args(["--proof", "proof.json", "--public-key", "keys.json"]).current_dir(folder);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output();
    let output =
        output.unwrap_or_else(|error| panic!("python3: {error}. To run this test: sudo apt-get install python3"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

async fn the_public_keys_are_on_a_page(portal: &TestPortal) {
    let page = async || portal.another().get("/docs/audit").await.body;
    let empty = page().await;
    assert!(
        empty.contains("Public keys of the audit log") && empty.contains("There is none before the first"),
        "{empty}"
    );
    portal.store.checkpoint("127.0.0.1:3000/audit", "system").await.expect("made");
    let key = portal.store.audit_keys().await.expect("read")[0].public;
    let shown = page().await;
    assert!(shown.contains(&key.verifier_key("127.0.0.1:3000/audit")) && shown.contains(">Signs<"), "{shown}");
    assert!(shown.contains("href=\"/.well-known/sallyport-audit.json\""));
    portal.store.revoke_audit_key(&Act::by(Actor::CommandLine), key).await.expect("revoked");
    assert!(page().await.contains(">Revoked 2026-11-22 06:00 UTC<"));
    assert!(portal.get("/docs").await.body.contains("href=\"/docs/audit\""));
}

async fn the_log_is_filtered_by_target_and_address(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let (key, _) = portal.key(&portal.app_in(&org, "Focus and calm").await).await;
    let rows = async |query: &str| {
        let page = portal.get(&format!("/orgs/{org}/activity?{query}")).await;
        (page.status.as_u16(), page.body.matches("<td class=\"cell-head\">").count())
    };
    assert_eq!(rows(&format!("target={key}")).await, (200, 1));
    assert_eq!(rows("target=key_none").await, (200, 0));
    let all = rows("").await;
    assert_eq!(rows("address=127.0.0.1").await, all);
    assert_eq!(rows("address=192.0.2.1").await, (200, 0));
    assert_eq!(rows("address=here").await, (422, 0));
    let page = portal.get(&format!("/orgs/{org}/activity?target={key}&address=127.0.0.1")).await.body;
    let href = format!("/orgs/{org}/activity.csv?target={key}&amp;address=127.0.0.1\"");
    assert!(page.contains(&href) && page.contains(&format!("value=\"{key}\"")), "{page}");
    let csv = portal.get(&format!("/orgs/{org}/activity.csv?target={key}&address=127.0.0.1")).await.body;
    assert_eq!(csv.lines().count(), 2, "a head and an event: {csv}");
}
