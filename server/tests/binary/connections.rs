//! Connections that occupy the server without using it: they are closed, and do not delay others.
//!
//! `SALLYPORT_CONNECTIONS` is the number of those that never read; `scripts/soak` uses 700, opens 1,000 with incomplete heads,
//! and compares the latency of verifications with before.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    load::{Connection, Load, Seen},
    server::Server,
};

/// Silent connections are closed by then.
const LET_GO: Duration = Duration::from_secs(45);

fn size() -> Option<usize> {
    std::env::var("SALLYPORT_CONNECTIONS").ok().map(|size| size.parse().expect("a number"))
}

fn sends(address: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    // The server may already have closed the connection.
    let _ = stream.write_all(bytes);
    stream
}

/// How many of them the other end has closed, without reading.
fn closed(streams: &[TcpStream]) -> usize {
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    let mut asked: Vec<_> = streams.iter().map(|stream| PollFd::new(stream, PollFlags::RDHUP)).collect();
    poll(&mut asked, Some(&Timespec::default())).expect("asked");
    asked.iter().filter(|stream| stream.revents().intersects(gone)).count()
}

/// Waits until this many are closed.
fn wait_until_closed(streams: &[TcpStream], count: usize, within: Duration) {
    let until = Instant::now() + within;
    while closed(streams) < count {
        assert!(Instant::now() < until, "{} of {} are closed", closed(streams), streams.len());
        thread::sleep(Duration::from_millis(100));
    }
}

fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).expect("a process").count()
}

/// Resident memory, in MB.
fn memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") / 1024
}

/// Of verifications, while nothing else is requested.
fn p99_at_rest(server: &Server) -> Duration {
    let load = Load::start(&server.address, 4);
    thread::sleep(Duration::from_secs(3));
    load.stop().p99()
}

/// Every verification was answered; at full size about as fast as before.
fn assert_fast(mut seen: Seen, before: Duration) {
    let p99 = seen.p99();
    println!("p99 of {} verdicts: {p99:?}; before: {before:?}", seen.answered);
    assert!(seen.failed.is_empty() && seen.refused == 0, "{:?}", seen.failed);
    if size().is_some() {
        assert!(p99 < before * 3, "{p99:?}, and {before:?} before");
    }
}

#[test]
fn clients_that_never_read_are_disconnected_and_verification_continues() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    // More than may be slow at once; the full size requests pages, which are rendered for each.
    let (count, asked) = match size() {
        Some(size) => (size, "GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40)),
        None => {
            let page = server.ask("GET", "/docs", &[], "").expect("a page");
            let style = page.split('"').find(|part| part.starts_with("/pkg/") && part.ends_with(".css"));
            let path = style.expect("a file");
            (150, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(200))
        }
    };
    let before = p99_at_rest(&server);
    let load = Load::start(&server.address, 4);
    let began = Instant::now();
    let others = descriptors(&server);
    let streams: Vec<_> = (0..count).map(|_| sends(&server.address, asked.as_bytes())).collect();
    while descriptors(&server) < others + 50 {
        assert!(began.elapsed() < LET_GO, "they were not accepted");
        thread::yield_now();
    }
    let mut peak = 0;
    // Some descriptors belong to the database and vary.
    while descriptors(&server) > others + 20 {
        assert!(began.elapsed() < LET_GO, "{} descriptors, and {others} before", descriptors(&server));
        peak = peak.max(memory(&server));
        thread::sleep(Duration::from_millis(100));
    }
    drop(streams);
    println!("all after {:?}; at most {peak} MB meanwhile, {} MB now", began.elapsed(), memory(&server));
    assert_fast(load.stop(), before);
    server.kill();
}

#[test]
fn silent_connections_are_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--grpc-listen", "127.0.0.1:0"];
    let (server, said) = Server::start_with(&folder.path().join("data"), &arguments, |line| line.contains("gRPC"));
    let grpc = said.last().expect("a line").rsplit(' ').next().expect("an address");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice();
    let before = p99_at_rest(&server);
    let load = Load::start(&server.address, 4);
    let mut silent: Vec<_> = (0..256).map(|_| sends(grpc, b"")).collect();
    // With incomplete heads besides, 1,000 at full size.
    silent.extend((0..size().map_or(50, |_| 1_000)).map(|_| sends(&server.address, b"GET /v1/au")));
    wait_until_closed(&silent, silent.len(), LET_GO);
    println!("{} connections are closed; {} MB", silent.len(), memory(&server));
    assert_fast(load.stop(), before);
    // And those that start, and then do not answer a ping.
    let begun: Vec<_> = (0..4).map(|_| sends(grpc, preface)).collect();
    wait_until_closed(&begun, begun.len(), LET_GO);
    server.kill();
}

#[test]
fn a_stranger_is_refused_by_the_grpc_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--grpc-listen", "127.0.0.1:0", "--trusted-proxies", "192.0.2.0/24"];
    let (server, said) = Server::start_with(&folder.path().join("data"), &arguments, |line| line.contains("gRPC"));
    let grpc = said.last().expect("a line").rsplit(' ').next().expect("an address");
    let mut stream = TcpStream::connect(grpc).expect("connected");
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    assert!(read.is_empty(), "not a word");
    server.kill();
}

#[test]
fn health_is_answered_although_every_connection_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut command = Command::new("sh");
    // The minimum that the server accepts: 100.
    command.args(["-c", "ulimit -n 400; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_sallyport"), "serve"]);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
    command.stderr(Stdio::from(std::fs::File::create(&log).expect("a file")));
    let (server, _) = Server::run(command, |_| true);
    let ask = |path: &str| {
        let mut connection = Connection::open(&server.address).expect("connected");
        let question = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.ask(question.as_bytes()).unwrap_or_default()
    };
    let halves: Vec<_> = (0..110).map(|_| sends(&server.address, b"GET /v1/au")).collect();
    assert!(ask("/healthz").starts_with("HTTP/1.1 200"), "at once");
    // Connections that have been silent longest are closed to free slots.
    let until = Instant::now() + LET_GO;
    while !ask("/v1/auth").starts_with("HTTP/1.1 401") {
        assert!(Instant::now() < until, "no place was made");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(closed(&halves) > 0);
    assert!(std::fs::read_to_string(&log).expect("a log").contains("all connections are taken"));
    server.kill();
}

#[test]
fn half_a_form_is_a_time_out_and_not_a_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let halves = ["/sign-in", "/v1/keys/verify"].map(|path| {
        let kind = if path == "/sign-in" { "application/x-www-form-urlencoded" } else { "application/json" };
        let address = &server.address;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-type: {kind}");
        sends(address, format!("{head}\r\ncontent-length: 100\r\n\r\nemail=").as_bytes())
    });
    for mut half in halves {
        let mut answer = String::new();
        half.set_read_timeout(Some(LET_GO)).expect("a time-out");
        half.read_to_string(&mut answer).expect("closed after the answer");
        // Without a root token the server does not wait for the body.
        let is_refused = answer.starts_with("HTTP/1.1 401");
        assert!(answer.starts_with("HTTP/1.1 408") || is_refused, "{answer}");
        assert!(is_refused || answer.contains("connection: close"), "{answer}");
    }
    server.kill();
}

/// As many as there may be pages at once, from clients that are not signed in.
#[test]
fn forms_that_do_not_come_keep_no_page_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"));
    server.set_up();
    let address = &server.address;
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nemail="
    );
    let halves: Vec<_> = (0..64).map(|_| sends(address, head.as_bytes())).collect();
    // By then they were read.
    thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let mut visitor = Connection::open(address).expect("connected");
    let question = format!("GET /sign-in HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let page = visitor.ask(question.as_bytes()).expect("answered");
    let took = began.elapsed();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(closed(&halves), 0, "they have their time");
    // A complete form is accepted, and one that is too large gets an error.
    let large = "x".repeat(64 * 1024);
    for (email, expected) in [("nobody@example.com", 422), (large.as_str(), 413)] {
        let answer = server.form("/sign-in", &[("email", email), ("password", "x")]).expect("answered");
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{answer}");
    }
    server.kill();
}

#[test]
fn responses_say_how_long_a_connection_stays_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let mut connection = Connection::open(&server.address).expect("connected");
    let head = connection.ask(b"GET /v1/auth HTTP/1.1\r\nhost: x\r\n\r\n").expect("answered");
    assert!(head.contains("keep-alive: timeout=15\r\n"), "{head}");
    let head = connection.ask(b"GET /v1/auth HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n").expect("answered");
    assert!(head.starts_with("HTTP/1.1 400"), "two hosts: {head}");
    let mut connection = Connection::open(&server.address).expect("connected");
    let head = connection.ask(b"GET /v1/auth HTTP/1.1\r\n\r\n").expect("answered");
    assert!(head.starts_with("HTTP/1.1 400"), "no host: {head}");
    server.kill();
}
