//! `/v1/leaks`

use std::{fs, path::PathBuf};

use axum::{
    body::Body,
    http::{Method, Request},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use sallyport::audit::{Act, Actor, hex};
use sallyport_server::partner_keys::KeySource;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{
    client::{Answer, Client},
    middleware::headers::without_what_differs,
    portal::TestPortal,
    report_a_leak::unknown_key,
};

crate::on_both_portals!(
    without_a_signature_the_answer_is_always_the_same,
    a_budget_of_its_own_is_used_up_by_anything,
    a_body_is_bounded,
    a_partner_is_told_which_are_keys,
    a_thousand_at_once,
    a_forged_signature_does_nothing,
    without_a_partner_no_signature_is_good,
);

/// A partner: its pair of keys, and the file with the public one.
struct Partner {
    pair: EcdsaKeyPair,
    folder: TempDir,
}

impl Partner {
    fn new() -> Self {
        let random = SystemRandom::new();
        let encoded = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("made");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, encoded.as_ref(), &random);
        let partner = Self { pair: pair.expect("a pair"), folder: tempfile::tempdir().expect("a folder") };
        // SubjectPublicKeyInfo: id-ecPublicKey on prime256v1.
        let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let head: Vec<u8> =
            (0..head.len()).step_by(2).map(|at| u8::from_str_radix(&head[at..at + 2], 16).expect("hex")).collect();
        let public = BASE64_STANDARD.encode([&head, partner.pair.public_key().as_ref()].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n");
        let keys = json!({ "public_keys": [{ "key_identifier": "one", "key": pem, "is_current": true }] });
        fs::write(partner.file(), keys.to_string()).expect("written");
        partner
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    fn sign(&self, body: &str) -> String {
        BASE64_STANDARD.encode(self.pair.sign(&SystemRandom::new(), body.as_bytes()).expect("signed"))
    }

    async fn report(&self, portal: &TestPortal, reports: &Value) -> Answer {
        let body = reports.to_string();
        let signature = self.sign(&body);
        send(&portal.from("192.0.2.7"), &body, &[("one", signature.as_str())]).await
    }
}

/// Sends a body; with an identifier and a signature if there are any.
async fn send(client: &Client, body: &str, signed: &[(&str, &str)]) -> Answer {
    let mut request = Client::request(Method::POST, "/v1/leaks").header("content-type", "application/json");
    for (identifier, signature) in signed {
        request = request.header("Github-Public-Key-Identifier", *identifier);
        request = request.header("Github-Public-Key-Signature", *signature);
    }
    client.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn verified(portal: &TestPortal, secret: &str) -> u16 {
    portal.auth("", &[("x-api-key", secret)]).await.status.as_u16()
}

fn report(token: &str) -> Value {
    json!({ "token": token, "type": "sallyport_api_key", "url": "https://example.com/x", "source": "content" })
}

async fn without_a_signature_the_answer_is_always_the_same(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let ((_, secret), (_, second), (_, other)) =
        (portal.key(&app).await, portal.key(&app).await, portal.key(&app).await);
    let bodies = [
        json!([report(&secret)]).to_string(),
        json!([report(&secret)]).to_string(),
        json!([report("sk_live_x"), report(&second)]).to_string(),
        json!([report(&unknown_key())]).to_string(),
        json!([{ "token": 7 }]).to_string(),
        json!({ "token": secret }).to_string(),
        "[".to_owned(),
        String::new(),
    ];
    let mut answers = Vec::new();
    for (n, body) in bodies.iter().enumerate() {
        let answer = send(&portal.from(&format!("203.0.113.{n}")), body, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (202, "{}"), "{body}");
        answers.push(without_what_differs(&answer));
    }
    // Neither JSON nor anything else.
    let request: Request<Body> = Client::request(Method::POST, "/v1/leaks").body(Body::from("x")).expect("a request");
    answers.push(without_what_differs(&portal.from("203.0.113.99").send(request).await));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    portal.state.context.leaks.settled().await;
    assert_eq!(
        [verified(portal, &secret).await, verified(portal, &second).await, verified(portal, &other).await],
        [401, 401, 200]
    );
}

async fn a_budget_of_its_own_is_used_up_by_anything(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let client = portal.from("2001:db8::1");
    for _ in 0..20 {
        assert_eq!(send(&client, "junk", &[]).await.status, 202);
    }
    // From the whole network, and whatever it is.
    for (peer, body) in [("2001:db8::1", "junk"), ("2001:db8::2", json!([report(&secret)]).to_string().as_str())] {
        let refused = send(&portal.from(peer), body, &[]).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "30"), "{}", refused.body);
        assert_eq!(refused.json()["code"], "rate_limited");
    }
    portal.state.context.leaks.settled().await;
    assert_eq!(verified(portal, &secret).await, 200);
    portal.wait(30);
    portal.state.verifier.poll().await.expect("polled");
    assert_eq!(send(&client, &json!([report(&secret)]).to_string(), &[]).await.status, 202);
    portal.state.context.leaks.settled().await;
    assert_eq!(verified(portal, &secret).await, 401);
    // A few networks together do not take the place of others.
    let mut taken = 0;
    for n in 0..700_u32 {
        let peer = format!("198.18.{}.{}", n / 20, n % 20);
        taken += u32::from(send(&portal.from(&peer), "junk", &[]).await.status == 202);
        portal.state.context.leaks.settled().await;
    }
    assert!((300..=400).contains(&taken), "{taken}");
    assert_eq!(send(&portal.from("203.0.113.77"), "junk", &[]).await.status, 202);
}

async fn a_body_is_bounded(portal: &TestPortal) {
    let partner = Partner::new();
    let large = " ".repeat(64 * 1024 + 1);
    let answer = send(&portal.from("203.0.113.1"), &large, &[]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (413, &json!("too_large")));
    let larger = " ".repeat(1024 * 1024 + 1);
    let signature = partner.sign(&larger);
    let signed = [("one", signature.as_str())];
    // Without a partner it is not even read.
    assert_eq!(send(&portal.from("203.0.113.2"), &larger, &signed).await.status, 401);
    let portal = &portal.with_partner(KeySource::File(partner.file())).await;
    assert_eq!(send(&portal.from("203.0.113.2"), &larger, &signed).await.status, 413);
}

async fn a_partner_is_told_which_are_keys(portal: &TestPortal) {
    let partner = Partner::new();
    let portal = &portal.with_partner(KeySource::File(partner.file())).await;
    portal.set_up().await;
    let app = portal.app().await;
    let ((key, secret), (revoked_key, revoked)) = (portal.key(&app).await, portal.key(&app).await);
    portal.revoke(&revoked_key).await;
    let root = portal.root_token().await;
    let unknown = unknown_key();
    let tokens = [secret.as_str(), &unknown, "ghp_other", &revoked, &root, &secret];
    let answer = partner.report(portal, &tokens.map(report).to_vec().into()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"), "{}", answer.body);
    let labels =
        ["true_positive", "false_positive", "false_positive", "true_positive", "true_positive", "true_positive"];
    let expected: Vec<_> = tokens
        .into_iter()
        .zip(labels)
        .map(|(token, label)| {
            let hash = hex(&Sha256::digest(token.as_bytes()));
            json!({ "token_hash": hash, "token_type": "sallyport_api_key", "label": label })
        })
        .collect();
    assert_eq!(answer.json(), json!(expected));
    // When it was answered, the key is refused.
    assert_eq!(verified(portal, &secret).await, 401);
    let page = portal.get(&format!("/keys/{key}")).await;
    assert!(page.body.contains("A partner that scans for secrets reported "), "{}", page.body);
    assert_eq!(partner.report(portal, &json!([])).await.json(), json!([]));
    for wrong in [json!({ "token": secret }), json!([{ "type": "x" }]), json!([[1]])] {
        assert_eq!(partner.report(portal, &wrong).await.status, 400, "{wrong}");
    }
}

async fn a_thousand_at_once(portal: &TestPortal) {
    let partner = Partner::new();
    let portal = &portal.with_partner(KeySource::File(partner.file())).await;
    portal.set_up().await;
    let app = portal.app().await;
    let app = portal.store.find(None, &app).await.expect("asked").expect("there");
    let shell = Act::by(Actor::CommandLine);
    let mut secrets = Vec::new();
    for n in 0..100 {
        secrets.push(portal.store.key(&shell, &app, &format!("key {n}")).await.secret.expose().to_owned());
    }
    let unknown = unknown_key();
    let mut reports: Vec<_> = secrets.iter().map(|secret| report(secret)).collect();
    reports.resize(1_000, report(&unknown));
    let answer = partner.report(portal, &reports.into()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body.matches("true_positive").count(), 100);
    for secret in &secrets {
        assert_eq!(verified(portal, secret).await, 401);
    }
    let many = vec![json!({ "token": "x" }); 5_001];
    assert_eq!(partner.report(portal, &many.into()).await.status, 413);
}

async fn a_forged_signature_does_nothing(portal: &TestPortal) {
    let (partner, forger) = (Partner::new(), Partner::new());
    let portal = &portal.with_partner(KeySource::File(partner.file())).await;
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let body = json!([report(&secret)]).to_string();
    let (good, forged) = (partner.sign(&body), forger.sign(&body));
    let of_another = partner.sign(&json!([report("x")]).to_string());
    let before = portal.store.dump().await;
    for (n, (identifier, signature, sent)) in [
        ("one", forged.as_str(), body.as_str()),
        ("other", &good, &body),
        ("", &good, &body),
        ("one", "", &body),
        ("one", "junk", &body),
        ("one", &of_another, &body),
        ("one", &good, &format!("{body} ")),
        ("one", &forged, "not JSON"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&portal.from(&format!("203.0.113.{n}")), sent, &[(identifier, signature)]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (401, &json!("unauthorized")), "{n}");
    }
    // Only one of the headers.
    let request = Client::request(Method::POST, "/v1/leaks").header("Github-Public-Key-Identifier", "one");
    assert_eq!(portal.another().send(request.body(Body::from(body.clone())).expect("a request")).await.status, 401);
    portal.state.context.leaks.settled().await;
    assert_eq!(portal.store.dump().await, before);
    // Forgeries are bounded; who signs rightly is not.
    let client = portal.from("203.0.113.77");
    for _ in 0..20 {
        assert_eq!(send(&client, &body, &[("one", &forged)]).await.status, 401);
    }
    assert_eq!(send(&client, &body, &[("one", &forged)]).await.status, 429);
    for _ in 0..50 {
        assert_eq!(partner.report(portal, &json!([])).await.status, 200);
    }
    assert_eq!(verified(portal, &secret).await, 200);
}

async fn without_a_partner_no_signature_is_good(portal: &TestPortal) {
    let partner = Partner::new();
    assert_eq!(partner.report(portal, &json!([])).await.status, 401);
    let missing = portal.with_partner(KeySource::File(partner.folder.path().join("none.json"))).await;
    let answer = partner.report(&missing, &json!([])).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"), "{}", answer.body);
}
