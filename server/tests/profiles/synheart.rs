//! Keys of apps, in `x-api-key`; ingestion for verified apps.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::plan::Plan;
use serde_json::json;

use crate::deployment::{Deployment, unknown};

/// The same claims under `alg: none`, as a runtime accepts them under its development flag alone.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("claims");
    let header = r#"{"alg":"none","typ":"sallyport-capability+jwt"}"#;
    format!("{}.{claims}.", BASE64_URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn synheart_does_what_its_document_says() {
    let server = Deployment::of("synheart").await;
    let org = server.org("Focus", Plan::Starter).await;
    let app = server.app(&org).await;
    let issued = server.key(&app, "production", &["read", "write"]).await;
    let key = issued.secret.expose();

    // SY-10: this header only.
    let passed = server.auth("?scope=read", &[("x-api-key", key)]);
    assert_eq!(passed.status, 200, "SY-10");
    assert_eq!((passed.header("x-auth-app-id"), passed.header("x-auth-org-id")), (app.id.as_str(), org.id.as_str()));
    let bearer = format!("Bearer {key}");
    assert_eq!(server.auth("", &[("authorization", &bearer)]).status, 401, "SY-10: Bearer is not documented");
    assert_eq!(server.auth(&format!("?key={key}"), &[]).status, 400, "SY-10: never in a query");

    // SY-10: 401 missing, malformed, unknown.
    let missing = server.auth("", &[]);
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, "ApiKey realm=\"Synheart\""));
    assert!(missing.json()["detail"].as_str().is_some_and(|detail| detail.contains("x-api-key")), "{}", missing.body);
    let bodies = [format!("{key}x"), "nonsense".to_owned(), unknown("sk_live_"), unknown("sk_test_")].map(|wrong| {
        let refused = server.auth("", &[("x-api-key", &wrong)]);
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (401, "application/problem+json"),
            "SY-10: {wrong}"
        );
        let mut body = refused.json();
        body["request_id"].take();
        body
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]), "SY-10: they tell nothing of one another");

    // SY-10: 403 valid, but not authorised.
    assert_eq!(server.auth("?scope=delete", &[("x-api-key", key)]).status, 403, "SY-10: a scope it lacks");
    for (method, status) in [("GET", 200), ("POST", 200), ("PUT", 200), ("PATCH", 200), ("DELETE", 403)] {
        assert_eq!(server.forwarded(method, "/sessions/7", &[("x-api-key", key)]).status, status, "SY-10: {method}");
    }
    let admin = server.key(&app, "staging", &["admin"]).await;
    let admin = [("x-api-key", admin.secret.expose())];
    assert_eq!(server.forwarded("DELETE", "/sessions/7", &admin).status, 200, "SY-3: admin is all");

    // SY-7: exactly this message, until an operator approves the app.
    let refused = server.auth("?ingestion=1", &[("x-api-key", key)]);
    let message = format!("App {} is not verified for data ingestion.", app.id);
    assert_eq!((refused.status, refused.json()["detail"].as_str()), (403, Some(message.as_str())), "SY-7");
    let told = server.verify(key, json!({ "ingestion": true }));
    assert_eq!((told["code"].as_str(), &told["error"]["detail"]), (Some("ingestion_not_verified"), &json!(message)));
    let verified = server.app(&org).await;
    server.store.verify_for_ingestion(&server.act, &verified, true).await.expect("verified");
    let pushing = server.key(&verified, "production", &["write"]).await;
    let pushed = server.auth("?ingestion=1&scope=write", &[("x-api-key", pushing.secret.expose())]);
    assert_eq!(pushed.status, 200, "SY-7");

    // SY-8: another app's id in the body.
    let refused = server.verify(key, json!({ "app_id": verified.id.as_str() }));
    assert_eq!((refused["code"].as_str(), refused["status"].as_u64()), (Some("app_mismatch"), Some(403)), "SY-8");
    assert_eq!(server.verify(key, json!({ "app_id": app.id.as_str() }))["valid"], true, "SY-8");

    // SY-11: the signature's headers, if the gateway forwards the body.
    let signed = [("x-api-key", key), ("x-synheart-signature", "00"), ("x-synheart-timestamp", "1")];
    assert_eq!(server.auth("?body=1", &signed).status, 401, "SY-11");
    let others = [("x-api-key", key), ("x-sallyport-signature", "00"), ("x-sallyport-timestamp", "1")];
    assert_eq!(server.auth("?body=1", &others).status, 200, "SY-11: other headers mean nothing");

    // SY-10: 429 too many.
    let busy = server.key(&app, "testing", &["read"]).await;
    assert_eq!(server.verify(busy.secret.expose(), json!({ "cost": 600 }))["valid"], true, "SY-10");
    let refused = server.verify(busy.secret.expose(), json!({ "cost": 300 }));
    assert_eq!((refused["code"].as_str(), refused["status"].as_u64()), (Some("rate_limited"), Some(429)), "SY-10");

    // SY-12: by hand.
    let refused = server.manage(&format!("/v1/keys/{}/rotate", issued.key.id), &json!({}));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("rotated_by_hand")), "SY-12");

    // SY-14: signed, naming subject, modules and channels; nobody mints who should not.
    let path = format!("/v1/apps/{}/capabilities", app.id);
    let wanted = json!({ "subject": "person-7", "modules": ["focus", "research"], "channels": ["stream"] });
    let minted = server.manage(&path, &wanted);
    assert_eq!(minted.status, 201, "SY-14: {}", minted.body);
    let token = minted.json()["capability_token"].as_str().expect("a token").to_owned();
    let told = |asked: serde_json::Value| server.manage("/v1/capabilities/verify", &asked).json();
    let verified_token = told(json!({ "token": token, "app_id": app.id.as_str(), "modules": ["focus"] }));
    let said = ["valid", "subject", "modules", "channels"].map(|field| verified_token[field].clone());
    assert_eq!(said, [json!(true), json!("person-7"), json!(["focus", "research"]), json!(["stream"])], "SY-14");
    for (asked, code) in [
        (json!({ "token": token, "modules": ["emotion"] }), "missing_module"),
        (json!({ "token": token, "channels": ["export"] }), "missing_channel"),
        (json!({ "token": token, "app_id": verified.id.as_str() }), "app_mismatch"),
        (json!({ "token": unsigned(&token) }), "wrong_type"),
        (json!({ "token": key }), "malformed"),
    ] {
        let refused = told(asked);
        assert_eq!((&refused["valid"], refused["code"].as_str()), (&json!(false), Some(code)), "SY-14");
    }
    let bearer = format!("Bearer {key}");
    assert_eq!(server.post(&path, &[("authorization", &bearer)], &wanted).status, 401, "SY-14: no key of an app mints");
    let keys = server.get("/.well-known/jwks.json", &[]).json();
    assert_eq!((&keys["keys"][0]["alg"], keys["keys"].as_array().map(Vec::len)), (&json!("EdDSA"), Some(1)), "SY-14");
    let revoked = server.manage(&format!("{path}/revoke-all"), &json!({})).json();
    assert!(revoked["epoch"].as_i64().is_some_and(|epoch| epoch > 1), "SY-14");
    assert_eq!(told(json!({ "token": token }))["code"], "revoked", "SY-14");

    // SY-9: the next request is 401.
    server.revoke(&issued);
    assert_eq!(server.auth("", &[("x-api-key", key)]).status, 401, "SY-9");
    assert_eq!(server.verify(key, json!({}))["code"], "revoked", "SY-9");
    server.end().await;
}
