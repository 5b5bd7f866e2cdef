//! `/apps/{app_id}/activity`, `/orgs/{org_id}/activity`

use crate::portal::TestPortal;

crate::on_both_portals!(
    every_step_shows,
    a_refused_request_shows,
    a_view_is_exported,
    an_export_contains_every_event,
    an_export_ends_where_it_began,
    an_export_ends_when_the_reader_loses_access,
    filters_that_cannot_be_read_show_nothing,
    two_of_one_name_are_two,
);

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
    assert!(lines[0].starts_with("\u{feff}seq,time,") && lines[0].ends_with(",hash"));
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

async fn an_export_contains_every_event(portal: &TestPortal) {
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

/// More events than a chunk, in a separate organization.
async fn long_history(portal: &TestPortal) -> (String, sallyport::id::OrgId, sallyport::audit::Act) {
    let org = portal.org("Focus Labs").await;
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    for n in 0..1_100 {
        let new = sallyport::tenant::NewTenant { name: format!("Tenant {n}") };
        portal.store.create_tenant(&act, &id, new).await.expect("made");
    }
    (org, id, act)
}

async fn an_export_ends_where_it_began(portal: &TestPortal) {
    portal.set_up().await;
    let (org, id, act) = long_history(portal).await;
    let by_name = format!("/orgs/{org}/activity.jsonl?actor=Command+line");
    let (all, named) = (portal.open(&format!("/orgs/{org}/activity.jsonl")).await, portal.open(&by_name).await);
    // The next event is by another person with the same name.
    let ada = portal.store.user_to_sign_in("ada@example.com").await.expect("asked").expect("there").0;
    let namesake = sallyport::audit::Actor::User {
        id: ada.id,
        name: "Command line".to_owned(),
        credential: sallyport::audit::Credential::None,
    };
    for (act, name) in [(act, "Later"), (sallyport::audit::Act::by(namesake), "Later still")] {
        let new = sallyport::tenant::NewTenant { name: name.to_owned() };
        portal.store.create_tenant(&act, &id, new).await.expect("made");
    }
    for (answer, events) in [(all, 1_102), (named, 1_100)] {
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("whole");
        let body = String::from_utf8(body.into()).expect("text");
        assert_eq!(body.lines().count(), events);
        assert!(!body.contains("Later"));
    }
    assert_eq!(portal.get(&by_name).await.status, 400, "two are called that now");
}

async fn an_export_ends_when_the_reader_loses_access(portal: &TestPortal) {
    portal.set_up().await;
    let (org, id, act) = long_history(portal).await;
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").0;
    let path = format!("/orgs/{org}/activity.csv");
    let breaks_off = async |body: axum::body::Body, why: &str| {
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err(), "{why}");
    };
    let add = async || {
        portal.store.add_member(&act, &id, &user, sallyport::member::Role::Admin).await.expect("added");
    };
    add().await;
    let body = eve.open(&path).await.into_body();
    portal.store.remove_member(&act, &id, &user).await.expect("removed");
    breaks_off(body, "removed").await;
    add().await;
    let body = eve.open(&path).await.into_body();
    eve.post("/sign-out", &[]).await;
    breaks_off(body, "signed out").await;
    let fields = [("email", "eve@example.com"), ("password", crate::portal::PASSWORD)];
    assert_eq!(eve.post("/sign-in", &fields).await.status, 303);
    let body = eve.open(&path).await.into_body();
    portal.store.disable_user(&act, &user).await.expect("disabled");
    breaks_off(body, "disabled").await;
    let body = portal.open(&path).await.into_body();
    portal.store.clock.turn(std::time::Duration::from_secs(31 * 60));
    breaks_off(body, "too slow").await;
}

async fn filters_that_cannot_be_read_show_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let activity = format!("/apps/{app}/activity");
    for (query, field, message) in [
        ("actor=%00", "actor", "Choose an actor from the list"),
        ("action=%00", "action", "Choose an action from the list."),
        ("outcome=maybe", "outcome", "The outcome is done or refused."),
        ("from=yesterday", "from", "Write the day like 2026-11-20."),
        ("to=2026-02-30", "to", "Write the day like 2026-11-20."),
        ("outcome=done&from=%00", "from", "Write the day like 2026-11-20."),
    ] {
        let page = portal.get(&format!("{activity}?{query}")).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(page.body.contains(&format!("id=\"filter-{field}-error\"")) && page.body.contains(message), "{query}");
        assert!(!page.body.contains("class=\"cell-head\""), "{query}: never more than was asked for");
        for format in ["csv", "jsonl"] {
            let export = portal.get(&format!("{activity}.{format}?{query}")).await;
            assert_eq!(export.status, 400, "{query}");
            assert_eq!(export.header("content-disposition"), "");
        }
    }
    // An unknown name shows nothing, and an empty file would look complete.
    assert_eq!(portal.get(&format!("{activity}?actor=Nobody")).await.status, 200);
    for format in ["csv", "jsonl"] {
        let export = portal.get(&format!("{activity}.{format}?actor=Nobody")).await;
        assert_eq!((export.status.as_u16(), export.header("content-disposition")), (400, ""));
        assert!(export.body.contains("No recent actor has this name."), "{}", export.body);
        assert_eq!(portal.get(&format!("{activity}.{format}?actor=usr_000000000000")).await.status, 200);
        assert_eq!(portal.get(&format!("{activity}.{format}?actor=Ada+Byron")).await.status, 200);
    }
    // A misspelt filter must not be ignored.
    assert_eq!(portal.get(&format!("{activity}?form=2026-11-20")).await.status, 400);
    assert_eq!(portal.get(&format!("{activity}.csv?form=2026-11-20")).await.status, 400);
    let keys = portal.get(&format!("/apps/{app}/keys?status=maybe")).await;
    assert_eq!(keys.status, 400);
    assert_eq!(portal.get(&format!("/apps/{app}/keys?status=")).await.status, 200);
    for (query, field) in [("reason=maybe", "reason"), ("key=nobodys", "key")] {
        let page = portal.get(&format!("{activity}/refused?{query}")).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(page.body.contains(&format!("id=\"filter-{field}-error\"")), "{query}");
    }
}

async fn two_of_one_name_are_two(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").0;
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.add_member(&act, &id, &user, sallyport::member::Role::Admin).await.expect("added");
    // Eve takes another person's name, which every organization of hers records.
    eve.post("/account", &[("do", "name"), ("name", "Ada Byron")]).await;
    eve.post(&format!("/orgs/{org}/tenants/new"), &[("name", "By Eve")]).await;
    let rows = |body: &str| body.matches("class=\"cell-head\"").count();
    let page = portal.get(&format!("/orgs/{org}/activity")).await.body;
    for text in ["Account renamed", "now Ada Byron", "eve@example.com", "ada@example.com", "Person", "Command line"] {
        assert!(page.contains(text), "{text}");
    }
    let of_eve = portal.get(&format!("/orgs/{org}/activity?actor={}", user.id)).await;
    assert_eq!((of_eve.status.as_u16(), rows(&of_eve.body)), (200, 2), "{}", of_eve.body);
    assert!(of_eve.body.contains("By Eve"));
    let of_shell = portal.get(&format!("/orgs/{org}/activity?actor=command_line")).await.body;
    assert_eq!(rows(&of_shell), 1);
    // The name alone is ambiguous now.
    let by_name = portal.get(&format!("/orgs/{org}/activity?actor=Ada+Byron")).await;
    assert_eq!(by_name.status, 422);
    assert!(by_name.body.contains("Several actors have this name."));
    let csv = portal.get(&format!("/orgs/{org}/activity.csv?actor={}", user.id)).await.body;
    assert_eq!(csv.matches(user.id.as_str()).count(), 3, "twice as the actor, once as the one who was renamed: {csv}");
    assert_eq!(portal.get(&format!("/orgs/{org}/activity.csv?actor=Ada+Byron")).await.status, 400);
}
