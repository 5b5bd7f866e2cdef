//! SIGTERM and the next server: every request gets a response, and no client can block the shutdown.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    load::{Connection, Load},
    server::Server,
};

/// Far more than it needs, and far less than a silent client could delay it before.
const SOON: Duration = Duration::from_secs(6);

fn signal(server: &Server) {
    let pid = Pid::from_child(&server.child);
    kill_process(pid, Signal::TERM).expect("sent");
}

/// The exit code, and how long the shutdown took.
fn ended(mut server: Server) -> (i32, Duration) {
    let began = Instant::now();
    let status = server.child.wait().expect("ended");
    (status.code().unwrap_or(-1), began.elapsed())
}

fn asks_and_never_reads(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    let page = "GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40);
    stream.write_all(page.as_bytes()).expect("written");
    stream
}

fn half_a_head(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.write_all(b"GET /v1/auth HTTP/1.1\r\nx-api-k").expect("written");
    stream
}

/// A form that arrives one byte at a time: each is progress.
fn drips(address: &str) {
    let mut stream = TcpStream::connect(address).expect("connected");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\nemail="
    );
    stream.write_all(head.as_bytes()).expect("written");
    thread::spawn(move || {
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(150));
        }
    });
}

fn at(data: &Path, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", address, "--data"]).arg(data).stderr(Stdio::null());
    command
}

#[test]
fn a_restart_under_load_fails_no_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let first = Server::start(&data);
    let address = first.address.clone();
    let _open = (half_a_head(&address), asks_and_never_reads(&address), Connection::open(&address));
    let load = Load::start(&address, 32);
    thread::sleep(Duration::from_millis(500));
    signal(&first);
    let (code, took) = ended(first);
    assert_eq!(code, 0);
    assert!(took < SOON, "{took:?}");
    let began = Instant::now();
    let (second, _) = Server::run(at(&data, &address), |_| true);
    assert!(second.ask("GET", "/healthz", &[], "").is_some());
    println!("the old one took {took:?} to end, the next one {:?} to answer", began.elapsed());
    thread::sleep(Duration::from_millis(300));
    let seen = load.stop();
    println!("{} answered, {} refused meanwhile", seen.answered, seen.refused);
    assert!(seen.failed.is_empty(), "{:?}", seen.failed);
    assert!(seen.answered > 100);
    second.kill();
}

#[test]
fn the_next_server_waits_for_one_that_is_about_to_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let first = Server::start(&data);
    // Delays its shutdown for a while.
    let idle = Connection::open(&first.address).expect("connected");
    let refused = at(&data, "127.0.0.1:0").output().expect("ran");
    assert_eq!(refused.status.code(), Some(1), "a server that does not end is not waited for");
    signal(&first);
    // Started once the first announces its shutdown.
    while !data.join("sallyport.ending").exists() {
        thread::yield_now();
    }
    let (second, _) = Server::run(at(&data, &first.address), |_| true);
    assert!(second.ask("GET", "/healthz", &[], "").is_some());
    assert_eq!(ended(first).0, 0);
    drop(idle);
    second.kill();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&folder.path().join("data"));
    let _idle = Connection::open(&server.address).expect("connected");
    while server.child.try_wait().expect("asked").is_none() {
        signal(&server);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(ended(server).0, 1);
}

#[test]
fn a_request_that_is_half_sent_is_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"));
    let mut stream = TcpStream::connect(&server.address).expect("connected");
    let head =
        "POST /v1/keys/verify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).expect("written");
    drips(&server.address);
    // By then both were read.
    thread::sleep(Duration::from_millis(500));
    signal(&server);
    let (code, took) = ended(server);
    assert_eq!(code, 0);
    assert!(took < SOON, "{took:?}");
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Like systemd: a socket as descriptor 3, for the process named in the environment; another one as 4.
fn activated(data: &Path, http: &TcpListener, grpc: &TcpListener) -> Command {
    let mut command = Command::new("sh");
    let script =
        "exec 3<&0 4<&2 </dev/null 2>/dev/null; LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:grpc exec \"$@\"";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_sallyport"), "serve", "--data"]).arg(data);
    let handed = |socket: &TcpListener| Stdio::from(OwnedFd::from(socket.try_clone().expect("a descriptor")));
    command.stdin(handed(http)).stderr(handed(grpc));
    command
}

#[test]
fn a_socket_of_systemd_is_served_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let [http, grpc] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [address, grpc_address] = [&http, &grpc].map(|socket| socket.local_addr().expect("an address").to_string());
    let start = || Server::run(activated(&data, &http, &grpc), |line| line.contains("gRPC"));
    let (first, said) = start();
    assert_eq!(first.address, address);
    assert!(said.last().expect("a line").ends_with(&grpc_address), "{said:?}");
    let load = Load::start(&address, 8);
    thread::sleep(Duration::from_millis(300));
    signal(&first);
    assert_eq!(ended(first).0, 0);
    let (second, _) = start();
    thread::sleep(Duration::from_millis(300));
    let seen = load.stop();
    assert!(seen.failed.is_empty() && seen.refused == 0, "{seen:?}");
    assert!(seen.answered > 100);
    second.kill();
}
