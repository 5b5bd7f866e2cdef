//! Servers that share limits over Redis.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use sallyport::testing::RedisServer;
use serde_json::{Value, json};

use crate::server::{Server, root_token, stderr};

/// The verdict about a request that costs so much, and what is left.
fn verify(server: &Server, token: &str, key: &str, cost: u32) -> (String, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({ "key": key, "cost": cost }).to_string();
    let answer = server.ask("POST", "/v1/keys/verify", &headers, &body).expect("answered");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    let code = if body["valid"] == true { "valid".to_owned() } else { body["code"].as_str().unwrap_or("?").to_owned() };
    (code, body["rate_limit"]["remaining"].clone())
}

/// What `/readyz` says about Redis, and whether the server is ready.
fn readiness(server: &Server) -> (bool, Value) {
    let answer = server.ask("GET", "/readyz", &[("accept", "application/json")], "").expect("answered");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    let redis = body["checks"].as_array().expect("a list").iter().find(|check| check["name"] == "redis");
    (answer.starts_with("HTTP/1.1 200"), redis.cloned().unwrap_or_default())
}

fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_goes_on_when_redis_is_away_and_says_it() {
    let mut redis = RedisServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let arguments = ["--redis-url", &redis.url(), "--redis-timeout-ms", "5000"];
    let mut server = Server::start_logged_with(&data, &arguments, &log);
    server.set_up();
    let app = server.make_app();
    let key = server.generate(&app).expect("shown");
    let token = root_token(&data);
    assert_eq!(verify(&server, &token, &key, 1).0, "valid");
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]);
    assert!(keys.iter().any(|key| key.starts_with("sallyport:") && key.contains("limit:")), "{keys:?}");
    let (ready, check) = readiness(&server);
    assert!(ready && check["ok"] == true, "{check}");
    let page = server.ask("GET", "/admin/health", &[], "").expect("answered");
    assert!(page.contains("Redis shares limits and signatures"), "{page}");

    redis.kill();
    until("it is noticed", || readiness(&server).1["ok"] == false);
    let (ready, check) = readiness(&server);
    assert!(ready, "it goes on");
    assert!(check["detail"].as_str().is_some_and(|detail| detail.contains("away")), "{check}");
    let page = server.ask("GET", "/admin/health", &[], "").expect("answered");
    assert!(page.contains("This server is ready.") && page.contains("Degraded"), "{page}");
    // Its part of the limit comes back: a hundred a second.
    until("a request passes", || verify(&server, &token, &key, 1).0 == "valid");
    assert_eq!(verify(&server, &token, &key, 6_000).0, "rate_limited", "but no burst");
    redis.restart();
    until("it is back", || readiness(&server).1["ok"] == true);
    let said = std::fs::read_to_string(&log).expect("a log");
    assert!(said.contains("Redis is away") && said.contains("Redis answers again"), "{said}");
    server.kill();
}

#[test]
fn a_wrong_password_ends_the_start_without_showing_it() {
    let redis = RedisServer::start_with(&["--requirepass", "right"]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
    let url = format!("redis://:s3cret@127.0.0.1:{}", redis.port());
    let ended = command.env("SALLYPORT_REDIS_URL", url).output().expect("the binary runs");
    let said = stderr(&ended);
    assert!(!ended.status.success() && said.contains("Redis can't be used at 127.0.0.1"), "{said}");
    assert!(said.contains("Correct redis_url") && !said.contains("s3cret"), "{said}");
}

#[test]
fn a_wrong_url_names_what_set_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--redis-url", "http://:s3cret@localhost", "--data"]);
    let ended = command.arg(folder.path().join("data")).output().expect("the binary runs");
    let said = stderr(&ended);
    assert!(said.contains("It is set by --redis-url.") && !said.contains("s3cret"), "{said}");
}

mod postgres {
    use super::*;
    use crate::nodes::cluster::Cluster;

    #[tokio::test(flavor = "multi_thread")]
    async fn three_servers_spend_one_limit() {
        let redis = RedisServer::start();
        let cluster = Cluster::start_given(3, &["--redis-url", &redis.url(), "--redis-timeout-ms", "5000"]).await;
        let key = cluster.keys(1).remove(0);
        let from = redis.time();
        let verdicts: Vec<_> =
            (0..12).map(|n| verify(&cluster.nodes[n % 3], &cluster.token, &key.secret, 1_000).0).collect();
        let passed = verdicts.iter().filter(|verdict| *verdict == "valid").count();
        let refilled = usize::try_from((redis.time() - from) / 10_000_000).expect("later") + 1;
        // Six thousand a minute; the keys were asked for a few times before.
        assert!((5..=6 + refilled).contains(&passed), "{verdicts:?}");
        cluster.end().await;
    }
}
