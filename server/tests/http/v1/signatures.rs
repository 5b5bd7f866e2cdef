//! Signed requests, at `/v1/keys/verify` and at `/v1/auth`.

use axum::{body::Body, http::Method};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::testing::{sign, signing_secret};
use sallyport_server::{server::Server, state::AppState};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    a_signature_passes_once_wherever_it_is_shown,
    a_key_that_must_sign_passes_signed_alone,
    what_is_not_signed_so_is_refused,
    a_gateway_that_passes_no_body_refuses_who_must_sign,
    of_many_at_once_one_passes,
    what_is_refused_for_something_else_is_not_used_up,
    after_a_restart_older_timestamps_are_refused,
    both_secrets_sign_through_the_grace,
    a_key_that_cannot_sign_has_no_good_signature,
    refusals_do_not_contain_the_signature,
);

const BODY: &str = r#"{"steps":1024}"#;

/// A key with its signing secret, and a root token.
struct Signer<'a> {
    portal: &'a TestPortal,
    key_id: String,
    key: String,
    secret: String,
    token: String,
}

struct Headers {
    timestamp: String,
    signature: String,
}

impl<'a> Signer<'a> {
    async fn new(portal: &'a TestPortal) -> Self {
        portal.set_up().await;
        let app = portal.app().await;
        let shown = portal.generate(&app, "CI", &["read", "write"], true).await;
        let key_id = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
        let secret = shown.signing_secret.expect("a signing secret");
        Self { portal, key_id, key: shown.secret, secret, token: portal.root_token().await }
    }

    async fn require(&self) {
        let fields = [("require_signed", "on"), ("address_mode", "monitor")];
        let answer = self.portal.post(&format!("/keys/{}/restrictions", self.key_id), &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    }

    /// Signed that many seconds after the portal's time.
    fn signed(&self, ahead: i64, body: &str) -> Headers {
        let timestamp = (self.portal.store.now().seconds() + ahead).to_string();
        Headers { signature: sign(&signing_secret(&self.secret), &timestamp, body.as_bytes()), timestamp }
    }

    async fn verify(&self, headers: Option<&Headers>, body: &str) -> Value {
        let mut question = json!({ "key": self.key });
        if let Some(Headers { timestamp, signature }) = headers {
            let body = BASE64_STANDARD.encode(body);
            question["signature"] = json!({ "timestamp": timestamp, "signature": signature, "body_base64": body });
        }
        let answer = self.portal.json("/v1/keys/verify", &self.token, &question).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    async fn code(&self, headers: Option<&Headers>, body: &str) -> String {
        let verdict = self.verify(headers, body).await;
        assert_eq!(verdict["status"], if verdict["valid"] == true { 200 } else { 401 });
        verdict["code"].as_str().expect("a code").to_owned()
    }

    async fn auth(&self, query: &str, headers: &Headers, body: &str) -> Answer {
        auth(&self.portal.client, &self.key, query, headers, body).await
    }
}

async fn auth(client: &Client, key: &str, query: &str, headers: &Headers, body: &str) -> Answer {
    let request = Client::request(Method::POST, &format!("/v1/auth{query}"))
        .header("x-api-key", key)
        .header("x-sallyport-timestamp", &headers.timestamp)
        .header("x-sallyport-signature", &headers.signature)
        .body(Body::from(body.to_owned()));
    client.send(request.expect("a request")).await
}

async fn a_signature_passes_once_wherever_it_is_shown(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let first = signer.signed(0, BODY);
    assert_eq!(signer.auth("?body=1", &first, BODY).await.status, 200);
    assert_eq!(signer.auth("?body=1", &first, BODY).await.status, 401);
    assert_eq!(signer.code(Some(&first), BODY).await, "replayed");
    let second = signer.signed(1, BODY);
    assert_eq!(signer.code(Some(&second), BODY).await, "valid");
    assert_eq!(signer.code(Some(&second), BODY).await, "replayed");
    assert_eq!(signer.auth("?body=1", &second, BODY).await.status, 401);
    // And until the end of its window.
    portal.store.clock.turn(Duration::from_secs(301));
    assert_eq!(signer.code(Some(&second), BODY).await, "replayed");
    portal.store.clock.turn(Duration::from_secs(1));
    assert_eq!(signer.code(Some(&second), BODY).await, "bad_signature");
}

async fn a_key_that_must_sign_passes_signed_alone(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    assert_eq!(signer.code(None, "").await, "valid", "nothing is required yet");
    signer.require().await;
    assert_eq!(signer.code(None, "").await, "signature_required", "from the next request on");
    assert_eq!(signer.code(Some(&signer.signed(0, BODY)), BODY).await, "valid");
    let empty = signer.signed(0, "");
    assert_eq!(signer.auth("?body=1", &empty, "").await.status, 200);
    let unsigned = portal.auth("?body=1", &[("x-api-key", &signer.key)]).await;
    assert_eq!(unsigned.status, 401);
    assert!(unsigned.header("www-authenticate").starts_with("Bearer"));
}

async fn what_is_not_signed_so_is_refused(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    for ahead in [-301, 301, -86_400] {
        assert_eq!(signer.code(Some(&signer.signed(ahead, BODY)), BODY).await, "bad_signature", "{ahead}");
    }
    let good = signer.signed(0, BODY);
    assert_eq!(signer.code(Some(&good), "{\"steps\":1025}").await, "bad_signature", "another body");
    let upper = Headers { timestamp: good.timestamp.clone(), signature: good.signature.to_uppercase() };
    let later = Headers { timestamp: signer.signed(1, BODY).timestamp, signature: good.signature.clone() };
    let spaced = Headers { timestamp: format!(" {}", good.timestamp), signature: good.signature.clone() };
    for wrong in [upper, later, spaced] {
        assert_eq!(signer.code(Some(&wrong), BODY).await, "bad_signature");
    }
    let half = Headers { timestamp: good.timestamp.clone(), signature: String::new() };
    assert_eq!(signer.auth("?body=1", &half, BODY).await.status, 401, "half a signature is none");
    // Several headers are ambiguous.
    let twice = Client::request(Method::POST, "/v1/auth?body=1")
        .header("x-api-key", &signer.key)
        .header("x-sallyport-timestamp", &good.timestamp)
        .header("x-sallyport-timestamp", &good.timestamp)
        .header("x-sallyport-signature", &good.signature)
        .body(Body::from(BODY));
    assert_eq!(portal.send(twice.expect("a request")).await.status, 401);
    let large = "x".repeat(300_000);
    assert_eq!(signer.auth("?body=1", &signer.signed(0, &large), &large).await.status, 413);
    assert_eq!(signer.code(Some(&good), BODY).await, "valid", "none of it used the good one up");

    let question = |signature: Value| json!({ "key": signer.key, "signature": signature });
    for wrong in [
        json!({ "timestamp": good.timestamp, "signature": good.signature, "body_base64": "not base64!" }),
        json!({ "timestamp": good.timestamp, "signature": good.signature }),
        json!({ "timestamp": 1_795_327_200, "signature": good.signature, "body_base64": "" }),
        json!({ "timestamp": good.timestamp, "signature": good.signature, "body_base64": "", "body": "" }),
        json!({}),
        json!("v1"),
    ] {
        let answer = portal.json("/v1/keys/verify", &signer.token, &question(wrong)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(!answer.body.contains(&good.signature));
    }
}

async fn a_gateway_that_passes_no_body_refuses_who_must_sign(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let (signed, junk) = (signer.signed(0, BODY), Headers { timestamp: "1".to_owned(), signature: "junk".to_owned() });
    assert_eq!(signer.auth("", &junk, BODY).await.status, 200, "nobody can say what it is of");
    assert_eq!(signer.auth("?body=1", &junk, BODY).await.status, 401);
    signer.require().await;
    let refused = signer.auth("", &signed, BODY).await;
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("have to be signed"));
    assert_eq!(signer.auth("?body=0", &signed, BODY).await.status, 401);
    assert_eq!(signer.auth("?body=1", &signed, BODY).await.status, 200);
    // Envoy's requirements have names.
    let envoy = signer.signed(1, BODY);
    assert_eq!(signer.auth("/envoy/write/leads", &envoy, BODY).await.status, 401);
    assert_eq!(signer.auth("/envoy/signed/leads", &signed, BODY).await.status, 401, "seen");
    assert_eq!(signer.auth("/envoy/signed/leads", &envoy, BODY).await.status, 200);
}

async fn of_many_at_once_one_passes(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    for ahead in 0..5 {
        let signed = signer.signed(ahead, BODY);
        let sent = (0..40).map(|_| {
            let (client, key) = (portal.client.clone(), signer.key.clone());
            let signed = Headers { timestamp: signed.timestamp.clone(), signature: signed.signature.clone() };
            tokio::spawn(async move { auth(&client, &key, "?body=1", &signed, BODY).await.status.as_u16() })
        });
        let mut passed = 0;
        for answer in sent.collect::<Vec<_>>() {
            passed += usize::from(answer.await.expect("no panic") == 200);
        }
        assert_eq!(passed, 1);
    }
}

async fn what_is_refused_for_something_else_is_not_used_up(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let signed = signer.signed(0, BODY);
    assert_eq!(signer.auth("?body=1&scope=delete", &signed, BODY).await.status, 403);
    portal.post(&format!("/keys/{}/pause", signer.key_id), &[]).await;
    assert_eq!(signer.auth("?body=1", &signed, BODY).await.status, 403);
    portal.post(&format!("/keys/{}/resume", signer.key_id), &[]).await;
    assert_eq!(signer.auth("?body=1&scope=read", &signed, BODY).await.status, 200);
    assert_eq!(signer.auth("?body=1&scope=read", &signed, BODY).await.status, 401);
}

async fn after_a_restart_older_timestamps_are_refused(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let (used, unused) = (signer.signed(0, BODY), signer.signed(9, BODY));
    assert_eq!(signer.auth("?body=1", &used, BODY).await.status, 200);
    portal.store.clock.turn(Duration::from_secs(10));
    let state =
        AppState::new(portal.store.store.clone(), TestPortal::deployment("http://127.0.0.1:3000", &portal.elapsed))
            .await;
    let restarted = portal.client.with(Server::new(state.expect("a state")));
    for headers in [&used, &unused] {
        assert_eq!(auth(&restarted, &signer.key, "?body=1", headers, BODY).await.status, 401);
    }
    let fresh = signer.signed(0, BODY);
    assert_eq!(auth(&restarted, &signer.key, "?body=1", &fresh, BODY).await.status, 200);
}

async fn both_secrets_sign_through_the_grace(portal: &TestPortal) {
    let mut signer = Signer::new(portal).await;
    assert_eq!(signer.code(Some(&signer.signed(0, "1")), "1").await, "valid", "the secret is known to the verifier");
    let page = portal.get(&format!("/keys/{}/signing-secret", signer.key_id)).await;
    let fields = [("version", page.hidden("version")), ("grace", "hour".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = portal.post(&format!("/keys/{}/signing-secret", signer.key_id), &fields).await;
    let new = crate::portal::find(&answer.body, "sgn_", 47).expect("another");
    assert_eq!(signer.code(Some(&signer.signed(0, "2")), "2").await, "valid", "the one before signs too");
    let old = std::mem::replace(&mut signer.secret, new);
    assert_eq!(signer.code(Some(&signer.signed(0, "3")), "3").await, "valid");
    portal.store.clock.turn(Duration::from_secs(3_600));
    assert_eq!(signer.code(Some(&signer.signed(0, "4")), "4").await, "valid");
    signer.secret = old;
    assert_eq!(signer.code(Some(&signer.signed(0, "5")), "5").await, "bad_signature");
}

async fn a_key_that_cannot_sign_has_no_good_signature(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let app = portal.app().await;
    let other = portal.generate(&app, "Never signs", &["read"], false).await.secret;
    let signed = signer.signed(0, BODY);
    assert_eq!(auth(&portal.client, &other, "?body=1", &signed, BODY).await.status, 401);
    assert_eq!(auth(&portal.client, &other, "", &signed, BODY).await.status, 200);
    assert_eq!(signer.auth("?body=1", &signed, BODY).await.status, 200, "another key's try used nothing up");
}

async fn refusals_do_not_contain_the_signature(portal: &TestPortal) {
    let signer = Signer::new(portal).await;
    let signed = signer.signed(0, BODY);
    for _ in 0..3 {
        signer.auth("?body=1", &signed, BODY).await;
    }
    portal.state.verifier.flush().await.expect("written");
    let app = portal.get(&format!("/keys/{}", signer.key_id)).await.after("href=\"/apps/", '"');
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("the same signed request came before, 2 times"), "{activity}");
    let dump = portal.store.dump().await;
    let all = dump.values().flatten();
    assert!(!all.into_iter().any(|row| row.contains(&signed.signature) || row.contains(&signer.secret)));
}
