//! The identity that the upstream receives for a valid key.

use crate::stage::Stage;

pub async fn a_good_key_is_named_to_the_upstream(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let answer = stage.send("GET /echo/7?x=%2F&x=1", &[("x-api-key", &secret), ("x-own", "kept")], "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let arrived = answer.json();
    assert_eq!((&arrived["method"], &arrived["path"]), (&"GET".into(), &"/echo/7?x=%2F&x=1".into()));
    let one = |name: &str| {
        let values = arrived["headers"][name].as_array().unwrap_or_else(|| panic!("{name} is not in {arrived}"));
        assert_eq!(values.len(), 1, "{name} in {arrived}");
        values[0].as_str().expect("text").to_owned()
    };
    assert_eq!(one("x-auth-app-id"), stage.app);
    for (name, beginning) in [("key", "key_"), ("org", "org_"), ("tenant", "ten_"), ("project", "prj_")] {
        assert!(one(&format!("x-auth-{name}-id")).starts_with(beginning), "{arrived}");
    }
    assert_eq!([one("x-auth-scopes"), one("x-auth-environment"), one("x-auth-mode")], ["read", "production", "live"]);
    assert_eq!(one("x-own"), "kept");

    let bearer = format!("Bearer {secret}");
    assert_eq!(stage.send("GET /echo", &[("authorization", &bearer)], "").await.status, 200);
}

/// The two data sets of the example: neither key can see, change or remove the other's.
pub async fn live_and_test_data_are_apart(stage: Stage) {
    let [live, test] = ["production", "testing"].map(|environment| stage.key(environment, &["admin"]));
    let add = |key: String, text: &'static str| {
        let stage = &stage;
        async move { stage.send("POST /notes", &[("x-api-key", &key)], text).await }
    };
    let (of_live, of_test) = (add(live.clone(), "real").await, add(test.clone(), "made up").await);
    assert_eq!((of_live.status, of_test.status), (201, 201), "{of_live:?} {of_test:?}");
    assert_eq!(add(test.clone(), "another").await.json()["id"], 2);

    let seen = stage.send("GET /notes", &[("x-api-key", &test)], "").await.json();
    assert_eq!(seen, serde_json::json!({ "mode": "test", "notes": { "1": "made up", "2": "another" } }));
    assert_eq!(stage.status("DELETE /notes/2", &live).await, 404, "not of its set");
    assert_eq!(stage.status("DELETE /notes/1", &test).await, 204);
    let seen = stage.send("GET /notes", &[("x-api-key", &live)], "").await.json();
    assert_eq!(seen, serde_json::json!({ "mode": "live", "notes": { "1": "real" } }));
}

/// Only the verifier's refusals are replaced.
pub async fn the_upstreams_own_errors_pass(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let answer = stage.send("GET /notes/none", &[("x-api-key", &secret)], "").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(stage.status("GET /notes/9", &secret).await, 404);
    assert_eq!(stage.status("GET /status/403", &secret).await, 403);
    assert_eq!(stage.status("GET /status/500", &secret).await, 500);
    assert_eq!(stage.status("GET /status/503", &secret).await, 503);
}

/// While a key is rotated, the upstream is told which secret a request had.
pub async fn the_upstream_is_told_which_secret_was_used(stage: Stage) {
    let old = stage.key("production", &["read"]);
    let key = stage.id(&old).await;
    let used = |secret: String| {
        let stage = &stage;
        async move {
            let sent = [("x-api-key", secret.as_str()), ("x-auth-secret", "made up")];
            stage.send("GET /echo", &sent, "").await.json()["headers"]["x-auth-secret"].clone()
        }
    };
    assert_eq!(used(old.clone()).await, serde_json::json!(["current"]));
    let new = stage.rotate(&key);
    assert_eq!(used(new).await, serde_json::json!(["current"]));
    assert_eq!(used(old).await, serde_json::json!(["previous"]));
}
