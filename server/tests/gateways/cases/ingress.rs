//! The behaviour behind ingress-nginx, which sends the client's whole address.

use crate::stage::Stage;

pub async fn the_whole_address_is_checked(mut stage: Stage) {
    let [live, test] = ["production", "testing"].map(|environment| stage.key(environment, &["read"]));
    let answer = stage.send("GET /echo/7?x=%2F", &[("x-api-key", &live), ("x-auth-mode", "forged")], "").await;
    assert_eq!((answer.status, &answer.json()["path"]), (200, &"/echo/7?x=%2F".into()), "{answer:?}");
    assert_eq!(answer.json()["headers"]["x-auth-mode"], serde_json::json!(["live"]));
    assert_eq!(answer.json()["headers"]["x-auth-app-id"], serde_json::json!([stage.app]));
    assert_eq!(stage.send("GET /echo", &[], "").await.status, 401);
    assert_eq!(stage.status("GET /live/echo", &test).await, 403);
    assert_eq!(stage.status("GET /live/echo?mode=test", &test).await, 403);
    for forged in [
        ("x-original-url", "https://x/echo"),
        ("x-original-uri", "/echo"),
        ("x-original-method", "GET"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/echo"),
        ("host", "x/echo?"),
        ("host", "x#"),
    ] {
        let deleted = stage.send("DELETE /notes/1", &[("x-api-key", &live), forged], "").await;
        assert!(deleted.status >= 400, "{forged:?}: {deleted:?}");
        let tested = stage.send("GET /live/echo", &[("x-api-key", &test), forged], "").await;
        assert!(tested.status >= 400, "{forged:?}: {tested:?}");
    }
    assert_eq!(stage.status("DELETE /notes/1", &live).await, 403, "the client's own method");
    // Ambiguous: 400, which nginx does not distinguish.
    for path in ["/echo/../live/echo", "//live/echo", "/live/..%2flive/echo"] {
        assert_eq!(stage.status(&format!("GET {path}"), &live).await, 500, "{path}");
    }
    let id = stage.id(&live).await;
    stage.server().form(&format!("/keys/{id}/revoke"), &[("reason", "")]).expect("answered");
    assert_eq!(stage.status("GET /echo", &live).await, 401, "at once");
    stage.server.take().expect("there").kill();
    assert_eq!(stage.status("GET /echo", &test).await, 500, "closed");
}
