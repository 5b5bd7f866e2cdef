//! Permissions for changes: root tokens, and keys that manage their organization.

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
    a_key_never_changes_itself,
    a_key_gives_no_more_than_it_could_issue,
    limits_above_the_plan_are_operators,
);

/// Organizations own keys, and `admin` manages.
const MANAGING: &str = include_str!("../../../../../../examples/profiles/synaptiq.toml");

struct World {
    portal: TestPortal,
    token: String,
    /// The address of the organization's keys.
    keys: String,
}

impl World {
    async fn new(portal: &TestPortal) -> Self {
        let portal = portal.with_profile(MANAGING).await;
        let token = portal.token(true, None).await;
        let org = portal.made(&token, "/v1/orgs", json!({ "name": "Focus", "plan": "pro" }), "org_id").await;
        Self { portal, token, keys: format!("/v1/orgs/{org}/keys") }
    }

    async fn by(&self, method: Method, path: &str, credential: &str, body: &Value) -> Answer {
        let request = Client::request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {credential}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-forwarded-proto", "https")
            .body(Body::from(body.to_string()));
        self.portal.send(request.expect("a request")).await
    }

    /// The address of a key with that scope, and its secret.
    async fn key(&self, scope: &str, expires_at: Option<&str>) -> (String, String) {
        let body = json!({ "label": scope, "environment": "production", "scopes": [scope], "expires_at": expires_at });
        let answer = self.by(Method::POST, &self.keys, &self.token, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.location().to_owned(), answer.json()["secret_key"].as_str().expect("text").to_owned())
    }

    async fn patch(&self, path: &str, credential: &str, body: &Value) -> u16 {
        self.by(Method::PATCH, path, credential, body).await.status.as_u16()
    }
}

async fn a_key_never_changes_itself(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (own, secret) = world.key("admin", None).await;
    let before = world.portal.store.dump().await;
    for patch in [
        json!({}),
        json!({ "label": "Mine" }),
        json!({ "scopes": ["read"] }),
        json!({ "expires_at": "2026-12-24T17:00:00Z" }),
        json!({ "paused": true }),
    ] {
        let answer = world.by(Method::PATCH, &own, &secret, &patch).await;
        assert_eq!(answer.status, 403, "{patch}: {}", answer.body);
        assert!(answer.body.contains("A key can't change itself"), "{}", answer.body);
    }
    assert_eq!(world.portal.store.dump().await, before);
}

async fn a_key_gives_no_more_than_it_could_issue(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (_, secret) = world.key("admin", None).await;
    let (other, _) = world.key("admin", Some("2026-12-24T17:00:00Z")).await;
    let (lesser, lesser_secret) = world.key("read", Some("2026-12-24T17:00:00Z")).await;
    // A key that does not manage changes none.
    assert_eq!(world.patch(&other, &lesser_secret, &json!({ "label": "Mine" })).await, 403);
    // It may change another key to anything that it could issue.
    for patch in [json!({ "scopes": ["write"] }), json!({ "expires_at": null }), json!({ "paused": true })] {
        assert_eq!(world.patch(&lesser, &secret, &patch).await, 200, "{patch}");
    }
    assert_eq!(world.patch(&lesser, &secret, &json!({ "paused": false })).await, 200);
    // One that manages, it could not issue: neither by its scopes nor by a later expiry.
    let restricted = json!({ "addresses": ["203.0.113.0/24"], "addresses_enforced": true, "paused": true });
    assert_eq!(world.patch(&other, &secret, &restricted).await, 200, "less is no harm");
    assert_eq!(world.patch(&other, &secret, &json!({ "expires_at": "2026-12-01T00:00:00Z" })).await, 200);
    let before = world.portal.store.dump().await;
    for (path, patch) in [
        (&lesser, json!({ "scopes": ["admin"] })),
        (&other, json!({ "expires_at": null })),
        (&other, json!({ "expires_at": "2026-12-24T17:00:00Z", "label": "Longer" })),
        (&other, json!({ "addresses": null })),
        (&other, json!({ "addresses_enforced": false })),
        (&other, json!({ "paused": false })),
    ] {
        let answer = world.by(Method::PATCH, path, &secret, &patch).await;
        assert_eq!(answer.status, 403, "{patch}: {}", answer.body);
    }
    assert_eq!(world.portal.store.dump().await, before);
    assert_eq!(world.patch(&other, &secret, &json!({ "scopes": ["read"] })).await, 200, "and not back again");
    assert_eq!(world.patch(&other, &secret, &json!({ "scopes": ["admin"] })).await, 403);
    assert_eq!(world.patch(&other, &world.token, &json!({ "scopes": ["admin"], "paused": false })).await, 200);
}

async fn limits_above_the_plan_are_operators(portal: &TestPortal) {
    let world = World::new(portal).await;
    let (_, secret) = world.key("admin", None).await;
    let (other, _) = world.key("read", None).await;
    assert_eq!(world.patch(&other, &secret, &json!({ "limit_per_minute": 600 })).await, 200, "as the plan");
    let refused = world.by(Method::PATCH, &other, &secret, &json!({ "limit_per_minute": 601 })).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (422, &json!("/limit_per_minute")));
    assert_eq!(world.patch(&other, &world.token, &json!({ "limit_per_minute": 100_000 })).await, 200);
    // A limit set by an operator does not prevent other changes, and may be sent back unchanged.
    assert_eq!(world.patch(&other, &secret, &json!({ "label": "Loud", "limit_per_minute": 100_000 })).await, 200);
    assert_eq!(world.patch(&other, &secret, &json!({ "limit_per_minute": 100_001 })).await, 422);
}
