//! Keys of an account, without scopes; the same response to any invalid key.

use axum::http::HeaderMap;
use sallyport::{
    audit::{Act, Actor, hex},
    key::holder::Holder,
    org::Org,
    plan::Plan,
};
use serde_json::json;

use crate::{
    deployment::{Deployment, unknown},
    receiver::{Receiver, header},
};

#[tokio::test]
async fn helios_does_what_its_document_says() {
    let server = Deployment::of("helios").await;
    let account = server.org("Clinic", Plan::Starter).await;
    let other = server.org("Another", Plan::Starter).await;
    let issued = server.key(Holder::Organization(account.clone()), "production", &[]).await;
    let key = issued.secret.expose();

    // HE-2: one key for every endpoint, in x-api-key, without scopes.
    for (method, path) in
        [("POST", "/api/v1/agent"), ("POST", "/api/v1/lab-results"), ("DELETE", "/api/v1/x"), ("GET", "/")]
    {
        let passed = server.forwarded(method, path, &[("x-api-key", key)]);
        assert_eq!((passed.status, passed.header("x-auth-scopes")), (200, ""), "HE-2: {method} {path}");
        assert_eq!(passed.header("x-auth-org-id"), account.id.as_str(), "HE-2");
    }
    let told = server.verify(key, json!({}));
    assert_eq!((&told["valid"], &told["scopes"], &told["app_id"]), (&json!(true), &json!([]), &json!(null)), "HE-2");
    assert_eq!(server.verify(key, json!({ "scopes": ["read"] }))["valid"], false, "HE-2: nobody has a scope here");

    // HE-2: the same body for missing, invalid, revoked, and another account's.
    let body = json!({ "error": "Unauthorized", "message": "Invalid or missing API key" });
    let missing = server.auth("", &[]);
    missing.tells("HE-2: missing", 401, &body);
    assert_eq!(
        (missing.header("content-type"), missing.header("www-authenticate")),
        ("application/json", "ApiKey realm=\"Helios\"")
    );
    let bearer = format!("Bearer {key}");
    server.auth("", &[("authorization", &bearer)]).tells("HE-2: in another header", 401, &body);
    for wrong in ["nonsense", &unknown("sk_live_"), &format!("{key}x"), "sk_live_"] {
        server.auth("", &[("x-api-key", wrong)]).tells("HE-2: invalid", 401, &body);
        assert_eq!(server.verify(wrong, json!({}))["error"], body, "HE-2: invalid");
    }
    let token = server.store.create_token(&Act::by(Actor::CommandLine), "other", false, Some(other.id.clone())).await;
    let (_, token) = token.expect("a token of another account");
    let told = server.verify_as(token.expose(), key, json!({}));
    assert_eq!((&told["status"], &told["error"]), (&json!(401), &body), "HE-2: another account's");
    // nginx gets the same body in a header.
    let nginx = server.auth("?gateway=nginx", &[]);
    assert_eq!(
        (nginx.status, nginx.header("x-auth-status"), nginx.header("x-auth-content-type")),
        (403, "401", "application/json")
    );
    assert_eq!(serde_json::from_str::<serde_json::Value>(nginx.header("x-auth-body")).expect("JSON"), body, "HE-2");
    // Other refusals have the same format, with the reason.
    let two = server.auth("", &[("x-api-key", key), ("x-api-key", "other")]);
    let message = "More than one API key was sent; send one.";
    two.tells("HE-2: two keys", 400, &json!({ "error": "Bad Request", "message": message }));

    // HE-5: keys of each environment have their own prefix.
    for (environment, prefix, mode) in
        [("production", "sk_live_", "live"), ("staging", "sk_staging_", "test"), ("development", "sk_dev_", "test")]
    {
        let issued = server.key(Holder::Organization(account.clone()), environment, &[]).await;
        let key = issued.secret.expose();
        assert!(key.starts_with(prefix), "HE-5: {environment}");
        let told = server.verify(key, json!({}));
        assert_eq!((&told["environment"], &told["mode"]), (&json!(environment), &json!(mode)), "HE-5");
        let live = server.auth("?mode=live", &[("x-api-key", key)]);
        assert_eq!(live.status, if mode == "live" { 200 } else { 403 }, "HE-5: {environment}");
    }

    // HE-6: create, update, verify that the new one works, revoke the old one.
    let created = server.manage(&format!("/v1/keys/{}/rotate", issued.key.id), &json!({}));
    let new = created.json()["secret_key"].as_str().expect("a key").to_owned();
    assert_eq!(server.auth("", &[("x-api-key", &new)]).header("x-auth-secret"), "current", "HE-6: it works");
    assert_eq!(server.auth("", &[("x-api-key", key)]).header("x-auth-secret"), "previous", "HE-6: so does the old one");
    let revoked = server.manage(&format!("/v1/keys/{}/end-previous", issued.key.id), &json!({}));
    assert_eq!(revoked.status, 200, "HE-6: {}", revoked.body);
    server.auth("", &[("x-api-key", key)]).tells("HE-6: the old one", 401, &body);
    let key = new.as_str();

    // HE-3, HE-4 and HE-5: webhooks of an environment, signed in the form of Helios.
    webhooks(&server, &account).await;

    // HE-2: revoked.
    server.revoke(&issued);
    server.auth("", &[("x-api-key", key)]).tells("HE-2: revoked", 401, &body);
    server.end().await;
}

async fn webhooks(server: &Deployment, account: &Org) {
    let (live, staging) = (Receiver::start(), Receiver::start());
    let path = format!("/v1/orgs/{}/webhooks", account.id);
    let make = |url: &str, environment: &str| {
        let body = json!({ "url": url, "environment": environment, "events": ["key.generated"] });
        let made = server.manage(&path, &body);
        assert_eq!(made.status, 201, "HE-3: {}", made.body);
        let text = |name: &str| made.json()[name].as_str().expect("text").to_owned();
        (text("webhook_id"), text("secret"))
    };
    let (webhook, first) = make(&live.url, "production");
    let (_, other) = make(&staging.url, "staging");
    // HE-5: each environment has its own address.
    server.key(Holder::Organization(account.clone()), "staging", &[]).await;
    server.key(Holder::Organization(account.clone()), "production", &[]).await;
    let (of_live, of_staging) = (live.next(), staging.next());
    for ((head, body), secret, environment) in [(&of_live, &first, "production"), (&of_staging, &other, "staging")] {
        assert!(body.contains(&format!("\"environment\":\"{environment}\"")), "HE-5: {body}");
        assert_eq!(header(head, "x-helios-signature"), signature(secret, head, body), "HE-4");
        assert!(header(head, "x-helios-timestamp").parse::<i64>().is_ok(), "HE-4: unix seconds");
        assert_eq!(header(head, "x-helios-sequence"), "1", "HE-4: a number to order by");
        // In the form of the standard, too: its library accepts it, and checks the time.
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, header(head, name).parse().expect("a header"));
        }
        let library = standardwebhooks::Webhook::new(secret).expect("a secret");
        library.verify(body.as_bytes(), &headers).expect("signed");
        library.verify(format!("{body} ").as_bytes(), &headers).expect_err("another body");
    }
    // HE-4: a delivery that is older than five minutes is refused, as its time is signed.
    let (head, body) = &of_live;
    let late = header(head, "webhook-timestamp").parse::<i64>().expect("seconds") - 301;
    let key = standardwebhooks::Webhook::new(&first).expect("a secret");
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", header(head, "webhook-id").parse().expect("a header"));
    headers.insert("webhook-timestamp", late.into());
    let again = key.sign(header(head, "webhook-id"), late, body.as_bytes()).expect("signed");
    headers.insert("webhook-signature", again.parse().expect("a header"));
    key.verify(body.as_bytes(), &headers).expect_err("HE-4: too old");
    // HE-3: the secret was shown once.
    let path = format!("/v1/webhooks/{webhook}");
    let bearer = format!("Bearer {}", server.token());
    for path in [path.as_str(), &format!("{path}/deliveries"), &format!("/v1/orgs/{}/webhooks", account.id)] {
        let read = server.get(path, &[("authorization", &bearer)]);
        assert!(read.status == 200 && !read.body.contains(&first), "HE-3: {path}: {}", read.body);
    }
    // HE-3: the old secret stops working.
    let changed = server.manage(&format!("/v1/webhooks/{webhook}/secret"), &json!({})).json();
    let second = changed["secret"].as_str().expect("text");
    server.manage(&format!("/v1/webhooks/{webhook}/test"), &json!({}));
    let (head, body) = live.next();
    let given = header(&head, "x-helios-signature");
    assert_eq!(
        (given == signature(second, &head, &body), given == signature(&first, &head, &body)),
        (true, false),
        "HE-3"
    );
    assert_eq!(header(&head, "x-helios-sequence"), "2", "HE-4");
}

/// As the documentation of Helios has it.
fn signature(secret: &str, head: &str, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("{}.{body}", header(head, "x-helios-timestamp"));
    format!("sha256={}", hex(ring::hmac::sign(&key, signed.as_bytes()).as_ref()))
}
