//! Headers of every response.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::testing::TestStore;

use crate::{
    client::{Answer, Client, ORIGIN},
    portal::TestPortal,
};

crate::on_both_portals!(files_and_machines_get_them_too, refusals_get_them_too, a_nonce_is_used_once);

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
/// A picture that a browser opens by itself.
const PICTURE: &str = "default-src 'none'; sandbox";

/// The nonce in the policy of a response.
fn nonce(answer: &Answer) -> Option<&str> {
    let (_, rest) = answer.header("content-security-policy").split_once("'nonce-")?;
    Some(rest.split_once('\'')?.0)
}

pub fn assert_guarded(answer: &Answer, what: &str) {
    // What is described is a method and an address.
    let has_secret_path =
        ["/reset/", "/invitations/", "/device"].iter().any(|path| what.contains(path)) && !what.contains("/act/");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", if has_secret_path { "strict-origin" } else { "same-origin" }),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let values: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{what}: {name}");
    }
    for feature in ["camera", "clipboard-read", "geolocation", "microphone", "payment", "serial", "usb"] {
        assert!(answer.header("permissions-policy").contains(&format!("{feature}=()")), "{what}: {feature}");
    }
    assert_eq!(answer.headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1, "{what}: one policy");
    assert!(answer.header("x-request-id").starts_with("req_"), "{what}");
    if answer.header("content-type").starts_with("text/html") {
        assert_page(answer, what);
    } else {
        let is_logo = what.contains("/logo/") && answer.status == 200;
        let policy = if is_logo { PICTURE } else { NOTHING };
        assert_eq!(answer.header("content-security-policy"), policy, "{what}");
    }
}

fn assert_page(answer: &Answer, what: &str) {
    let nonce = nonce(answer).unwrap_or_else(|| panic!("{what}: no nonce"));
    // 128 bits in base64, in characters that HTML leaves as they are.
    assert_eq!(nonce.len(), 22, "{what}: {nonce}");
    assert!(nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{what}: {nonce}");
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(answer.header("content-security-policy"), policy, "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    if answer.body.is_empty() {
        return; // HEAD
    }
    let carried = format!(" nonce=\"{nonce}\"");
    for tag in answer.body.split('<').filter(|tag| tag.starts_with("script") || tag.contains("modulepreload")) {
        assert!(tag.split('>').next().unwrap_or_default().contains(&carried), "{what}: <{tag}");
    }
    assert_eq!(answer.body.matches("<script").count(), 1, "{what}: boot.js and no other");
    assert_eq!(
        answer.body.matches(nonce).count(),
        answer.body.matches(&carried).count(),
        "{what}: the nonce elsewhere"
    );
    for inline in ["<style", " style=", "javascript:", " onclick", " onload", " onerror", "crossorigin=\"-"] {
        assert!(!answer.body.contains(inline), "{what}: {inline}");
    }
}

/// Headers and body without the request's id and the nonce, which always differ.
pub fn without_what_differs(answer: &Answer) -> (Vec<(String, String)>, String) {
    let id = answer.header("x-request-id");
    let nonce = nonce(answer).unwrap_or(id);
    let same = |text: &str| text.replace(id, "REQUEST").replace(nonce, "NONCE");
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), same(value.to_str().expect("text"))));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (headers, same(&answer.body))
}

async fn files_and_machines_get_them_too(portal: &TestPortal) {
    portal.set_up().await;
    let base = portal.state.context.base.clone();
    for path in [
        "/healthz",
        "/readyz",
        "/favicon.svg",
        "/favicon.ico",
        "/robots.txt",
        &format!("{base}/sallyport.css"),
        &format!("{base}/sallyport.js"),
        &format!("{base}/sallyport.wasm"),
        &format!("{base}/boot.js"),
        "/pkg/x/none.css",
        "/v1/auth",
        "/v1/keys/verify",
        "/v1/none",
        "/nowhere",
        "/nowhere/at/all",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let request = Client::request(method.clone(), path).header(header::ORIGIN, ORIGIN);
            let answer = portal.send(request.body(Body::empty()).expect("a request")).await;
            assert_guarded(&answer, &format!("{method} {path}"));
        }
    }
}

async fn refusals_get_them_too(portal: &TestPortal) {
    let large = "x".repeat(300_000);
    let refused = portal.post("/setup", &[("name", "")]).await;
    assert_eq!(refused.status, 422);
    assert_guarded(&refused, "422");
    let too_large = portal.post("/setup", &[("name", &large)]).await;
    assert_eq!(too_large.status, 413);
    assert_guarded(&too_large, "413");
    portal.set_up().await;
    let token = portal.root_token().await;
    let too_large = portal.json("/v1/keys/verify", &token, &serde_json::json!({ "key": large })).await;
    assert_eq!(too_large.status, 413);
    assert_guarded(&too_large, "413 of the API");
    let foreign = Client::request(Method::POST, "/orgs/new").header(header::ORIGIN, "https://evil.example");
    let foreign = portal.send(foreign.body(Body::empty()).expect("a request")).await;
    assert_eq!(foreign.status, 403);
    assert_guarded(&foreign, "403");
    portal.store.close().await;
    for path in ["/sign-in", "/orgs/new", "/readyz"] {
        let broken = portal.get(path).await;
        assert_eq!(broken.status, 503, "{path}");
        assert_guarded(&broken, "503");
    }
}

async fn a_nonce_is_used_once(portal: &TestPortal) {
    portal.set_up().await;
    let mut nonces = Vec::new();
    for path in ["/orgs/new", "/orgs/new", "/account", "/nowhere", "/nowhere"] {
        nonces.push(nonce(&portal.get(path).await).expect("a nonce").to_owned());
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 5);
}

#[tokio::test]
async fn over_https_there_is_no_way_back() {
    let portal = TestPortal::at(TestStore::sqlite().await, "https://keys.example.com").await;
    for path in ["/healthz", "/setup", "/v1/none", "/favicon.svg", "/nowhere"] {
        let answer = portal.get(path).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
        assert_guarded(&answer, path);
    }
    portal.end().await;
    let plain = TestPortal::new(TestStore::sqlite().await).await;
    assert_eq!(plain.get("/setup").await.header("strict-transport-security"), "", "browsers would pass it over");
    plain.end().await;
}
