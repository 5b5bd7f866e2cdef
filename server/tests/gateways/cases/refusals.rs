//! The responses to refused clients.

use sallyport::{key::secret::PlainSecret, testing::SeededEntropy};

use crate::{client::Answer, stage::Stage};

/// A refusal in the verifier's format.
pub fn told(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), status == 401, "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["request_id"], answer.header("x-request-id"), "{answer:?}");
}

pub async fn a_key_that_is_missing_or_unknown_is_401(stage: Stage) {
    told(&stage.send("GET /notes", &[], "").await, 401);
    // One in the form of a key with a valid checksum, and one that is not.
    let unknown = PlainSecret::mint("sk_live_", &SeededEntropy::new(1));
    for key in [unknown.expose(), "junk"] {
        let answer = stage.send("POST /notes", &[("x-api-key", key)], "a note").await;
        told(&answer, 401);
        assert!(!answer.body.contains(key));
    }
}

pub async fn the_clients_own_method_is_checked(stage: Stage) {
    let [reads, writes, deletes] = ["read", "write", "delete"].map(|scope| stage.key("production", &[scope]));
    assert_eq!(stage.status("GET /notes", &reads).await, 200);
    told(&stage.send("DELETE /notes/1", &[("x-api-key", &reads)], "").await, 403);
    told(&stage.send("POST /notes", &[("x-api-key", &reads)], "a note").await, 403);
    assert_eq!(stage.send("POST /notes", &[("x-api-key", &writes)], "a note").await.status, 201);
    assert_eq!(stage.status("DELETE /notes/1", &writes).await, 403);
    assert_eq!(stage.status("DELETE /notes/1", &deletes).await, 204);
}

pub async fn the_requirements_of_a_route_are_checked(stage: Stage) {
    let [live, test] = ["production", "testing"].map(|environment| stage.key(environment, &["read"]));
    assert_eq!(stage.status("GET /live/echo", &live).await, 200);
    told(&stage.send("GET /live/echo", &[("x-api-key", &test)], "").await, 403);
    told(&stage.send("GET /live/echo?mode=test", &[("x-api-key", &test)], "").await, 403);
    assert_eq!(stage.status("GET /echo", &test).await, 200);
    told(&stage.send("GET /admin/echo", &[("x-api-key", &live)], "").await, 403);
    let admin = stage.key("production", &["admin"]);
    assert_eq!(stage.status("GET /admin/echo", &admin).await, 200);
    // Other spellings of the same path.
    for path in ["/x/../live/echo", "/%6cive/echo", "//live/echo", "/./live/echo"] {
        let answer = stage.send(&format!("GET {path}"), &[("x-api-key", &test)], "").await;
        let went_round = answer.status == 200 && answer.json()["path"].as_str().is_none_or(|arrived| arrived != path);
        assert!(!went_round, "{path}: {answer:?}");
    }
}

pub async fn a_revoked_key_is_refused_at_once(stage: Stage) {
    let secret = stage.key("production", &["read"]);
    let id = stage.id(&secret).await;
    stage.server().form(&format!("/keys/{id}/revoke"), &[("reason", "")]).expect("answered");
    told(&stage.send("GET /echo", &[("x-api-key", &secret)], "").await, 401);
}
