//! `/v1/apps/{app_id}/capabilities`, `/v1/capabilities/verify` and `/.well-known/jwks.json`

use std::time::Duration;

use axum::{body::Body, http::Method};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    one_is_minted_and_verified,
    anybody_verifies_it_with_the_public_keys,
    fields_are_validated,
    what_is_no_token_of_ours_is_refused,
    requirements_are_held,
    what_was_revoked_is_refused_at_once,
    each_caller_sees_their_own,
    a_repeated_request_mints_once,
    a_key_of_the_app_mints_with_its_scope_alone,
    a_profile_without_modules_mints_nothing,
);

const VERIFY: &str = "/v1/capabilities/verify";

fn wanted() -> Value {
    json!({ "subject": "person-7", "modules": ["research", "focus"], "channels": ["stream"] })
}

async fn mint(portal: &TestPortal, token: &str, app: &str) -> String {
    let answer = portal.json(&format!("/v1/apps/{app}/capabilities"), token, &wanted()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["capability_token"].as_str().expect("text").to_owned()
}

async fn code(portal: &TestPortal, token: &str, asked: Value) -> String {
    let answer = portal.json(VERIFY, token, &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    assert_eq!(json["valid"], json["code"] == "valid");
    if json["valid"] == false {
        let nothing = json!({
            "valid": false, "code": json["code"], "subject": null, "app_id": null, "modules": [], "channels": [],
            "expires_at": null,
        });
        assert_eq!(json, nothing, "a refusal repeats nothing");
    }
    json["code"].as_str().expect("text").to_owned()
}

async fn one_is_minted_and_verified(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let answer = portal.json(&format!("/v1/apps/{app}/capabilities"), &token, &wanted()).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
    let minted = answer.json();
    assert_eq!(minted["expires_at"], "2026-11-23T06:00:00Z");
    let verified = portal.json(VERIFY, &token, &json!({ "token": minted["capability_token"], "app_id": app })).await;
    let expected = json!({
        "valid": true, "code": "valid", "subject": "person-7", "app_id": app, "modules": ["focus", "research"],
        "channels": ["stream"], "expires_at": "2026-11-23T06:00:00Z",
    });
    assert_eq!(verified.json(), expected);
    portal.store.clock.turn(Duration::from_secs(24 * 60 * 60));
    assert_eq!(code(portal, &token, json!({ "token": minted["capability_token"] })).await, "expired");
    let short = json!({ "subject": "person-7", "channels": ["export"], "expires_in": 60 });
    let short = portal.json(&format!("/v1/apps/{app}/capabilities"), &token, &short).await.json();
    assert_eq!(short["expires_at"], "2026-11-23T06:01:00Z");
}

async fn anybody_verifies_it_with_the_public_keys(portal: &TestPortal) {
    let none = portal.another().get("/.well-known/jwks.json").await;
    assert_eq!((none.status.as_u16(), none.json()), (200, json!({ "keys": [] })), "looking makes no key");
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let minted = mint(portal, &token, &app).await;
    let answer = portal.another().get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!((answer.header("content-type"), answer.header("set-cookie")), ("application/json", ""));
    let key = answer.json()["keys"][0].clone();
    let parts: Vec<_> = minted.split('.').collect();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
    let header: Value = serde_json::from_slice(&decode(parts[0])).expect("JSON");
    assert_eq!(header, json!({ "alg": "EdDSA", "kid": key["kid"], "typ": "sallyport-capability+jwt" }));
    let public = decode(key["x"].as_str().expect("text"));
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &decode(parts[2])).expect("signed");
    let claims: Value = serde_json::from_slice(&decode(parts[1])).expect("JSON");
    for (claim, value) in [
        ("iss", json!("http://127.0.0.1:3000")),
        ("aud", json!(app)),
        ("sub", json!("person-7")),
        ("iat", json!(1_795_327_200)),
        ("exp", json!(1_795_413_600)),
        ("epoch", json!(1)),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert_eq!(claims["minted_by"]["kind"], "root_token");
}

async fn fields_are_validated(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    for (body, pointers) in [
        (json!({}), vec!["/subject"]),
        (json!({ "subject": "ada" }), vec!["/modules"]),
        (json!({ "subject": "ada", "modules": ["flying"], "channels": ["smoke"] }), vec!["/modules", "/channels"]),
        (json!({ "subject": "ada", "modules": ["focus"], "expires_in": 59 }), vec!["/expires_in"]),
        (json!({ "subject": "ada", "modules": ["focus"], "expires_in": 2_592_001 }), vec!["/expires_in"]),
        (json!({ "subject": "a".repeat(201), "modules": ["focus"] }), vec!["/subject"]),
    ] {
        let answer = portal.json(&format!("/v1/apps/{app}/capabilities"), &token, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        let errors = answer.json()["errors"].clone();
        let found: Vec<_> = errors.as_array().expect("a list").iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(found, pointers, "{body}");
    }
    for body in [json!({ "subject": "ada", "modules": "focus" }), json!({ "subject": "ada", "module": ["focus"] })] {
        let answer = portal.json(&format!("/v1/apps/{app}/capabilities"), &token, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
    }
    for body in [json!({}), json!({ "token": "x", "scopes": [] }), json!({ "token": "x", "modules": "focus" })] {
        assert_eq!(portal.json(VERIFY, &token, &body).await.status, 422, "{body}");
    }
    let answer = portal.json(&format!("{VERIFY}?app_id={app}"), &token, &json!({ "token": "x" })).await;
    assert_eq!(answer.status, 400, "a requirement in the wrong place");
}

/// The token with another header, under the signature of the first one.
fn with_header(token: &str, change: impl Fn(&mut Value)) -> String {
    let (header, rest) = token.split_once('.').expect("parts");
    let mut header: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).expect("base64")).expect("JSON");
    change(&mut header);
    format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
}

async fn what_is_no_token_of_ours_is_refused(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let minted = mint(portal, &token, &app).await;
    let (signed, signature) = minted.rsplit_once('.').expect("parts");
    let unsigned = with_header(&format!("{signed}."), |header| header["alg"] = json!("none"));
    let of_mac = with_header(&minted, |header| header["alg"] = json!("HS256"));
    let of_type = with_header(&minted, |header| header["typ"] = json!("JWT"));
    let of_key = with_header(&minted, |header| header["kid"] = json!("A".repeat(43)));
    let (head, claims) = signed.split_once('.').expect("parts");
    let mut said: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    said["sub"] = json!("somebody else");
    let of_others = format!("{head}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(said.to_string()));
    for (text, expected) in [
        (String::new(), "malformed"),
        ("x.y.z".to_owned(), "malformed"),
        ("a".repeat(100_000), "malformed"),
        (token.clone(), "malformed"),
        (format!("{signed}."), "malformed"),
        (unsigned, "wrong_type"),
        (of_mac, "wrong_type"),
        (of_type, "wrong_type"),
        (of_key, "unknown_key"),
        (of_others, "wrong_signature"),
        (minted.clone(), "valid"),
    ] {
        assert_eq!(code(portal, &token, json!({ "token": text })).await, expected, "{text}");
    }
    // The same database at another address is another issuer.
    let moved = TestPortal::at(portal.store.restarted().await, "https://keys.example.com").await;
    let answer = moved.json(VERIFY, &token, &json!({ "token": minted })).await;
    assert_eq!(answer.json()["code"], "wrong_issuer", "{}", answer.body);
}

async fn requirements_are_held(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let minted = mint(portal, &token, &app).await;
    for (asked, expected) in [
        (json!({ "modules": ["focus", "research"], "channels": ["stream"] }), "valid"),
        (json!({ "modules": null, "channels": null, "app_id": null }), "valid"),
        (json!({ "modules": ["focus", "emotion"] }), "missing_module"),
        (json!({ "modules": ["flying"] }), "missing_module"),
        (json!({ "channels": ["export"] }), "missing_channel"),
        (json!({ "app_id": "app_other_kB8mPx" }), "app_mismatch"),
        (json!({ "app_id": "" }), "app_mismatch"),
    ] {
        let mut asked = asked;
        asked["token"] = json!(minted);
        assert_eq!(code(portal, &token, asked.clone()).await, expected, "{asked}");
    }
    // What the catalogue does not have any more grants nothing.
    let narrow = include_str!("../../../../examples/profiles/default.toml").replace("\"research\"]", "\"other\"]");
    let narrow = portal.with_profile(&narrow).await;
    let answer = narrow.json(VERIFY, &token, &json!({ "token": minted, "modules": ["focus"] })).await;
    assert_eq!(answer.json()["code"], "unknown_module", "{}", answer.body);
}

async fn what_was_revoked_is_refused_at_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let minted = mint(portal, &token, &app).await;
    let revoke = format!("/v1/apps/{app}/capabilities/revoke-all");
    let revoked = portal.json(&revoke, &token, &json!({ "reason": "Stolen" })).await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert!(revoked.json()["epoch"].as_i64().is_some_and(|epoch| epoch > 1), "{}", revoked.body);
    assert_eq!(code(portal, &token, json!({ "token": minted })).await, "revoked");
    let again = mint(portal, &token, &app).await;
    assert_eq!(code(portal, &token, json!({ "token": again })).await, "valid");
    assert_eq!(portal.json(&revoke, &token, &json!({ "reason": "a\nb" })).await.status, 422);
}

async fn each_caller_sees_their_own(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, _, _, app] = portal.managed(&token).await;
    let minted = mint(portal, &token, &app).await;
    let other = portal.made(&token, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let (here, elsewhere) = (portal.token(false, Some(&org)).await, portal.token(false, Some(&other)).await);
    assert_eq!(code(portal, &here, json!({ "token": minted })).await, "valid", "who verifies keys verifies these");
    assert_eq!(code(portal, &elsewhere, json!({ "token": minted })).await, "not_found");
    for caller in ["", "sp_root_junk", "sk_live_junk", minted.as_str()] {
        assert_eq!(portal.json(VERIFY, caller, &json!({ "token": minted })).await.status, 401, "{caller}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = Client::request(method.clone(), VERIFY).body(Body::empty()).expect("a request");
        assert_eq!(portal.another().send(request).await.status, 405, "{method}");
    }
}

async fn a_repeated_request_mints_once(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let ask = || async {
        let request = Client::request(Method::POST, &format!("/v1/apps/{app}/capabilities"));
        let request = request.header("authorization", format!("Bearer {token}")).header("idempotency-key", "one");
        let request = request.header("content-type", "application/json").body(Body::from(wanted().to_string()));
        portal.another().send(request.expect("a request")).await
    };
    let (first, second): (Answer, Answer) = (ask().await, ask().await);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 409), "{}", second.body);
    assert_eq!(second.json()["capability_id"], first.json()["capability_id"]);
}

async fn a_key_of_the_app_mints_with_its_scope_alone(portal: &TestPortal) {
    let scope = "[[scopes]]\nname = \"mint\"\ntitle = \"Mint\"\nmint_capabilities = true\n\n[plans.starter]";
    let text = include_str!("../../../../examples/profiles/default.toml").replacen("[plans.starter]", scope, 1);
    let portal = &portal.with_profile(&text).await;
    let token = portal.token(true, None).await;
    let [_, _, project, app] = portal.managed(&token).await;
    let sibling =
        portal.made(&token, &format!("/v1/projects/{project}/apps"), json!({ "name": "Other" }), "app_id").await;
    let issue = async |environment: &str, scopes: Value| {
        let key = json!({ "label": "CI", "environment": environment, "scopes": scopes });
        portal.json(&format!("/v1/apps/{app}/keys"), &token, &key).await.json()
    };
    let mints = issue("production", json!(["mint"])).await;
    let secret = mints["secret_key"].as_str().expect("shown").to_owned();
    let minted = mint(portal, &secret, &app).await;
    assert_eq!(code(portal, &token, json!({ "token": minted })).await, "valid");
    let path = format!("/v1/apps/{app}/capabilities");
    for (key, path, status) in [
        (&issue("production", json!(["admin"])).await, &path, 403),
        (&issue("development", json!(["mint"])).await, &path, 403),
        (&mints, &format!("/v1/apps/{sibling}/capabilities"), 404),
        (&mints, &format!("/v1/apps/{app}/capabilities/revoke-all"), 401),
        (&mints, &format!("/v1/apps/{app}/keys"), 401),
    ] {
        let answer = portal.json(path, key["secret_key"].as_str().expect("shown"), &wanted()).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    }
    // Revoked with what it minted.
    let key = mints["key_id"].as_str().expect("an id");
    portal.json(&format!("/v1/keys/{key}/revoke"), &token, &json!({})).await;
    assert_eq!(code(portal, &token, json!({ "token": minted })).await, "minter_ended");
    assert_eq!(portal.json(&path, &secret, &wanted()).await.status, 401);
}

async fn a_profile_without_modules_mints_nothing(portal: &TestPortal) {
    let portal = &portal.with_profile(include_str!("../../../../examples/profiles/helios.toml")).await;
    let token = portal.token(true, None).await;
    let [_, _, _, app] = portal.managed(&token).await;
    let before = portal.store.dump().await;
    let answer = portal.json(&format!("/v1/apps/{app}/capabilities"), &token, &wanted()).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    portal.store.settled().await;
    let after = portal.store.dump().await;
    assert_eq!(after["capability_keys"], before["capability_keys"]);
}
