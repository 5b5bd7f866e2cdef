//! Keys that have to sign, through gateways that pass the body and through those that don't.

use sallyport::{
    clock::{Clock, SystemClock},
    key::SigningSecret,
    testing::sign,
};

use crate::{gateway::Kind, stage::Stage};

/// More than one buffer of any gateway, and no text.
fn body() -> String {
    "\u{e9}{\"steps\":1024}\n".repeat(5_000)
}

async fn send(stage: &Stage, path: &str, key: &str, secret: &SigningSecret, signed: &str, sent: &str) -> u16 {
    let timestamp = SystemClock.now().seconds().to_string();
    let signature = sign(secret, &timestamp, signed.as_bytes());
    let headers =
        [("x-api-key", key), ("x-sallyport-timestamp", timestamp.as_str()), ("x-sallyport-signature", &signature)];
    stage.send(&format!("POST {path}"), &headers, sent).await.status
}

pub async fn a_signature_is_of_the_body_that_was_sent(stage: Stage) {
    let (key, secret) = stage.signing_key(&["read", "write"]).await;
    let (whole, passes) = (body(), !matches!(stage.kind, Kind::Nginx | Kind::Caddy));
    let good = send(&stage, "/signed/echo", &key, &secret, &whole, &whole).await;
    assert_eq!(good, if passes { 200 } else { 401 });
    let other = whole.replacen("1024", "4201", 1);
    assert_eq!(send(&stage, "/signed/echo", &key, &secret, &whole, &other).await, 401);
    assert_eq!(send(&stage, "/signed/echo", &key, &secret, "", &other).await, 401);
    assert_eq!(stage.status("POST /signed/echo", &key).await, 401, "not signed");
    // Elsewhere no body is passed: a signature of none is none of this one.
    assert_eq!(send(&stage, "/echo", &key, &secret, "", &whole).await, 401);
    assert_eq!(send(&stage, "/echo", &key, &secret, &whole, &whole).await, 401);
}

pub async fn what_passes_comes_whole(stage: Stage) {
    let (key, whole) = (stage.key("production", &["write"]), body());
    for path in ["/size", "/signed/size"] {
        let answer = stage.send(&format!("POST {path}"), &[("x-api-key", &key)], &whole).await;
        assert_eq!((answer.status, answer.body), (200, whole.len().to_string()), "{path}");
    }
}
