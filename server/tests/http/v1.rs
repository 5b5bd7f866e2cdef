//! `/v1/…`

mod addresses;
mod approvals;
mod apps;
mod audit;
mod auth;
mod capabilities;
mod hygiene;
mod idempotency;
mod imports;
mod ingestion;
mod invitations;
pub mod isolation;
mod key_policy;
mod keys;
mod leaks;
mod limits;
mod members;
mod openapi;
mod orgs;
mod outages;
mod projects;
mod races;
mod revocation;
mod service_accounts;
mod signatures;
mod suggestion;
mod tenants;
mod token;
mod trust_rules;
mod usage;
mod verify;
mod webhooks;

use axum::{body::Body, http::Method};

use crate::{
    client::Client,
    middleware::headers::{assert_guarded, without_what_differs},
    portal::TestPortal,
};

crate::on_both_portals!(errors_are_problem_documents, cookies_mean_nothing, every_answer_is_for_machines);

async fn errors_are_problem_documents(portal: &TestPortal) {
    for (method, path, status, code) in [
        (Method::GET, "/v1", 404, "not_found"),
        (Method::GET, "/v1/", 404, "not_found"),
        (Method::GET, "/v1/none", 404, "not_found"),
        (Method::GET, "/v1/keys/verify", 405, "method_not_allowed"),
        (Method::POST, "/v1/keys/verify", 401, "unauthorized"),
    ] {
        let request = Client::request(method.clone(), path).body(Body::empty()).expect("a request");
        let answer = portal.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let json = answer.json();
        assert_eq!((json["status"].as_u64(), json["code"].as_str()), (Some(status.into()), Some(code)));
        assert_eq!(json["request_id"], answer.header("x-request-id"));
        assert!(json["title"].is_string() && json["detail"].is_string() && json["type"].is_string());
    }
}

async fn cookies_mean_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let answer = portal.json("/v1/keys/verify", "", &serde_json::json!({ "key": "x" })).await;
    assert_eq!(answer.status, 401, "a signed-in browser is no root token");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

/// Every endpoint, in every way, with and without the cookies of a signed-in person: the same response, never a page.
async fn every_answer_is_for_machines(portal: &TestPortal) {
    portal.set_up().await;
    let nobody = portal.another();
    for path in ["/v1", "/v1/", "/v1/none", "/v1/auth", "/v1/auth?scope=read", "/v1/keys/verify"] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let what = format!("{method} {path}");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let request = || Client::request(method.clone(), path).body(Body::empty()).expect("a request");
            let answer = portal.send(request()).await;
            assert!((400..500).contains(&answer.status.as_u16()), "{what}: {}", answer.status);
            assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
            assert_eq!(answer.header("set-cookie"), "", "{what}");
            assert_guarded(&answer, &what);
            let unknown = nobody.send(request()).await;
            assert_eq!(answer.status, unknown.status, "{what}");
            assert_eq!(without_what_differs(&answer), without_what_differs(&unknown), "{what}");
        }
    }
}
