//! `/v1/apps/{app_id}/keys`, `/v1/keys/{key_id}` and revocation

mod rotation;
mod update;

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{Method, header},
};
use futures_util::stream;
use sallyport::{
    audit::{Act, Actor},
    id::AppId,
    place::Place,
    store::Reader,
};
use serde_json::{Value, json};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_key_is_issued_with_its_credentials_once,
    a_signing_secret_can_be_left_out,
    wrong_fields_are_named_by_pointers,
    lists_are_filtered_and_paged,
    a_key_of_what_is_archived_is_suspended,
    one_is_revoked_at_once,
    all_are_revoked_at_once,
    null_is_as_absent,
    a_whole_secret_is_no_label,
);

fn body() -> Value {
    json!({ "label": "CI", "environment": "production", "scopes": ["write", "read"] })
}

async fn valid(portal: &TestPortal, token: &str, secret: &Value) -> Value {
    portal.json("/v1/keys/verify", token, &json!({ "key": secret })).await.json()["code"].clone()
}

async fn a_key_is_issued_with_its_credentials_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let path = format!("/v1/apps/{app}/keys");
    let answer = portal.json(&path, &token, &body()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let issued = answer.json();
    assert_eq!(answer.location(), format!("/v1/keys/{}", issued["key_id"].as_str().expect("an id")));
    let (secret, signing) = (&issued["secret_key"], &issued["signing_secret"]);
    assert_eq!(secret.as_str().map(str::len), Some(44));
    assert!(signing.as_str().is_some_and(|secret| secret.starts_with("sgn_")));
    assert_eq!(
        issued,
        json!({
            "org_id": org, "tenant_id": tenant, "project_id": project, "app_id": app,
            "secret_key": secret, "signing_secret": signing,
            "key_id": issued["key_id"], "label": "CI", "environment": "production", "mode": "live",
            "scopes": ["read", "write"], "created_at": "2026-11-22T06:00:00Z", "expires_at": null,
        })
    );
    assert_eq!(valid(portal, &token, secret).await, "valid");
    let read = portal.manage(answer.location(), &token, None).await;
    let list = portal.manage(&path, &token, None).await;
    for answer in [&read, &list] {
        for secret in [secret, signing] {
            assert!(!answer.body.contains(secret.as_str().expect("text")), "{}", answer.body);
        }
    }
    let key = read.json();
    assert_eq!(list.json(), json!({ "data": [key], "next_cursor": null }));
    for field in ["org_id", "tenant_id", "project_id", "app_id", "key_id", "label", "environment", "mode", "scopes"] {
        assert_eq!(key[field], issued[field], "{field}");
    }
    assert_eq!((&key["status"], &key["has_signing_secret"]), (&json!("active"), &json!(true)));
    assert_eq!((&key["revoked_at"], &key["created_by"]), (&json!(null), &json!(null)));
}

async fn a_signing_secret_can_be_left_out(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let mut body = body();
    body["signing_secret"] = json!(false);
    body["expires_at"] = json!("2026-12-24T18:00:00+01:00");
    body["environment"] = json!("staging");
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body).await.json();
    assert!(issued.get("signing_secret").is_none());
    assert_eq!(issued["expires_at"], "2026-12-24T17:00:00Z");
    assert_eq!(issued["mode"], "test");
    assert!(issued["secret_key"].as_str().is_some_and(|secret| secret.starts_with("sk_test_")));
}

async fn wrong_fields_are_named_by_pointers(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let path = format!("/v1/apps/{app}/keys");
    let with = |field: &str, value: Value| {
        let mut body = body();
        body[field] = value;
        body
    };
    for (body, pointers) in [
        (json!({}), &["/label", "/environment", "/scopes"][..]),
        (with("label", json!("")), &["/label"]),
        (with("environment", json!("moon")), &["/environment"]),
        (with("scopes", json!([])), &["/scopes"]),
        (with("scopes", json!(["fly"])), &["/scopes"]),
        (with("scopes", json!("read")), &["/scopes"]),
        (with("scopes", json!(["read", 7])), &["/scopes/1"]),
        (with("expires_at", json!("30")), &["/expires_at"]),
        (with("expires_at", json!("never")), &["/expires_at"]),
        (with("expires_at", json!("")), &["/expires_at"]),
        (with("expires_at", json!("2026-11-22T06:00:00Z")), &["/expires_at"]),
        (with("signing_secret", json!("no")), &["/signing_secret"]),
        (with("form_token", json!("x")), &[""]),
    ] {
        let answer = portal.json(&path, &token, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        let errors = answer.json()["errors"].clone();
        let told: Vec<_> = errors.as_array().expect("a list").iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(told, pointers, "{body}");
    }
    assert_eq!(portal.manage(&path, &token, None).await.json()["data"], json!([]));
}

async fn lists_are_filtered_and_paged(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, project, app] = portal.managed(&token).await;
    let path = format!("/v1/apps/{app}/keys");
    let mut ids = Vec::new();
    for n in 0..4 {
        let mut body = body();
        body["label"] = json!(format!("Key {n}"));
        if n == 3 {
            body["environment"] = json!("testing");
        }
        ids.insert(0, portal.made(&token, &path, body, "key_id").await);
        portal.store.clock.turn(Duration::from_secs(1));
    }
    let other = portal.made(&token, &format!("/v1/projects/{project}/apps"), json!({ "name": "B" }), "app_id").await;
    portal.made(&token, &format!("/v1/apps/{other}/keys"), body(), "key_id").await;
    assert_eq!(portal.json(&format!("/v1/keys/{}/revoke", ids[1]), &token, &json!({})).await.status, 200);
    let listed = |query: &str| {
        let path = format!("{path}?{query}");
        let token = token.clone();
        async move {
            let list = portal.manage(&path, &token, None).await.json();
            let ids = list["data"].as_array().unwrap_or_else(|| panic!("{path}: {list}")).iter();
            let ids: Vec<_> = ids.map(|key| key["key_id"].as_str().expect("text").to_owned()).collect();
            (ids, list["next_cursor"].as_str().map(str::to_owned))
        }
    };
    let kept = [&ids[0], &ids[2], &ids[3]].map(String::clone);
    assert_eq!(listed("").await, (kept.to_vec(), None));
    for all in ["include_revoked=true", "include_revoked=1"] {
        assert_eq!(listed(all).await.0, ids);
    }
    assert_eq!(listed("include_revoked=false").await.0, kept);
    assert_eq!(listed("status=revoked").await.0, [ids[1].clone()]);
    assert_eq!(listed("environment=testing").await.0, [ids[0].clone()]);
    assert_eq!(listed("label=key%202").await.0, [""; 0], "it was revoked");
    assert_eq!(listed("label=key%201&scope=write").await.0, [ids[2].clone()]);
    assert_eq!(listed("scope=admin").await.0, [""; 0]);
    let mut all = body();
    all["scopes"] = json!(["admin"]);
    portal.store.clock.turn(Duration::from_secs(1));
    let may_all = portal.made(&token, &path, all, "key_id").await;
    assert_eq!(listed("scope=delete").await.0, std::slice::from_ref(&may_all), "admin implies it");
    assert_eq!(portal.json(&format!("/v1/keys/{may_all}/revoke"), &token, &json!({})).await.status, 200);
    let (first, cursor) = listed("limit=2").await;
    assert_eq!(first, kept[..2]);
    let next = format!("limit=2&cursor={}", cursor.expect("more"));
    assert_eq!(listed(&next).await, (kept[2..].to_vec(), None));
    for query in
        ["status=dead", "include_revoked=yes", "cursor=x", "cursor=key_x.y", "label=%00", "sort=label", "limit=200"]
    {
        assert_eq!(portal.manage(&format!("{path}?{query}"), &token, None).await.status, 400, "{query}");
    }
}

async fn a_key_of_what_is_archived_is_suspended(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, _, app] = portal.managed(&token).await;
    let key = portal.made(&token, &format!("/v1/apps/{app}/keys"), body(), "key_id").await;
    let status = async || portal.manage(&format!("/v1/keys/{key}"), &token, None).await.json()["status"].clone();
    assert_eq!(status().await, "active");
    let it = portal.store.find(Reader::All, &AppId::parse(&app).expect("an id")).await.expect("asked").expect("there");
    portal.store.archive_place(&Act::by(Actor::CommandLine), &Place::from(&it)).await.expect("archived");
    assert_eq!(status().await, "suspended");
    for (list, filter, n) in
        [("apps", "suspended", 1), ("apps", "active", 0), ("orgs", "suspended", 1), ("orgs", "unused", 0)]
    {
        let id = if list == "apps" { &app } else { &org };
        let path = format!("/v1/{list}/{id}/keys?status={filter}");
        let data = portal.manage(&path, &token, None).await.json()["data"].clone();
        assert_eq!(data.as_array().map(Vec::len), Some(n), "{path}: {data}");
    }
}

async fn one_is_revoked_at_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body()).await.json();
    let secret = &issued["secret_key"];
    assert_eq!(valid(portal, &token, secret).await, "valid");
    let path = format!("/v1/keys/{}/revoke", issued["key_id"].as_str().expect("an id"));
    assert_eq!(portal.json(&path, &token, &json!({ "reason": "x".repeat(201) })).await.status, 422);
    assert_eq!(portal.json(&path, &token, &json!({ "why": "x" })).await.status, 422);
    assert_eq!(valid(portal, &token, secret).await, "valid");
    let answer = portal.json(&path, &token, &json!({ "reason": "Leaked" })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let revoked = answer.json();
    assert_eq!((&revoked["status"], &revoked["revoke_reason"]), (&json!("revoked"), &json!("Leaked")));
    assert_eq!(
        (&revoked["revoked_by"], &revoked["revoked_at"]),
        (&json!("Automation"), &json!("2026-11-22T06:00:00Z"))
    );
    assert_eq!(valid(portal, &token, secret).await, "revoked");
    // Without a body, and a second time: nothing changes.
    let without_body = async |path: &str| {
        let request = Client::request(Method::POST, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        // A body of unknown length, which some clients send.
        let nothing = stream::empty::<Result<Vec<u8>, Infallible>>();
        portal.send(request.body(Body::from_stream(nothing)).expect("a request")).await
    };
    let again = without_body(&path).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, revoked));
    let other = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body()).await.json()["key_id"].clone();
    let path = format!("/v1/keys/{}/revoke", other.as_str().expect("an id"));
    assert_eq!(without_body(&path).await.json()["revoke_reason"], json!(null));
}

async fn all_are_revoked_at_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, project, app] = portal.managed(&token).await;
    let other = portal.made(&token, &format!("/v1/projects/{project}/apps"), json!({ "name": "B" }), "app_id").await;
    let mut secrets = Vec::new();
    for app in [&app, &app, &other] {
        secrets.push(portal.json(&format!("/v1/apps/{app}/keys"), &token, &body()).await.json()["secret_key"].clone());
    }
    let all = |path: String| {
        let token = token.clone();
        async move { portal.json(&path, &token, &json!({ "reason": "Emergency" })).await.json() }
    };
    assert_eq!(all(format!("/v1/apps/{app}/keys/revoke-all")).await, json!({ "revoked": 2, "journaled": false }));
    assert_eq!(valid(portal, &token, &secrets[0]).await, "revoked");
    assert_eq!(valid(portal, &token, &secrets[2]).await, "valid");
    assert_eq!(all(format!("/v1/orgs/{org}/keys/revoke-all")).await, json!({ "revoked": 1, "journaled": false }));
    assert_eq!(valid(portal, &token, &secrets[2]).await, "revoked");
    assert_eq!(
        all(format!("/v1/orgs/{org}/keys/revoke-all")).await,
        json!({ "revoked": 0, "journaled": false }),
        "twice is fine"
    );
}

async fn null_is_as_absent(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, project, app] = portal.managed(&token).await;
    let keys = format!("/v1/apps/{app}/keys");
    let mut asked = body();
    asked["expires_at"] = json!(null);
    asked["signing_secret"] = json!(null);
    let issued = portal.json(&keys, &token, &asked).await;
    assert_eq!(issued.status, 201, "{}", issued.body);
    assert!(issued.json()["signing_secret"].is_string() && issued.json()["expires_at"].is_null());
    let app = json!({ "name": "Another", "os": null, "bundle_id": null, "description": null });
    assert_eq!(portal.json(&format!("/v1/projects/{project}/apps"), &token, &app).await.status, 201);
    // A required field is reported as missing, as if it were left out.
    let nulls = json!({ "label": null, "environment": null, "scopes": null });
    let (null, absent) = (portal.json(&keys, &token, &nulls).await, portal.json(&keys, &token, &json!({})).await);
    assert_eq!((null.status.as_u16(), &null.json()["errors"]), (422, &absent.json()["errors"]));
    for (path, body) in [
        ("/v1/orgs".to_owned(), json!({ "name": null, "plan": null })),
        (format!("/v1/orgs/{org}/tenants"), json!({ "name": null })),
    ] {
        let (null, absent) = (portal.json(&path, &token, &body).await, portal.json(&path, &token, &json!({})).await);
        assert_eq!((null.status.as_u16(), &null.json()["errors"]), (422, &absent.json()["errors"]), "{path}");
    }
    let why = json!({ "reason": null });
    assert_eq!(portal.json(&format!("/v1/orgs/{org}/keys/revoke-all"), &token, &why).await.status, 200);
}

async fn a_whole_secret_is_no_label(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let keys = format!("/v1/apps/{app}/keys");
    let issued = portal.json(&keys, &token, &body()).await.json();
    let before = portal.store.dump().await;
    for secret in [&issued["secret_key"], &issued["signing_secret"], &json!(token)] {
        let text = format!("CI {}", secret.as_str().expect("a secret"));
        let mut labelled = body();
        labelled["label"] = json!(text);
        for (path, body) in [
            (keys.clone(), labelled),
            ("/v1/orgs".to_owned(), json!({ "name": text, "plan": "pro" })),
            (format!("/v1/orgs/{org}/tenants"), json!({ "name": text })),
            (format!("/v1/tenants/{tenant}/projects"), json!({ "name": text })),
            (format!("/v1/projects/{project}/apps"), json!({ "name": "App", "description": text })),
            (format!("{keys}/revoke-all"), json!({ "reason": text })),
        ] {
            let refused = portal.json(&path, &token, &body).await;
            assert_eq!(refused.status, 422, "{path}: {}", refused.body);
            assert!(refused.body.contains("Leave it out") && !refused.body.contains(&text), "{path}: {}", refused.body);
        }
    }
    assert_eq!(portal.store.dump().await, before, "nothing of it is kept");
}
