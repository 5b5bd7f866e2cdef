//! `/requests/{request_id}`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
};
use serde_json::json;

use crate::{
    client::{Answer, Client},
    middleware::headers::without_what_differs,
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    a_refusal_is_explained,
    each_verdict_has_its_page,
    a_signature_is_explained_without_body_and_secret,
    members_alone_find_it,
    requests_of_unknown_keys_are_not_kept,
    a_search_opens_it,
    it_is_kept_for_a_day,
);

/// `printf 'what nobody may read' | sha256sum`
const SHA256: &str = "db8de574cf9f0e54d0254b6d156bba79dabedfae6a98713bb2251305c95d67d2";

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").to_owned()
}

async fn verify(portal: &TestPortal, token: &str, body: serde_json::Value) -> Answer {
    portal.json("/v1/keys/verify", token, &body).await
}

async fn a_refusal_is_explained(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let target = format!("/leads/{secret}/x?token=hush&key={secret}");
    let headers = [("x-api-key", secret.as_str()), ("x-original-method", "POST"), ("x-original-uri", &target)];
    let refused = portal.auth("", &headers).await;
    assert_eq!(refused.status, 403);
    let page = portal.get(&format!("/requests/{}", id(&refused))).await;
    assert_eq!(page.status, 200);
    for text in [
        "403 insufficient_scope",
        "The key lacks a scope",
        "It needs write",
        "POST /leads/sk_live_…/x",
        &format!("href=\"/keys/{key}\""),
        &format!("href=\"/apps/{app}\""),
        &format!(
            "href=\"/apps/{app}/keys?panel=generate&amp;like={key}\" class=\"btn btn-small\">Generate another key"
        ),
        &id(&refused),
        "127.0.0.1",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    // Method and path come last but four: ingestion, signature, replay and limits were not reached.
    let count = |class: &str| page.body.matches(class).count();
    assert_eq!((count("check-passed"), count("check-failed"), count("check-open")), (10, 1, 4));
    assert!(!page.body.contains("hush"), "no query is kept");
    assert_eq!(find(&page.body, "sk_live_", 44), None);
    assert!(!page.body.contains(&secret[8..20]));
}

async fn each_verdict_has_its_page(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let cases = [
        (json!({ "app_id": "app_other_000000" }), "app_mismatch", "app_other_000000"),
        (json!({ "scopes": ["read", "write"] }), "insufficient_scope", "It needs write."),
        (json!({ "scopes": ["moon"] }), "insufficient_scope", "No scope here is called moon."),
        (json!({ "method": "POST", "path": "/x/../y" }), "insufficient_scope", "It needs write"),
        (json!({ "method": "TRACE" }), "insufficient_scope", "No scope allows such a request."),
        (json!({ "mode": "test" }), "mode_mismatch", "A test key is required here"),
        (json!({ "ingestion": true }), "ingestion_not_verified", "operator of this portal"),
    ];
    for (asked, code, fix) in cases {
        let mut body = asked;
        body["key"] = json!(secret);
        let refused = verify(portal, &token, body).await;
        assert_eq!(refused.json()["code"], code);
        let page = portal.get(&format!("/requests/{}", id(&refused))).await;
        assert_eq!(page.status, 200, "{code}");
        assert!(page.body.contains(code) && page.body.contains(fix), "{code}: {fix}: {}", page.body);
        assert_eq!(page.body.matches("check-failed").count(), 1, "{code}");
    }
    assert_eq!(portal.post(&format!("/keys/{key}/pause"), &[]).await.status, 303);
    let paused = verify(portal, &token, json!({ "key": secret })).await;
    portal.revoke(&key).await;
    let revoked = verify(portal, &token, json!({ "key": secret })).await;
    for (refused, code) in [(paused, "403 paused"), (revoked, "401 revoked")] {
        assert!(portal.get(&format!("/requests/{}", id(&refused))).await.body.contains(code), "{code}");
    }
}

async fn a_signature_is_explained_without_body_and_secret(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "Server", &["read"], true).await;
    let token = portal.root_token().await;
    let (body, wrong) = (b"what nobody may read", "ab".repeat(32));
    let now = portal.store.now();
    let sign = |timestamp: String| {
        let body = BASE64_STANDARD.encode(body);
        json!({ "timestamp": timestamp, "signature": wrong, "body_base64": body })
    };
    for (timestamp, clock, fix) in [
        ((now.seconds() - 400).to_string(), "400 s behind ours", "Set the signer’s clock"),
        ((now.seconds() + 7).to_string(), "7 s ahead of ours", "the body or the secret differs"),
        ("yesterday".to_owned(), "Unknown", "in digits only"),
    ] {
        let signature = sign(timestamp.clone());
        let refused = verify(portal, &token, json!({ "key": shown.secret, "signature": signature })).await;
        assert_eq!(refused.json()["code"], "bad_signature");
        let page = portal.get(&format!("/requests/{}", id(&refused))).await;
        assert_eq!(page.status, 200);
        for text in [clock, fix, "20 bytes", &format!("{timestamp} + body (SHA-256 {SHA256})")] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        let signing = shown.signing_secret.as_deref().expect("a signing secret");
        for text in ["what nobody may read", &wrong, &BASE64_STANDARD.encode(body), signing, &shown.secret[8..]] {
            assert!(!page.body.contains(text), "{text}");
        }
    }
}

async fn members_alone_find_it(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
    let (id, unknown) = (id(&refused), "req_00000000000000000000");
    let eve = portal.stranger().await;
    let own = [("name", "Elsewhere"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
    assert_eq!(eve.post("/orgs/new", &own).await.status, 303);
    let told = |answer: Answer| (answer.status.as_u16(), without_what_differs(&answer));
    let real = told(eve.get(&format!("/requests/{id}")).await);
    assert_eq!(real.0, 404);
    assert_eq!(real, told(eve.get(&format!("/requests/{unknown}")).await));
    assert!(real.1.1.contains("older than 24 hours"), "what may have happened: {}", real.1.1);
    // The first page notes in a cookie which organization was visited last.
    assert_eq!(eve.post("/search", &[("q", "Else")]).await.status, 200);
    for fragment in [false, true] {
        let search = |words: String| {
            let mut request: Request<Body> = Client::form("/search", &[("q", &words)]);
            if fragment {
                request.headers_mut().insert("x-fragment", "true".parse().expect("a header"));
            }
            async { told(eve.send(request).await) }
        };
        let found = search(id.clone()).await;
        assert_eq!(found.0, 200);
        assert_eq!(found, search(unknown.to_owned()).await);
    }
    // Nor does a form that starts from it reveal anything.
    let theirs = eve.get(&format!("/keys/{}/test?request={id}", "key_0000000000000000")).await;
    assert_eq!(theirs.status, 404);
    // Signed out, it redirects to the sign-in.
    assert!(portal.another().get(&format!("/requests/{id}")).await.location().starts_with("/sign-in"));
}

async fn requests_of_unknown_keys_are_not_kept(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let org = OrgId::parse(&org).expect("an id");
    let elsewhere = OrgId::parse(&portal.org("Elsewhere").await).expect("an id");
    let made = portal.store.create_token(&Act::by(Actor::CommandLine), "other", false, Some(elsewhere.clone())).await;
    let token = made.expect("made").1.expose().to_owned();
    let foreign = verify(portal, &token, json!({ "key": secret, "scopes": ["write"] })).await;
    assert_eq!(foreign.json()["code"], "not_found");
    let answers = [
        foreign,
        portal.auth("?scope=read", &[("x-api-key", &secret)]).await,
        portal.auth("", &[]).await,
        portal.auth("", &[("x-api-key", "junk")]).await,
        portal.auth("", &[("x-api-key", &format!("{}0", &secret[..43]))]).await,
    ];
    for answer in answers {
        let page = portal.get(&format!("/requests/{}", id(&answer))).await;
        assert_eq!(page.status, 404);
        assert!(page.body.contains("missing, incomplete or unknown"));
    }
    let now = portal.store.now();
    for org in [org, elsewhere] {
        assert!(portal.state.verifier.decisions().of_org(&org, now).is_empty());
    }
}

async fn a_search_opens_it(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
    let id = id(&refused);
    for text in [id.clone(), format!(" {id}\n"), refused.body.clone()] {
        let answer = portal.post("/search", &[("q", &text)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/requests/{id}").as_str()), "{text}");
    }
    let answer = portal.post(&format!("/apps/{app}/keys/search"), &[("q", &id)]).await;
    assert_eq!(answer.location(), format!("/requests/{id}"));
    let mut request: Request<Body> = Client::form("/search", &[("q", &id)]);
    request.headers_mut().insert("x-fragment", "true".parse().expect("a header"));
    let options = portal.send(request).await.body;
    assert!(options.contains(&format!("href=\"/requests/{id}\"")) && options.contains("The key lacks a scope"));
}

async fn it_is_kept_for_a_day(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
    let path = format!("/requests/{}", id(&refused));
    portal.store.clock.turn(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(portal.get(&path).await.status, 200);
    portal.store.clock.turn(Duration::from_secs(1));
    assert_eq!(portal.get(&path).await.status, 404);
    assert_eq!(
        portal.send(Client::request(Method::HEAD, &path).body(Body::empty()).expect("a request")).await.status,
        404
    );
}
