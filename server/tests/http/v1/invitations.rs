//! `/v1/{orgs,tenants,projects}/{id}/invitations` and `/v1/invitations/{invitation_id}`

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    people_are_invited_at_each_level,
    with_mail_no_answer_has_the_link,
    wrong_fields_are_named,
    a_repetition_invites_nobody_twice,
    an_invitation_is_revoked_once,
    nobody_invites_without_end,
    a_key_invites_nobody,
);

/// Organizations own keys, and `admin` manages.
const MANAGING: &str = include_str!("../../../../examples/profiles/synaptiq.toml");

async fn invite(portal: &TestPortal, token: &str, place: &str, emails: &[&str], role: &str) -> Answer {
    portal.json(&format!("{place}/invitations"), token, &json!({ "emails": emails, "role": role })).await
}

async fn revoke(portal: &TestPortal, token: &str, id: &str) -> Answer {
    let request = Client::request(Method::DELETE, &format!("/v1/invitations/{id}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    portal.another().send(request.body(Body::empty()).expect("a request")).await
}

fn id(answer: &Answer) -> String {
    let invited = answer.json();
    invited["invitations"][0]["invitation_id"].as_str().unwrap_or_else(|| panic!("{invited}")).to_owned()
}

async fn people_are_invited_at_each_level(portal: &TestPortal) {
    portal.set_up().await;
    let token = portal.token(true, None).await;
    let [org, tenant, project, _] = portal.managed(&token).await;
    for (place, role) in [
        (format!("/v1/orgs/{org}"), "owner"),
        (format!("/v1/tenants/{tenant}"), "tenant_admin"),
        (format!("/v1/projects/{project}"), "developer"),
    ] {
        let answer = invite(portal, &token, &place, &["Noor@example.com", "sam@example.com"], role).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"), "{}", answer.body);
        let invited = answer.json();
        let invited = invited["invitations"].as_array().expect("a list");
        let emails: Vec<_> = invited.iter().map(|one| one["email"].as_str().expect("text")).collect();
        assert_eq!(emails, ["noor@example.com", "sam@example.com"]);
        assert_eq!(invited[0]["expires_at"], "2026-11-29T06:00:00Z");
        // Mail is off: the link is handed over.
        let url = invited[0]["url"].as_str().expect("a link");
        let path = url.strip_prefix("http://127.0.0.1:3000").expect("of this portal");
        let form = [("name", "Noor"), ("password", "walls have small doors")];
        if place.contains("/orgs/") {
            let accepted = portal.another().post(path, &form).await;
            assert_eq!((accepted.status.as_u16(), accepted.header("location")), (303, format!("/orgs/{org}").as_str()));
        } else {
            assert_eq!(portal.another().get(path).await.status, 200);
        }
    }
    let members = portal.manage(&format!("/v1/orgs/{org}/members"), &token, None).await.json();
    assert_eq!((&members["data"][0]["name"], &members["data"][0]["role"]), (&json!("Noor"), &json!("owner")));
}

async fn with_mail_no_answer_has_the_link(portal: &TestPortal) {
    let portal = &portal.with_mail().await;
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let answer = invite(portal, &token, &format!("/v1/orgs/{org}"), &["noor@example.com"], "member").await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["invitations"][0].get("url"), None, "{}", answer.body);
}

async fn wrong_fields_are_named(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, project, _] = portal.managed(&token).await;
    let many: Vec<_> = (0..21).map(|n| format!("p{n}@example.com")).collect();
    let before = portal.store.dump().await;
    for (place, body, pointer, words) in [
        (format!("/v1/orgs/{org}"), json!({ "role": "member" }), "/emails", "Enter at least one"),
        (
            format!("/v1/orgs/{org}"),
            json!({ "emails": ["a@example.com b@example.com"], "role": "member" }),
            "/emails",
            "not an e-mail",
        ),
        (format!("/v1/orgs/{org}"), json!({ "emails": many, "role": "member" }), "/emails", "at most 20"),
        (format!("/v1/orgs/{org}"), json!({ "emails": ["a@example.com"] }), "/role", "owner, admin, member"),
        (
            format!("/v1/projects/{project}"),
            json!({ "emails": ["a@example.com"], "role": "owner" }),
            "/role",
            "project_admin, developer",
        ),
    ] {
        let answer = portal.json(&format!("{place}/invitations"), &token, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    let unknown = json!({ "emails": ["a@example.com"], "role": "member", "place": "x" });
    let answer = portal.json(&format!("/v1/orgs/{org}/invitations"), &token, &unknown).await;
    assert!(matches!(answer.status.as_u16(), 400 | 422), "{}", answer.body);
    assert_eq!(portal.store.dump().await, before);
}

async fn a_repetition_invites_nobody_twice(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let send = async |emails: Value| {
        let request = Client::request(Method::POST, &format!("/v1/orgs/{org}/invitations"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "first");
        let body = json!({ "emails": emails, "role": "member" }).to_string();
        portal.another().send(request.body(Body::from(body)).expect("a request")).await
    };
    let first = send(json!(["noor@example.com", "sam@example.com"])).await;
    assert_eq!(first.status, 201);
    let again = send(json!(["noor@example.com", "sam@example.com"])).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("already_made")));
    assert_eq!(again.json()["invitation_id"], id(&first));
    assert_eq!(send(json!(["eve@example.com"])).await.status, 422, "another request with that key");
}

async fn an_invitation_is_revoked_once(portal: &TestPortal) {
    portal.set_up().await;
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let invited = invite(portal, &token, &format!("/v1/orgs/{org}"), &["noor@example.com"], "member").await;
    let url = invited.json()["invitations"][0]["url"].as_str().expect("a link").to_owned();
    let path = url.strip_prefix("http://127.0.0.1:3000").expect("of this portal");
    assert_eq!(revoke(portal, &token, &id(&invited)).await.status, 204);
    assert_eq!(portal.another().get(path).await.status, 404);
    let again = revoke(portal, &token, &id(&invited)).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("invitation_ended")));
}

async fn nobody_invites_without_end(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    for part in 0..3 {
        let emails: Vec<_> = (0..20).map(|n| format!("p{part}-{n}@example.com")).collect();
        let emails: Vec<_> = emails.iter().map(String::as_str).collect();
        assert_eq!(invite(portal, &token, &format!("/v1/orgs/{org}"), &emails, "member").await.status, 201);
    }
    let answer = invite(portal, &token, &format!("/v1/orgs/{org}"), &["one@example.com"], "member").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (429, &json!("rate_limited")));
    assert!(!answer.header("retry-after").is_empty());
}

async fn a_key_invites_nobody(portal: &TestPortal) {
    let portal = portal.with_profile(MANAGING).await;
    let token = portal.token(true, None).await;
    let org = portal.made(&token, "/v1/orgs", json!({ "name": "Focus", "plan": "pro" }), "org_id").await;
    let new = json!({ "label": "Manages", "environment": "production", "scopes": ["admin"] });
    let key = portal.made(&token, &format!("/v1/orgs/{org}/keys"), new, "secret_key").await;
    let request = Client::request(Method::POST, &format!("/v1/orgs/{org}/invitations"))
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-forwarded-proto", "https");
    let body = json!({ "emails": ["noor@example.com"], "role": "member" }).to_string();
    let answer = portal.another().send(request.body(Body::from(body)).expect("a request")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("forbidden")), "{}", answer.body);
}
