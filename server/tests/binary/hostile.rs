//! Input that no well-behaved client sends: each gets a clear 4xx or is disconnected, nothing panics, and the log
//! stays short.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::server::{Server, root_token};

struct Hostile {
    server: Server,
    token: String,
    folder: tempfile::TempDir,
}

impl Hostile {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let server = Server::start_logged(&data, &folder.path().join("log"));
        let token = root_token(&data);
        Self { server, token, folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.server.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        stream
    }

    /// Sends raw bytes, and reads until the server closes.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may close before everything was written.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn verify(&self, headers: &str, body: &[u8]) -> String {
        let head = format!(
            "POST /v1/keys/verify HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n{headers}\r\n",
            self.token,
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat())
    }

    fn auth(&self, headers: &[u8]) -> String {
        self.send(&[b"GET /v1/auth HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", headers, b"\r\n"].concat())
    }

    /// Still serves, and never panicked; its log of all this is short, and contains no secret.
    fn end(self) {
        let answer = self.server.ask("GET", "/healthz", &[], "").expect("alive");
        assert_eq!(status(&answer), 200);
        self.server.kill();
        let log = std::fs::read_to_string(self.folder.path().join("log")).expect("a log");
        assert!(!log.contains("panicked"), "{log}");
        assert!(!log.contains(&self.token), "a secret in the log");
        assert!(log.lines().count() < 30, "a flood of {} lines: {}", log.lines().count(), &log[..2_000]);
    }
}

/// Of the first response; 0 if there is none.
fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok()).unwrap_or(0)
}

const JSON: &str = "content-type: application/json\r\n";

#[test]
fn bodies() {
    let hostile = Hostile::start();
    let deep = format!("{{\"key\":{}", "[".repeat(100_000));
    let nested = format!("{{\"key\":\"x\",\"signature\":{}1{}}}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    let huge = format!("{{\"key\":\"{}\"}}", "x".repeat(300 * 1024));
    let long_key = format!("{{\"key\":\"sk_live_{}\"}}", "x".repeat(200 * 1024));
    let many = format!("{{\"key\":\"x\",\"scopes\":[{}\"a\"]}}", "\"a\",".repeat(40_000));
    for (name, headers, body, expected) in [
        ("no content type", "", &b"{\"key\":\"x\"}"[..], 415),
        ("another content type", "content-type: text/plain\r\n", b"{}", 415),
        ("a form", "content-type: application/x-www-form-urlencoded\r\n", b"key=x", 415),
        ("a content type that is no text", "content-type: \u{ff}\r\n", b"{}", 415),
        ("nothing", JSON, b"", 400),
        ("half of it", JSON, b"{\"key\":", 400),
        ("another type", JSON, b"[]", 422),
        ("a number as the key", JSON, b"{\"key\":7}", 422),
        ("an unknown field", JSON, b"{\"key\":\"x\",\"scope\":\"read\"}", 422),
        ("a field twice", JSON, b"{\"key\":\"x\",\"key\":\"y\"}", 422),
        ("bytes that are no UTF-8", JSON, b"{\"key\":\"\xff\xfe\"}", 400),
        ("a lone surrogate", JSON, b"{\"key\":\"\\ud800\"}", 400),
        ("two documents", JSON, b"{\"key\":\"x\"}{\"key\":\"y\"}", 400),
        ("deep arrays", JSON, deep.as_bytes(), 422),
        ("deep objects", JSON, nested.as_bytes(), 422),
        ("too much", JSON, huge.as_bytes(), 413),
        ("a long key", JSON, long_key.as_bytes(), 200),
        ("many scopes", JSON, many.as_bytes(), 200),
        ("a cost beyond measure", JSON, b"{\"key\":\"x\",\"cost\":4294967296}", 422),
        ("a negative cost", JSON, b"{\"key\":\"x\",\"cost\":-1}", 422),
    ] {
        let answer = hostile.verify(headers, body);
        let said = status(&answer);
        assert!(said == expected, "{name}: {said} {}", &answer[..answer.len().min(400)]);
        assert!(expected != 200 || answer.contains("\"valid\":false"), "{name}");
        assert!(answer.contains("x-request-id"), "{name} can't be asked about");
    }
    hostile.end();
}

#[test]
fn headers() {
    let hostile = Hostile::start();
    let long = [b"x-api-key: ".as_slice(), &b"x".repeat(16 * 1024), b"\r\n"].concat();
    let endless = [b"x-api-key: ".as_slice(), &b"x".repeat(2 * 1024 * 1024), b"\r\n"].concat();
    let many = "x-a: 1\r\n".repeat(5_000);
    for (name, lines, expected) in [
        ("no key", &b""[..], 401),
        ("an empty key", b"x-api-key: \r\n", 401),
        ("two keys", b"x-api-key: a\r\nx-api-key: b\r\n", 400),
        ("two keys in two headers", b"x-api-key: a\r\nauthorization: Bearer sk_live_b\r\n", 400),
        ("two credentials", b"authorization: Bearer a\r\nauthorization: Bearer b\r\n", 400),
        ("a key that is no text", b"x-api-key: sk_live_\xff\xfe\r\n", 400),
        ("a credential that is no text", b"authorization: Bearer \xff\r\n", 400),
        ("a method that is no text", b"x-api-key: a\r\nx-original-method: \xff\r\n", 400),
        ("two addresses", b"x-api-key: a\r\nx-original-uri: /a\r\nx-forwarded-uri: /b\r\n", 400),
        ("a long key", &long, 401),
        ("an endless key", &endless, 431),
        ("more headers than anybody needs", many.as_bytes(), 431),
        ("a folded line", b"x-api-key: a\r\n b\r\n", 400),
        ("a header without a name", b": a\r\n", 400),
        ("a space in a name", b"x api key: a\r\n", 400),
        ("a NUL", b"x-api-key: a\0b\r\n", 400),
        ("a bare carriage return", b"x-api-key: a\rb: c\r\n", 400),
        ("two lengths", b"content-length: 1\r\ncontent-length: 2\r\n", 400),
        ("a length and chunks, which beat it", b"content-length: 1\r\ntransfer-encoding: chunked\r\n", 401),
    ] {
        let answer = hostile.auth(lines);
        let said = status(&answer);
        // A client that is still writing when it is refused may see a reset before the response.
        let cut_off = said == 0 && lines.len() > 60_000;
        assert!(said == expected || cut_off, "{name}: {said} {}", &answer[..answer.len().min(400)]);
    }
    hostile.end();
}

#[test]
fn connections() {
    let hostile = Hostile::start();
    // Several requests before the first response: as many responses, in order.
    let one = "GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: junk\r\n\r\n";
    let last = "GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = hostile.send(format!("{}{last}", one.repeat(50)).as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 50);
    assert_eq!(answers.matches("HTTP/1.1 404").count(), 1);
    // Half a head, half a body, and noise: each keeps a connection open; others are still answered.
    let mut halves = Vec::new();
    for half in [
        &b"GET /v1/au"[..],
        b"GET /v1/auth HTTP/1.1\r\nx-api-k",
        b"POST /v1/keys/verify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"key\":",
    ] {
        for _ in 0..50 {
            let mut stream = hostile.connect();
            stream.write_all(half).expect("written");
            halves.push(stream);
        }
    }
    assert_eq!(status(&hostile.auth(b"x-api-key: junk\r\n")), 401);
    drop(halves);
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\n\r\n\0\r\n\r\n",
    ] {
        let said = status(&hostile.send(noise));
        assert!((400..506).contains(&said) || said == 0, "{said}");
    }
    for line in [
        "GET http://[ HTTP/1.1",
        "GET /v1/auth HTTP/9.9",
        "GET  /v1/auth HTTP/1.1",
        "G\u{e9}T / HTTP/1.1",
        "GET /%zz HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT x:1 HTTP/1.1",
    ] {
        let said = status(&hostile.send(format!("{line}\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()));
        assert!((400..500).contains(&said), "{line}: {said}");
    }
    hostile.end();
}

/// Any text can be sent as a method, even a key.
#[test]
fn a_method_is_logged_short_and_without_a_key() {
    let hostile = Hostile::start();
    let secret = "sk_live_0123456789abcdefghijklmnopqrstuv";
    for method in ["M".repeat(60_000).as_str(), secret, "GET"] {
        hostile.send(format!("{method} /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
    }
    let log = std::fs::read_to_string(hostile.folder.path().join("log")).expect("a log");
    assert!(log.contains("method=GET") && log.contains("method=MMM"), "{log}");
    assert!(log.len() < 8_000 && !log.contains(&secret[..20]), "{} bytes", log.len());
    hostile.end();
}

/// A connection that was used before is closed too if it sends half a head.
#[test]
fn a_connection_with_half_a_head_is_closed() {
    let hostile = Hostile::start();
    let whole = b"GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: junk\r\n\r\n".as_slice();
    let half = b"GET /v1/auth HTTP/1.1\r\nx-api-k".as_slice();
    let connections = [&[half][..], &[whole, half], &[whole, whole, b""]].map(|sent| {
        let mut stream = hostile.connect();
        stream.write_all(&sent.concat()).expect("written");
        (stream, sent.iter().filter(|sent| **sent == whole).count())
    });
    for (mut stream, whole) in connections {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("let go before this gives up");
        assert_eq!(answer.matches("HTTP/1.1 401").count(), whole);
    }
    hostile.end();
}
