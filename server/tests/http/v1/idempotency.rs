//! `Idempotency-Key` on everything that creates something

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    place::Place,
    store::Reader,
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    a_repeat_names_what_was_made,
    another_request_under_the_same_name_is_refused,
    of_two_at_once_one_makes,
    a_refused_request_may_come_again,
    names_are_a_tokens_own,
    names_are_bounded,
    old_names_are_forgotten,
    an_organization_goes_with_its_names,
    a_repeat_whose_parent_is_gone_names_what_was_made,
);

async fn send(portal: &TestPortal, path: &str, token: &str, name: &str, body: &Value) -> Answer {
    let request = Client::request(Method::POST, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", name)
        .body(Body::from(body.to_string()));
    portal.send(request.expect("a request")).await
}

fn key() -> Value {
    json!({ "label": "CI", "environment": "production", "scopes": ["read"] })
}

async fn count(portal: &TestPortal, token: &str, path: &str) -> usize {
    portal.manage(path, token, None).await.json()["data"].as_array().expect("a list").len()
}

async fn a_repeat_names_what_was_made(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    for (path, body, id) in [
        ("/v1/orgs".to_owned(), json!({ "name": "Another", "plan": "pro" }), "org_id"),
        (format!("/v1/orgs/{org}/tenants"), json!({ "name": "Another" }), "tenant_id"),
        (format!("/v1/tenants/{tenant}/projects"), json!({ "name": "Another" }), "project_id"),
        (format!("/v1/projects/{project}/apps"), json!({ "name": "Another" }), "app_id"),
        (format!("/v1/apps/{app}/keys"), key(), "key_id"),
    ] {
        let name = format!("\"make {path}\"");
        let made = send(portal, &path, &token, &name, &body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        let before = portal.store.dump().await;
        for _ in 0..2 {
            let again = send(portal, &path, &token, &name, &body).await;
            assert_eq!(again.status, 409, "{path}: {}", again.body);
            let problem = again.json();
            assert_eq!((&problem["code"], &problem[id]), (&json!("already_made"), &made.json()[id]));
            assert_eq!(problem["request_id"], again.header("x-request-id"));
            if let Some(secret) = made.json()["secret_key"].as_str() {
                assert!(!again.body.contains(secret));
            }
        }
        assert_eq!(portal.store.dump().await, before, "a repeat wrote something");
    }
}

async fn another_request_under_the_same_name_is_refused(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&token).await;
    let (tenants, projects) = (format!("/v1/orgs/{org}/tenants"), format!("/v1/tenants/{tenant}/projects"));
    assert_eq!(send(portal, &tenants, &token, "one", &json!({ "name": "A" })).await.status, 201);
    for (path, body) in [(&tenants, json!({ "name": "B" })), (&projects, json!({ "name": "A" }))] {
        let answer = send(portal, path, &token, "one", &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (422, &json!("idempotency_key_reused")));
    }
    assert_eq!(count(portal, &token, &tenants).await, 2);
    assert_eq!(send(portal, &tenants, &token, "two", &json!({ "name": "B" })).await.status, 201);
}

async fn of_two_at_once_one_makes(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, project, app] = portal.managed(&token).await;
    for (path, body, id) in [
        (format!("/v1/orgs/{org}/tenants"), json!({ "name": "Twice" }), "tenant_id"),
        (format!("/v1/projects/{project}/apps"), json!({ "name": "Twice" }), "app_id"),
        (format!("/v1/apps/{app}/keys"), key(), "key_id"),
    ] {
        let before = count(portal, &token, &path).await;
        let name = format!("at once {path}");
        let send = || send(portal, &path, &token, &name, &body);
        let answers = tokio::join!(send(), send(), send(), send());
        let answers = [answers.0, answers.1, answers.2, answers.3];
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{path}: {statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{path}: {statuses:?}");
        assert!(answers.iter().all(|answer| answer.json()[id] == answers[0].json()[id]));
        assert_eq!(count(portal, &token, &path).await, before + 1);
    }
}

async fn a_refused_request_may_come_again(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let path = format!("/v1/orgs/{org}/tenants");
    // Refused by the database, within the transaction.
    let taken = json!({ "name": "Production" });
    assert_eq!(send(portal, &path, &token, "fix", &taken).await.status, 422);
    assert_eq!(send(portal, &path, &token, "fix", &json!({ "name": "" })).await.status, 422);
    assert_eq!(send(portal, &path, &token, "fix", &json!({ "name": "Free" })).await.status, 201);
}

async fn names_are_a_tokens_own(portal: &TestPortal) {
    let (one, two) = (portal.token(true, None).await, portal.token(true, None).await);
    let body = json!({ "name": "Same", "plan": "pro" });
    let first = send(portal, "/v1/orgs", &one, "mine", &body).await;
    let second = send(portal, "/v1/orgs", &two, "mine", &body).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_ne!(first.json()["org_id"], second.json()["org_id"]);
}

async fn names_are_bounded(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let body = json!({ "name": "A", "plan": "pro" });
    for name in ["", "\"\"", &"x".repeat(256)] {
        let answer = send(portal, "/v1/orgs", &token, name, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("bad_request")));
    }
    assert_eq!(send(portal, "/v1/orgs", &token, &"x".repeat(255), &body).await.status, 201);
}

async fn old_names_are_forgotten(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let body = json!({ "name": "A", "plan": "pro" });
    assert_eq!(send(portal, "/v1/orgs", &token, "old", &body).await.status, 201);
    portal.store.clock.turn(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(portal.store.forget_repeats().await.expect("forgotten"), 0);
    assert_eq!(send(portal, "/v1/orgs", &token, "old", &body).await.status, 409);
    portal.store.clock.turn(Duration::from_secs(2));
    assert_eq!(portal.store.forget_repeats().await.expect("forgotten"), 1);
    assert_eq!(send(portal, "/v1/orgs", &token, "old", &body).await.status, 201);
}

async fn an_organization_goes_with_its_names(portal: &TestPortal) {
    let all = portal.token(true, None).await;
    let [org, ..] = portal.managed(&all).await;
    let own = portal.token(true, Some(&org)).await;
    let path = format!("/v1/orgs/{org}/tenants");
    assert_eq!(send(portal, &path, &own, "own", &json!({ "name": "A" })).await.status, 201);
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let place =
        sallyport::place::Place::from(&portal.store.find(Reader::All, &id).await.expect("read").expect("there"));
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.delete_place(&act, &place).await.expect("deleted");
    assert_eq!(send(portal, &path, &own, "own", &json!({ "name": "A" })).await.status, 401, "its token is gone too");
}

async fn a_repeat_whose_parent_is_gone_names_what_was_made(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, _] = portal.managed(&token).await;
    let act = Act::by(Actor::CommandLine);
    let cases = [
        (format!("/v1/orgs/{org}/tenants"), "tenant_id"),
        (format!("/v1/tenants/{tenant}/projects"), "project_id"),
        (format!("/v1/projects/{project}/apps"), "app_id"),
    ];
    let (body, mut made) = (json!({ "name": "Another" }), Vec::new());
    for (path, id) in &cases {
        let answer = send(portal, path, &token, path, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        made.push(answer.json()[id].clone());
    }
    let org = OrgId::parse(&org).expect("an id");
    let org = portal.store.find(Reader::All, &org).await.expect("asked").expect("there");
    let place = Place::from(&org);
    portal.store.archive_place(&act, &place).await.expect("archived");
    portal.store.delete_place(&act, &place).await.expect("deleted");
    for ((path, id), made) in cases.iter().zip(made) {
        let again = send(portal, path, &token, path, &body).await;
        assert_eq!((again.status.as_u16(), &again.json()[id]), (409, &made), "{path}: {}", again.body);
        assert_eq!(send(portal, path, &token, "another", &body).await.status, 404, "{path}");
        assert_eq!(send(portal, path, &token, path, &json!({ "name": "Other" })).await.status, 404, "{path}");
    }
}
