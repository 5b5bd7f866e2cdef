//! Signatures over Redis: each passes once, wherever it comes.

use std::time::Duration;

use sallyport::{
    key::{LimitOverride, Verdict},
    testing::{RedisServer, TestStore},
};

use super::{Nodes, per_minute, until};

sallyport::on_both_databases!(
    a_signature_passes_once_wherever_it_comes,
    what_a_limit_refuses_can_be_sent_again,
    a_redis_that_restarted_accepts_nothing_older,
    a_redis_that_lost_its_data_accepts_nothing_older,
    a_redis_that_evicts_keeps_no_signatures,
);

async fn a_signature_passes_once_wherever_it_comes(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 3, LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    for first in 0..3 {
        let signature = nodes.sign(&first.to_string());
        assert_eq!(nodes.signed(first, &signature).await, Some(Verdict::Valid));
        for node in 0..3 {
            assert_eq!(nodes.signed(node, &signature).await, Some(Verdict::Replayed));
        }
    }
    // Of all at once, one passes.
    let signature = nodes.sign("at once");
    let (one, two, three) =
        tokio::join!(nodes.signed(0, &signature), nodes.signed(1, &signature), nodes.signed(2, &signature));
    let passed = [one, two, three].into_iter().filter(|verdict| *verdict == Some(Verdict::Valid)).count();
    assert_eq!(passed, 1);
    nodes.end().await;
}

async fn what_a_limit_refuses_can_be_sent_again(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 2, per_minute(1)).await;
    nodes.turn(Duration::from_secs(2));
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    let signature = nodes.sign("refused");
    assert_eq!(nodes.signed(0, &signature).await, Some(Verdict::RateLimited));
    assert_eq!(nodes.signed(0, &signature).await, Some(Verdict::RateLimited), "it is not used up here");
    let claims = || server.ask::<Vec<String>>(&["KEYS", "*signature*"]).len();
    until("it is returned", || claims() == 0).await;
    assert_eq!(nodes.signed(1, &signature).await, Some(Verdict::RateLimited), "nor elsewhere");
    nodes.end().await;
}

async fn a_redis_that_restarted_accepts_nothing_older(store: &TestStore) {
    let mut server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 2, per_minute(60)).await;
    nodes.turn(Duration::from_secs(2));
    let (used, unused) = (nodes.sign("used"), nodes.sign("unused"));
    assert_eq!(nodes.signed(0, &used).await, Some(Verdict::Valid));
    while nodes.judge(0).await == Verdict::Valid {}

    // SIGKILL: nothing is kept.
    server.kill();
    assert_eq!(nodes.signed(1, &unused).await, None, "it can't be claimed");
    server.restart();
    nodes.turn(Duration::from_secs(10));
    nodes.until_connected(&server).await;
    for node in 0..2 {
        for old in [&used, &unused] {
            assert_eq!(nodes.signed(node, old).await, Some(Verdict::Replayed));
        }
    }
    // Those that are made after it are accepted once. No limit has a fresh burst.
    nodes.turn(Duration::from_secs(10));
    let new = nodes.sign("new");
    let verdict = nodes.signed(0, &new).await;
    assert!(matches!(verdict, Some(Verdict::Valid | Verdict::RateLimited)), "{verdict:?}");
    let from = server.time();
    let mut passed = 0;
    for _ in 0..30 {
        passed += u32::from(nodes.judge(1).await == Verdict::Valid);
    }
    let refilled = (server.time() - from) / 1_000_000 + 15;
    assert!(i64::from(passed) <= refilled, "{passed} of {refilled}");
    nodes.end().await;
}

async fn a_redis_that_lost_its_data_accepts_nothing_older(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 2, LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    let used = nodes.sign("used");
    assert_eq!(nodes.signed(0, &used).await, Some(Verdict::Valid));
    server.ask::<()>(&["FLUSHALL"]);
    // Refused at once, before any node has looked.
    assert_eq!(nodes.signed(1, &used).await, None);
    nodes.turn(Duration::from_secs(10));
    until("a new epoch begins", || nodes.redis[1].is_there()).await;
    assert_eq!(nodes.signed(1, &used).await, Some(Verdict::Replayed));
    nodes.end().await;
}

async fn a_redis_that_evicts_keeps_no_signatures(store: &TestStore) {
    let server = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let nodes = Nodes::over(store, &server, 1, LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    let status = nodes.redis[0].status().to_string();
    assert!(status.contains("allkeys-lru") && status.contains("noeviction"), "{status}");
    let signature = nodes.sign("body");
    assert_eq!(nodes.signed(0, &signature).await, None);
    assert_eq!(nodes.judge(0).await, Verdict::Valid, "others are not affected");
    server.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    until("it is seen", || nodes.redis[0].status().is_good()).await;
    assert_eq!(nodes.signed(0, &signature).await, Some(Verdict::Valid));
    server.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "volatile-ttl"]);
    until("it is seen later, too", || !nodes.redis[0].status().is_good()).await;
    assert_eq!(nodes.signed(0, &nodes.sign("other")).await, None);
    nodes.end().await;
}
