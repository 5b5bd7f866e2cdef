//! `PATCH /v1/keys/{key_id}`

mod managing;
mod races;

use std::time::Duration;

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
    each_field_is_changed_alone,
    null_clears,
    metadata_is_merged,
    wrong_fields_are_named_and_nothing_is_changed,
    an_ended_key_is_left_alone,
    another_organizations_is_not_there,
    verifiers_hold_it_to_the_change_at_once,
    the_log_names_both_values,
    a_merge_patch_is_taken_by_its_own_type,
);

/// A root token, the path of a key that it issued, and the key's secret.
async fn issued(portal: &TestPortal, more: Value) -> (String, String, String) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let mut body = json!({ "label": "CI", "environment": "production", "scopes": ["read", "write"] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let answer = portal.json(&format!("/v1/apps/{app}/keys"), &token, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let (path, secret) = (answer.location().to_owned(), answer.json()["secret_key"].as_str().expect("text").to_owned());
    (token, path, secret)
}

/// The newest events of the key's organization, oldest first.
async fn events(portal: &TestPortal, token: &str, key: &str, count: usize) -> Vec<Value> {
    let org = portal.manage(key, token, None).await.json()["org_id"].as_str().expect("text").to_owned();
    let log = portal.manage(&format!("/v1/orgs/{org}/audit?limit={count}"), token, None).await.json();
    let mut events = log["data"].as_array().expect("events").clone();
    events.reverse();
    events
}

/// The fields of a key that differ from those before.
fn differing(before: &Value, after: &Value) -> Value {
    let before = before.as_object().expect("an object");
    let changed = before.iter().filter(|(name, value)| after[name.as_str()] != **value);
    changed.map(|(name, _)| (name.clone(), after[name.as_str()].clone())).collect()
}

async fn each_field_is_changed_alone(portal: &TestPortal) {
    let (token, path, _) = issued(portal, json!({})).await;
    let mut before = portal.manage(&path, &token, None).await.json();
    for (patch, changed) in [
        (json!({ "label": " Night import " }), json!({ "label": "Night import" })),
        (json!({ "metadata": { "team": "payments" } }), json!({ "metadata": { "team": "payments" } })),
        (json!({ "scopes": ["delete", "read", "read"] }), json!({ "scopes": ["read", "delete"] })),
        (json!({ "expires_at": "2026-12-24T18:00:00+01:00" }), json!({ "expires_at": "2026-12-24T17:00:00Z" })),
        (
            json!({ "addresses": ["203.0.113.0/24", "2001:db8::7"] }),
            json!({ "addresses": ["203.0.113.0/24", "2001:db8::7"] }),
        ),
        (json!({ "addresses_enforced": true }), json!({ "addresses_enforced": true })),
        (json!({ "require_signed": true }), json!({ "require_signed": true })),
        (json!({ "limit_per_minute": 60 }), json!({ "limit_per_minute": 60 })),
        (json!({ "limit_per_day": 1_000 }), json!({ "limit_per_day": 1_000 })),
        (json!({ "paused": true }), json!({ "paused_at": "2026-11-22T06:00:00Z", "status": "paused" })),
        (json!({ "paused": false }), json!({ "paused_at": null, "status": "active" })),
        (json!({}), json!({})),
    ] {
        let answer = portal.patch(&path, &token, &patch).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (200, "no-store"),
            "{patch}: {}",
            answer.body
        );
        let after = portal.manage(&path, &token, None).await.json();
        assert_eq!(answer.json(), after, "{patch}: the key as it is read");
        assert_eq!(differing(&before, &after), changed, "{patch}");
        before = after;
    }
}

async fn null_clears(portal: &TestPortal) {
    let (token, path, _) =
        issued(portal, json!({ "expires_at": "2026-12-24T17:00:00Z", "metadata": { "team": "payments" } })).await;
    let before = portal.manage(&path, &token, None).await.json();
    assert_eq!(before["metadata"], json!({ "team": "payments" }), "as it was issued");
    let set = json!({ "addresses": ["203.0.113.7"], "limit_per_minute": 60, "limit_per_day": 1_000 });
    let set = portal.patch(&path, &token, &set).await.json();
    for field in ["expires_at", "metadata", "addresses", "limit_per_minute", "limit_per_day"] {
        let answer = portal.patch(&path, &token, &json!({ field: null })).await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.body);
    }
    let after = portal.manage(&path, &token, None).await.json();
    let cleared = json!({
        "expires_at": null, "metadata": {}, "addresses": [], "limit_per_minute": null, "limit_per_day": null,
    });
    assert_eq!(differing(&set, &after), cleared);
    // On creation, null means missing.
    let (_, path, _) = issued(portal, json!({ "metadata": null, "expires_at": null })).await;
    assert_eq!(portal.manage(&path, &token, None).await.json()["metadata"], json!({}));
}

async fn metadata_is_merged(portal: &TestPortal) {
    let (token, path, secret) =
        issued(portal, json!({ "metadata": { "team": "a", "tier": { "n": 1, "m": 2 } } })).await;
    let verdict = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
    assert_eq!(verdict["metadata"], json!({ "team": "a", "tier": { "n": 1, "m": 2 } }));
    let patch = json!({ "metadata": { "team": null, "tier": { "n": 3 }, "id": u64::MAX } });
    let answer = portal.patch(&path, &token, &patch).await;
    let merged = json!({ "tier": { "n": 3, "m": 2 }, "id": u64::MAX });
    assert_eq!((answer.status.as_u16(), &answer.json()["metadata"]), (200, &merged), "{}", answer.body);
    let verdict = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
    assert_eq!(verdict["metadata"], merged);
    let exact = r#"{"metadata": {"id": 18446744073709551616}}"#;
    let twice = r#"{"metadata": {"id": 1, "id": 2}}"#;
    let create = r#"{"label": "CI", "environment": "production", "scopes": ["read"], "metadata": {"id": 1, "id": 2}}"#;
    let app = answer.json()["app_id"].as_str().expect("an app's").to_owned();
    let keys = format!("/v1/apps/{app}/keys");
    for (method, path, body) in
        [(Method::PATCH, &path, exact), (Method::PATCH, &path, twice), (Method::POST, &keys, create)]
    {
        let refused = raw(portal, method, path, &token, "application/json", body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]),
            (422, &json!("/metadata")),
            "{body}"
        );
    }
}

async fn raw(portal: &TestPortal, method: Method, path: &str, token: &str, kind: &str, body: &str) -> Answer {
    let request = Client::request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_owned()));
    portal.send(request.expect("a request")).await
}

async fn wrong_fields_are_named_and_nothing_is_changed(portal: &TestPortal) {
    let (token, path, secret) = issued(portal, json!({ "signing_secret": false })).await;
    let before = portal.store.dump().await;
    let long = json!({ "a": "x".repeat(2_048) });
    for (patch, pointers) in [
        (json!({ "label": "" }), &["/label"][..]),
        (json!({ "label": null }), &["/label"]),
        (json!({ "label": format!("CI {secret}") }), &["/label"]),
        (json!({ "scopes": [] }), &["/scopes"]),
        (json!({ "scopes": ["fly"] }), &["/scopes"]),
        (json!({ "scopes": null }), &["/scopes"]),
        (json!({ "expires_at": "30" }), &["/expires_at"]),
        (json!({ "expires_at": "2026-11-22T06:00:00Z" }), &["/expires_at"]),
        (json!({ "expires_at": "2300-01-01T00:00:00Z" }), &["/expires_at"]),
        (json!({ "metadata": [] }), &["/metadata"]),
        (json!({ "metadata": long }), &["/metadata"]),
        (json!({ "metadata": { "key": secret } }), &["/metadata"]),
        (json!({ "addresses": ["moon"] }), &["/addresses"]),
        (json!({ "addresses": [secret] }), &["/addresses"]),
        (json!({ "addresses": "203.0.113.7" }), &["/addresses"]),
        (json!({ "addresses_enforced": null }), &["/addresses_enforced"]),
        (json!({ "require_signed": true }), &["/require_signed"]),
        (json!({ "limit_per_minute": 0 }), &["/limit_per_minute"]),
        (json!({ "limit_per_minute": 1_000_001 }), &["/limit_per_minute"]),
        (json!({ "limit_per_day": 1_000_000_001 }), &["/limit_per_day"]),
        (json!({ "limit_per_day": "7" }), &["/limit_per_day"]),
        (json!({ "paused": "yes" }), &["/paused"]),
        (json!({ "environment": "staging" }), &[""]),
        (json!({ "label": "Good", "limit_per_day": 1_000_000_001, "scopes": ["fly"] }), &["/scopes", "/limit_per_day"]),
    ] {
        let answer = portal.patch(&path, &token, &patch).await;
        assert_eq!(answer.status, 422, "{patch}: {}", answer.body);
        let errors = answer.json()["errors"].clone();
        let told: Vec<_> = errors.as_array().expect("a list").iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(told, pointers, "{patch}");
        assert!(!answer.body.contains(&secret), "{patch}");
    }
    let listed = raw(portal, Method::PATCH, &path, &token, "application/json", "[]").await;
    assert_eq!(listed.status, 422);
    assert_eq!(portal.patch(&format!("{path}?dry_run=1"), &token, &json!({})).await.status, 400);
    assert_eq!(portal.store.dump().await, before);
}

async fn an_ended_key_is_left_alone(portal: &TestPortal) {
    let (token, revoked, _) = issued(portal, json!({})).await;
    assert_eq!(portal.json(&format!("{revoked}/revoke"), &token, &json!({})).await.status, 200);
    let (_, expired, _) = issued(portal, json!({ "expires_at": "2026-11-22T06:05:00Z" })).await;
    portal.store.clock.turn(Duration::from_secs(300));
    let before = portal.store.dump().await;
    for (path, code) in [(&revoked, "key_revoked"), (&expired, "key_expired")] {
        for patch in [json!({}), json!({ "label": "Back" }), json!({ "expires_at": null }), json!({ "paused": true })] {
            let answer = portal.patch(path, &token, &patch).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (409, &json!(code)),
                "{patch}: {}",
                answer.body
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    assert_eq!(portal.store.dump().await, before);
}

async fn another_organizations_is_not_there(portal: &TestPortal) {
    let (token, path, _) = issued(portal, json!({})).await;
    let other = portal.made(&token, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let elsewhere = portal.token(true, Some(&other)).await;
    let verifies = portal.token(false, None).await;
    let before = portal.store.dump().await;
    for (token, status) in [(elsewhere.as_str(), 404), (&verifies, 403), ("sp_root_junk", 401)] {
        for patch in [json!({ "label": "Eve was here" }), json!({ "nothing": "fits" })] {
            assert_eq!(portal.patch(&path, token, &patch).await.status.as_u16(), status, "{patch}");
        }
    }
    assert_eq!(portal.store.dump().await, before);
}

async fn verifiers_hold_it_to_the_change_at_once(portal: &TestPortal) {
    let (token, path, secret) = issued(portal, json!({})).await;
    let code = async |ask: Value| {
        let mut ask = ask;
        ask["key"] = json!(secret);
        portal.json("/v1/keys/verify", &token, &ask).await.json()["code"].clone()
    };
    let write = || json!({ "scopes": ["write"], "ip": "198.51.100.7" });
    assert_eq!(code(write()).await, "valid", "in memory");
    for (patch, told) in [
        (json!({ "scopes": ["read"] }), "insufficient_scope"),
        (json!({ "scopes": ["write"] }), "valid"),
        (json!({ "paused": true }), "paused"),
        (json!({ "paused": false, "addresses": ["203.0.113.0/24"], "addresses_enforced": true }), "ip_denied"),
        (json!({ "addresses": null, "require_signed": true }), "signature_required"),
        (json!({ "require_signed": false, "limit_per_day": 1 }), "valid"),
        (json!({ "limit_per_day": null, "expires_at": "2026-11-22T06:05:00Z" }), "valid"),
    ] {
        assert_eq!(portal.patch(&path, &token, &patch).await.status, 200, "{patch}");
        assert_eq!(code(write()).await, told, "{patch}");
    }
    portal.store.clock.turn(Duration::from_secs(300));
    assert_eq!(code(write()).await, "expired");
}

async fn the_log_names_both_values(portal: &TestPortal) {
    let (token, path, _) = issued(portal, json!({})).await;
    let patch = json!({
        "label": "CD", "metadata": { "team": "a" }, "scopes": ["read"], "expires_at": "2026-12-24T17:00:00Z",
        "addresses": ["203.0.113.7"], "limit_per_day": 9, "paused": true,
    });
    assert_eq!(portal.patch(&path, &token, &patch).await.status, 200);
    let events = events(portal, &token, &path, 5).await;
    let told: Vec<_> = events.iter().map(|event| (event["action"].clone(), event["details"].clone())).collect();
    let expected = [
        (
            json!("key.edited"),
            json!({ "label": { "from": "CI", "to": "CD" }, "metadata": { "from": {}, "to": { "team": "a" } } }),
        ),
        (json!("key.scopes_changed"), json!({ "scopes": { "from": ["read", "write"], "to": ["read"] } })),
        (json!("key.expiry_changed"), json!({ "expires_at": { "from": null, "to": "2026-12-24T17:00:00Z" } })),
        (
            json!("key.restricted"),
            json!({ "addresses": { "from": [], "to": ["203.0.113.7"] }, "limit_per_day": { "from": null, "to": 9 } }),
        ),
        (json!("key.paused"), json!({})),
    ];
    assert_eq!(told, expected);
    let request = &events[0]["request_id"];
    assert!(request.is_string() && events.iter().all(|event| event["request_id"] == *request), "one request");
    assert!(events.iter().all(|event| event["actor_name"] == "Automation"));
    // A change without effect leaves no trace.
    let before = portal.store.dump().await;
    assert_eq!(portal.patch(&path, &token, &patch).await.status, 200);
    assert_eq!(portal.store.dump().await, before);
}

async fn a_merge_patch_is_taken_by_its_own_type(portal: &TestPortal) {
    let (token, path, _) = issued(portal, json!({})).await;
    for (kind, status) in [("application/merge-patch+json", 200), ("application/json", 200), ("text/plain", 415)] {
        let answer = raw(portal, Method::PATCH, &path, &token, kind, r#"{"label": "CD"}"#).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}");
    }
    let nothing = raw(portal, Method::PATCH, &path, &token, "application/json", "").await;
    assert_eq!(nothing.status, 400, "{}", nothing.body);
}
