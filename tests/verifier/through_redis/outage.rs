//! Redis goes away, hangs, and comes back.

use std::time::Duration;

use sallyport::{
    key::{LimitOverride, Verdict},
    over_redis::{RedisSettings, WithoutRedis},
    testing::{Proxy, RedisServer, TestStore},
};
use tokio::time::timeout;

use super::{Nodes, flood, per_minute, settings, until};

sallyport::on_both_databases!(
    without_redis_no_limit_has_a_fresh_burst,
    a_redis_that_hangs_holds_up_nobody,
    a_cut_connection_is_made_again,
    what_passed_without_redis_counts_when_it_is_back,
    a_share_is_spent_without_redis,
    signatures_can_be_judged_locally,
);

async fn without_redis_no_limit_has_a_fresh_burst(store: &TestStore) {
    let mut server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 3, per_minute(60)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    let from = server.time();
    server.kill();
    let passed = flood(&nodes, 60, 4).await;
    server.restart();
    let refilled = (server.time() - from) / 1_000_000 + 1;
    assert!(i64::try_from(passed).expect("few") <= refilled, "{passed} of {refilled}");
    nodes.until_connected(&server).await;
    until("it is said", || nodes.redis.iter().all(|redis| redis.status().is_good())).await;
    nodes.end().await;
}

async fn a_redis_that_hangs_holds_up_nobody(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let quick = RedisSettings::new(&url).expect("good").with_timeout(Duration::from_millis(250));
    let nodes = Nodes::with(store, &server, vec![quick], per_minute(600)).await;
    nodes.turn(Duration::from_secs(2));
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    // It accepts connections, and answers nothing.
    proxy.stop();
    let all = async {
        flood(&nodes, 400, 100).await;
        until("it counts as away", || !nodes.redis[0].is_there()).await;
        // From now on nobody waits.
        flood(&nodes, 400, 4).await;
        assert_eq!(nodes.signed(0, &nodes.sign("body")).await, None);
    };
    timeout(Duration::from_secs(20), all).await.expect("verdicts don't wait for Redis");
    assert!(!nodes.redis[0].status().is_good());
    proxy.go_on();
    until("it is back", || nodes.redis[0].is_there()).await;
    let mut verdicts = Vec::new();
    for body in 0..20 {
        verdicts.push(nodes.signed(0, &nodes.sign(&body.to_string())).await);
    }
    assert!(verdicts.contains(&Some(Verdict::Valid)), "{verdicts:?}");
    nodes.end().await;
}

async fn a_cut_connection_is_made_again(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let quick = settings(&url).with_timeout(Duration::from_millis(250));
    let nodes = Nodes::with(store, &server, vec![quick, settings(&server.url())], per_minute(5)).await;
    for _ in 0..2 {
        assert_eq!(nodes.judge(0).await, Verdict::Valid);
        assert_eq!(nodes.judge(1).await, Verdict::Valid);
    }
    // Existing connections go silent, new ones work.
    proxy.silence();
    for _ in 0..3 {
        nodes.judge(0).await;
    }
    until("it is connected again", || nodes.redis[0].is_there() && nodes.redis[0].status().is_good()).await;
    assert_eq!(nodes.judge(1).await, Verdict::Valid, "the fifth");
    assert_eq!(nodes.judge(0).await, Verdict::RateLimited);
    nodes.end().await;
}

async fn what_passed_without_redis_counts_when_it_is_back(store: &TestStore) {
    let server = RedisServer::start();
    let (proxy, url) = Proxy::before(&server.url());
    let quick = settings(&url).with_timeout(Duration::from_millis(250));
    let nodes = Nodes::with(store, &server, vec![quick], per_minute(600)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    proxy.stop();
    for _ in 0..3 {
        nodes.judge(0).await;
    }
    until("it counts as away", || !nodes.redis[0].is_there()).await;
    // Its part of the rate comes back meanwhile: ten a second.
    let mut passed = 0;
    let alone = async {
        while passed < 5 {
            passed += u32::from(nodes.judge(0).await == Verdict::Valid);
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), alone).await.expect("its part of the rate");
    let key: Vec<String> = server.ask(&["KEYS", "*limit*"]);
    server.ask::<()>(&["DEL", &key[0]]);
    proxy.go_on();
    until("it is added", || !server.ask::<Vec<String>>(&["KEYS", "*limit*"]).is_empty()).await;
    let state: String = server.ask(&["GET", &key[0]]);
    let debt: f64 = state.split(' ').next().expect("a debt").parse().expect("a number");
    assert!(debt >= 400_000.0, "five requests of a tenth of a second each: {state}");
    nodes.end().await;
}

async fn a_share_is_spent_without_redis(store: &TestStore) {
    let mut server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 3, per_minute(60_000)).await;
    for _ in 0..100 {
        assert_eq!(nodes.judge(0).await, Verdict::Valid);
    }
    server.kill();
    let mut passed = 0;
    while nodes.judge(0).await == Verdict::Valid {
        passed += 1;
    }
    assert!(passed <= 100, "{passed}: more than it took ahead");
    nodes.end().await;
}

async fn signatures_can_be_judged_locally(store: &TestStore) {
    let mut server = RedisServer::start();
    let local = || settings(&server.url()).with_signatures(WithoutRedis::Local);
    let nodes = Nodes::with(store, &server, vec![local(), local()], LimitOverride::default()).await;
    nodes.turn(Duration::from_secs(2));
    let shared = nodes.sign("shared");
    assert_eq!(nodes.signed(0, &shared).await, Some(Verdict::Valid));
    server.kill();
    let alone = nodes.sign("alone");
    // Its part of the plan's limit comes back meanwhile: five a second. A refusal returns the signature.
    let passes = async { while nodes.signed(0, &alone).await == Some(Verdict::RateLimited) {} };
    timeout(Duration::from_secs(20), passes).await.expect("its part of the rate");
    assert_eq!(nodes.signed(0, &alone).await, Some(Verdict::Replayed));
    assert_eq!(nodes.signed(0, &shared).await, Some(Verdict::Replayed), "what it accepted before");
    server.restart();
    nodes.turn(Duration::from_secs(10));
    nodes.until_connected(&server).await;
    assert_eq!(nodes.signed(1, &alone).await, Some(Verdict::Replayed), "what one accepted alone, others refuse");
    nodes.end().await;
}
