//! Limits over Redis: what all nodes together let through.

use std::{net::IpAddr, time::Duration};

use sallyport::{
    key::{LimitOverride, Verdict},
    over_redis::throttles::NodeThrottles,
    testing::{RedisServer, SeededEntropy, TestStore},
    throttle::{Throttles, Who},
    verifier::{Lookup, freshness::elapsed},
};

use super::{Nodes, flood, per_minute};

sallyport::on_both_databases!(
    three_nodes_spend_one_slow_limit,
    three_nodes_spend_one_fast_limit,
    idle_shares_cost_little,
    a_day_and_a_minute_are_charged_together,
    what_is_peeked_at_is_not_charged,
    wrong_passwords_count_on_all_nodes,
    unknown_tokens_count_on_all_nodes,
    redis_holds_no_secret_and_forgets,
    without_redis_each_node_has_its_part,
    a_limit_smaller_than_the_number_of_nodes_keeps_its_rate,
);

/// How many pass at most between two times of Redis, with the tolerance of one percent.
fn bound(burst: u32, from: i64, to: i64) -> usize {
    let refilled = f64::from(burst) * (to - from) as f64 / 60e6;
    ((f64::from(burst) + refilled) * 1.01) as usize
}

async fn spends(store: &TestStore, limit: u32, each: usize) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 3, per_minute(limit)).await;
    let from = server.time();
    let passed = flood(&nodes, each, 8).await;
    let to = server.time();
    let most = bound(limit, from, to);
    assert!(passed <= most, "{passed} passed, of {most}");
    assert!(passed >= limit as usize * 98 / 100, "{passed} of {limit}");
    nodes.end().await;
}

async fn three_nodes_spend_one_slow_limit(store: &TestStore) {
    spends(store, 300, 160).await;
}

async fn three_nodes_spend_one_fast_limit(store: &TestStore) {
    spends(store, 6_000, 2_800).await;
}

async fn idle_shares_cost_little(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 3, per_minute(6_000)).await;
    // Two nodes take shares, and keep them: the clock of their verifiers stands still.
    let mut passed = 0;
    for node in [1, 2] {
        for _ in 0..50 {
            passed += usize::from(nodes.judge(node).await == Verdict::Valid);
        }
    }
    assert_eq!(passed, 100);
    loop {
        match nodes.judge(0).await {
            Verdict::Valid => passed += 1,
            refused => {
                assert_eq!(refused, Verdict::RateLimited);
                break;
            }
        }
    }
    assert!(passed >= 6_000 * 98 / 100, "{passed}");
    nodes.end().await;
}

async fn a_day_and_a_minute_are_charged_together(store: &TestStore) {
    let server = RedisServer::start();
    let limits = LimitOverride { per_minute: Some(3), per_day: Some(5) };
    let nodes = Nodes::over(store, &server, 2, limits).await;
    for verdict in [Verdict::Valid, Verdict::Valid, Verdict::Valid, Verdict::RateLimited, Verdict::RateLimited] {
        assert_eq!(nodes.judge(0).await, verdict);
    }
    // The two refusals were not charged to the day.
    nodes.nodes[0].verifier.flush().await.expect("written");
    let day = sallyport::limit::Day::of(nodes.nodes[0].store.now()).number();
    assert_eq!(store.key_day(&nodes.issued.key.id, day).await.expect("asked").requests, 3);
    // What a day refuses is not charged to the minute.
    server.ask::<()>(&["FLUSHDB"]);
    nodes.end().await;
}

async fn what_is_peeked_at_is_not_charged(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 1, per_minute(2)).await;
    let ask = sallyport::key::Ask { cost: 1, ..Default::default() };
    for _ in 0..5 {
        let trial = nodes.nodes[0].verifier.try_out(&nodes.issued.key.id, &ask, &crate::node::client()).await;
        assert_eq!(trial.expect("tried").judged.verdict, Verdict::Valid);
    }
    for verdict in [Verdict::Valid, Verdict::Valid, Verdict::RateLimited] {
        assert_eq!(nodes.judge(0).await, verdict);
    }
    nodes.end().await;
}

async fn wrong_passwords_count_on_all_nodes(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 2, LimitOverride::default()).await;
    let throttles: Vec<_> = nodes
        .nodes
        .iter()
        .zip(&nodes.redis)
        .map(|(node, redis)| NodeThrottles::new(node.store.clone(), elapsed(), Some(redis.clone())))
        .collect();
    let eve = Who::Stranger(IpAddr::from([203, 0, 113, 9]));
    // Five at once.
    for n in 0..5 {
        let _wrong = throttles[n % 2].begin(eve, "ada@example.com").await.expect("asked").expect("admitted");
    }
    for throttles in &throttles {
        let refused = throttles.begin(eve, "ada@example.com").await.expect("asked").expect_err("too often");
        assert!(refused.wait <= Duration::from_secs(60) && refused.wait > Duration::from_secs(30), "{refused:?}");
    }
    // A right one is taken back on all.
    let grace = Who::Stranger(IpAddr::from([203, 0, 113, 10]));
    for _ in 0..4 {
        let _wrong = throttles[0].begin(grace, "grace@example.com").await.expect("asked").expect("admitted");
    }
    let right = throttles[1].begin(grace, "grace@example.com").await.expect("asked").expect("admitted");
    throttles[1].succeeded(right).await;
    let again = async {
        let mut admitted = 0;
        while admitted < 3 {
            let begun = throttles[0].begin(grace, "grace@example.com").await.expect("asked");
            admitted += u32::from(begun.is_ok());
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("the wrong ones before it are forgotten");
    nodes.end().await;
}

async fn unknown_tokens_count_on_all_nodes(store: &TestStore) {
    let server = RedisServer::start();
    let nodes = Nodes::over(store, &server, 2, LimitOverride::default()).await;
    let mut looked_up = 0;
    for number in 0..80 {
        let unknown = sallyport::root_token::mint(&SeededEntropy::new(number));
        let verifier = &nodes.nodes[number as usize % 2].verifier;
        let found = verifier.token(unknown.expose(), crate::node::client().ip).await.expect("asked");
        looked_up += u32::from(matches!(found, Lookup::Unknown));
    }
    assert!((60..=64).contains(&looked_up), "{looked_up}: 60, and what comes back meanwhile");
    nodes.end().await;
}

async fn redis_holds_no_secret_and_forgets(store: &TestStore) {
    let server = RedisServer::start();
    let settings = super::settings(&server.url()).with_prefix("keys.eu:").expect("good");
    let nodes = Nodes::with(store, &server, vec![settings], per_minute(60)).await;
    assert_eq!(nodes.judge(0).await, Verdict::Valid);
    let signature = nodes.sign("body");
    nodes.turn(Duration::from_secs(2));
    let later = nodes.sign("later");
    assert_eq!(nodes.signed(0, &later).await, Some(Verdict::Valid));
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(keys.len() >= 3, "{keys:?}");
    let id = nodes.issued.key.id.as_str();
    for key in &keys {
        assert!(key.starts_with("keys.eu:") && !key.contains(id), "{key}");
        assert!(server.ask::<i64>(&["PTTL", key]) > 0, "{key} does not expire");
        let value: String = server.ask(&["GET", key]);
        assert!(!value.contains(id) && !value.contains(&signature.text) && !value.contains(&later.text), "{value}");
    }
    nodes.end().await;
}

async fn without_redis_each_node_has_its_part(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let restrictions = sallyport::key::Restrictions { limits: per_minute(7), ..Default::default() };
    store.restrict_key(&act, &issued.key, restrictions, None).await.expect("restricted");
    let node = crate::node::Node::start(store.store.clone()).await;
    store.store.set_live_nodes(3);
    // Seven, for three nodes.
    let verdicts = node.judges([&issued.secret, &issued.secret, &issued.secret]).await;
    assert_eq!(verdicts, [Verdict::Valid, Verdict::Valid, Verdict::RateLimited]);
    let ask = sallyport::key::Ask { cost: 1, ..Default::default() };
    let judged = node.verifier.judge(Some(issued.secret.expose()), &ask, &crate::node::client()).await.expect("judged");
    let rate = judged.charged.expect("a limit").rate;
    assert_eq!((rate.policy.requests, rate.remaining), (7, 0), "clients are told the whole limit");
    assert!(rate.retry_after.is_some_and(|wait| wait <= Duration::from_secs(26)), "{rate:?}");
}

/// Without Redis each node lets one through before it has to wait, but then no more than its part.
async fn a_limit_smaller_than_the_number_of_nodes_keeps_its_rate(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    let restrictions = sallyport::key::Restrictions { limits: per_minute(2), ..Default::default() };
    store.restrict_key(&act, &issued.key, restrictions, None).await.expect("restricted");
    let node = crate::node::Node::start(store.store.clone()).await;
    store.store.set_live_nodes(3);
    assert_eq!(node.judges([&issued.secret, &issued.secret]).await, [Verdict::Valid, Verdict::RateLimited]);
    let ask = sallyport::key::Ask { cost: 1, ..Default::default() };
    let judged = node.verifier.judge(Some(issued.secret.expose()), &ask, &crate::node::client()).await.expect("judged");
    let rate = judged.charged.expect("a limit").rate;
    // Two a minute for three nodes: one in ninety seconds.
    assert_eq!((rate.policy.requests, rate.retry_after), (2, Some(Duration::from_secs(90))), "{rate:?}");
}
