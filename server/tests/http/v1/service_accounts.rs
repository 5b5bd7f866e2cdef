//! `/v1/orgs/{org_id}/service-accounts`, `/v1/service-accounts/…`, `/v1/service-tokens/…`; and the API called by one.

use axum::http::{Method, header};
use sallyport::{
    audit::{Act, Actor},
    id::{OrgId, ServiceAccountId},
    member::Role,
    personal_token::{TokenScope, TokenScopes},
    place::{Place, PlaceKind, PlaceRef},
    service_account::NewServiceToken,
    testing::TestStore,
};
use serde_json::{Value, json};

use super::isolation::ENDPOINTS;
use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    one_is_made_changed_and_removed,
    a_token_is_made_with_a_root_token_and_revoked,
    what_is_sent_is_checked,
    it_does_what_its_role_allows_and_no_more,
    it_governs_nothing_and_sees_no_accounts,
    a_stopped_one_gets_no_answer,
    an_idempotency_key_makes_one,
);

async fn delete(portal: &TestPortal, path: &str, token: &str) -> u16 {
    let request = Client::request(Method::DELETE, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    portal.another().send(request.body(axum::body::Body::empty()).expect("a request")).await.status.as_u16()
}

/// A token of a new account with this role at a place.
async fn acting(store: &TestStore, place: PlaceRef<'_>, role: Role, scopes: TokenScopes) -> (ServiceAccountId, String) {
    let act = Act::by(Actor::CommandLine);
    let name = format!("{} {scopes} {}", role.title(), place.id);
    let account = store.create_service_account(&act, place, &name, role).await.expect("made");
    let expires_at = store.now() + std::time::Duration::from_secs(86_400);
    let new = NewServiceToken { name: "CI".to_owned(), scopes, expires_at, form_token: None };
    let (_, secret) = store.issue_service_token(&act, &account.id, new).await.expect("made");
    (account.id, secret.expose().to_owned())
}

async fn ask(portal: &TestPortal, path: &str, token: &str) -> Answer {
    portal.another().manage(path, token, None).await
}

async fn one_is_made_changed_and_removed(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, _, project, _] = portal.managed(&root).await;
    let list = format!("/v1/orgs/{org}/service-accounts");
    assert_eq!(ask(portal, &list, &root).await.json()["data"], json!([]));
    let body = json!({ "name": "Nightly import", "role": "developer", "place_id": project });
    let made = portal.json(&list, &root, &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let account = made.json();
    let id = account["service_account_id"].as_str().expect("text").to_owned();
    assert_eq!(made.header("location"), format!("/v1/service-accounts/{id}"));
    assert_eq!(
        [&account["role"], &account["place"], &account["place_id"], &account["status"], &account["tokens"]],
        [&json!("developer"), &json!("project"), &json!(project), &json!("active"), &json!(0)]
    );
    assert_eq!(ask(portal, &list, &root).await.json()["data"], json!([account]));
    let path = format!("/v1/service-accounts/{id}");
    assert_eq!(ask(portal, &path, &root).await.json(), account);
    let changed = portal.patch(&path, &root, &json!({ "name": "Import" })).await.json();
    assert_eq!((&changed["name"], &changed["role"]), (&json!("Import"), &json!("developer")));
    let changed =
        portal.patch(&path, &root, &json!({ "place_id": org, "role": "viewer", "disabled": true })).await.json();
    assert_eq!(
        [&changed["role"], &changed["place"], &changed["status"]],
        [&json!("viewer"), &json!("organization"), &json!("disabled")]
    );
    let changed = portal.patch(&path, &root, &json!({ "disabled": false })).await.json();
    assert_eq!(changed["status"], "active");
    assert_eq!(delete(portal, &path, &root).await, 204);
    assert_eq!(delete(portal, &path, &root).await, 404);
    assert_eq!(ask(portal, &path, &root).await.status, 404);
}

async fn a_token_is_made_with_a_root_token_and_revoked(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, ..] = portal.managed(&root).await;
    let body = json!({ "name": "Import", "role": "viewer" });
    let made = portal.json(&format!("/v1/orgs/{org}/service-accounts"), &root, &body).await.json();
    let tokens = format!("/v1/service-accounts/{}/tokens", made["service_account_id"].as_str().expect("text"));
    let soon = (portal.store.now() + std::time::Duration::from_secs(3_600)).to_rfc3339();
    let body = json!({ "name": "CI", "scopes": ["keys"], "expires_at": soon });
    let answer = portal.json(&tokens, &root, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let made = answer.json();
    assert_eq!(made["scopes"], json!(["read", "keys"]));
    let secret = made["token"].as_str().expect("text").to_owned();
    assert_eq!(ask(portal, &format!("/v1/orgs/{org}"), &secret).await.status, 200);
    portal.store.settled().await;
    let listed = ask(portal, &tokens, &root).await;
    assert!(!listed.body.contains(&secret), "it is shown once");
    assert_eq!(listed.json()["data"][0]["last_address"], "127.0.0.1");
    // A personal token makes none.
    let ada = portal.store.person("Ada").await;
    let of = OrgId::parse(&org).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &of, &ada, Role::Owner).await.expect("added");
    let personal = portal.personal_token(&ada, "Laptop").await.1;
    assert_eq!(ask(portal, &tokens, &personal).await.status, 200);
    let refused = portal.json(&tokens, &personal, &body).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("signed in to the portal"), "{}", refused.body);
    let revoke = format!("/v1/service-tokens/{}", made["service_token_id"].as_str().expect("text"));
    assert_eq!(delete(portal, &revoke, &personal).await, 204);
    assert_eq!(ask(portal, &format!("/v1/orgs/{org}"), &secret).await.status, 401);
    assert_eq!(delete(portal, &revoke, &root).await, 204, "again changes nothing");
    // What may do more afterwards has no token of before; the answer says so.
    let secret = portal.json(&tokens, &root, &body).await.json()["token"].as_str().expect("text").to_owned();
    let account = tokens.trim_end_matches("/tokens");
    let changed = portal.patch(account, &root, &json!({ "name": "Export" })).await.json();
    assert_eq!(changed["tokens"], 1, "{changed}");
    let changed = portal.patch(account, &root, &json!({ "role": "developer" })).await.json();
    assert_eq!((&changed["role"], &changed["tokens"]), (&json!("developer"), &json!(0)), "{changed}");
    assert_eq!(ask(portal, &format!("/v1/orgs/{org}"), &secret).await.status, 401);
}

async fn what_is_sent_is_checked(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&root).await;
    let list = format!("/v1/orgs/{org}/service-accounts");
    for (body, pointer) in [
        (json!({ "role": "viewer" }), "/name"),
        (json!({ "name": "A", "role": "owner" }), "/role"),
        (json!({ "name": "A", "role": "king" }), "/role"),
        (json!({ "name": "A", "role": "admin", "place_id": tenant }), "/role"),
        (json!({ "name": "A", "role": "viewer", "place_id": "ten_none_aaaaaa" }), "/place_id"),
    ] {
        let refused = portal.json(&list, &root, &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}: {}", refused.body);
    }
    let made = portal.json(&list, &root, &json!({ "name": "A", "role": "viewer" })).await.json();
    let tokens = format!("/v1/service-accounts/{}/tokens", made["service_account_id"].as_str().expect("text"));
    for (body, pointer) in [
        (json!({ "expires_at": "2026-12-24T00:00:00Z" }), "/name"),
        (json!({ "name": "CI" }), "/expires_at"),
        (json!({ "name": "CI", "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "name": "CI", "expires_at": "2036-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "name": "CI", "expires_at": "tomorrow" }), "/expires_at"),
        (json!({ "name": "CI", "expires_at": "2026-12-24T00:00:00Z", "scopes": ["admin"] }), "/scopes"),
    ] {
        let refused = portal.json(&tokens, &root, &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}: {}", refused.body);
    }
}

async fn it_does_what_its_role_allows_and_no_more(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&root).await;
    let of = OrgId::parse(&org).expect("an id");
    let here = PlaceRef { kind: PlaceKind::Project, id: &project, org_id: &of };
    let (id, all) = acting(&portal.store, here, Role::Developer, TokenScopes::ALL).await;
    let key = json!({ "label": "By it", "environment": "production", "scopes": ["read"] });
    let made = portal.json(&format!("/v1/apps/{app}/keys"), &all, &key).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let event = &ask(portal, &format!("/v1/orgs/{org}/audit"), &root).await.json()["data"][0];
    assert_eq!(
        [&event["action"], &event["actor_kind"], &event["actor_id"], &event["details"]["service_token"]["name"]],
        [&json!("key.generated"), &json!("service_account"), &json!(id.as_str()), &json!("CI")]
    );
    // It sees where it passes through, and lists what is its own.
    for path in [format!("/v1/orgs/{org}"), format!("/v1/tenants/{tenant}"), format!("/v1/projects/{project}")] {
        assert_eq!(ask(portal, &path, &all).await.status, 200, "{path}");
    }
    let listed = ask(portal, &format!("/v1/orgs/{org}/keys"), &all).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    let other = portal.made(&root, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    assert_eq!(ask(portal, &format!("/v1/orgs/{other}"), &all).await.status, 404);
    assert_eq!(ask(portal, "/v1/orgs", &all).await.json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(ask(portal, "/v1/me", &all).await.status, 403, "it is no person");
    assert_eq!(portal.json("/v1/keys/verify", &all, &json!({ "key": "x" })).await.status, 401, "it verifies nothing");
    // A role that does not suffice, and a scope that does not.
    let refused = portal.json(&format!("/v1/tenants/{tenant}/projects"), &all, &json!({ "name": "More" })).await;
    assert!(matches!(refused.status.as_u16(), 403 | 404), "{}", refused.body);
    let (_, reads) = acting(&portal.store, here, Role::Developer, TokenScopes::READ).await;
    let refused = portal.json(&format!("/v1/apps/{app}/keys"), &reads, &key).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("lacks the scope keys"), "{}", refused.body);
}

async fn it_governs_nothing_and_sees_no_accounts(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, _, _, app] = portal.managed(&root).await;
    let of = OrgId::parse(&org).expect("an id");
    let (id, all) = acting(&portal.store, (&of).into(), Role::Admin, TokenScopes::ALL).await;
    let app = sallyport::id::AppId::parse(&app).expect("an id");
    let approval = portal.waiting(&app).await;
    let before = portal.store.dump().await;
    let refused = portal.json(&format!("/v1/approvals/{approval}/approve"), &all, &json!({})).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("nor approves any"), "{}", refused.body);
    let put = Client::request(Method::PUT, &format!("/v1/orgs/{org}/key-policy"))
        .header(header::AUTHORIZATION, format!("Bearer {all}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(axum::body::Body::from("{}"));
    assert_eq!(portal.another().send(put.expect("a request")).await.status, 403);
    let invite = json!({ "emails": ["noor@example.com"], "role": "viewer" });
    let refused = portal.json(&format!("/v1/orgs/{org}/invitations"), &all, &invite).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(portal.json("/v1/orgs", &all, &json!({ "name": "Own", "plan": "pro" })).await.status, 403);
    let import = json!({ "key": "legacy_eve_0123456789", "environment": "production", "scopes": ["read"] });
    let refused = portal.json(&format!("/v1/apps/{app}/imports"), &all, &import).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    // Of service accounts it sees none, itself included.
    assert_eq!(ask(portal, &format!("/v1/orgs/{org}/service-accounts"), &all).await.status, 403);
    assert_eq!(ask(portal, &format!("/v1/service-accounts/{id}"), &all).await.status, 404);
    let body = json!({ "name": "Another", "role": "viewer" });
    let refused = portal.json(&format!("/v1/orgs/{org}/service-accounts"), &all, &body).await;
    assert_eq!(refused.status, 404, "{}", refused.body);
    let mut after = portal.store.dump().await;
    let mut before = before;
    portal.store.settled().await;
    for dump in [&mut before, &mut after] {
        // When its token was used.
        dump.remove("service_tokens");
    }
    assert_eq!(after, before, "a refused request changed something");
}

/// Every address of the API, with what cannot be used any more.
async fn a_stopped_one_gets_no_answer(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&root).await;
    let of = OrgId::parse(&org).expect("an id");
    let at = PlaceRef { kind: PlaceKind::Tenant, id: &tenant, org_id: &of };
    let (id, all) = acting(&portal.store, at, Role::TenantAdmin, TokenScopes::ALL).await;
    let act = Act::by(Actor::CommandLine);
    let path = format!("/v1/tenants/{tenant}");
    assert_eq!(ask(portal, &path, &all).await.status, 200);
    let tenant = portal.store.tenants(&of).await.expect("asked").remove(0);
    portal.store.archive_place(&act, &Place::from(&tenant)).await.expect("archived");
    assert_eq!(ask(portal, &path, &all).await.status, 401);
    portal.store.restore_place(&act, &Place::from(&tenant)).await.expect("restored");
    assert_eq!(ask(portal, &path, &all).await.status, 200);
    portal.store.disable_service_account(&act, &id, true).await.expect("disabled");
    let before = portal.store.dump().await;
    for (method, path) in ENDPOINTS {
        let request = Client::request(method.clone(), &path.replace(['{', '}'], ""))
            .header(header::AUTHORIZATION, format!("Bearer {all}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = if *method == Method::GET { "" } else { "{}" };
        let answer = portal.another().send(request.body(axum::body::Body::from(body)).expect("a request")).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
    }
    let after = portal.store.dump().await;
    let without_events = |mut dump: std::collections::BTreeMap<String, Vec<String>>| {
        for table in ["events", "chains", "jobs"] {
            dump.remove(table);
        }
        dump
    };
    assert_eq!(without_events(after), without_events(before), "a refused request changed something");
    let (_, reads) = acting(&portal.store, at, Role::Viewer, TokenScopes::READ.with(TokenScope::Keys)).await;
    assert_eq!(ask(portal, &path, &reads).await.status, 200);
    let damaged = format!("{}x", &reads[..reads.len() - 1]);
    assert_eq!(ask(portal, &path, &damaged).await.status, 401);
    // It may have been revoked by a change that is not known.
    portal.store.set_quarantine(Some("changes are missing".to_owned()));
    assert_eq!(ask(portal, &path, &reads).await.status, 503);
    portal.store.set_quarantine(None);
    assert_eq!(ask(portal, &path, &reads).await.status, 200);
}

async fn an_idempotency_key_makes_one(portal: &TestPortal) {
    let root = portal.token(true, None).await;
    let [org, ..] = portal.managed(&root).await;
    let list = format!("/v1/orgs/{org}/service-accounts");
    let post = |path: String, body: Value| {
        let request = Client::request(Method::POST, &path)
            .header(header::AUTHORIZATION, format!("Bearer {root}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "once");
        request.body(axum::body::Body::from(body.to_string())).expect("a request")
    };
    let body = json!({ "name": "Import", "role": "viewer" });
    let made = portal.another().send(post(list.clone(), body.clone())).await.json();
    let again = portal.another().send(post(list, body)).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["service_account_id"], made["service_account_id"]);
}
