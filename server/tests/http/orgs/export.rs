//! `/orgs/{org_id}/keys.csv`, `/orgs/{org_id}/members.csv`, their JSON lines, and the same of an app.

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};
use serde_json::Value;

use crate::portal::TestPortal;

crate::on_both_portals!(
    keys_are_exported_as_they_are_filtered,
    members_are_exported,
    exports_are_noted,
    a_filter_that_cannot_be_read_exports_nothing,
    a_former_member_reads_no_further,
);

fn lines(jsonl: &str) -> Vec<Value> {
    jsonl.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn keys_are_exported_as_they_are_filtered(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let formula = portal.generate(&app, "=HYPERLINK(\"http://evil.example\")", &["read"], true).await;
    let (key, secret) = portal.key(&app).await;
    let lost = portal.generate(&app, "Lost", &["read", "write"], false).await;
    let lost_id = portal.get(&format!("/apps/{app}/keys?label=Lost")).await.after("href=\"/keys/", '"');
    portal.revoke(&lost_id).await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;

    let page = portal.get(&format!("/orgs/{org}/keys?label=CI&created_by={}&sort=label", ada.id)).await.body;
    for (text, format) in [("Export CSV", "csv"), ("Export JSONL", "jsonl")] {
        let href = format!("/orgs/{org}/keys.{format}?label=CI&amp;created_by={}&amp;sort=label\"", ada.id);
        assert!(page.contains(text) && page.contains(&href), "{href}: {page}");
    }
    assert!(page.contains(">Ada Byron</option>"), "the filter in force is shown");
    for of in [format!("/orgs/{org}"), format!("/apps/{app}")] {
        let csv = portal.get(&format!("{of}/keys.csv")).await;
        assert_eq!(csv.status, 200);
        assert!(csv.header("content-type").starts_with("text/csv"));
        let id = of.rsplit('/').next().expect("an id");
        assert_eq!(csv.header("content-disposition"), format!("attachment; filename=\"keys-{id}-2026-11-22.csv\""));
        assert_eq!(csv.header("cache-control"), "no-store");
        assert!(csv.body.starts_with("\u{feff}key_id,label,key,status,"), "{}", csv.body);
        assert_eq!(csv.body.split("\r\n").count(), 4, "a head, two keys, and the end: {}", csv.body);
        assert!(csv.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "no formula: {}", csv.body);
        let all = portal.get(&format!("{of}/keys.jsonl?include_revoked=1")).await;
        let keys = lines(&all.body);
        assert_eq!((keys.len(), all.header("content-type")), (3, "application/x-ndjson"));
        let of_label = |label: &str| keys.iter().find(|key| key["label"] == label).expect("there").clone();
        let (good, revoked) = (of_label("CI"), of_label("Lost"));
        assert_eq!(good["key_id"], key.as_str());
        assert_eq!(
            (&good["status"], &good["holder_kind"], &good["app_id"]),
            (&"active".into(), &"app".into(), &app.as_str().into())
        );
        assert_eq!((&good["created_by_id"], &good["created_by"]), (&ada.id.as_str().into(), &"Ada Byron".into()));
        assert_eq!(good["scopes"], serde_json::json!(["read"]));
        assert_eq!(good["expires_at"], Value::Null);
        assert!(revoked["revoked_at"].is_string() && revoked["status"] == "revoked");
        let secrets = [&formula.secret, formula.signing_secret.as_ref().expect("one"), &secret, &lost.secret];
        for secret in secrets {
            assert!(!all.body.contains(secret.as_str()) && !csv.body.contains(secret.as_str()));
        }
    }
    let narrowed = lines(&portal.get(&format!("/orgs/{org}/keys.jsonl?label=ci&before=junk&sort=label")).await.body);
    assert_eq!((narrowed.len(), &narrowed[0]["label"]), (1, &"CI".into()));
    let nobodys = portal.get(&format!("/orgs/{org}/keys.csv?created_by=usr_000000000000")).await.body;
    assert_eq!(nobodys.lines().count(), 1, "the head alone");
}

async fn members_are_exported(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let (id, shell) = (OrgId::parse(&org).expect("an id"), Act::by(Actor::CommandLine));
    portal.store.add_member(&shell, &id, &user, Role::Member).await.expect("added");
    let page = portal.get(&format!("/orgs/{org}/members")).await.body;
    for format in ["csv", "jsonl"] {
        assert!(page.contains(&format!("href=\"/orgs/{org}/members.{format}\"")), "{format}");
    }
    let csv = eve.get(&format!("/orgs/{org}/members.csv")).await;
    assert_eq!(csv.header("content-disposition"), format!("attachment; filename=\"members-{org}-2026-11-22.csv\""));
    let rows: Vec<_> = csv.body.lines().collect();
    assert_eq!(rows[0], "\u{feff}user_id,name,email,role,since,disabled");
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().any(|row| row.contains(",Ada Byron,ada@example.com,owner,2026-11-22T")));
    let members = lines(&eve.get(&format!("/orgs/{org}/members.jsonl")).await.body);
    let found = members.iter().find(|member| member["user_id"] == user.id.as_str()).expect("Eve");
    assert_eq!((&found["role"], &found["disabled"]), (&"member".into(), &false.into()));
}

async fn exports_are_noted(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    for path in ["keys.csv?status=active", "members.jsonl"] {
        assert_eq!(portal.get(&format!("/orgs/{org}/{path}")).await.status, 200);
    }
    portal.state.context.pending_events.flush(&portal.store, true).await.expect("written");
    let page = portal.get(&format!("/orgs/{org}/activity")).await.body;
    assert!(page.contains("Keys exported") && page.contains("Members exported"));
    let events = lines(&portal.get(&format!("/orgs/{org}/activity.jsonl?action=keys.exported")).await.body);
    assert_eq!(events[0]["details"], serde_json::json!({ "filter": { "status": "active" }, "format": "csv" }));
}

async fn a_filter_that_cannot_be_read_exports_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.key(&app).await;
    for query in ["status=maybe", "created_by=Ada", "created_by=%00", "lable=CI", "panel=generate", "label=x&owner=y"] {
        for format in ["csv", "jsonl"] {
            let answer = portal.get(&format!("/apps/{app}/keys.{format}?{query}")).await;
            assert_eq!((answer.status.as_u16(), answer.header("content-disposition")), (400, ""), "{query}");
        }
    }
    assert_eq!(portal.get(&format!("/apps/{app}/keys?created_by=Ada")).await.status, 400);
}

async fn a_former_member_reads_no_further(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let org = OrgId::parse(&org).expect("an id");
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let shell = Act::by(Actor::CommandLine);
    portal.store.add_member(&shell, &org, &user, Role::Developer).await.expect("added");
    let of = portal.store.find(&user.id, &app).await.expect("asked").expect("there");
    for n in 0..450 {
        portal.store.key(&shell, &of, &format!("key {n}")).await;
    }
    for format in ["csv", "jsonl"] {
        portal.store.add_member(&shell, &org, &user, Role::Developer).await.expect("added");
        let body = eve.open(&format!("/apps/{app}/keys.{format}")).await.into_body();
        portal.store.remove_member(&shell, &org, &user).await.expect("removed");
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err(), "{format} breaks off");
    }
}
