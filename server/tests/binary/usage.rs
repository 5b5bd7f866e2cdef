//! Counts of usage over restarts: a graceful stop loses nothing.

use std::{path::Path, process::Command, thread};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    load::Connection,
    server::{Server, sallyport, stdout},
};

const KEYS: usize = 8;
const ROUNDS: usize = 3;
/// In each round, by each of the clients.
const REQUESTS: usize = 400;
const CLIENTS: usize = 4;

fn end(mut server: Server) {
    kill_process(Pid::from_child(&server.child), Signal::TERM).expect("sent");
    assert!(server.child.wait().expect("ended").success());
}

/// A new key: its id and its secret.
fn key(server: &Server, token: &str, app: &str) -> (String, String) {
    let secret = server.generate(app).expect("generated");
    let id = server.verify(token, &secret)["key_id"].as_str().expect("an id").to_owned();
    (id, secret)
}

/// Every other request asks for a scope that the keys lack; every seventh is with an unknown key.
fn ask(address: &str, secrets: &[String]) {
    let mut connection = Connection::open(address).expect("connected");
    for n in 0..REQUESTS {
        let query = if n % 2 == 0 { "" } else { "?scope=write" };
        let key = if n % 7 == 0 { "junk" } else { &secrets[n % secrets.len()] };
        let question = format!("GET /v1/auth{query} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n");
        connection.ask(question.as_bytes()).expect("answered");
    }
}

fn read(server: &Server, token: &str, path: &str) -> String {
    let bearer = format!("Bearer {token}");
    let answer = server.ask("GET", path, &[("authorization", &bearer)], "").expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}

/// The requests with a code, in the lines of a file.
fn in_file(file: &str, code: &str) -> u64 {
    let lines = file.lines().map(|line| line.split(',').collect::<Vec<_>>());
    lines.filter(|cells| cells[1] == code).map(|cells| cells[3].parse::<u64>().expect("a number")).sum()
}

fn manage(data: &Path) -> String {
    stdout(&sallyport(data, &["token", "create", "--name", "usage", "--manage"])).trim().to_owned()
}

#[test]
fn every_request_is_counted_over_graceful_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    server.set_up();
    let app = server.make_app();
    let token = manage(&data);
    let keys: Vec<_> = (0..KEYS).map(|_| key(&server, &token, &app)).collect();
    let secrets: Vec<_> = keys.iter().map(|(_, secret)| secret.clone()).collect();
    for round in 0..ROUNDS {
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| ask(&server.address, &secrets));
            }
        });
        if round + 1 < ROUNDS {
            end(server);
            server = Server::start(&data);
        }
    }
    let sent = |key: usize, is_valid: bool| {
        let of_key = (0..REQUESTS).filter(|n| n % 7 != 0 && n % KEYS == key && (n % 2 == 0) == is_valid);
        (of_key.count() * CLIENTS * ROUNDS) as u64
    };
    let (mut valid, mut refused) = (0, 0);
    for (number, (id, _)) in keys.iter().enumerate() {
        let told: Value = serde_json::from_str(&read(&server, &token, &format!("/v1/keys/{id}/usage"))).expect("JSON");
        let file = read(&server, &token, &format!("/v1/keys/{id}/usage.csv"));
        // Its id was learned by a verification.
        let expected = (sent(number, true) + 1, sent(number, false));
        let by_code = |code: &str| told["by_code"][code].as_u64().unwrap_or(0);
        assert_eq!((by_code("valid"), by_code("insufficient_scope")), expected, "{told}");
        assert_eq!((in_file(&file, "valid"), in_file(&file, "insufficient_scope")), expected, "{file}");
        assert_eq!((&told["total"], &told["not_counted"]), (&(expected.0 + expected.1).into(), &0.into()));
        (valid, refused) = (valid + expected.0, refused + expected.1);
    }
    let told: Value = serde_json::from_str(&read(&server, &token, &format!("/v1/apps/{app}/usage"))).expect("JSON");
    assert_eq!(told["by_code"]["valid"], valid);
    assert_eq!(told["by_code"]["insufficient_scope"], refused);
    end(server);
}

#[test]
fn nothing_is_counted_where_that_is_switched_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let config = folder.path().join("sallyport.toml");
    std::fs::write(&config, "[usage]\ncounting = false\n").expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).arg("--config").arg(&config);
    let (mut server, _) = Server::run(command, |_| true);
    server.set_up();
    let app = server.make_app();
    let token = manage(&data);
    let (id, _) = key(&server, &token, &app);
    let told: Value = serde_json::from_str(&read(&server, &token, &format!("/v1/keys/{id}/usage"))).expect("JSON");
    assert_eq!(told["total"], 0);
    server.kill();
}
