//! Against the running portal that scripts/test-clients starts.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command},
    time::Duration,
};

use sallyport_client::{
    CapabilityRequirements, Client, RequestSignature, Required, Verification, sign_request, verify_capability,
};
use serde_json::Value;

/// None where nobody started one, as by plain `cargo test`.
fn portal() -> Option<Value> {
    let path = std::env::var("SALLYPORT_TEST_PORTAL").ok()?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON"))
}

fn text<'a>(portal: &'a Value, name: &str) -> &'a str {
    portal[name].as_str().expect("text")
}

async fn code(client: &Client, key: Option<&str>, required: &Required<'_>) -> String {
    match client.verify(key, required).await {
        Ok(Verification::Valid(_)) => "valid".to_owned(),
        Ok(Verification::Refused(refused)) => refused.code,
        Err(error) => error.kind.code().to_owned(),
    }
}

#[tokio::test]
async fn keys() {
    let Some(portal) = portal() else { return };
    let client = Client::new(text(&portal, "url"), text(&portal, "token")).expect("made");
    let (key, all) = (Some(text(&portal, "key")), Required::default());
    let required = Required { scopes: &["read"], app_id: Some(text(&portal, "app_id")), ..all.clone() };
    let Ok(Verification::Valid(valid)) = client.verify(key, &required).await else { panic!("refused") };
    assert_eq!((&*valid.key_id, &*valid.mode, &*valid.secret), (text(&portal, "key_id"), "live", "current"));
    assert_eq!(valid.rate_limit.map(|limit| limit.limit), Some(600));

    assert_eq!(code(&client, Some(text(&portal, "revoked_key")), &all).await, "revoked");
    assert_eq!(code(&client, None, &all).await, "missing");
    assert_eq!(code(&client, Some("hello"), &all).await, "malformed");
    assert_eq!(code(&client, Some("x\"\r\nX-Other: 1"), &all).await, "malformed");
    assert_eq!(code(&client, key, &Required { scopes: &["write"], ..all.clone() }).await, "insufficient_scope");
    let request = Required { method: Some("DELETE"), path: Some("/x"), ..all.clone() };
    assert_eq!(code(&client, key, &request).await, "insufficient_scope");
    assert_eq!(code(&client, key, &Required { app_id: Some("app_other"), ..all.clone() }).await, "app_mismatch");
    assert_eq!(code(&client, key, &Required { mode: Some("test"), ..all.clone() }).await, "mode_mismatch");
    assert_eq!(code(&client, key, &Required { mode: Some("both"), ..all.clone() }).await, "request_refused");
    let other = Client::new(text(&portal, "url"), "sp_root_wrong").expect("made");
    assert_eq!(code(&other, key, &all).await, "token_refused");
}

#[tokio::test]
async fn a_signed_request_once() {
    let Some(portal) = portal() else { return };
    let client = Client::new(text(&portal, "url"), text(&portal, "token")).expect("made");
    let key = Some(text(&portal, "signed_key"));
    let body = format!("rust {:?}", std::time::Instant::now()).into_bytes();
    let signed = async |secret: &str| {
        let (timestamp, signature) = sign_request(secret, &body, None);
        let signature = RequestSignature { timestamp: &timestamp, signature: &signature, body: &body };
        let required = Required { signature: Some(signature), ..Required::default() };
        [code(&client, key, &required).await, code(&client, key, &required).await]
    };
    assert_eq!(code(&client, key, &Required::default()).await, "signature_required");
    assert_eq!(signed("sgn_other").await, ["bad_signature"; 2]);
    assert_eq!(signed(text(&portal, "signing_secret")).await, ["valid", "replayed"]);
}

/// Status and body.
fn get(port: u16, method: &str, path: &str, headers: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Ok((status, answer.split_once("\r\n\r\n").expect("a body").1.to_owned()))
}

#[test]
fn a_capability_token() {
    let Some(portal) = portal() else { return };
    let port = text(&portal, "url").rsplit_once(':').expect("a port").1.parse().expect("a port");
    let (_, keys) = get(port, "GET", "/.well-known/jwks.json", "").expect("answered");
    let keys = serde_json::from_str(&keys).expect("JSON");
    let required = CapabilityRequirements {
        issuer: text(&portal, "url"),
        app_id: text(&portal, "app_id"),
        modules: &["focus"],
        ..CapabilityRequirements::default()
    };
    let capability = verify_capability(text(&portal, "capability_token"), &keys, &required).expect("good");
    assert_eq!(capability.subject, "person-7");
}

struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_example() {
    let example = include_str!("../examples/axum.rs");
    assert!(example.lines().count() < 40);
    let Some(portal) = portal() else { return };
    // Beside this test, in the same profile.
    let mut path = std::env::current_exe().expect("this test");
    path.pop();
    path.pop();
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut command = Command::new(path.join("examples/axum"));
    command.env("SALLYPORT_URL", text(&portal, "url")).env("SALLYPORT_TOKEN", text(&portal, "token"));
    let mut example = Example(command.env("PORT", port.to_string()).spawn().expect("built by cargo test"));
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(example.0.try_wait().expect("asked").is_none(), "ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let key = |name: &str| format!("x-api-key: {}\r\n", text(&portal, name));
    let hello = |method: &str, headers: &str| get(port, method, "/hello", headers).expect("answered");
    assert_eq!(hello("GET", &key("key")), (200, "Hello, reads.\n".to_owned()));
    assert_eq!(hello("GET", "").0, 401);
    assert_eq!(hello("GET", &key("revoked_key")).0, 401);
    assert_eq!(hello("GET", &key("signed_key")).0, 401);
    assert_eq!(hello("POST", &key("key")).0, 403);
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs();
    // Of a second that no other test signs in: each signature is accepted once.
    let at = i64::try_from(now).expect("small") + 20;
    let (timestamp, signature) = sign_request(text(&portal, "signing_secret"), b"", Some(at));
    let signed =
        format!("{}x-sallyport-timestamp: {timestamp}\r\nx-sallyport-signature: {signature}\r\n", key("signed_key"));
    assert_eq!(hello("GET", &signed).0, 200);
    assert_eq!(hello("GET", &signed).0, 401);
}
