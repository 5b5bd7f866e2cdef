//! The default profile: both headers, problem documents.

use sallyport::plan::Plan;
use serde_json::json;

use crate::deployment::Deployment;

#[tokio::test]
async fn the_default_accepts_both_headers_and_returns_problems() {
    let server = Deployment::of("default").await;
    let org = server.org("Focus", Plan::Pro).await;
    let app = server.app(&org).await;
    let issued = server.key(&app, "production", &["read"]).await;
    let key = issued.secret.expose();
    let bearer = format!("Bearer {key}");
    for headers in [[("x-api-key", key)], [("authorization", bearer.as_str())]] {
        let passed = server.auth("?scope=read&mode=live", &headers);
        assert_eq!((passed.status, passed.header("x-ratelimit-limit")), (200, "6000"));
    }
    let refused = server.auth("?scope=write", &[("x-api-key", key)]);
    let problem = json!({
        "type": "about:blank", "title": "Forbidden", "status": 403, "code": "forbidden",
        "detail": "This API key does not have the scope that this request needs: write.",
        "request_id": refused.header("x-request-id"),
    });
    refused.tells("a problem document", 403, &problem);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    for (environment, prefix) in
        [("development", "sk_test_"), ("staging", "sk_test_"), ("testing", "sk_test_"), ("other", "sk_test_")]
    {
        let issued = server.key(&app, environment, &["read"]).await;
        assert!(issued.secret.expose().starts_with(prefix));
        assert_eq!(server.verify(issued.secret.expose(), json!({ "mode": "live" }))["code"], "mode_mismatch");
    }
    server.end().await;
}
