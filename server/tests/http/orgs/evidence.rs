//! `/orgs/{org_id}/activity/evidence` and `/v1/orgs/{org_id}/audit/evidence.zip`: unpacked, and checked by both checkers.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, Response, header},
};

use sallyport::store::EventRetention;

use crate::{
    client::{Client, ORIGIN},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    both_checkers_accept_a_pack_and_find_what_was_changed,
    a_pack_ends_with_the_checkpoint_that_covers_its_period,
    a_pack_says_what_was_removed_because_of_its_age,
    the_form_gives_the_same,
    few_are_made_at_once,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn asked(org: &str, query: &str, token: &str) -> Request<Body> {
    let path = format!("/v1/orgs/{org}/audit/evidence.zip{query}");
    let request = Client::request(Method::GET, &path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    request.body(Body::empty()).expect("a request")
}

/// Unpacks a response into a folder.
async fn unpack(response: Response<Body>, folder: &Path) {
    let head = |name| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!((response.status().as_u16(), &*head(header::CONTENT_TYPE)), (200, "application/zip"));
    assert_eq!(head(header::CACHE_CONTROL), "no-store");
    assert!(head(header::CONTENT_DISPOSITION).starts_with("attachment; filename=\"evidence-org_"));
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    fs::write(folder.join("pack.zip"), body).expect("written");
    let output = Command::new("python3").args(["-m", "zipfile", "-e", "pack.zip", "."]).current_dir(folder).output();
    let output =
        output.unwrap_or_else(|error| panic!("python3: {error}. To run this test: sudo apt-get install python3"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

/// What both checkers say of an unpacked pack; as README.txt tells to call them.
fn checked(folder: &Path) -> [Output; 2] {
    let readme = text(folder, "README.txt");
    assert!(readme.contains("verify.py events.jsonl --checkpoint checkpoints.jsonl --public-key public-keys.json"));
    let files = ["--checkpoint", "checkpoints.jsonl", "--public-key", "public-keys.json"];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/audit/verify.py");
    let mut ours = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    ours.args(["audit", "verify", "--from-export", "events.jsonl"]).args(files);
    let mut other = Command::new("python3");
    other.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg("events.jsonl").args(files);
    [ours, other].map(|mut command| command.current_dir(folder).output().expect("it runs"))
}

async fn both_checkers_accept_a_pack_and_find_what_was_changed(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    let (key, secret) = portal.key(&app).await;
    portal.revoke(&key).await;
    let token = portal.token(true, None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    unpack(portal.begin(asked(&org, "", &token)).await, folder).await;
    for output in checked(folder) {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(text(folder, "members.csv").contains("ada@example.com") && text(folder, "keys.csv").contains(&key));
    assert_eq!(text(folder, "checkpoints.jsonl").lines().count(), 1);
    let (events, period) = (text(folder, "events.jsonl"), text(folder, "period.csv"));
    assert_eq!(events.lines().count() + 1, period.lines().count());
    let names = ["README.txt", "public-keys.json", "checkpoints.jsonl", "events.jsonl", "period.csv", "members.csv"];
    for name in names.into_iter().chain(["members.jsonl", "keys.csv"]) {
        assert!(!text(folder, name).contains(&secret), "{name}");
    }
    fs::write(folder.join("events.jsonl"), events.replace("Focus and calm", "Focus and rage")).expect("written");
    for output in checked(folder) {
        assert_eq!(output.status.code(), Some(1));
    }
    let cut: Vec<_> = events.lines().take(3).collect();
    fs::write(folder.join("events.jsonl"), cut.join("\n")).expect("written");
    for output in checked(folder) {
        assert_eq!(output.status.code(), Some(1));
    }
    portal.state.context.pending_events.flush(&portal.store, true).await.expect("written");
    let log = portal.manage(&format!("/v1/orgs/{org}/audit?action=evidence.exported"), &token, None).await.json();
    assert_eq!(log["data"][0]["actor_name"], "Automation");
    let verifies = portal.root_token().await;
    assert_eq!(portal.begin(asked(&org, "", &verifies)).await.status(), 403);
    for query in ["?from=today", "?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "?since=1"] {
        assert!([400, 422].contains(&portal.begin(asked(&org, query, &token)).await.status().as_u16()), "{query}");
    }
}

async fn a_pack_ends_with_the_checkpoint_that_covers_its_period(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&token).await;
    portal.store.checkpoint("127.0.0.1:3000/audit", &org).await.expect("made");
    portal.store.clock.turn(DAY);
    let project = serde_json::json!({ "name": "Second day" });
    portal.made(&token, &format!("/v1/tenants/{tenant}/projects"), project, "project_id").await;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // The first day has a checkpoint, the second gets one.
    for (query, events, checkpoints, in_period) in [
        ("?to=2026-11-23T00:00:00Z", 4, 1, 4),
        ("?from=2026-11-23T00:00:00Z", 5, 2, 1),
        ("?from=2026-11-24T00:00:00Z", 5, 2, 0),
    ] {
        unpack(portal.begin(asked(&org, query, &token)).await, folder).await;
        let lines = |name: &str| text(folder, name).lines().count();
        assert_eq!((lines("events.jsonl"), lines("checkpoints.jsonl")), (events, checkpoints), "{query}");
        assert_eq!(lines("period.csv") - 1, in_period, "{query}");
        for output in checked(folder) {
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

async fn a_pack_says_what_was_removed_because_of_its_age(portal: &TestPortal) {
    let name = "127.0.0.1:3000/audit";
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    portal.store.checkpoint(name, &org).await.expect("made");
    let removed = portal.store.last_event(&org).await.expect("read");
    portal.store.clock.turn(2 * DAY);
    portal.key(&app).await;
    let kept = EventRetention { starter: Some(DAY), pro: Some(DAY), enterprise: Some(DAY), system: None };
    assert_eq!(portal.store.prune_events(name, kept).await.expect("removed"), removed);
    let token = portal.token(true, None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // A period of which nothing is left, and one of which something is.
    for (query, in_period) in [("?to=2026-11-23T00:00:00Z", 0), ("?from=2026-11-23T00:00:00Z", 2)] {
        unpack(portal.begin(asked(&org, query, &token)).await, folder).await;
        assert!(text(folder, "README.txt").contains(&format!("Events 1 to {removed} were removed")));
        assert!(text(folder, "events.jsonl").contains(&format!("\"pruned_until\":{removed}")));
        assert_eq!(text(folder, "period.csv").lines().count() - 1, in_period, "{query}");
        for output in checked(folder) {
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("Events 1 to {removed} were removed")));
        }
    }
    // So does the whole log as a file, which can be checked as well; what is filtered is only for reading.
    portal.confirm(PASSWORD).await;
    let file = portal.get(&format!("/orgs/{org}/activity.jsonl")).await.body;
    assert!(file.starts_with("{\"chain\"") && file.contains("pruned_until"), "{file}");
    fs::write(folder.join("events.jsonl"), file).expect("written");
    for output in checked(folder) {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let filtered = portal.get(&format!("/orgs/{org}/activity.jsonl?action=key.generated")).await.body;
    assert_eq!(filtered.lines().count(), 1);
    let page = portal.get(&format!("/orgs/{org}/activity")).await.body;
    assert!(page.contains("Old activity removed"), "{page}");
    let proof = portal.manage(&format!("/v1/orgs/{org}/audit/1/proof"), &token, None).await;
    assert_eq!((proof.status.as_u16(), &proof.json()["code"]), (409, &"only_hash".into()));
    let page = portal.get(&format!("/orgs/{org}/activity/1/proof")).await;
    assert!(page.status == 400 && page.body.contains("removed because of its age"), "{}", page.body);
}

async fn the_form_gives_the_same(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/activity/evidence");
    assert!(portal.get(&format!("/orgs/{org}/activity")).await.body.contains(&format!("href=\"{path}\"")));
    let page = portal.get(&path).await.body;
    assert!(page.contains("Evidence pack") && page.contains("name=\"from\""), "{page}");
    let refused = portal.post(&path, &[("from", "2026-11-23"), ("to", "2026-11-22")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("after its beginning"), "{}", refused.body);
    let request = Client::request(Method::POST, &path).header(header::ORIGIN, ORIGIN);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let request = request.body(Body::from("from=2026-11-22&to=2026-11-22")).expect("a request");
    unpack(portal.begin(request).await, folder).await;
    for output in checked(folder) {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    portal.state.context.pending_events.flush(&portal.store, true).await.expect("written");
    assert!(portal.get(&format!("/orgs/{org}/activity")).await.body.contains("Evidence pack exported"));
}

async fn few_are_made_at_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let unread = [portal.begin(asked(&org, "", &token)).await, portal.begin(asked(&org, "", &token)).await];
    assert!(unread.iter().all(|answer| answer.status() == 200));
    let refused = portal.begin(asked(&org, "", &token)).await;
    assert_eq!(refused.status(), 503);
    drop(unread);
    while portal.begin(asked(&org, "", &token)).await.status() == 503 {
        tokio::task::yield_now().await;
    }
}
