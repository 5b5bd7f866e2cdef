//! `/v1/keys/{key_id}/suggestion`

use std::time::Duration;

use serde_json::{Value, json};

use crate::portal::TestPortal;

crate::on_both_portals!(
    what_was_used_is_suggested,
    what_is_not_known_is_not_suggested,
    a_method_is_covered_though_another_scope_was_named,
    only_thirty_days_count,
    enforced_addresses_stay,
);

async fn issue(portal: &TestPortal, token: &str, app: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({ "label": "CI", "environment": "production", "scopes": scopes });
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), token, &body).await.json();
    let text = |name: &str| issued[name].as_str().expect("text").to_owned();
    (text("key_id"), text("secret_key"))
}

async fn verify(portal: &TestPortal, token: &str, secret: &str, request: Value) {
    let mut body = request;
    body["key"] = secret.into();
    let answer = portal.json("/v1/keys/verify", token, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn suggestion(portal: &TestPortal, token: &str, key: &str) -> Value {
    let answer = portal.manage(&format!("/v1/keys/{key}/suggestion"), token, None).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    answer.json()
}

fn reasons(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let blocked = told["blocked"].as_array().expect("a list").iter();
    blocked.map(|one| (text(&one["part"]), text(&one["reason"]))).collect()
}

async fn what_was_used_is_suggested(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read", "write", "delete", "admin"]).await;
    let told = suggestion(portal, &token, &key).await;
    assert_eq!((&told["scopes"], &told["addresses"], &told["requests"]), (&json!([]), &json!([]), &json!(0)));
    assert_eq!(told["unused_scopes"], json!(["read", "write", "delete", "admin"]));
    let unused = |part: &str| (part.to_owned(), "unused".to_owned());
    assert_eq!(reasons(&told), [unused("scopes"), unused("addresses")]);
    for (scope, ip) in [("read", "203.0.113.7"), ("write", "203.0.113.9"), ("read", "2001:db8:1::7")] {
        verify(portal, &token, &secret, json!({ "scopes": [scope], "ip": ip })).await;
    }
    let told = suggestion(portal, &token, &key).await;
    assert_eq!(told["scopes"], json!(["read", "write"]));
    assert_eq!(told["unused_scopes"], json!(["delete", "admin"]));
    assert_eq!(told["addresses"], json!(["2001:db8:1::/48", "203.0.113.0/24"]));
    assert_eq!((&told["narrower"], &told["addresses_enforced"]), (&json!(true), &json!(false)));
    assert_eq!((&told["since"], &told["requests"]), (&json!("2026-11-22T06:00:00Z"), &json!(3)));
    assert_eq!(told["blocked"], json!([]));
}

async fn what_is_not_known_is_not_suggested(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read", "write"]).await;
    verify(portal, &token, &secret, json!({ "scopes": ["read"], "ip": "203.0.113.7" })).await;
    verify(portal, &token, &secret, json!({})).await;
    let told = suggestion(portal, &token, &key).await;
    let reason = |part: &str, reason: &str| (part.to_owned(), reason.to_owned());
    assert_eq!(reasons(&told), [reason("scopes", "unspecified"), reason("addresses", "no_address")]);
    assert_eq!((&told["scopes"], &told["addresses"], &told["unused_scopes"]), (&json!([]), &json!([]), &json!([])));
    assert_eq!(told["narrower"], json!(false));
    let (key, secret) = issue(portal, &token, &app, &["read"]).await;
    for n in 0..30 {
        verify(portal, &token, &secret, json!({ "scopes": ["read"], "ip": format!("203.0.{n}.7") })).await;
    }
    let told = suggestion(portal, &token, &key).await;
    assert_eq!(reasons(&told), [reason("addresses", "many_networks")]);
}

async fn a_method_is_covered_though_another_scope_was_named(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["admin"]).await;
    let request = json!({ "scopes": ["read"], "method": "DELETE", "path": "/leads/7", "ip": "203.0.113.7" });
    verify(portal, &token, &secret, request.clone()).await;
    let told = suggestion(portal, &token, &key).await;
    assert_eq!(told["scopes"], json!(["read", "delete"]));
    // A key as it is suggested accepts the same request.
    let scopes: Vec<_> = told["scopes"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let (narrower, secret) = issue(portal, &token, &app, &scopes).await;
    let enforced = json!({ "addresses": told["addresses"], "addresses_enforced": true });
    assert_eq!(portal.patch(&format!("/v1/keys/{narrower}"), &token, &enforced).await.status, 200);
    let mut body = request;
    body["key"] = secret.into();
    let answer = portal.json("/v1/keys/verify", &token, &body).await.json();
    assert_eq!(answer["valid"], json!(true), "{answer}");
}

async fn only_thirty_days_count(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read", "write"]).await;
    verify(portal, &token, &secret, json!({ "scopes": ["write"], "ip": "203.0.113.7" })).await;
    portal.state.verifier.flush_counts().await.expect("written");
    portal.store.clock.turn(Duration::from_secs(20 * 86_400));
    portal.state.verifier.poll().await.expect("polled");
    verify(portal, &token, &secret, json!({ "scopes": ["read"], "ip": "198.51.100.7" })).await;
    let told = suggestion(portal, &token, &key).await;
    assert_eq!((&told["unused_scopes"], &told["since"]), (&json!([]), &json!("2026-11-22T06:00:00Z")));
    portal.store.clock.turn(Duration::from_secs(11 * 86_400));
    let told = suggestion(portal, &token, &key).await;
    assert_eq!((&told["scopes"], &told["addresses"]), (&json!(["read"]), &json!(["198.51.100.0/24"])));
    assert_eq!((&told["unused_scopes"], &told["since"]), (&json!(["write"]), &json!("2026-11-23T00:00:00Z")));
}

async fn enforced_addresses_stay(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [.., app] = portal.managed(&token).await;
    let (key, secret) = issue(portal, &token, &app, &["read"]).await;
    let enforced = json!({ "addresses": ["203.0.113.7"], "addresses_enforced": true });
    assert_eq!(portal.patch(&format!("/v1/keys/{key}"), &token, &enforced).await.status, 200);
    for ip in ["203.0.113.7", "198.51.100.7"] {
        verify(portal, &token, &secret, json!({ "scopes": ["read"], "ip": ip })).await;
    }
    let told = suggestion(portal, &token, &key).await;
    assert_eq!((&told["addresses"], &told["addresses_enforced"]), (&json!(["203.0.113.7"]), &json!(true)));
    assert_eq!(told["narrower"], json!(false));
}
