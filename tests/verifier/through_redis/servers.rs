//! Which servers can be used, and what is said about those that can't.

use std::{net::TcpListener, path::Path, process::Command, time::Duration};

use sallyport::{
    key::{LimitOverride, Verdict},
    over_redis::{Redis, RedisSettings},
    testing::{RedisServer, TestStore},
    verifier::freshness::elapsed,
};

use super::{Nodes, per_minute, settings, until};

sallyport::on_both_databases!(
    a_wrong_password_is_said_at_the_start,
    a_server_that_is_away_does_not_prevent_the_start,
    a_replica_is_refused,
    a_server_with_tls,
    the_primary_that_a_sentinel_names,
    a_cluster,
);

async fn start(store: &TestStore, settings: RedisSettings) -> Result<Redis, String> {
    Redis::start(settings, store.store.clone(), elapsed()).await
}

async fn a_wrong_password_is_said_at_the_start(store: &TestStore) {
    let server = RedisServer::start_with(&["--requirepass", "right"]);
    let at = |password: &str| settings(&format!("redis://{password}127.0.0.1:{}", server.port()));
    for wrong in [":s3cret@", "", "ada:s3cret@"] {
        let said = start(store, at(wrong)).await.err().unwrap_or_else(|| panic!("{wrong} is accepted"));
        assert!(said.contains("Correct redis_url") && !said.contains("s3cret"), "{said}");
    }
    assert!(start(store, at(":right@")).await.expect("good").is_there());
}

async fn a_server_that_is_away_does_not_prevent_the_start(store: &TestStore) {
    let mut server = RedisServer::start();
    server.kill();
    let redis = start(store, settings(&server.url())).await.expect("it begins without it");
    assert!(!redis.is_there() && !redis.status().is_good());
    server.restart();
    until("it is there", || redis.is_there() && redis.status().is_good()).await;
}

async fn a_replica_is_refused(store: &TestStore) {
    let primary = RedisServer::start();
    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    let said = start(store, settings(&replica.url())).await.err().expect("refused");
    assert!(said.contains("replica"), "{said}");
}

async fn the_primary_that_a_sentinel_names(store: &TestStore) {
    let server = RedisServer::start();
    let sentinel = RedisServer::sentinel_of(&server);
    let over = settings(&format!("redis+sentinel://127.0.0.1:{}/primary", sentinel.port()));
    let nodes = Nodes::with(store, &server, vec![over, settings(&server.url())], per_minute(2)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    assert_eq!(nodes.judge(1).await, Verdict::Valid);
    assert_eq!(nodes.judge(0).await, Verdict::RateLimited);
    nodes.end().await;
}

async fn a_cluster(store: &TestStore) {
    let server = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    server.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until("the cluster is up", || server.ask::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok")).await;
    let over = || settings(&format!("redis+cluster://127.0.0.1:{}", server.port()));
    let nodes =
        Nodes::with(store, &server, vec![over(), over()], LimitOverride { per_minute: Some(5), per_day: None }).await;
    nodes.turn(Duration::from_secs(2));
    let signature = nodes.sign("body");
    assert_eq!(nodes.signed(0, &signature).await, Some(Verdict::Valid));
    assert_eq!(nodes.signed(1, &signature).await, Some(Verdict::Replayed));
    for verdict in [Verdict::Valid; 4].into_iter().chain([Verdict::RateLimited]) {
        assert_eq!(nodes.judge(1).await, verdict);
    }
    nodes.end().await;
}

/// A certificate for localhost, and its authority.
fn certify(folder: &Path) {
    let made = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]);
        let ended = command.args(arguments.split(' ')).current_dir(folder).output().expect("openssl runs");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    };
    made("-keyout ca.key -out ca.pem -subj /CN=CA");
    made(
        "-CA ca.pem -CAkey ca.key -keyout key.pem -out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost \
         -addext basicConstraints=critical,CA:FALSE",
    );
}

async fn a_server_with_tls(store: &TestStore) {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &file("cert.pem"),
        "--tls-key-file",
        &file("key.pem"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let encrypted = settings(&format!("rediss://localhost:{port}"));
    let said = start(store, encrypted.clone()).await.err().expect("nobody knows that authority");
    assert!(said.contains("Correct redis_url"), "{said}");
    let pem = std::fs::read(folder.path().join("ca.pem")).expect("a certificate");
    let nodes = Nodes::with(store, &server, vec![encrypted.with_authorities(pem)], per_minute(1)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    assert_eq!(nodes.judge(0).await, Verdict::RateLimited);
    nodes.end().await;
}
