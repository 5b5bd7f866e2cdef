//! `/apps/{app_id}/activity`, `/orgs/{org_id}/activity`

use crate::portal::TestPortal;

crate::on_both_portals!(every_step_shows, a_refused_request_shows, a_view_is_exported, an_export_holds_every_event);

async fn every_step_shows(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    portal.revoke(&key).await;
    let page = portal.get(&format!("/apps/{app}/activity")).await.body;
    for text in ["App created", "Key generated", "Key revoked", "Ada Byron", "127.0.0.1"] {
        assert!(page.contains(text), "{text}");
    }
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let page = portal.get(&format!("/orgs/{org}/activity")).await.body;
    for text in
        ["Organization created", "Tenant created", "Project created", "App created", "Key generated", "Key revoked"]
    {
        assert!(page.contains(text), "{text}");
    }
    for query in ["actor=%00", "action=%00", "outcome=%00", "from=%00&to=never"] {
        assert_eq!(portal.get(&format!("/orgs/{org}/activity?{query}")).await.status, 200, "{query}");
    }
    let narrowed = portal.get(&format!("/orgs/{org}/activity?action=key.revoked")).await.body;
    assert_eq!(narrowed.matches("class=\"cell-head\"").count(), 1);
}

async fn a_refused_request_shows(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("?scope=read", &[("x-api-key", &secret)]).await.status, 200);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    portal.state.verifier.flush().await.expect("written");
    let page = portal.get(&format!("/apps/{app}/activity")).await.body;
    for text in ["Key first used", "Request refused", "the key lacks a scope", "Refused 403"] {
        assert!(page.contains(text), "{text}");
    }
}

async fn a_view_is_exported(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "=HYPERLINK(\"http://evil.example\")", &["read"], false).await;
    let (key, _) = portal.key(&app).await;
    portal.revoke(&key).await;
    let page = portal.get(&format!("/apps/{app}/activity?action=key.generated")).await.body;
    for (text, format) in [("Export CSV", "csv"), ("Export JSONL", "jsonl")] {
        assert!(page.contains(text) && page.contains(&format!("/apps/{app}/activity.{format}?action=key.generated\"")));
    }
    let csv = portal.get(&format!("/apps/{app}/activity.csv?action=key.generated")).await;
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(csv.header("content-disposition"), format!("attachment; filename=\"activity-{app}-2026-11-22.csv\""));
    assert_eq!(csv.header("cache-control"), "no-store");
    let lines: Vec<_> = csv.body.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "a head, two keys, and the end: {}", csv.body);
    assert!(lines[0].starts_with("seq,time,") && lines[0].ends_with(",hash"));
    assert!(csv.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "no formula: {}", csv.body);
    let nothing = portal.get(&format!("/apps/{app}/activity.csv?action=none")).await.body;
    assert_eq!(nothing, format!("{}\r\n", lines[0]), "the head alone");
    assert_eq!(portal.get(&format!("/apps/{app}/activity.jsonl?action=none")).await.body, "");

    let jsonl = portal.get(&format!("/apps/{app}/activity.jsonl")).await;
    assert_eq!(jsonl.header("content-type"), "application/x-ndjson");
    let events: Vec<serde_json::Value> =
        jsonl.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().expect("text")).collect();
    assert_eq!(actions, ["app.created", "key.generated", "key.generated", "key.revoked"]);
    assert!(events.iter().all(|event| event["hash"].as_str().is_some_and(|hash| hash.len() == 64)));
    assert!(events.windows(2).all(|two| two[0]["seq"].as_i64() < two[1]["seq"].as_i64()));
    assert_eq!(portal.get(&format!("/apps/{app}/activity.csv?before=soon")).await.status, 400);
}

async fn an_export_holds_every_event(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    // More than a chunk.
    for n in 0..510 {
        let new = sallyport::tenant::NewTenant { name: format!("Tenant {n}") };
        portal.store.create_tenant(&act, &id, new).await.expect("made");
    }
    let body = portal.get(&format!("/orgs/{org}/activity.jsonl")).await.body;
    let seqs: Vec<_> = body
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["seq"].as_i64().expect("a number"))
        .collect();
    assert_eq!(seqs, (1..=512).collect::<Vec<i64>>());
    let csv = portal.get(&format!("/orgs/{org}/activity.csv?before=3&action=tenant.created")).await.body;
    assert_eq!(csv.lines().count(), 512, "all that match, whatever page was at hand");
}
