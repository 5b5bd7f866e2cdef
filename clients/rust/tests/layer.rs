//! The tower layer: what it asks, what it refuses, and what the application sees.

mod fake;

use std::net::SocketAddr;

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    response::Response,
    routing::any,
};
use fake::{FakePortal, refused, valid};
use http::{HeaderMap, StatusCode};
use sallyport_client::{Client, Valid, VerificationLayer};
use serde_json::{Value, json};
use tower::ServiceExt;

async fn handler(Extension(valid): Extension<Valid>, body: Bytes) -> String {
    format!("{} {}", valid.key_id, String::from_utf8_lossy(&body))
}

struct Asked {
    response: Response,
    portal: Vec<Value>,
}

impl Asked {
    fn status(&self) -> StatusCode {
        self.response.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    async fn body(self) -> String {
        let body = axum::body::to_bytes(self.response.into_body(), 100_000).await.expect("read");
        String::from_utf8_lossy(&body).into_owned()
    }
}

async fn ask(
    answer: (u16, &str),
    request: Request,
    options: impl FnOnce(VerificationLayer) -> VerificationLayer,
) -> Asked {
    let portal = FakePortal::always(answer.0, "", answer.1).await;
    let layer = options(VerificationLayer::new(Client::new(&portal.url, "t").expect("made")));
    let inner = Router::new().route("/leads", any(handler)).layer(layer);
    let response = Router::new().nest("/api", inner).oneshot(request).await.expect("infallible");
    Asked { response, portal: portal.requests().iter().map(fake::Request::json).collect() }
}

fn request(headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    let mut request = Request::post("/api/leads?x=1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

const KEY: (&str, &str) = ("x-api-key", "sk_live_1");

#[tokio::test]
async fn a_valid_key_reaches_the_application() {
    let mut asked = request(&[KEY], "hello");
    let address: SocketAddr = "[::ffff:203.0.113.7]:5".parse().expect("an address");
    asked.extensions_mut().insert(ConnectInfo(address));
    let asked =
        ask((200, &valid()), asked, |layer| layer.app_id("app_1").scopes(["write"]).mode("live").ingestion()).await;
    let expected = json!({
        "key": "sk_live_1", "app_id": "app_1", "scopes": ["write"], "mode": "live", "ingestion": true,
        "method": "POST", "path": "/api/leads", "ip": "203.0.113.7",
    });
    assert_eq!(asked.portal, [expected]);
    assert_eq!(
        (asked.status(), &asked.headers()["x-ratelimit-remaining"]),
        (StatusCode::OK, &"599".parse().expect("a value"))
    );
    assert_eq!(asked.body().await, "key_7Hq2aB3cD4eF5gH6 hello");
}

#[tokio::test]
async fn a_refusal_is_answered_as_the_portal_says() {
    let limited = json!({
        "valid": false, "code": "rate_limited", "status": 429, "error": {"type": "about:blank", "title": "Too Many Requests"},
        "rate_limit": {"limit": 600, "remaining": 0, "reset": 1_795_327_201}, "retry_after": 7, "request_id": "r",
    });
    let asked = ask((200, &limited.to_string()), request(&[KEY], ""), |layer| layer).await;
    assert_eq!(asked.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(asked.headers()["retry-after"], "7");
    assert_eq!(asked.headers()["content-type"], "application/problem+json");
    assert_eq!(asked.headers()["x-ratelimit-limit"], "600");
    assert_eq!(asked.body().await, limited["error"].to_string());
    let challenge = |layer: VerificationLayer| layer.challenge("ApiKey".parse().expect("a value"));
    let asked = ask((200, &refused("revoked", 401)), request(&[KEY], ""), challenge).await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(asked.headers()["www-authenticate"], "ApiKey");
    assert_eq!(asked.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn no_answer_is_503() {
    for status in [302, 400, 401, 500, 503] {
        let asked = ask((status, &valid()), request(&[KEY], ""), |layer| layer).await;
        assert_eq!(asked.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(asked.headers()["retry-after"], "1");
        assert!(!asked.body().await.contains("key_"));
    }
}

#[tokio::test]
async fn where_the_key_is() {
    let key = async |headers: &[(&str, &str)]| {
        ask((200, &valid()), request(headers, ""), |layer| layer).await.portal[0]["key"].as_str().map(str::to_owned)
    };
    assert_eq!(key(&[("authorization", "Bearer sk_live_2")]).await.as_deref(), Some("sk_live_2"));
    assert_eq!(key(&[("authorization", "bearer  sk_live_2 ")]).await.as_deref(), Some("sk_live_2"));
    assert_eq!(key(&[("authorization", "Bearer other"), KEY]).await.as_deref(), Some("sk_live_1"));
    assert_eq!(key(&[("x-api-key", "a"), ("x-api-key", "b")]).await.as_deref(), Some("a, b"));
    assert_eq!(key(&[("authorization", "Basic c2tfbGl2ZV8x")]).await, None);
    assert_eq!(key(&[("x-api-key", " ")]).await, None);
    assert_eq!(key(&[]).await, None);
}

#[tokio::test]
async fn a_signed_request() {
    let headers = [KEY, ("x-sallyport-timestamp", "1"), ("x-sallyport-signature", "ab")];
    let signed = |layer: VerificationLayer| layer.signed(100);
    let asked = ask((200, &valid()), request(&headers, "hello"), signed).await;
    let expected = json!({"timestamp": "1", "signature": "ab", "body_base64": "aGVsbG8="});
    assert_eq!(asked.portal[0]["signature"], expected);
    assert_eq!(asked.body().await, "key_7Hq2aB3cD4eF5gH6 hello");
    let asked = ask((200, &valid()), request(&headers[..2], ""), signed).await;
    assert_eq!(asked.portal[0]["signature"]["signature"], "");
    let asked = ask((200, &valid()), request(&headers[..1], ""), signed).await;
    assert_eq!(asked.portal[0]["signature"], Value::Null);
    let asked = ask((200, &valid()), request(&headers, "x".repeat(101)), signed).await;
    assert_eq!((asked.status(), asked.portal.len()), (StatusCode::PAYLOAD_TOO_LARGE, 0));
}

#[tokio::test]
async fn why_it_is_503_is_told() {
    let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
    let request = request(&[("x-api-key", "sk_live_1")], "");
    let asked = ask((401, "{}"), request, |layer| {
        layer.on_error(move |error| {
            let _ = send.send((error.kind.code(), format!("{error:?}")));
        })
    })
    .await;
    assert_eq!(asked.status(), StatusCode::SERVICE_UNAVAILABLE);
    let (code, shown) = told.recv().await.expect("told");
    assert_eq!(code, "token_refused");
    assert!(!shown.contains("sk_live_1"));
}
