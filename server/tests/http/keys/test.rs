//! `/keys/{key_id}/test`

use sallyport::{id::KeyId, testing::sign};
use serde_json::json;

use crate::portal::{TestPortal, find};

crate::on_both_portals!(
    it_says_what_the_verifier_says,
    it_leaves_no_trace,
    every_check_is_shown,
    a_signature_is_tried_and_not_used_up,
    it_begins_with_a_refused_request,
    what_cannot_be_read_is_refused,
);

/// Sends the same request to the page and the verifier.
async fn it_says_what_the_verifier_says(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let app = app.to_string();
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("scopes", "read"), ("method", "GET"), ("path", "/leads"), ("mode", "live"), ("app_id", &app)],
        &[("scopes", "read"), ("scopes", "write")],
        &[("method", "DELETE"), ("path", "/leads/7")],
        &[("method", "GET"), ("path", "//leads")],
        &[("mode", "test"), ("scopes", "admin")],
        &[("app_id", "app_other_000000"), ("mode", "live")],
        &[("ingestion", "on")],
        &[("ip", "2001:db8::7"), ("timestamp", "7"), ("signature", "x")],
    ];
    let states: [&[&str]; 3] = [&[], &["pause"], &["resume", "revoke"]];
    for verbs in states {
        for verb in verbs {
            assert_eq!(portal.post(&format!("/keys/{key}/{verb}"), &[("reason", "")]).await.status, 303);
        }
        for typed in cases {
            let one = |name: &str| typed.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
            let scopes: Vec<_> = typed.iter().filter(|(name, _)| *name == "scopes").map(|(_, value)| *value).collect();
            let signature = one("timestamp")
                .map(|at| json!({ "timestamp": at, "signature": one("signature").expect("both"), "body_base64": "" }));
            let asked = json!({
                "key": secret, "scopes": scopes, "method": one("method"), "path": one("path"), "mode": one("mode"),
                "app_id": one("app_id"), "ip": one("ip"), "ingestion": one("ingestion").is_some(),
                "signature": signature,
            });
            let said = portal.json("/v1/keys/verify", &token, &asked).await.json();
            let page = portal.post(&format!("/keys/{key}/test"), typed).await;
            assert_eq!(page.status, 200, "{typed:?}");
            let code = format!("{} {}", said["status"], said["code"].as_str().expect("text"));
            assert!(page.body.contains(&code), "{typed:?}: {code}: {}", page.body);
            if let Some(detail) = said["error"]["detail"].as_str() {
                assert!(page.body.contains("HTTP/1.1 ") && page.body.contains(&detail[..20]), "{}", page.body);
            }
            assert_eq!(find(&page.body, "sk_live_", 44), None);
        }
    }
}

async fn it_leaves_no_trace(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    portal.state.verifier.flush().await.expect("written");
    let before = portal.store.dump().await;
    for typed in [&[("scopes", "read")], &[("scopes", "write")]] {
        assert_eq!(portal.post(&format!("/keys/{key}/test"), typed).await.status, 200);
    }
    portal.state.verifier.flush().await.expect("written");
    assert_eq!(portal.store.dump().await, before);
    let page = portal.get(&format!("/apps/{app}/activity/refused")).await.body;
    assert!(page.contains("No request was refused"));
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("never used"));

    // Testing does not use the limit: pro has 6,000 a minute.
    for _ in 0..3 {
        let page = portal.post(&format!("/keys/{key}/test"), &[]).await.body;
        assert!(page.contains("Of its limit of 6000 requests 5999 are left."), "{page}");
    }
    let answer = portal.auth("", &[("x-api-key", &secret)]).await;
    assert_eq!(answer.header("x-ratelimit-remaining"), "5999");
}

async fn every_check_is_shown(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let count = |page: &str, class: &str| page.matches(class).count();
    let page = portal.post(&format!("/keys/{key}/test"), &[("scopes", "read")]).await.body;
    assert!(page.contains("It would be accepted."));
    let all = sallyport::decision::Step::all().count();
    assert_eq!((count(&page, "check-passed"), count(&page, "check-failed")), (all, 0));
    // Failures after the first one are shown too.
    let typed = [("mode", "test"), ("scopes", "write"), ("ingestion", "on")];
    let page = portal.post(&format!("/keys/{key}/test"), &typed).await.body;
    assert!(page.contains("403 mode_mismatch") && page.contains("It would be refused"));
    assert_eq!((count(&page, "check-passed"), count(&page, "check-failed")), (all - 3, 3));
    assert!(page.contains("value=\"write\" checked"), "the form keeps what was asked: {page}");
}

async fn a_signature_is_tried_and_not_used_up(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let now = portal.store.now();
    let id = KeyId::parse(&key).expect("an id");
    let sealed = portal.store.signing_secrets(&id).await.expect("asked").expect("has one");
    let secrets = portal.store.open_signing(&sealed, now).expect("opened");
    let timestamp = now.seconds().to_string();
    let body = "two\nlines";
    let signature = sign(&secrets[0], &timestamp, body.as_bytes());
    // As browsers send it.
    let typed = [("timestamp", timestamp.as_str()), ("signature", &signature), ("body", "two\r\nlines")];
    let token = portal.root_token().await;
    let path = format!("/keys/{key}/test");
    for _ in 0..2 {
        let page = portal.post(&path, &typed).await.body;
        assert!(page.contains("It would be accepted."), "{page}");
        assert!(!page.contains(secrets[0].expose()));
    }
    let asked = json!({
        "key": secret,
        "signature": { "timestamp": timestamp, "signature": signature, "body_base64": "dHdvCmxpbmVz" },
    });
    assert_eq!(portal.json("/v1/keys/verify", &token, &asked).await.json()["code"], "valid", "it was not used up");
    assert!(portal.post(&path, &typed).await.body.contains("401 replayed"), "now it is");
    let packed = [("timestamp", timestamp.as_str()), ("signature", &signature), ("body", "dHdvCmxpbmVz")];
    let packed = [&packed[..], &[("body_kind", "base64")]].concat();
    assert!(portal.post(&path, &packed).await.body.contains("401 replayed"), "the same bytes");
    let other = [("timestamp", timestamp.as_str()), ("signature", &signature), ("body", "other")];
    let page = portal.post(&path, &other).await.body;
    assert!(page.contains("401 bad_signature") && page.contains("What was signed"));
}

async fn it_begins_with_a_refused_request(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let headers = [("x-api-key", secret.as_str()), ("x-original-method", "POST"), ("x-original-uri", "/leads?x=1")];
    let refused = portal.auth("?scope=write&mode=test", &headers).await;
    let page = portal.get(&format!("/keys/{key}/test?request={}", refused.header("x-request-id"))).await.body;
    for text in ["value=\"/leads\"", "value=\"write\" checked", "value=\"POST\" selected", "value=\"test\" selected"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // It does not affect another key's page.
    let (other, _) = portal.key(&app).await;
    let page = portal.get(&format!("/keys/{other}/test?request={}", refused.header("x-request-id"))).await.body;
    assert!(!page.contains("value=\"/leads\""));
}

async fn what_cannot_be_read_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let path = format!("/keys/{key}/test");
    let long = "x".repeat(40_000);
    for typed in [
        [("ip", "next door"), ("path", "<b>")],
        [("mode", "moon"), ("path", "<b>")],
        [("path", &long[..3_000]), ("method", "")],
        [("body", "not base64"), ("body_kind", "base64")],
        [("body", &long), ("timestamp", "1")],
    ] {
        let page = portal.post(&path, &typed).await;
        assert_eq!(page.status, 422, "{}", typed[0].0);
        assert!(page.body.contains("Check this and try again") && !page.body.contains("<b>\""));
    }
    assert_eq!(portal.post(&path, &[("body", &"x".repeat(70_000))]).await.status, 413);
    for (name, value) in [("path", "\0\u{202e}"), ("method", "🦀"), ("app_id", "' OR 1=1"), ("scopes", "\n")] {
        assert_eq!(portal.post(&path, &[(name, value)]).await.status, 200, "{name}");
    }
}
