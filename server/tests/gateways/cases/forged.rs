//! Forged headers and paths of clients.

use crate::{client, gateway::Kind, stage::Stage};

/// Headers that Sallyport sets, and spellings that some upstreams do not distinguish.
const IDENTITY: [&str; 11] = [
    "x-auth-mode",
    "X-Auth-Org-Id",
    "x-auth-app-id",
    "X-AUTH-SCOPES",
    "x-auth-status",
    "X_Auth_Mode",
    "X-Auth_Mode",
    "x_auth-mode",
    "X.Auth.Mode",
    "x~auth~mode",
    "X'Auth`Mode",
];

pub async fn a_client_cannot_name_itself(stage: Stage) {
    let secret = stage.key("testing", &["read"]);
    // A header that Sallyport does not set. nginx can't remove unknown names; its README says so.
    let unset = (!matches!(stage.kind, Kind::Nginx)).then_some("x-auth-unset");
    for name in IDENTITY.into_iter().chain(unset) {
        let headers = [("x-api-key", secret.as_str()), (name, "forged"), (name, "twice")];
        let answer = stage.send("GET /echo", &headers, "").await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert!(!answer.body.contains("forged") && !answer.body.contains("twice"), "{name}: {answer:?}");
        assert_eq!(answer.json()["headers"]["x-auth-mode"], serde_json::json!(["test"]));
    }
    let nobody = stage.send("GET /echo", &[("x-auth-mode", "live"), ("x-auth-key-id", "key_x")], "").await;
    assert_eq!(nobody.status, 401);
}

pub async fn what_a_client_says_of_its_request_changes_nothing(stage: Stage) {
    let secret = stage.key("testing", &["read"]);
    let forged = [
        ("x-original-method", "GET"),
        ("x-original-uri", "/public"),
        ("x-original-url", "https://x/public"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/public"),
        ("x-http-method-override", "GET"),
        ("x-envoy-original-path", "/public"),
        ("x-envoy-auth-partial-body", "false"),
        ("x-auth-status", "200"),
    ];
    for header in forged {
        let headers = [("x-api-key", secret.as_str()), header];
        assert_eq!(stage.send("DELETE /notes/1", &headers, "").await.status, 403, "{header:?}");
        assert_eq!(stage.send("GET /live/echo", &headers, "").await.status, 403, "{header:?}");
        assert_eq!(stage.send("GET /echo", &headers, "").await.status, 200, "{header:?}");
    }
    let all: Vec<_> = [("x-api-key", secret.as_str())].into_iter().chain(forged).collect();
    assert_eq!(stage.send("DELETE /notes/1", &all, "").await.status, 403);
}

/// A test key on a path for live keys only, in a spelling that this gateway may not recognize but the upstream may.
pub async fn a_path_written_in_another_way_reaches_nothing(stage: Stage) {
    let secret = stage.key("testing", &["read"]);
    for path in ["/echo/../live/echo", "/live/../live/echo", "/live/..%2flive/echo", "/a/..;/live/echo", "//live/echo"]
    {
        let answer = stage.send(&format!("GET {path}"), &[("x-api-key", secret.as_str())], "").await;
        assert_ne!(answer.status, 200, "{path}: {answer:?}");
    }
}

/// As headers of the connection they would be removed by the gateway (RFC 9110, section 7.6.1).
pub async fn a_client_cannot_have_identity_headers_removed(stage: Stage) {
    let secret = stage.key("testing", &["read"]);
    for named in ["X-Auth-Mode", "x-auth-app-id, X-Auth-Scopes", "close, X-Auth-Mode, X-Auth-Org-Id"] {
        let answer = stage.send("GET /echo", &[("x-api-key", secret.as_str()), ("connection", named)], "").await;
        if answer.status == 200 {
            for name in ["x-auth-mode", "x-auth-app-id", "x-auth-scopes", "x-auth-org-id"] {
                assert!(answer.json()["headers"][name][0].is_string(), "{named}: {name} is gone: {answer:?}");
            }
        }
    }
}

/// Uses a key's address list: its only address is the client's, or the forged one.
pub async fn what_a_client_says_of_its_address_is_not_believed(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let headers = [
        ("x-api-key", secret.as_str()),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-envoy-external-address", "203.0.113.9"),
    ];
    let id = stage.id(&secret).await;
    for (address, status) in [("203.0.113.9", 403), (client::ADDRESS, 200)] {
        stage.restrict(&id, &[("addresses", address), ("address_mode", "enforce")]);
        assert_eq!(stage.send("GET /echo", &headers, "").await.status, status, "{address} alone");
    }
}

/// With headers that some upstreams use instead of the checked method or path.
pub async fn a_client_cannot_ask_the_upstream_for_something_else(stage: Stage) {
    let secret = stage.key("testing", &["read"]);
    for name in ["x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"] {
        let answer = stage.send("GET /echo", &[("x-api-key", &secret), (name, "/forged")], "").await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()["headers"][name], serde_json::Value::Null, "{name}");
    }
}
