//! `/v1/orgs/{org_id}/key-policy`

use serde_json::json;

use crate::{key_rules::put, portal::TestPortal};

crate::on_both_portals!(rules_are_read_and_replaced, wrong_rules_are_named, a_change_meanwhile_is_kept);

async fn rules_are_read_and_replaced(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, .., app] = portal.managed(&token).await;
    let path = format!("/v1/orgs/{org}/key-policy");
    let read = async || portal.manage(&path, &token, None).await.json();
    let none = json!({
        "longest_lifetime": [], "default_expiry_days": null, "most_keys_per_app": null, "approval_environments": [],
        "approval_scopes": [], "pause_unused_days": null, "rotate_every_days": null, "addresses_in_production": false,
        "on_leak": "revoke", "version": 0,
    });
    assert_eq!(read().await, none);
    let rules = json!({
        "longest_lifetime": [{ "days": 365 }, { "environment": "production", "scope": "delete", "days": 30 }],
        "default_expiry_days": 90, "most_keys_per_app": 20, "approval_environments": ["staging", "production"],
        "approval_scopes": ["admin"], "pause_unused_days": 60, "rotate_every_days": 90, "addresses_in_production": true,
        "on_leak": "pause",
    });
    let set = put(portal, &path, &token, &rules).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let mut expected = rules.clone();
    expected["longest_lifetime"] = json!([
        { "environment": null, "scope": null, "days": 365 },
        { "environment": "production", "scope": "delete", "days": 30 },
    ]);
    // In the order of the profile.
    expected["approval_environments"] = json!(["production", "staging"]);
    expected["version"] = json!(1);
    assert_eq!((set.json(), read().await), (expected.clone(), expected));
    let log = portal.manage(&format!("/v1/orgs/{org}/audit"), &token, None).await.json();
    let event = &log["data"][0];
    assert_eq!(event["action"], "key_policy.changed");
    assert_eq!(
        (&event["details"]["from"]["most_keys_per_app"], &event["details"]["to"]["most_keys_per_app"]),
        (&json!(null), &json!(20))
    );
    // What is left out is not restricted any more.
    let cleared = put(portal, &path, &token, &json!({})).await.json();
    assert_eq!((&cleared["most_keys_per_app"], &cleared["version"]), (&json!(null), &json!(2)));
    // Only `/v1` fills the default in; an expiry that is named stays.
    put(portal, &path, &token, &json!({ "default_expiry_days": 10 })).await;
    let keys = format!("/v1/apps/{app}/keys");
    let mut body = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let made = portal.json(&keys, &token, &body).await.json();
    assert_eq!(made["expires_at"], "2026-12-02T06:00:00Z");
    body["expires_at"] = json!("2027-12-01T00:00:00Z");
    assert_eq!(portal.json(&keys, &token, &body).await.json()["expires_at"], "2027-12-01T00:00:00Z");
}

async fn wrong_rules_are_named(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let path = format!("/v1/orgs/{org}/key-policy");
    for (rules, pointer) in [
        (json!({ "longest_lifetime": [{ "days": 0 }] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": [{ "days": 3651 }] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": [{ "days": 1 }, { "days": 2 }] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": [{ "environment": "moon", "days": 2 }] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": [{ "scope": "fly", "days": 2 }] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": vec![json!({ "days": 2 }); 21] }), "/longest_lifetime"),
        (json!({ "longest_lifetime": [{ "days": 2, "x": 1 }] }), "/longest_lifetime/0"),
        (json!({ "default_expiry_days": 0 }), "/default_expiry_days"),
        (json!({ "default_expiry_days": 31, "longest_lifetime": [{ "days": 30 }] }), "/default_expiry_days"),
        (json!({ "most_keys_per_app": 0 }), "/most_keys_per_app"),
        (json!({ "most_keys_per_app": -1 }), "/most_keys_per_app"),
        (json!({ "approval_environments": ["moon"] }), "/approval_environments"),
        (json!({ "approval_scopes": ["fly"] }), "/approval_scopes"),
        (json!({ "pause_unused_days": 0 }), "/pause_unused_days"),
        (json!({ "rotate_every_days": 4000 }), "/rotate_every_days"),
        (json!({ "on_leak": "explode" }), "/on_leak"),
        (json!({ "rule": 1 }), ""),
    ] {
        let refused = put(portal, &path, &token, &rules).await;
        assert_eq!(refused.status, 422, "{rules}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{rules}: {}", refused.body);
    }
    assert_eq!(portal.manage(&path, &token, None).await.json()["version"], 0);
}

async fn a_change_meanwhile_is_kept(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, ..] = portal.managed(&token).await;
    let path = format!("/v1/orgs/{org}/key-policy");
    let set = async |most: u32, version: i64| {
        put(portal, &path, &token, &json!({ "most_keys_per_app": most, "version": version })).await
    };
    assert_eq!(set(5, 0).await.status, 200);
    let late = set(6, 0).await;
    assert_eq!((late.status.as_u16(), &late.json()["code"]), (409, &json!("changed_meanwhile")));
    assert_eq!(set(6, 1).await.json()["version"], 2);
}
