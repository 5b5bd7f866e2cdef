//! Scopes as methods, plans as limits, errors with links to the documentation.

use sallyport::{key::holder::Holder, org::Org, plan::Plan};
use serde_json::{Value, json};

use crate::deployment::{Deployment, unknown};

const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

/// Requests per minute of SQ-5.
const LIMITS: [(Plan, [(&str, u64); 3]); 3] = [
    (Plan::Starter, [("read", 120), ("write", 60), ("admin", 30)]),
    (Plan::Pro, [("read", 600), ("write", 300), ("admin", 150)]),
    (Plan::Enterprise, [("read", 3000), ("write", 1500), ("admin", 750)]),
];

fn error(code: &str, message: &str) -> Value {
    let doc_url = "https://synaptiqintel.com/docs/api-reference/authentication";
    json!({ "error": { "code": code, "message": message, "doc_url": doc_url } })
}

#[tokio::test]
async fn synaptiq_does_what_its_document_says() {
    let server = Deployment::of("synaptiq").await;
    let org = server.org("Leads", Plan::Pro).await;
    methods(&server, &org).await;
    sandbox(&server, &org).await;
    errors(&server, &org).await;
    managed(&server, &org);
    managing(&server, &org).await;
    managing_is_charged(&server).await;
    rotation(&server, &org).await;
    for (plan, row) in LIMITS {
        let org = server.org(plan.title(), plan).await;
        for (scope, limit) in row {
            limits(&server, &org, scope, limit).await;
        }
    }
    plain_http(&server, &org).await;
    server.end().await;
}

async fn bearer(server: &Deployment, org: &Org, environment: &str, scope: &str) -> String {
    let issued = server.key(Holder::Organization(org.clone()), environment, &[scope]).await;
    format!("Bearer {}", issued.secret.expose())
}

async fn methods(server: &Deployment, org: &Org) {
    for (scope, allowed) in [
        ("read", vec!["GET", "HEAD"]),
        ("write", vec!["GET", "HEAD", "POST", "PATCH", "PUT"]),
        ("admin", vec!["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]),
    ] {
        let bearer = bearer(server, org, "production", scope).await;
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let status = if allowed.contains(&method) { 200 } else { 403 };
            let answer = server.forwarded(method, "/api/v1/leads", &[HTTPS, ("authorization", &bearer)]);
            assert_eq!(answer.status, status, "SQ-1: {scope} {method}");
            let asked = json!({ "method": method, "path": "/api/v1/leads" });
            let told = server.verify(bearer.trim_start_matches("Bearer "), asked);
            assert_eq!(told["status"], status, "SQ-1: {scope} {method}");
        }
    }
}

async fn sandbox(server: &Deployment, org: &Org) {
    for (environment, prefix, mode) in [("production", "sk_live_", "live"), ("sandbox", "sk_test_", "test")] {
        let bearer = bearer(server, org, environment, "read").await;
        assert!(bearer.contains(prefix), "SQ-2: {environment}");
        let headers = [HTTPS, ("authorization", bearer.as_str())];
        assert_eq!(server.auth("", &headers).header("x-auth-mode"), mode, "SQ-2: {environment}");
        for asked in ["live", "test"] {
            let answer = server.auth(&format!("?mode={asked}"), &headers);
            if asked == mode {
                assert_eq!(answer.status, 200, "SQ-2: {environment} at {asked}");
            } else {
                let body = error("forbidden", "This API key belongs to the other environment.");
                answer.tells("SQ-2", 403, &body);
            }
        }
    }
}

async fn errors(server: &Deployment, org: &Org) {
    let unauthorized = error("unauthorized", "No valid API key was sent. Send one as Authorization: Bearer.");
    for headers in [
        vec![HTTPS],
        vec![HTTPS, ("authorization", "Bearer nonsense")],
        vec![HTTPS, ("authorization", "Basic eDp5")],
        vec![HTTPS, ("x-api-key", "sk_live_x")],
        vec![HTTPS, ("authorization", &format!("Bearer {}", unknown("sk_live_")))],
    ] {
        let refused = server.auth("", &headers);
        refused.tells("SQ-4", 401, &unauthorized);
        assert_eq!(refused.header("content-type"), "application/json", "SQ-4");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"Synaptiq\"", "SQ-4");
    }
    let issued = server.key(Holder::Organization(org.clone()), "production", &["read"]).await;
    let bearer = format!("Bearer {}", issued.secret.expose());
    let forbidden = error("forbidden", "The scope of this API key does not allow this method.");
    server.forwarded("DELETE", "/api/v1/leads", &[HTTPS, ("authorization", &bearer)]).tells("SQ-4", 403, &forbidden);
    let told = server.verify(issued.secret.expose(), json!({ "scopes": ["admin"] }));
    assert_eq!(told["error"], forbidden, "SQ-4");
    server.revoke(&issued);
    server.auth("", &[HTTPS, ("authorization", &bearer)]).tells("SQ-4: revoked", 401, &unauthorized);
    // An invalid request of a gateway has the same format.
    let refused = server.auth("?scopes=read", &[HTTPS, ("authorization", &bearer)]);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("bad_request")), "SQ-4");
}

/// An organization's key is issued over HTTP too, one with each scope.
fn managed(server: &Deployment, org: &Org) {
    let path = format!("/v1/orgs/{}/keys", org.id);
    let body = |scopes: &[&str]| json!({ "label": "Over HTTP", "environment": "production", "scopes": scopes });
    let issued = server.manage(&path, &body(&["write"]));
    assert_eq!(issued.status, 201, "SQ-1: {}", issued.body);
    let issued = issued.json();
    assert_eq!((&issued["org_id"], &issued["app_id"]), (&json!(org.id), &Value::Null), "SQ-1");
    let key = issued["secret_key"].as_str().expect("a secret");
    assert_eq!(server.verify(key, json!({ "method": "POST" }))["valid"], true, "SQ-1");
    assert_eq!(server.manage(&path, &body(&["read", "write"])).status, 422, "SQ-1: one scope for each key");
}

/// An admin key uses the management endpoints of its organization, and of no other.
async fn managing(server: &Deployment, org: &Org) {
    let admin = bearer(server, org, "production", "admin").await;
    let headers = [HTTPS, ("authorization", admin.as_str())];
    let named = [&headers[..], &[("idempotency-key", "first")]].concat();
    let keys = format!("/v1/orgs/{}/keys", org.id);
    let new = json!({ "label": "Of the admin key", "environment": "production", "scopes": ["read"] });
    let issued = server.post(&keys, &named, &new);
    assert_eq!(issued.status, 201, "SQ-1: {}", issued.body);
    let again = server.post(&keys, &named, &new);
    assert_eq!((again.status, &again.json()["key_id"]), (409, &issued.json()["key_id"]), "SQ-1: once");
    let listed = server.get("/v1/orgs", &headers).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "SQ-1: it sees its own");
    assert_eq!(listed["data"][0]["org_id"], json!(org.id), "SQ-1");
    let log = server.get(&format!("/v1/orgs/{}/audit", org.id), &headers).json();
    let made = log["data"].as_array().expect("events").iter().find(|event| event["actor_kind"] == "key");
    assert!(made.is_some(), "SQ-1: the log names the key: {log}");

    let other = server.org("Others", Plan::Pro).await;
    let theirs = server.key(Holder::Organization(other.clone()), "production", &["read"]).await;
    for path in [format!("/v1/orgs/{}/keys", other.id), format!("/v1/keys/{}/revoke", theirs.key.id)] {
        assert_eq!(server.post(&path, &headers, &new).status, 404, "SQ-1: {path}");
    }
    let org_of_its_own = json!({ "name": "Eve", "plan": "pro" });
    assert_eq!(server.post("/v1/orgs", &headers, &org_of_its_own).status, 403, "SQ-1: it can't make another");
    // Verification requires a root token.
    let asked = json!({ "key": theirs.secret.expose() });
    assert_eq!(server.post("/v1/keys/verify", &headers, &asked).status, 401, "SQ-1");
    assert_eq!(server.post(&keys, &headers[1..], &new).status, 403, "SQ-6: over plain HTTP");

    for (environment, scope) in [("production", "write"), ("production", "read"), ("sandbox", "admin")] {
        let bearer = bearer(server, org, environment, scope).await;
        let headers = [HTTPS, ("authorization", bearer.as_str())];
        for answer in [server.post(&keys, &headers, &new), server.get(&keys, &headers)] {
            assert_eq!(answer.status, 403, "SQ-1: {environment} {scope}: {}", answer.body);
        }
    }
    // It revokes itself, and is refused from then on.
    let mine = server.key(Holder::Organization(org.clone()), "production", &["admin"]).await;
    let bearer = format!("Bearer {}", mine.secret.expose());
    let headers = [HTTPS, ("authorization", bearer.as_str())];
    assert_eq!(server.post(&format!("/v1/keys/{}/revoke", mine.key.id), &headers, &json!({})).status, 200, "SQ-1");
    let refused = server.post(&keys, &headers, &new);
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("unauthorized")), "SQ-1: {}", refused.body);
}

/// A request is charged once, although both its path and its body check the caller.
async fn managing_is_charged(server: &Deployment) {
    let starter = server.org("Small", Plan::Starter).await;
    let admin = bearer(server, &starter, "production", "admin").await;
    let headers = [HTTPS, ("authorization", admin.as_str())];
    let (tenants, secret) = (format!("/v1/orgs/{}/tenants", starter.id), admin.trim_start_matches("Bearer "));
    for one in 0..10 {
        let made = server.post(&tenants, &headers, &json!({ "name": format!("Tenant {one}") }));
        assert_eq!(made.status, 201, "SQ-1: {}", made.body);
    }
    let left = &server.verify(secret, json!({}))["rate_limit"]["remaining"];
    let left = left.as_u64().expect("of 30");
    assert!(left >= 19, "SQ-5: {left} left after 11 requests");
    assert_eq!(server.verify(secret, json!({ "cost": left }))["valid"], true, "SQ-5");
    let refused = server.post(&tenants, &headers, &json!({ "name": "One more" }));
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate_limited")), "SQ-5: {}", refused.body);
    assert!(matches!(refused.header("retry-after"), "1" | "2"), "SQ-5");
}

async fn limits(server: &Deployment, org: &Org, scope: &str, limit: u64) {
    let row = format!("SQ-5: {:?} {scope}", org.plan);
    let issued = server.key(Holder::Organization(org.clone()), "production", &[scope]).await;
    let key = issued.secret.expose();
    let bearer = format!("Bearer {key}");
    let headers = [HTTPS, ("authorization", bearer.as_str())];
    let passed = server.auth("", &headers);
    assert_eq!((passed.status, passed.header("x-ratelimit-limit")), (200, limit.to_string().as_str()), "{row}");
    assert_eq!(passed.header("x-ratelimit-remaining"), (limit - 1).to_string(), "{row}");
    // At 30 a minute one is refilled every two seconds; shown in whole ones.
    let now = server.store.now().seconds() - 1;
    let reset: i64 = passed.header("x-ratelimit-reset").parse().expect("epoch seconds");
    assert!((now..=now + 4).contains(&reset), "{row}: {reset} at {now}");
    assert_eq!(passed.header("x-ratelimit-retryafter"), "", "{row}");

    // Half a minute's worth is more than what is refilled between two requests.
    assert_eq!(server.verify(key, json!({ "cost": limit - 1 }))["valid"], true, "{row}: as many as the limit pass");
    let told = server.verify(key, json!({ "cost": limit / 2 }));
    assert_eq!((&told["code"], &told["status"]), (&json!("rate_limited"), &json!(429)), "{row}");
    assert_eq!(told["rate_limit"]["limit"], limit, "{row}");

    // Per key: another with the same scope still has all of it.
    let other = server.key(Holder::Organization(org.clone()), "production", &[scope]).await;
    assert_eq!(server.verify(other.secret.expose(), json!({}))["rate_limit"]["remaining"], limit - 1, "{row}");
    if limit == 30 {
        // Here the next one is two seconds away.
        let refused = server.auth("", &headers);
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (429, &json!("rate_limited")), "{row}");
        assert!(matches!(refused.header("x-ratelimit-retryafter"), "1" | "2"), "{row}");
        assert_eq!(refused.header("retry-after"), refused.header("x-ratelimit-retryafter"), "{row}");
        assert_eq!(refused.header("x-ratelimit-remaining"), "0", "{row}");
    }
}

/// The old key works through a grace period; *Revoke Old Key* ends it early.
async fn rotation(server: &Deployment, org: &Org) {
    let issued = server.key(Holder::Organization(org.clone()), "production", &["read"]).await;
    let path = |what: &str| format!("/v1/keys/{}/{what}", issued.key.id);
    let rotated = server.manage(&path("rotate"), &json!({ "grace_seconds": 3600 }));
    assert_eq!(rotated.status, 201, "SQ-3: {}", rotated.body);
    let (old, new) = (issued.secret.expose(), rotated.json()["secret_key"].as_str().expect("a key").to_owned());
    let auth = |key: &str| server.auth("", &[HTTPS, ("authorization", &format!("Bearer {key}"))]);
    for (key, name) in [(old, "previous"), (&new, "current")] {
        let passed = auth(key);
        assert_eq!((passed.status, passed.header("x-auth-secret")), (200, name), "SQ-3");
    }
    let ended = server.manage(&path("end-previous"), &json!({}));
    assert_eq!(ended.status, 200, "SQ-3: {}", ended.body);
    let refused = auth(old);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!("unauthorized")), "SQ-3");
    assert_eq!(auth(&new).status, 200, "SQ-3");
}

async fn plain_http(server: &Deployment, org: &Org) {
    let bearer = bearer(server, org, "production", "read").await;
    let body = error("forbidden", "Plain HTTP is refused; send this request over https.");
    let key = ("authorization", bearer.as_str());
    for headers in [
        vec![key],
        vec![key, ("x-forwarded-proto", "http")],
        vec![key, ("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")],
        vec![key, ("x-forwarded-proto", "http, https")],
        vec![key, ("x-forwarded-proto", "https, http")],
        vec![key, ("x-forwarded-proto", "wss, ws")],
        vec![key, ("x-forwarded-proto", "ws")],
        vec![key, ("x-forwarded-proto", "https,")],
        vec![key, ("x-forwarded-proto", "")],
        vec![key, ("forwarded", "proto=https")],
    ] {
        server.auth("", &headers).tells("SQ-6", 403, &body);
    }
    assert_eq!(server.auth("", &[key, HTTPS]).status, 200, "SQ-6");
    for proto in ["wss", "WSS", "https, https", "https,wss"] {
        assert_eq!(server.auth("", &[key, ("x-forwarded-proto", proto)]).status, 200, "{proto}");
    }
}
