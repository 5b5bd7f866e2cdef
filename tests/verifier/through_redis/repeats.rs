//! What is sent twice, dropped, or counted elsewhere is charged once, and given back once.

use std::{net::IpAddr, sync::Arc, time::Duration};

use sallyport::{
    key::{Ask, LimitOverride, Verdict},
    over_redis::{Redis, WithoutRedis, throttles::NodeThrottles},
    testing::{Proxy, RedisServer, TestStore, Way},
    throttle::{Throttles, Who},
    verifier::freshness::elapsed,
};
use tokio::time::timeout;

use super::{Nodes, per_minute, settings, until};
use crate::node::client;

sallyport::on_both_databases!(
    a_late_answer_is_waited_for_and_charged_once,
    a_request_that_is_dropped_uses_no_signature_up,
    what_nobody_else_counted_is_not_given_back,
    a_node_that_starts_again_refuses_what_it_accepted_alone,
);

/// How many scripts ran.
fn scripts(server: &RedisServer) -> u64 {
    let info: String = server.ask(&["INFO", "commandstats"]);
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.and_then(|calls| calls.split(',').next()?.parse().ok()).unwrap_or(0)
}

async fn a_late_answer_is_waited_for_and_charged_once(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let both = vec![settings(&url), settings(&server.url())];
    let nodes = Nodes::with(store, &server, both, per_minute(5)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    let before = scripts(&server);
    proxy.cut(Way::ToClient);
    let (verifier, secret) = (Arc::clone(&nodes.nodes[0].verifier), nodes.issued.secret.expose().to_owned());
    let judged = tokio::spawn(async move {
        let ask = Ask { cost: 1, ..Ask::default() };
        verifier.judge(Some(&secret), &ask, &client()).await.expect("judged").verdict
    });
    // By both connections.
    until("it is sent again", || scripts(&server) >= before + 2).await;
    proxy.restore();
    assert_eq!(judged.await.expect("no panic"), Verdict::Valid);
    for verdict in [Verdict::Valid, Verdict::Valid, Verdict::Valid, Verdict::RateLimited] {
        assert_eq!(nodes.judge(1).await, verdict);
    }
    nodes.end().await;
}

async fn a_request_that_is_dropped_uses_no_signature_up(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let both = vec![settings(&url), settings(&server.url())];
    let nodes = Nodes::with(store, &server, both, LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    let signature = nodes.sign("dropped");
    proxy.cut(Way::ToClient);
    let claims = || server.ask::<Vec<String>>(&["KEYS", "*signature*"]).len();
    {
        let claimed = async { until("it is claimed", || claims() == 1).await };
        tokio::select! {
            verdict = nodes.signed(0, &signature) => panic!("{verdict:?}"),
            () = claimed => {}
        }
    }
    until("it is returned", || claims() == 0).await;
    proxy.restore();
    assert_eq!(nodes.signed(1, &signature).await, Some(Verdict::Valid));
    nodes.end().await;
}

async fn what_nobody_else_counted_is_not_given_back(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let quick = settings(&url).with_timeout(Duration::from_millis(250));
    let nodes = Nodes::with(store, &server, vec![quick, settings(&server.url())], per_minute(60)).await;
    let throttles =
        |node: usize| NodeThrottles::new(nodes.nodes[node].store.clone(), elapsed(), Some(nodes.redis[node].clone()));
    let (one, two) = (throttles(0), throttles(1));
    let eve = Who::Stranger(IpAddr::from([203, 0, 113, 9]));
    proxy.stop();
    for _ in 0..3 {
        nodes.judge(0).await;
    }
    until("it counts as away", || !nodes.redis[0].is_there()).await;
    let alone = one.begin(eve, "ada@example.com").await.expect("asked").expect("admitted");
    proxy.go_on();
    until("it is back", || nodes.redis[0].is_there()).await;
    let begin = async || two.begin(eve, "ada@example.com").await.expect("asked");
    for _ in 0..4 {
        let _wrong = begin().await.expect("admitted");
    }
    one.take_back(alone).await;
    let _fifth = begin().await.expect("admitted");
    begin().await.expect_err("the sixth");
    nodes.end().await;
}

/// With `local`.
async fn a_node_that_starts_again_refuses_what_it_accepted_alone(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let local = |url: &str| settings(url).with_signatures(WithoutRedis::Local);
    let quick = local(&url).with_timeout(Duration::from_millis(250));
    let nodes = Nodes::with(store, &server, vec![quick, local(&server.url())], LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    proxy.stop();
    for _ in 0..3 {
        nodes.judge(0).await;
    }
    until("it counts as away", || !nodes.redis[0].is_there()).await;
    let alone = nodes.sign("alone");
    // Its part of the plan's limit comes back meanwhile. A refusal returns the signature.
    let passes = async { while nodes.signed(0, &alone).await == Some(Verdict::RateLimited) {} };
    timeout(Duration::from_secs(20), passes).await.expect("its part of the rate");
    assert_eq!(nodes.signed(0, &alone).await, Some(Verdict::Replayed));

    // Another process in its place: the one before has no connection any more.
    nodes.turn(Duration::from_secs(10));
    let started = Redis::start(local(&server.url()), nodes.nodes[0].store.clone(), elapsed()).await.expect("started");
    assert!(started.is_there());
    assert_eq!(nodes.signed(1, &alone).await, Some(Verdict::Replayed));
    nodes.end().await;
}

/// On PostgreSQL there may be others.
mod with_others {
    mod postgres {
        use super::super::*;

        #[tokio::test(flavor = "multi_thread")]
        async fn an_empty_redis_is_no_fresh_burst_for_the_first_that_connects() {
            let store = TestStore::postgres().await;
            let mut server = RedisServer::start();
            let (proxy, url) = Proxy::before(&server.url());
            let nodes = Nodes::with(&store, &server, vec![settings(&url)], per_minute(60)).await;
            // The first node ever has nobody to share with.
            assert_eq!(nodes.judge(0).await, Verdict::Valid);
            nodes.nodes[0].store.join_nodes("1", String::new()).await.expect("joined");
            // It does not come back, and so does not say that it knew Redis before.
            proxy.stop();
            server.kill();
            server.restart();
            let other = store.restarted().await;
            let over = Redis::start(settings(&server.url()), other.store.clone(), elapsed()).await.expect("started");
            let from = server.time();
            let node = crate::node::Node::start_over(other.store.clone(), over).await;
            let mut passed = 0;
            for _ in 0..30 {
                let verdict = node.judge(&nodes.issued.secret, &Ask { cost: 1, ..Ask::default() }).await;
                passed += i64::from(verdict == Verdict::Valid);
            }
            let refilled = (server.time() - from) / 1_000_000 + 2;
            assert!(passed <= refilled, "{passed} of {refilled}");
            other.store.close().await;
            nodes.end().await;
            store.end().await;
        }
    }
}
