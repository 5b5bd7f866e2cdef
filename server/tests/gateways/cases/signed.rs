//! Keys that require signatures, through gateways that forward the body and others.

use sallyport::{
    clock::{Clock, SystemClock},
    key::SigningSecret,
    testing::sign,
};

use crate::{gateway::Kind, stage::Stage};

/// Not only ASCII.
fn body(lines: usize) -> String {
    "\u{e9}{\"steps\":1024}\n".repeat(lines)
}

/// The signed text may differ from the sent one.
struct Signer<'a> {
    stage: &'a Stage,
    key: String,
    secret: SigningSecret,
    /// By how many seconds the signer's clock is ahead of ours: different each time, since a signature is accepted
    /// once; and not 0, since a signature from the second of the server's start counts as made before it.
    ahead: i64,
}

impl Signer<'_> {
    async fn send(&mut self, path: &str, signed: &str, sent: &str) -> u16 {
        self.ahead += 1;
        let timestamp = (SystemClock.now().seconds() + self.ahead).to_string();
        let signature = sign(&self.secret, &timestamp, signed.as_bytes());
        let headers = [
            ("x-api-key", self.key.as_str()),
            ("x-sallyport-timestamp", &timestamp),
            ("x-sallyport-signature", &signature),
        ];
        self.stage.send(&format!("POST {path}"), &headers, sent).await.status
    }
}

pub async fn a_signature_is_of_the_body_that_was_sent(stage: Stage) {
    let (key, secret) = stage.signing_key(&["read", "write"]).await;
    assert_eq!(stage.status("POST /signed/echo", &key).await, 401, "not signed");
    let mut signer = Signer { stage: &stage, key, secret, ahead: 0 };
    let (whole, passes) = (body(50), !matches!(stage.kind, Kind::Nginx | Kind::Caddy));
    let other = whole.replacen("1024", "4201", 1);
    assert_eq!(signer.send("/signed/echo", &whole, &whole).await, if passes { 200 } else { 401 });
    assert_eq!(signer.send("/signed/echo", &whole, &other).await, 401);
    assert_eq!(signer.send("/signed/echo", "", &other).await, 401);
    // Elsewhere no body is forwarded, so the signature of an empty one is not valid either.
    assert_eq!(signer.send("/echo", "", &whole).await, 401);
    assert_eq!(signer.send("/echo", &whole, &whole).await, 401);
    assert_eq!(signer.send("/signed/echo", &other, &other).await, if passes { 200 } else { 401 });
}

pub async fn what_passes_comes_whole(stage: Stage) {
    // Larger than one buffer of any gateway.
    let (key, whole) = (stage.key("production", &["write"]), body(5_000));
    for path in ["/size", "/signed/size"] {
        let answer = stage.send(&format!("POST {path}"), &[("x-api-key", &key)], &whole).await;
        assert_eq!((answer.status, answer.body), (200, whole.len().to_string()), "{path}");
    }
}
