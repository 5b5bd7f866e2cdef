//! `POST /v1/keys/verify`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sallyport::audit::{Act, Actor};
use serde_json::json;

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_valid_key_returns_its_identity,
    each_refusal_has_its_code,
    unknown_and_malformed_look_alike,
    a_token_of_an_organization_sees_its_own_keys,
    a_revoked_token_is_refused,
    an_unknown_requirement_is_refused,
    bad_bodies_get_clear_answers,
    a_wrong_field_has_an_error_with_a_fix,
    a_requirement_in_the_query_is_not_passed_over,
    only_post_is_taken,
    an_ambiguous_path_is_refused,
    null_is_as_absent,
    closed_when_the_store_is_away,
);

async fn a_valid_key_returns_its_identity(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let answer =
        portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "scopes": ["read"], "app_id": app })).await;
    assert_eq!(answer.status, 200);
    let ids = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
    assert_eq!(
        answer.json(),
        json!({
            "valid": true, "code": "valid", "status": 200,
            "key_id": key, "label": "CI",
            "org_id": ids["org_id"], "tenant_id": ids["tenant_id"], "project_id": ids["project_id"], "app_id": app,
            "environment": "production", "mode": "live", "scopes": ["read"],
            "expires_at": null, "secret": "current", "secret_expires_at": null, "metadata": {},
            "rate_limit": { "limit": 6_000, "remaining": 5_999, "reset": 1_795_327_201 },
            "request_id": answer.header("x-request-id"),
        })
    );
}

async fn each_refusal_has_its_code(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let unknown = "sk_live_000000000000000000000000000000";
    let unknown = format!("{unknown}{}", crc(unknown));
    let mut cases = vec![
        (json!({}), "missing", 401),
        (json!({ "key": "" }), "missing", 401),
        (json!({ "key": "junk" }), "malformed", 401),
        (json!({ "key": format!("{}0", &secret[..43]) }), "malformed", 401),
        (json!({ "key": unknown }), "not_found", 401),
        (json!({ "key": secret, "app_id": "app_other_000000" }), "app_mismatch", 403),
        (json!({ "key": secret, "scopes": ["read", "write"] }), "insufficient_scope", 403),
        (json!({ "key": secret, "mode": "test" }), "mode_mismatch", 403),
        (json!({ "key": secret, "ingestion": true }), "ingestion_not_verified", 403),
    ];
    if secret.ends_with('0') {
        cases.remove(3);
    }
    for (body, code, status) in cases {
        assert_refused(portal, &token, &body, code, status).await;
    }
    let detail = portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "ingestion": true })).await.json();
    assert_eq!(detail["error"]["detail"], format!("App {app} is not verified for data ingestion."));
    portal.revoke(&key).await;
    assert_refused(portal, &token, &json!({ "key": secret }), "revoked", 401).await;

    let form = portal.panel(&app).await.with("environment", "testing").with("expires", "7");
    let page = portal.post(&format!("/apps/{app}/keys"), &form.fields()).await;
    let short = crate::portal::find(&page.body, "sk_test_", 44).expect("a key");
    let good = portal.json("/v1/keys/verify", &token, &json!({ "key": short })).await.json();
    assert_eq!(good["expires_at"], "2026-11-29T06:00:00Z");
    portal.store.clock.turn(Duration::from_secs(7 * 86_400));
    assert_refused(portal, &token, &json!({ "key": short }), "expired", 401).await;
}

fn crc(text: &str) -> String {
    String::from_utf8(sallyport::base62::six_digits(crc32fast::hash(text.as_bytes())).to_vec()).expect("ASCII")
}

async fn assert_refused(portal: &TestPortal, token: &str, body: &serde_json::Value, code: &str, status: u64) {
    let answer = portal.json("/v1/keys/verify", token, body).await;
    assert_eq!(answer.status, 200, "the question could be asked");
    let json = answer.json();
    assert_eq!(json["valid"], false, "{body}");
    assert_eq!((json["code"].as_str(), json["status"].as_u64()), (Some(code), Some(status)), "{body}");
    assert_eq!(json["error"]["status"], status);
    assert_eq!(json["error"]["request_id"], answer.header("x-request-id"));
    assert!(json.get("key_id").is_none());
}

async fn unknown_and_malformed_look_alike(portal: &TestPortal) {
    let token = portal.root_token().await;
    let unknown = "sk_live_000000000000000000000000000000";
    let unknown = format!("{unknown}{}", crc(unknown));
    let mut shown = Vec::new();
    for key in [unknown.as_str(), "junk", "sk_live_"] {
        let mut error = portal.json("/v1/keys/verify", &token, &json!({ "key": key })).await.json()["error"].clone();
        error["request_id"] = json!(null);
        shown.push(error);
    }
    assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "{shown:?}");
}

async fn a_token_of_an_organization_sees_its_own_keys(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let other = sallyport::id::OrgId::parse(&portal.org("Another").await).expect("an id");
    let made = portal.store.create_token(&Act::by(Actor::CommandLine), "theirs", false, Some(other)).await;
    let token = made.expect("made").1.expose().to_owned();
    assert_refused(portal, &token, &json!({ "key": secret }), "not_found", 401).await;
    // Nothing in the log of the organization that owns the key.
    portal.state.verifier.flush().await.expect("written");
    assert!(!portal.get(&format!("/apps/{app}/activity")).await.body.contains("Refused 401"));
}

async fn a_revoked_token_is_refused(portal: &TestPortal) {
    let act = Act::by(Actor::CommandLine);
    let (token, secret) = portal.store.create_token(&act, "test", false, None).await.expect("made");
    let body = json!({ "key": "junk" });
    let ask = || portal.json("/v1/keys/verify", secret.expose(), &body);
    assert_eq!(ask().await.status, 200);
    portal.store.revoke_token(&act, &token.id).await.expect("revoked");
    assert_eq!(ask().await.status, 401);
}

async fn an_unknown_requirement_is_refused(portal: &TestPortal) {
    let token = portal.root_token().await;
    for body in [json!({ "key": "x", "scope": "read" }), json!({ "key": "x", "signature": { "timestamp": 1 } })] {
        assert_eq!(portal.json("/v1/keys/verify", &token, &body).await.status, 422, "{body}");
    }
}

async fn bad_bodies_get_clear_answers(portal: &TestPortal) {
    let token = portal.root_token().await;
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Client::request(Method::POST, "/v1/keys/verify")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body));
        portal.send(request.expect("a request"))
    };
    let deep = format!("{{\"key\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    for (kind, body, status) in [
        ("text/plain", b"{}".to_vec(), 415),
        ("application/json", b"{".to_vec(), 400),
        ("application/json", b"".to_vec(), 400),
        ("application/json", b"\xff\xfe".to_vec(), 400),
        ("application/json", deep.into_bytes(), 422),
        ("application/json", b"{\"key\":7}".to_vec(), 422),
        ("application/json", b"{\"key\":\"a\",\"key\":\"b\"}".to_vec(), 422),
        ("application/json", vec![b' '; 300_000], 413),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let answer = send(kind, body).await;
        assert_eq!(answer.status, status, "{shown}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // A misplaced secret is not repeated, because responses are logged.
    for body in
        ["{\"mode\":\"sk_live_x\"}", "{\"sk_live_x\":1}", "{\"scopes\":\"`sk_live_x\"}", "{\"ip\":\"sk_live_x\"}"]
    {
        let answer = send("application/json", body.as_bytes().to_vec()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body.contains("line 1, column") && !answer.body.contains("sk_live"), "{}", answer.body);
    }
}

async fn a_wrong_field_has_an_error_with_a_fix(portal: &TestPortal) {
    let token = portal.root_token().await;
    let signature = |body: &str| json!({ "signature": { "timestamp": "1", "signature": "x", "body_base64": body } });
    let cases = [
        (json!({ "key": 7 }), "/key", "It has to be text."),
        (json!({ "scopes": "read" }), "/scopes", "It has to be a list."),
        (json!({ "scopes": ["read", 7] }), "/scopes/1", "It has to be text."),
        (json!({ "ingestion": "yes" }), "/ingestion", "It has to be true or false."),
        (json!({ "cost": 0 }), "/cost", "It has to be a whole number from 1 to 4294967295."),
        (json!({ "cost": "2" }), "/cost", "It has to be a whole number from 1 to 4294967295."),
        (json!({ "mode": "moon" }), "/mode", "It has to be live or test."),
        (json!({ "ip": "here" }), "/ip", "It has to be an address like 203.0.113.7 or 2001:db8::1."),
        (json!({ "signature": "x" }), "/signature", "It has to be an object."),
        (json!({ "signature": { "timestamp": "1" } }), "/signature", "The field signature is missing."),
        (signature("*"), "/signature/body_base64", "It is not base64 (RFC 4648, with its padding)."),
    ];
    for (body, pointer, detail) in cases {
        let answer = portal.json("/v1/keys/verify", &token, &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.json()["errors"], json!([{ "pointer": pointer, "detail": detail }]), "{body}");
        let whole = answer.json()["detail"].as_str().expect("a sentence").to_owned();
        assert!(whole.ends_with(detail) || pointer == "/signature/body_base64", "{whole}");
    }
    // serde_json reports invalid JSON for these.
    for (body, pointer) in [
        (json!({ "mode": 7 }), "/mode"),
        (json!({ "mode": ["live"] }), "/mode"),
        (json!({ "signature": ["1", "x", "", "y"] }), "/signature"),
    ] {
        let answer = portal.json("/v1/keys/verify", &token, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    // An unknown name may be a secret: the known ones are listed instead.
    let unknown = json!({ "signature": { "body, expected `it`": "sk_live_x" } });
    let told = portal.json("/v1/keys/verify", &token, &unknown).await.json()["errors"].clone();
    let detail = "It has an unknown field. It takes timestamp, signature, body_base64.";
    assert_eq!(told, json!([{ "pointer": "/signature", "detail": detail }]));
}

async fn a_requirement_in_the_query_is_not_passed_over(portal: &TestPortal) {
    let token = portal.root_token().await;
    let ask = async |path| portal.json(path, &token, &json!({ "key": "junk" })).await.status;
    assert_eq!(ask("/v1/keys/verify?scopes=admin").await, StatusCode::BAD_REQUEST);
    assert_eq!(ask("/v1/keys/verify?").await, StatusCode::OK);
}

async fn only_post_is_taken(portal: &TestPortal) {
    let answer = portal.get("/v1/keys/verify").await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    let told = answer.json();
    assert_eq!((&told["code"], &told["status"]), (&json!("method_not_allowed"), &json!(405)));
    assert_eq!(told["request_id"], answer.header("x-request-id"));
}

async fn an_ambiguous_path_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    for path in ["/leads#", "/x#/../admin/x", "//leads", "/x/../leads", "/x%2Fleads", "/leads;v=1", "leads"] {
        let mut asked = json!({ "key": secret, "method": "GET", "path": path });
        assert_refused(portal, &token, &asked, "insufficient_scope", 403).await;
        asked["any_path"] = json!(true);
        assert_eq!(portal.json("/v1/keys/verify", &token, &asked).await.json()["code"], "valid", "{path}");
    }
}

async fn null_is_as_absent(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let nulls = json!({
        "key": secret, "app_id": null, "scopes": null, "mode": null, "ingestion": null, "method": null, "path": null,
        "any_path": null, "ip": null, "cost": null, "signature": null,
    });
    assert_eq!(portal.json("/v1/keys/verify", &token, &nulls).await.json()["code"], "valid");
    assert_refused(portal, &token, &json!({ "key": null }), "missing", 401).await;
}

async fn closed_when_the_store_is_away(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    portal.store.close().await;
    let answer = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 503);
}
