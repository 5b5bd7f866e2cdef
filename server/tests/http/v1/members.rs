//! `/v1/orgs/{org_id}/members`, and the same of tenants and projects

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::user::User;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    roles_are_given_listed_and_taken,
    a_role_belongs_to_a_level,
    a_token_of_an_organization_knows_its_people_alone,
    the_last_owner_stays,
    lists_come_in_parts,
    a_key_manages_no_members,
);

/// Organizations own keys, and `admin` manages.
const MANAGING: &str = include_str!("../../../../examples/profiles/synaptiq.toml");

async fn by(portal: &TestPortal, method: Method, path: &str, credential: &str, body: Option<Value>) -> Answer {
    let request = Client::request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {credential}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-forwarded-proto", "https");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    portal.another().send(request.body(body).expect("a request")).await
}

async fn give(portal: &TestPortal, token: &str, place: &str, user: &User, role: &str) -> Answer {
    let path = format!("{place}/members/{}", user.id);
    by(portal, Method::PUT, &path, token, Some(json!({ "role": role }))).await
}

async fn remove(portal: &TestPortal, token: &str, place: &str, user: &User) -> Answer {
    by(portal, Method::DELETE, &format!("{place}/members/{}", user.id), token, None).await
}

async fn list(portal: &TestPortal, token: &str, place: &str) -> Value {
    portal.manage(&format!("{place}/members"), token, None).await.json()
}

async fn roles_are_given_listed_and_taken(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, _] = portal.managed(&token).await;
    let (noor, sam) = (portal.store.person("Noor").await, portal.store.person("Sam").await);
    let places = [format!("/v1/orgs/{org}"), format!("/v1/tenants/{tenant}"), format!("/v1/projects/{project}")];
    let given = give(portal, &token, &places[2], &noor, "developer").await;
    assert_eq!((given.status.as_u16(), given.header("cache-control")), (200, "no-store"));
    let since = "2026-11-22T06:00:00Z";
    let grant = json!({
        "role": "developer", "place": "project", "place_id": project, "place_name": "Biosignals", "since": since,
    });
    let shown = json!({
        "user_id": noor.id, "name": "Noor", "email": "noor@example.com", "role": "developer", "roles": [grant],
        "since": since, "disabled": false,
    });
    assert_eq!(given.json(), shown);
    // Listed at the project, and at what is above it.
    for place in &places {
        assert_eq!(list(portal, &token, place).await, json!({ "data": [shown], "next_cursor": null }), "{place}");
    }
    give(portal, &token, &places[0], &sam, "owner").await;
    let inherited = list(portal, &token, &places[2]).await;
    let of_sam = inherited["data"].as_array().expect("a list").iter().find(|one| one["name"] == "Sam").expect("listed");
    assert_eq!((&of_sam["role"], &of_sam["roles"][0]["place"]), (&json!("owner"), &json!("organization")));
    // Another role replaces the one there, and no other.
    give(portal, &token, &places[1], &noor, "tenant_member").await;
    let changed = give(portal, &token, &places[2], &noor, "viewer").await.json();
    let words: Vec<_> = changed["roles"].as_array().expect("a list").iter().map(|grant| &grant["role"]).collect();
    assert_eq!((words, &changed["role"]), (vec![&json!("tenant_member"), &json!("viewer")], &json!("tenant_member")));
    // What was given above can't be taken here.
    assert_eq!(remove(portal, &token, &places[2], &noor).await.status, 204);
    assert_eq!(remove(portal, &token, &places[2], &noor).await.status, 404, "inherited from the tenant");
    assert_eq!(remove(portal, &token, &places[0], &noor).await.status, 204);
    assert_eq!(list(portal, &token, &places[1]).await["data"].as_array().map(Vec::len), Some(1), "Sam");
}

async fn a_role_belongs_to_a_level(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, tenant, project, _] = portal.managed(&token).await;
    let noor = portal.store.person("Noor").await;
    for (place, role, words) in [
        (format!("/v1/projects/{project}"), "tenant_admin", "project_admin, developer, viewer"),
        (format!("/v1/tenants/{tenant}"), "owner", "tenant_admin, tenant_member, project_admin, developer, viewer"),
        (format!("/v1/tenants/{tenant}"), "king", "tenant_admin, tenant_member, project_admin, developer, viewer"),
        (format!("/v1/tenants/{tenant}"), "", "tenant_admin"),
    ] {
        let answer = give(portal, &token, &place, &noor, role).await;
        assert_eq!(answer.status, 422, "{role}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/role");
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    let body = Some(json!({ "role": "viewer", "place": "x" }));
    let path = format!("/v1/projects/{project}/members/{}", noor.id);
    assert!(matches!(by(portal, Method::PUT, &path, &token, body).await.status.as_u16(), 400 | 422));
}

async fn a_token_of_an_organization_knows_its_people_alone(portal: &TestPortal) {
    let all = portal.token(true, None).await;
    let [org, _, project, _] = portal.managed(&all).await;
    let own = portal.token(true, Some(&org)).await;
    let (noor, eve) = (portal.store.person("Noor").await, portal.store.person("Eve").await);
    let (at_org, at_project) = (format!("/v1/orgs/{org}"), format!("/v1/projects/{project}"));
    assert_eq!(give(portal, &all, &at_org, &noor, "member").await.status, 200);
    assert_eq!(give(portal, &own, &at_project, &noor, "developer").await.status, 200);
    assert_eq!(give(portal, &own, &at_org, &eve, "owner").await.status, 404, "an account of nobody here");
    assert_eq!(remove(portal, &own, &at_org, &eve).await.status, 404);
}

async fn the_last_owner_stays(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let (place, noor) = (format!("/v1/orgs/{org}"), portal.store.person("Noor").await);
    give(portal, &token, &place, &noor, "owner").await;
    for answer in [give(portal, &token, &place, &noor, "admin").await, remove(portal, &token, &place, &noor).await] {
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("This is the last owner."), "{}", answer.body);
    }
}

async fn lists_come_in_parts(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let place = format!("/v1/orgs/{org}");
    for n in 0..5 {
        let user = portal.store.person(&format!("Person{n}")).await;
        give(portal, &token, &place, &user, "member").await;
        portal.store.clock.turn(std::time::Duration::from_secs(1));
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = portal.manage(&format!("{place}/members?limit=2{cursor}"), &token, None).await.json();
        let data = page["data"].as_array().expect("a list").iter();
        names.extend(data.map(|one| one["name"].as_str().expect("text").to_owned()));
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!((names, cursor), ((0..5).rev().map(|n| format!("Person{n}")).collect(), String::new()));
}

async fn a_key_manages_no_members(portal: &TestPortal) {
    let portal = portal.with_profile(MANAGING).await;
    let token = portal.token(true, None).await;
    let org = portal.made(&token, "/v1/orgs", json!({ "name": "Focus", "plan": "pro" }), "org_id").await;
    let body = json!({ "label": "Manages", "environment": "production", "scopes": ["admin"] });
    let key = by(&portal, Method::POST, &format!("/v1/orgs/{org}/keys"), &token, Some(body)).await.json();
    let secret = key["secret_key"].as_str().expect("a secret").to_owned();
    let place = format!("/v1/orgs/{org}");
    let noor = portal.store.person("Noor").await;
    assert_eq!(by(&portal, Method::GET, &place, &secret, None).await.status, 200, "it manages others");
    for answer in [
        by(&portal, Method::GET, &format!("{place}/members"), &secret, None).await,
        give(&portal, &secret, &place, &noor, "owner").await,
        remove(&portal, &secret, &place, &noor).await,
    ] {
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("An API key does not manage members"), "{}", answer.body);
    }
    assert_eq!(list(&portal, &token, &place).await["data"], json!([]));
}
