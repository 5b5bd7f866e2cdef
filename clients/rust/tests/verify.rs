//! What the client sends, and what it makes of answers: the vectors of all languages.

mod fake;

use std::time::Duration;

use fake::{FakePortal, valid, vectors};
use sallyport_client::{Client, RequestSignature, Required, Verification};
use serde_json::{Value, json};

fn told(verification: &Verification) -> Value {
    let limit = |limit: &Option<sallyport_client::RateLimit>| {
        limit.map(|limit| json!({"limit": limit.limit, "remaining": limit.remaining, "reset": limit.reset}))
    };
    match verification {
        Verification::Valid(valid) => json!({
            "valid": true, "code": "valid", "status": 200, "key_id": valid.key_id, "label": valid.label,
            "org_id": valid.org_id, "tenant_id": valid.tenant_id, "project_id": valid.project_id, "app_id": valid.app_id,
            "environment": valid.environment, "mode": valid.mode, "scopes": valid.scopes, "expires_at": valid.expires_at,
            "secret": valid.secret, "secret_expires_at": valid.secret_expires_at, "metadata": valid.metadata,
            "rate_limit": limit(&valid.rate_limit), "request_id": valid.request_id,
        }),
        Verification::Refused(refused) => json!({
            "valid": false, "code": refused.code, "status": refused.status, "error": refused.error,
            "rate_limit": limit(&refused.rate_limit), "retry_after": refused.retry_after, "request_id": refused.request_id,
        }),
    }
}

#[tokio::test]
async fn each_answer() {
    let file = vectors();
    let answers = file["answers"].as_array().expect("a list");
    assert!(answers.len() > 60);
    for vector in answers {
        let name = vector["name"].as_str().expect("text");
        let headers = vector["headers"].as_object().into_iter().flatten();
        let headers: String =
            headers.map(|(name, value)| format!("{name}: {}\r\n", value.as_str().expect("text"))).collect();
        let status = u16::try_from(vector["status"].as_u64().expect("a status")).expect("a status");
        let portal = FakePortal::always(status, &headers, vector["body"].as_str().expect("text")).await;
        let client = Client::new(&portal.url, "sp_root_hidden").expect("made");
        let answered = client.verify(Some("sk_live_hidden"), &Required::default()).await;
        if let Some(code) = vector["error"].as_str() {
            let error = answered.expect_err(name);
            assert_eq!(error.kind.code(), code, "{name}");
            assert_eq!(error.retry_after.map(u64::from), vector["retry_after"].as_u64(), "{name}");
            assert!(!format!("{error} {error:?}").contains("hidden"), "{name}");
            continue;
        }
        let (expected, verification) =
            (&vector["expected"], answered.unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_eq!(Value::Bool(verification.is_valid()), expected["valid"], "{name}");
        let told = told(&verification);
        for (field, value) in told.as_object().expect("an object") {
            assert_eq!(value, &expected[field], "{name}: {field}");
        }
        assert!(expected.as_object().expect("an object").keys().all(|field| told.get(field).is_some()), "{name}");
    }
}

#[tokio::test]
async fn each_request() {
    let portal = FakePortal::always(200, "", &valid()).await;
    let client = Client::new(&format!("{}/portal/", portal.url), "sp_root_1").expect("made");
    for vector in vectors()["requests"].as_array().expect("a list") {
        let given = &vector["arguments"];
        let text = |name: &str| given[name].as_str();
        let scopes: Vec<_> = given["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let body = br#"{"subject":"sub_1","steps":1024}"#;
        let signature = given["signature"].as_object().map(|signed| RequestSignature {
            timestamp: signed["timestamp"].as_str().expect("text"),
            signature: signed["signature"].as_str().expect("text"),
            body,
        });
        let required = Required {
            app_id: text("app_id"),
            scopes: &scopes,
            mode: text("mode"),
            ingestion: given["ingestion"] == true,
            method: text("method"),
            path: text("path"),
            any_path: given["any_path"] == true,
            ip: text("ip").map(|ip| ip.parse().expect("an address")),
            cost: given["cost"].as_u64().map(|cost| u32::try_from(cost).expect("small")),
            signature,
        };
        assert!(client.verify(text("key"), &required).await.expect("answered").is_valid());
        let request = portal.requests().pop().expect("asked");
        assert!(request.head.starts_with("POST /portal/v1/keys/verify HTTP/1.1\r\n"), "{}", request.head);
        assert!(request.head.contains("authorization: Bearer sp_root_1\r\n"), "{}", request.head);
        assert!(!request.head.to_lowercase().contains("x-other"), "{}", request.head);
        assert_eq!(request.json(), vector["body"], "{}", vector["name"]);
    }
}

#[test]
fn each_base_url() {
    for vector in vectors()["base_urls"].as_array().expect("a list") {
        let url = vector["url"].as_str().expect("text");
        let made = Client::new(url, "sp_root_1");
        assert_eq!(Value::Bool(made.is_ok()), vector["accepted"], "{url}");
        assert!(!made.is_err_and(|error| error.to_string().contains("secret")), "{url}");
    }
    assert!(Client::builder("http://sallyport:3000", "sp_root_1").allow_plain_http().build().is_ok());
}

#[test]
fn settings_that_are_refused() {
    let builder = || Client::builder("https://keys.example.com", "sp_root_1");
    for token in ["", "sp_root_1\r\nX-Other: 1", "sp root", "sp_root_ключ"] {
        let error = Client::new("https://keys.example.com", token).expect_err("refused");
        assert!(!error.to_string().contains("X-Other"));
    }
    assert!(builder().cache(Duration::from_millis(1001)).build().is_err());
    assert!(builder().timeout(Duration::ZERO).build().is_err());
    assert!(builder().timeout(Duration::from_secs(61)).build().is_err());
    assert!(!format!("{:?}", builder().build().expect("made")).contains("sp_root"));
}
