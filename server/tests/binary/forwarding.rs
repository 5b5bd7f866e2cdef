//! `kill -9` while the audit log is sent: every event arrives, and some twice. The token is in no log.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};

use sallyport::{
    Clock,
    audit::hex,
    clock::SystemClock,
    store::{Location, Store},
    testing::TestStore,
};
use sallyport_server::jobs::forwarding::QUEUE;
use serde_json::Value;

use crate::server::{PASSWORD, Server};

sallyport::on_both_databases!(kills_lose_no_event);

const KILLS: usize = 3;
const TOKEN: &str = "the-token-of-the-collector";

type Log = BTreeMap<(String, i64), String>;

/// A collector in a thread of its own: it notes the events of a request, and then answers.
fn collector() -> (u16, Arc<Mutex<Log>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let log = Arc::new(Mutex::new(Log::new()));
    let kept = Arc::clone(&log);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let events = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            for event in events.map(|line| serde_json::from_slice::<Value>(line).expect("JSON")) {
                let key = (event["chain"].as_str().expect("text").to_owned(), event["seq"].as_i64().expect("a number"));
                kept.lock().expect("no panic").insert(key, event["hash"].as_str().expect("text").to_owned());
            }
            let _ = reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    (port, log)
}

async fn recorded(store: &Store) -> Log {
    let mut log = Log::new();
    for chain in store.chains().await.expect("read") {
        let events = store.events_after(&chain, 0).await.expect("read");
        log.extend(events.iter().map(|of| ((chain.clone(), of.event.seq), hex(&of.hash))));
    }
    log
}

async fn kills_lose_no_event(store: &TestStore) {
    let (port, arrived) = collector();
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    let path = |name: &str| folder.path().join(name);
    std::fs::write(data.join("master.key"), TestStore::master_key()).expect("written");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    std::fs::write(path("token"), TOKEN).expect("written");
    let section = format!("[audit.forward]\nto = \"http://127.0.0.1:{port}/\"\ntoken_file = {:?}\n", path("token"));
    std::fs::write(path("sallyport.toml"), section).expect("written");
    let config = path("sallyport.toml").display().to_string();
    let mut arguments = vec!["--config", &*config];
    if let Location::Postgres(url) = store.location() {
        arguments.extend(["--database-url", url]);
    }
    let start = || Server::start_logged_with(&data, &arguments, &path("log"));
    let mut server = start();
    server.set_up();
    for kill in 0..KILLS {
        for _ in 0..3 {
            let answer = server.form("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]);
            assert!(answer.expect("answered").starts_with("HTTP/1.1 303"));
        }
        // Before anything, or while it is sent.
        while arrived.lock().expect("no panic").len() < kill {
            tokio::task::yield_now().await;
        }
        server.kill();
        release(store).await;
        server = start();
    }
    let expected = recorded(store).await;
    assert!(expected.len() > 3 * KILLS);
    while *arrived.lock().expect("no panic") != expected {
        tokio::task::yield_now().await;
    }
    server.kill();
    let log = std::fs::read_to_string(path("log")).expect("a log");
    assert!(!log.contains(TOKEN), "{log}");
}

/// As a minute later: the lease of the killed server has expired.
async fn release(store: &TestStore) {
    let (later, lease) = (SystemClock.now() + Duration::from_secs(61), Duration::from_secs(60));
    store.clock.turn(later.since(store.now()));
    if let Some(job) = store.lease_job(QUEUE, lease).await.expect("asked") {
        assert!(store.hand_back_job(&job).await.expect("written"));
    }
}
