//! `/v1/orgs/{org_id}/hygiene`

use std::time::Duration;

use serde_json::{Value, json};

use crate::portal::TestPortal;

crate::on_both_portals!(
    each_check_finds_its_keys,
    what_is_not_in_use_is_not_found,
    keys_come_in_parts,
    the_query_is_checked,
);

async fn issue(portal: &TestPortal, token: &str, app: &str, environment: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({ "label": "CI", "environment": environment, "scopes": scopes });
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), token, &body).await.json();
    let text = |name: &str| issued[name].as_str().expect("text").to_owned();
    (text("key_id"), text("secret_key"))
}

async fn hygiene(portal: &TestPortal, token: &str, org: &str, query: &str) -> Value {
    let answer = portal.manage(&format!("/v1/orgs/{org}/hygiene{query}"), token, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// How many keys a check finds, and which.
fn found(told: &Value, check: &str) -> (i64, Vec<String>) {
    let checks = told["checks"].as_array().expect("a list");
    let one = checks.iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("{check}: {told}"));
    let ids = one["keys"].as_array().expect("a list").iter();
    let ids = ids.map(|key| key["key_id"].as_str().expect("an id").to_owned()).collect();
    (one["count"].as_i64().expect("a number"), ids)
}

async fn each_check_finds_its_keys(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let (deletes, _) = issue(portal, &token, &app, "production", &["delete"]).await;
    let (admin, secret) = issue(portal, &token, &app, "production", &["admin"]).await;
    issue(portal, &token, &app, "staging", &["delete"]).await;
    issue(portal, &token, &app, "production", &["write"]).await;
    portal.store.clock.turn(Duration::from_secs(31 * 86_400));
    portal.state.verifier.poll().await.expect("polled");
    let told = hygiene(portal, &token, &org, "").await;
    let (n, mut ids) = found(&told, "can_delete_unused");
    let mut expected = vec![deletes.clone(), admin.clone()];
    ids.sort();
    expected.sort();
    assert_eq!((n, ids), (2, expected));
    assert_eq!((found(&told, "no_expiry").0, found(&told, "never_used").0), (4, 4));
    assert_eq!((found(&told, "signing_not_required").0, found(&told, "creator_left").0), (4, 0));
    // One is used, from eleven networks, and what is known of it changes.
    for n in 0..11 {
        let body = json!({ "key": secret, "scopes": ["read"], "ip": format!("203.0.{n}.7") });
        assert_eq!(portal.json("/v1/keys/verify", &token, &body).await.json()["valid"], true);
        if n == 9 {
            assert_eq!(found(&hygiene(portal, &token, &org, "").await, "many_networks").0, 0);
        }
    }
    portal.state.verifier.flush().await.expect("written");
    let told = hygiene(portal, &token, &org, "").await;
    assert_eq!(found(&told, "many_networks"), (1, vec![admin.clone()]));
    assert_eq!(found(&told, "can_delete_unused"), (1, vec![deletes.clone()]));
    assert_eq!(found(&told, "never_used").0, 3);
    let expires = json!({ "expires_at": "2027-06-01T00:00:00Z" });
    assert_eq!(portal.patch(&format!("/v1/keys/{deletes}"), &token, &expires).await.status, 200);
    assert_eq!(found(&hygiene(portal, &token, &org, "?check=no_expiry").await, "no_expiry").0, 3);
    // The networks of a month ago do not count.
    portal.store.clock.turn(Duration::from_secs(32 * 86_400));
    assert_eq!(found(&hygiene(portal, &token, &org, "").await, "many_networks").0, 0);
}

async fn what_is_not_in_use_is_not_found(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let (paused, _) = issue(portal, &token, &app, "production", &["read"]).await;
    let (revoked, _) = issue(portal, &token, &app, "production", &["read"]).await;
    let (used, _) = issue(portal, &token, &app, "production", &["read"]).await;
    assert_eq!(found(&hygiene(portal, &token, &org, "").await, "no_expiry").0, 3);
    let body = json!({ "paused": true });
    assert_eq!(portal.patch(&format!("/v1/keys/{paused}"), &token, &body).await.status, 200);
    assert_eq!(portal.json(&format!("/v1/keys/{revoked}/revoke"), &token, &json!({})).await.status, 200);
    assert_eq!(found(&hygiene(portal, &token, &org, "").await, "no_expiry"), (1, vec![used]));
    // Another organization's keys are none of this one's.
    let name = json!({ "name": "Other", "plan": "pro" });
    let other = portal.made(&token, "/v1/orgs", name, "org_id").await;
    assert_eq!(found(&hygiene(portal, &token, &other, "").await, "no_expiry").0, 0);
}

async fn keys_come_in_parts(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    for _ in 0..3 {
        issue(portal, &token, &app, "production", &["read"]).await;
        portal.store.clock.turn(Duration::from_secs(1));
    }
    let first = hygiene(portal, &token, &org, "?check=no_expiry&limit=2").await;
    let (n, mut ids) = found(&first, "no_expiry");
    assert_eq!((n, ids.len()), (3, 2));
    let cursor = first["checks"][0]["next_cursor"].as_str().expect("a next part");
    let rest = hygiene(portal, &token, &org, &format!("?check=no_expiry&limit=2&cursor={cursor}")).await;
    ids.extend(found(&rest, "no_expiry").1);
    ids.dedup();
    assert_eq!((ids.len(), &rest["checks"][0]["next_cursor"]), (3, &Value::Null));
}

async fn the_query_is_checked(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    for query in ["check=none", "cursor=x", "check=no_expiry&cursor=x", "limit=101", "checks=no_expiry"] {
        let answer = portal.manage(&format!("/v1/orgs/{org}/hygiene?{query}"), &token, None).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
}
