//! Spans over OTLP: a collector reads them with OpenTelemetry's own types; one that hangs or is away delays nobody.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::{
    load::Connection,
    metrics::{scrape, value},
    server::{Server, between},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const TOKEN: &str = "the-token-of-the-collector";

/// A server that sends spans of all requests there, and the address of its metrics.
fn start(folder: &Path, port: u16, more: &str) -> (Server, String) {
    std::fs::write(folder.join("token"), TOKEN).expect("written");
    let token = folder.join("token");
    let section = format!("[traces]\nendpoint = \"http://127.0.0.1:{port}\"\ntoken_file = {token:?}\n{more}");
    let config = folder.join("sallyport.toml");
    std::fs::write(&config, section).expect("written");
    let arguments = ["--metrics-listen", "127.0.0.1:0", "--config", config.to_str().expect("text")];
    let (server, said) = Server::start_with(&folder.join("data"), &arguments, |line| line.contains("/metrics"));
    (server, between(said.last().expect("a line"), "http://", '/'))
}

fn spans(metrics: &str, outcome: &str) -> f64 {
    value(&scrape(metrics), &format!("sallyport_trace_spans_total{{outcome=\"{outcome}\"}}"))
}

/// Ends with the test.
struct Collector(Child);

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_collector_reads_spans_through_opentelemetry() {
    let types = std::env::var("TEST_OPENTELEMETRY").expect("scripts/opentelemetry prints it");
    let mut python = Command::new("python3");
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/binary/traces/receiver.py")).env("PYTHONPATH", types);
    let mut collector = Collector(python.stdout(Stdio::piped()).spawn().expect("Python"));
    let mut lines = BufReader::new(collector.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let port = lines.next().expect("a port").parse().expect("a number");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, metrics) = start(folder.path(), port, "sample_ratio = 1.0\n");
    server.set_up();
    let app = server.make_app();
    let key = server.generate(&app).expect("shown");
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [("x-api-key", key.as_str()), ("traceparent", &traceparent)];
    let answer = server.ask("GET", "/v1/auth?scope=read", &headers, "").expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let id = between(&answer, "x-request-id: ", '\r');
    server.ask("GET", "/healthz", &[], "").expect("answered");
    server.ask("GET", "/sign-in?next=/in-the-query", &[], "").expect("answered");
    server.ask("BREW", &format!("/nowhere/{key}"), &[], "").expect("answered");

    let mut told: Vec<Value> = Vec::new();
    let is_last = |span: &Value| span["attributes"]["http.request.method"] == "_OTHER";
    while !told.iter().any(is_last) {
        told.push(serde_json::from_str(&lines.next().expect("another span")).expect("JSON"));
    }
    let of_auth: Vec<_> = told.iter().filter(|span| span["name"] == "GET /v1/auth").collect();
    let [span] = of_auth[..] else { panic!("{of_auth:?}") };
    assert_eq!((&span["trace_id"], &span["parent_span_id"]), (&TRACE.into(), &PARENT.into()));
    assert_eq!((&span["kind"], &span["flags"]), (&"SPAN_KIND_SERVER".into(), &0x301.into()));
    assert_eq!((&span["path"], &span["type"]), (&"/v1/traces".into(), &"application/x-protobuf".into()));
    assert_eq!(span["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(span["resource"]["service.name"], "sallyport");
    assert!(span["resource"]["service.instance.id"].as_str().is_some_and(|name| name.contains(':')), "{span}");
    let expected = serde_json::json!({
        "http.request.method": "GET", "http.route": "/v1/auth", "http.response.status_code": 200, "sallyport.request_id": id,
    });
    assert_eq!(span["attributes"], expected);
    let time = |name: &str| span[name].as_u64().expect("a number");
    assert!(time("began") < time("ended") && time("began") > 1_700_000_000_000_000_000, "{span}");
    // Those of pages, too, each in a trace of its own.
    let page = told.iter().find(|span| span["name"] == "POST /apps/{app_id}/keys").expect("a page");
    assert!(page["parent_span_id"] == "" && page["trace_id"].as_str().is_some_and(|id| id.len() == 32), "{page}");
    assert_eq!(told.iter().find(|span| is_last(span)).expect("found")["name"], "HTTP");
    for span in &told {
        assert_eq!(span["unknown"], false, "{span}");
        let mut text = span.clone();
        text["authorization"] = Value::Null;
        let text = text.to_string();
        for secret in [&*key, &*app, TOKEN, "in-the-query", "nowhere", "ada@example.com", "healthz", "127.0.0.1"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    assert!(spans(&metrics, "exported") >= told.len() as f64);
    assert_eq!(spans(&metrics, "dropped") + spans(&metrics, "failed"), 0.0);
    server.kill();
}

#[test]
fn a_collector_that_hangs_drops_spans_and_delays_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    // It accepts connections, reads what is sent, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let open: Vec<_> = listener.incoming().map_while(Result::ok).collect();
        drop(open);
    });
    let (server, metrics) = start(folder.path(), port, "sample_ratio = 1.0\ntimeout_seconds = 60\n");
    let mut connection = Connection::open(&server.address).expect("connected");
    // More than fit the queue and what is being sent. If one waited for the collector, that would take a minute.
    for _ in 0..3_000 {
        let head = connection.ask(b"GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: junk\r\n\r\n").expect("answered");
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    }
    assert!(spans(&metrics, "dropped") > 0.0);
    assert_eq!(spans(&metrics, "exported"), 0.0);
    server.kill();
}

#[test]
fn a_collector_that_is_away_or_refuses_is_counted_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let (server, metrics) = start(folder.path(), address.port(), "sample_ratio = 1.0\n");
    let ask = || server.ask("GET", "/v1/auth", &[("x-api-key", "junk")], "").expect("answered");
    while spans(&metrics, "failed") == 0.0 {
        assert!(ask().starts_with("HTTP/1.1 401"));
    }
    let listener = TcpListener::bind(address).expect("the port");
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut reader = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                kept.lock().expect("no panic").push(body);
            }
            // Once it has no time.
            let status = if n == 0 { "503 Service Unavailable" } else { "200 OK" };
            let _ = write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    while spans(&metrics, "exported") == 0.0 {
        assert!(ask().starts_with("HTTP/1.1 401"));
    }
    let bodies = bodies.lock().expect("no panic");
    assert!(bodies.len() >= 2 && bodies.iter().all(|body| body.windows(8).any(|part| part == b"/v1/auth")));
    assert!(bodies.iter().all(|body| !body.windows(4).any(|part| part == b"junk")));
    server.kill();
}
