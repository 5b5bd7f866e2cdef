//! `/v1/apps/{app_id}/imports` and `/v1/imports/{import_id}`

mod shapes;
mod uploaders;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{id::ImportId, store::EventFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    plaintext_and_hashes_verify_afterwards,
    a_dry_run_says_what_would_happen_and_changes_nothing,
    a_repeat_imports_nothing_twice,
    two_workers_import_each_key_once,
    another_organization_learns_nothing,
    slow_hashes_and_wrong_lines_are_refused_with_the_reason,
    an_imported_key_is_revoked_like_any,
    only_the_shape_of_the_import_is_looked_up,
    garbage_is_looked_up_within_a_budget,
    native_keys_come_first,
    rules_for_keys_hold,
    a_rotated_key_is_imported_no_more,
    a_repeated_request_starts_one,
    bodies_are_checked,
    no_key_is_stored,
);

const PLAIN: &str = "legacy_Zm9vYmFyYmF6cXV4MDEyMzQ1";
const HASHED: &str = "legacy_cXV1eGNvcmdlZ3JhdWx0Z2Fy";

async fn send(portal: &TestPortal, token: &str, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Client::request(Method::POST, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, kind);
    portal.another().send(request.body(body.into()).expect("a request")).await
}

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn line(key: &str, label: &str) -> Value {
    json!({ "key": key, "label": label, "environment": "production", "scopes": ["read"] })
}

fn sha256(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Imports a file to its end, as the job does; returns how it went.
async fn import(portal: &TestPortal, token: &str, app: &str, query: &str, file: &str) -> Value {
    let path = format!("/v1/apps/{app}/imports{query}");
    let answer = send(portal, token, &path, "application/x-ndjson", file.to_owned()).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (202, "no-store"), "{}", answer.body);
    let started = answer.json();
    assert_eq!(started["status"], "running");
    let id = started["import_id"].as_str().expect("an id");
    assert_eq!(answer.location(), format!("/v1/imports/{id}"));
    let import = ImportId::parse(id).expect("an id");
    while portal.store.import_part(&import).await.expect("imported") {}
    let answer = portal.manage(&format!("/v1/imports/{id}"), token, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let finished = answer.json();
    assert_eq!(finished["status"], "finished");
    finished
}

async fn verify(portal: &TestPortal, token: &str, key: &str) -> Value {
    let answer = portal.json("/v1/keys/verify", token, &json!({ "key": key })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn code(portal: &TestPortal, token: &str, key: &str) -> String {
    verify(portal, token, key).await["code"].as_str().expect("text").to_owned()
}

async fn start(portal: &TestPortal) -> (String, String) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    (token, app)
}

async fn plaintext_and_hashes_verify_afterwards(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    for key in [PLAIN, HASHED] {
        assert_eq!(code(portal, &token, key).await, "malformed");
    }
    let hashed = json!({
        "sha256": sha256(HASHED), "start": "legacy_c", "label": "Hashed", "mode": "test", "scopes": "read write",
        "expires_at": "2027-06-01T00:00:00Z", "metadata": { "owner": "acme" }, "limit_per_minute": 7,
    });
    let done = import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain"), hashed])).await;
    assert_eq!((&done["imported"], &done["refused"], &done["errors"]), (&json!(2), &json!(0), &json!([])));
    let plain = verify(portal, &token, PLAIN).await;
    assert_eq!((&plain["code"], &plain["label"], &plain["app_id"]), (&json!("valid"), &json!("Plain"), &json!(app)));
    let hashed = verify(portal, &token, HASHED).await;
    assert_eq!(
        (&hashed["code"], &hashed["mode"], &hashed["scopes"]),
        (&json!("valid"), &json!("test"), &json!(["read", "write"]))
    );
    assert_eq!((&hashed["metadata"], &hashed["rate_limit"]["limit"]), (&json!({ "owner": "acme" }), &json!(7)));
    let gateway = portal.auth("", &[("x-api-key", PLAIN)]).await;
    assert_eq!(gateway.status, 200, "{}", gateway.body);
    let keys = portal.manage(&format!("/v1/apps/{app}/keys"), &token, None).await.json();
    let keys: Vec<_> = keys["data"].as_array().expect("a list").iter().map(|key| key["imported"].clone()).collect();
    assert_eq!(keys, [json!(true), json!(true)]);
    let app_id = sallyport::id::AppId::parse(&app).expect("an id");
    let app = portal.store.find(None, &app_id).await.expect("read").expect("there");
    let events = portal.store.events(&app.org_id, None, &EventFilter::default()).await.expect("read").events;
    let actions: Vec<_> = events.iter().map(|event| &*event.action).take(4).collect();
    assert_eq!(actions, ["import.finished", "key.generated", "key.generated", "import.started"]);
    let details: Value = serde_json::from_str(&events[1].details).expect("JSON");
    assert_eq!((&details["import"], &*events[1].actor_name), (&done["import_id"], "Automation"));
    let hygiene = portal.manage(&format!("/v1/orgs/{}/hygiene?check=imported", app.org_id), &token, None).await.json();
    assert_eq!(hygiene["checks"][0]["count"], 2);
}

async fn a_dry_run_says_what_would_happen_and_changes_nothing(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain")])).await;
    let before = portal.store.dump().await;
    let file = lines(&[line(PLAIN, "Again"), line(HASHED, "New"), line(HASHED, "Twice"), json!({ "key": "short" })]);
    let path = format!("/v1/apps/{app}/imports?dry_run=true");
    let answer = send(portal, &token, &path, "application/x-ndjson", file).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said = answer.json();
    assert_eq!(said["dry_run"], true);
    let outcomes: Vec<_> = said["lines"].as_array().expect("a list").iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["repeated", "imported", "repeated", "refused"]);
    assert_eq!((&said["imported"], &said["repeated"], &said["refused"]), (&json!(1), &json!(2), &json!(1)));
    assert!(said["lines"][3]["reason"].as_str().is_some_and(|reason| reason.contains("key:")));
    assert_eq!(portal.store.dump().await, before);
    assert_eq!(code(portal, &token, HASHED).await, "not_found");
}

async fn a_repeat_imports_nothing_twice(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let file = lines(&[
        line(PLAIN, "Plain"),
        json!({ "sha256": sha256(HASHED), "environment": "production", "scopes": ["read"] }),
    ]);
    import(portal, &token, &app, "", &file).await;
    let again = import(portal, &token, &app, "", &file).await;
    assert_eq!((&again["imported"], &again["repeated"]), (&json!(0), &json!(2)));
    // As its hash, too; and what was revoked does not come back.
    let key = verify(portal, &token, PLAIN).await["key_id"].as_str().expect("an id").to_owned();
    portal.json(&format!("/v1/keys/{key}/revoke"), &token, &json!({})).await;
    let hashed = json!({ "sha256": sha256(PLAIN), "environment": "production", "scopes": ["read"] });
    let again = import(portal, &token, &app, "", &lines(&[hashed])).await;
    assert_eq!(again["repeated"], 1);
    assert_eq!(code(portal, &token, PLAIN).await, "revoked");
}

async fn two_workers_import_each_key_once(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    // Two imports of the same keys, each with two workers, as after a lease that was lost.
    let file: Vec<_> = (0..250).map(|n| line(&format!("legacy_{n:020}"), "Many")).collect();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let path = format!("/v1/apps/{app}/imports");
        let started = send(portal, &token, &path, "application/x-ndjson", lines(&file)).await.json();
        ids.push(ImportId::parse(started["import_id"].as_str().expect("an id")).expect("an id"));
    }
    let work = |id: ImportId| {
        let store = portal.store.clone();
        // One that waited too long for a lock tries again, as the queue does.
        async move { while store.import_part(&id).await.unwrap_or(true) {} }
    };
    tokio::join!(work(ids[0].clone()), work(ids[0].clone()), work(ids[1].clone()), work(ids[1].clone()));
    let mut imported = 0;
    for id in &ids {
        let import = portal.store.import(id).await.expect("read").expect("there");
        assert!(import.finished_at.is_some() && import.counts.total() == 250, "{import:?}");
        imported += import.counts.imported;
    }
    assert_eq!((imported, portal.store.dump().await["keys"].len()), (250, 250));
}

async fn another_organization_learns_nothing(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    import(portal, &token, &app, "", &lines(&[line(PLAIN, "First")])).await;
    portal.store.clock.turn(std::time::Duration::from_secs(1));
    let [other_org, _, _, other_app] = portal.managed(&token).await;
    let other = portal.token(true, Some(&other_org)).await;
    let path = format!("/v1/apps/{other_app}/imports?dry_run=true");
    let dry = send(portal, &other, &path, "text/plain", line(PLAIN, "Second").to_string()).await;
    assert_eq!(dry.json()["imported"], 1);
    let done = import(portal, &other, &other_app, "", &lines(&[line(PLAIN, "Second")])).await;
    assert_eq!((&done["imported"], &done["repeated"]), (&json!(1), &json!(0)));
    // Each sees their own; who asks for all gets the first, whatever is cached.
    for _ in 0..2 {
        assert_eq!(verify(portal, &other, PLAIN).await["label"], "Second");
        assert_eq!(verify(portal, &token, PLAIN).await["label"], "First");
    }
    let asked = json!({ "key": PLAIN, "app_id": other_app });
    assert_eq!(portal.json("/v1/keys/verify", &token, &asked).await.json()["label"], "Second");
}

async fn slow_hashes_and_wrong_lines_are_refused_with_the_reason(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let hash = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    let slow = json!({ "sha256": hash, "label": "Slow", "environment": "production", "scopes": ["read"] });
    let wrong = json!({ "key": HASHED, "environment": "moon", "scopes": ["read"] });
    let done = import(portal, &token, &app, "", &lines(&[slow, line(PLAIN, "Good"), wrong])).await;
    assert_eq!((&done["imported"], &done["refused"]), (&json!(1), &json!(2)));
    let errors = done["errors"].as_array().expect("a list");
    assert_eq!((&errors[0]["line"], &errors[1]["line"]), (&json!(1), &json!(3)));
    assert!(errors[0]["reason"].as_str().is_some_and(|reason| reason.contains("bcrypt") && !reason.contains(hash)));
    assert!(errors[1]["reason"].as_str().is_some_and(|reason| reason.starts_with("environment:")));
    assert_eq!(code(portal, &token, PLAIN).await, "valid");
}

async fn an_imported_key_is_revoked_like_any(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain"), line(HASHED, "Other")])).await;
    let key = verify(portal, &token, PLAIN).await["key_id"].as_str().expect("an id").to_owned();
    let paused = portal.patch(&format!("/v1/keys/{key}"), &token, &json!({ "paused": true })).await;
    assert_eq!(paused.status, 200, "{}", paused.body);
    assert_eq!(code(portal, &token, PLAIN).await, "paused");
    portal.json(&format!("/v1/keys/{key}/revoke"), &token, &json!({})).await;
    assert_eq!(code(portal, &token, PLAIN).await, "revoked");
    assert_eq!(code(portal, &token, HASHED).await, "valid");
    portal.json(&format!("/v1/apps/{app}/keys/revoke-all"), &token, &json!({})).await;
    assert_eq!(code(portal, &token, HASHED).await, "revoked");
}

async fn only_the_shape_of_the_import_is_looked_up(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let done = import(portal, &token, &app, "?prefix=legacy_", &lines(&[line(PLAIN, "Plain")])).await;
    assert_eq!(
        (&done["prefix"], &done["min_length"], &done["max_length"]),
        (&json!("legacy_"), &json!(31), &json!(31))
    );
    assert_eq!(code(portal, &token, HASHED).await, "not_found");
    for other in ["legacy_short0000", "modern_Zm9vYmFyYmF6cXV4MDEyMzQ1"] {
        assert_eq!(code(portal, &token, other).await, "malformed", "{other}");
    }
    let elsewhere = import(portal, &token, &app, "?prefix=other_", &lines(&[line(HASHED, "Other")])).await;
    assert_eq!((&elsewhere["imported"], &elsewhere["refused"]), (&json!(0), &json!(1)));
}

async fn garbage_is_looked_up_within_a_budget(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain")])).await;
    let mut codes = std::collections::BTreeMap::<u16, usize>::new();
    for n in 0..100 {
        let garbage = format!("legacy_{n:024}");
        let answer = portal.auth("", &[("x-api-key", &garbage)]).await;
        *codes.entry(answer.status.as_u16()).or_default() += 1;
    }
    assert_eq!(codes, [(401, 60), (429, 40)].into(), "60 in a minute from one address");
    assert_eq!(portal.auth("", &[("x-api-key", PLAIN)]).await.status, 200, "what exists is looked up all the same");
}

async fn native_keys_come_first(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let new = json!({ "label": "Native", "environment": "production", "scopes": ["read"] });
    let native = portal.json(&format!("/v1/apps/{app}/keys"), &token, &new).await.json()["secret_key"].clone();
    let native = native.as_str().expect("text");
    import(portal, &token, &app, "", &lines(&[line(native, "Imported")])).await;
    let judged = verify(portal, &token, native).await;
    assert_eq!((&judged["code"], &judged["label"]), (&json!("valid"), &json!("Native")));
}

async fn rules_for_keys_hold(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let org = portal.manage(&format!("/v1/apps/{app}"), &token, None).await.json()["org_id"].clone();
    let policy = json!({ "most_keys_per_app": 1 });
    let path = format!("/v1/orgs/{}/key-policy", org.as_str().expect("an id"));
    let request = Client::request(Method::PUT, &path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let set = portal.another().send(request.body(Body::from(policy.to_string())).expect("a request")).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let done = import(portal, &token, &app, "", &lines(&[line(PLAIN, "One"), line(HASHED, "Two")])).await;
    assert_eq!((&done["imported"], &done["refused"]), (&json!(1), &json!(1)));
    assert_eq!(code(portal, &token, HASHED).await, "not_found");
}

async fn a_rotated_key_is_imported_no_more(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain")])).await;
    let key = verify(portal, &token, PLAIN).await["key_id"].as_str().expect("an id").to_owned();
    let rotated = portal.json(&format!("/v1/keys/{key}/rotate"), &token, &json!({ "grace_seconds": 3600 })).await;
    assert_eq!(rotated.status, 201, "{}", rotated.body);
    let secret = rotated.json()["secret_key"].as_str().expect("text").to_owned();
    assert_eq!(verify(portal, &token, &secret).await["secret"], "current");
    assert_eq!(verify(portal, &token, PLAIN).await["secret"], "previous");
    assert_eq!(portal.manage(&format!("/v1/keys/{key}"), &token, None).await.json()["imported"], false);
    portal.json(&format!("/v1/keys/{key}/end-previous"), &token, &json!({})).await;
    assert_eq!(code(portal, &token, PLAIN).await, "rotated");
}

async fn a_repeated_request_starts_one(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let send = || async {
        let request = Client::request(Method::POST, &format!("/v1/apps/{app}/imports"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/x-ndjson")
            .header("idempotency-key", "import-1");
        portal.another().send(request.body(Body::from(line(PLAIN, "Plain").to_string())).expect("a request")).await
    };
    assert_eq!(send().await.status, 202);
    let again = send().await;
    assert_eq!(again.status, 409, "{}", again.body);
    let listed = portal.manage(&format!("/v1/apps/{app}/imports"), &token, None).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}

async fn bodies_are_checked(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let path = format!("/v1/apps/{app}/imports");
    for (kind, body, status) in [
        ("application/x-ndjson", String::new(), 422),
        ("application/x-www-form-urlencoded", line(PLAIN, "Plain").to_string(), 415),
        ("text/csv", "label\nno key\n".to_owned(), 422),
        ("text/csv", " ".repeat(4 * 1024 * 1024 + 1), 413),
        ("application/x-ndjson", "{}\n".repeat(10_001), 422),
    ] {
        let answer = send(portal, &token, &path, kind, body).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}: {}", answer.body);
    }
    for query in ["?prefix=a%20b", "?min_length=5", "?min_length=40&max_length=20"] {
        let answer =
            send(portal, &token, &format!("{path}{query}"), "text/plain", line(PLAIN, "Plain").to_string()).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
    }
    let answer =
        send(portal, &token, &format!("{path}?dryrun=1"), "text/plain", line(PLAIN, "Plain").to_string()).await;
    assert_eq!(answer.status, 400, "a misspelt dry run imports nothing");
    let csv = format!("key,label,environment,scopes\n{PLAIN},CI,production,read write\n");
    assert_eq!(send(portal, &token, &path, "text/csv", csv).await.status, 202);
}

async fn no_key_is_stored(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let file = lines(&[
        line(PLAIN, "Plain"),
        json!({ "sha256": sha256(HASHED), "environment": "production", "scopes": ["read"] }),
    ]);
    import(portal, &token, &app, "", &file).await;
    let dump = format!("{:?}", portal.store.dump().await);
    for hidden in [PLAIN, HASHED, &sha256(PLAIN), &sha256(HASHED)] {
        assert!(!dump.to_lowercase().contains(&hidden.to_lowercase()), "{hidden}");
    }
}
