//! What endpoints are told by the running server: of keys, of a limit once, and of a leak.

use std::collections::BTreeMap;

use sallyport::{key::holder::Holder, plan::Plan};
use serde_json::{Value, json};

use crate::{deployment::Deployment, receiver::Receiver};

#[tokio::test]
async fn what_happens_to_a_key_is_told() {
    let server = Deployment::of("default").await;
    let org = server.org("Clinic", Plan::Starter).await;
    let receiver = Receiver::start();
    server.webhook(&org, &receiver.url);
    let app = server.app(&org).await;
    let issued = server.key(Holder::from(&app), "production", &["read"]).await;
    let (key, id) = (issued.secret.expose(), issued.key.id.to_string());
    assert_eq!(server.change(&format!("/v1/keys/{id}"), &json!({ "limit_per_minute": 1 })).status, 200);
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut bodies = String::new();
    let mut wait_for = |name: &str| {
        while !told.contains_key(name) {
            let (_, body) = receiver.next();
            let event: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(
                (&event["data"]["target_id"], &event["data"]["environment"]),
                (&json!(id), &json!("production"))
            );
            told.entry(event["type"].as_str().expect("a name").to_owned()).or_default().push(event);
            bodies += &body;
        }
    };
    let codes = [(); 3].map(|()| server.verify(key, json!({}))["code"].clone());
    assert_eq!(codes, ["valid", "rate_limited", "rate_limited"].map(Value::from));
    wait_for("key.limit_reached");
    // Once in an hour.
    assert_eq!(server.verify(key, json!({}))["code"], "rate_limited");
    let report = json!([{ "token": key, "url": "https://example.com/paste" }]);
    let reported = server.post("/v1/leaks", &[], &report);
    assert_eq!((reported.status, reported.json()), (202, json!({})), "{}", reported.body);
    wait_for("key.leaked");
    wait_for("key.revoked");
    let names: Vec<_> = told.keys().map(String::as_str).collect();
    let expected =
        ["key.first_used", "key.generated", "key.leaked", "key.limit_reached", "key.restricted", "key.revoked"];
    assert_eq!(names, expected);
    assert!(told.values().all(|events| events.len() == 1), "each once: {told:?}");
    let mut numbers: Vec<_> = told.values().map(|events| events[0]["data"]["sequence"].as_i64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=6).map(Some).collect::<Vec<_>>());
    for secret in [key, "CI", "Ada", "example.com"] {
        assert!(!bodies.contains(secret), "{secret}");
    }
    server.end().await;
}
