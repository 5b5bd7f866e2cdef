//! What a client makes up.

use std::time::{Duration, Instant};

use crate::{client, gateway::Kind, server::between, stage::Stage};

/// Names that Sallyport sets, and what an upstream that reads variables takes for the same.
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
    // One that Sallyport does not set. nginx can't take away what it has no name for; its README says so.
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

/// The activity tells the address from which a key was refused.
pub async fn what_a_client_says_of_its_address_is_not_believed(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let forged = [
        ("x-api-key", secret.as_str()),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-envoy-external-address", "203.0.113.9"),
    ];
    assert_eq!(stage.send("DELETE /notes/1", &forged, "").await.status, 403);

    let home = stage.server().ask("GET", "/", &[], "").expect("answered");
    let org = between(&home, "location: ", '\r');
    let until = Instant::now() + Duration::from_secs(15);
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    // It is written a moment later; until then 127.0.0.1 alone did something.
    loop {
        let log = stage.server().ask("GET", &format!("{org}/activity"), &[], "").expect("answered");
        assert!(!log.contains("203.0.113.9"), "{log}");
        if log.contains(client::ADDRESS) {
            break;
        }
        assert!(Instant::now() < until, "the refusal is not told: {log}");
        ticks.tick().await;
    }
}
