//! The same while Redis, over which they share limits and signatures, is broken.

mod postgres {
    use std::{
        thread::{scope, sleep},
        time::{Duration, Instant},
    };

    use sallyport::testing::{Proxy, RedisServer, Way};
    use serde_json::Value;

    use super::super::{
        super::{
            client,
            cluster::{Cluster, Surroundings},
            history::What,
            spending::Spending,
        },
        postgres::{Broken, lasts, rounds, seed, under_load},
    };

    /// What breaks Redis.
    struct Faults<'a, 'b> {
        broken: &'a mut Broken<'b>,
        spending: &'a Spending<'a>,
        redis: RedisServer,
    }

    impl Faults<'_, '_> {
        fn proxy(&self, node: usize) -> &Proxy {
            &self.broken.cluster.redis_proxies[node]
        }

        /// Whether a node says that it shares over Redis. It is ready in any case.
        fn is_shared(&self, node: usize) -> bool {
            let traffic = self.broken.traffic;
            let answer = client::manage(&traffic.address(node), traffic.token(), "GET", "/readyz", &Value::Null);
            let Some((200, said)) = answer else { return false };
            let checks = said["checks"].as_array().expect("a list");
            checks.iter().any(|check| check["name"] == "redis" && check["ok"] == true)
        }

        /// All nodes share again, and accept new signatures; how long that took since the cause was gone.
        fn recover(&self, from: &'static str) {
            let gone = Instant::now();
            for node in 0..3 {
                eventually(from, || self.is_shared(node));
                self.broken.traffic.history.recovered(from, node, gone.elapsed());
            }
            // Their timestamps are whole seconds, and those before the epoch are refused.
            let mut turn = 0;
            for node in 0..3 {
                eventually(from, || {
                    turn += 1;
                    self.spending.is_signed_for(node, gone.elapsed().as_nanos() as u64 + turn)
                });
            }
            let signed = gone.elapsed();
            eprintln!("signatures are accepted after {signed:?}: {from}");
        }

        fn killed(&mut self) {
            self.redis.kill();
            sleep(lasts() / 3);
            self.redis.restart();
            self.recover("Redis is killed");
        }

        fn paused(&mut self) {
            let from = Instant::now();
            self.redis.pause();
            sleep(lasts());
            self.redis.go_on();
            self.recover("Redis is paused");
            self.broken.traffic.history.cut_off(3, from);
        }

        fn cut(&mut self, node: usize, way: Way) {
            let from = Instant::now();
            self.proxy(node).cut(way);
            sleep(lasts());
            self.proxy(node).restore();
            self.recover(match way {
                Way::ToServer => "nothing gets to Redis",
                Way::ToClient => "nothing gets back from Redis",
            });
            self.broken.traffic.history.cut_off(1, from);
        }

        fn cut_off(&mut self, nodes: &[usize]) {
            let from = Instant::now();
            nodes.iter().for_each(|node| self.proxy(*node).stop());
            sleep(lasts());
            nodes.iter().for_each(|node| self.proxy(*node).go_on());
            self.recover("nodes are cut off from Redis");
            self.broken.traffic.history.cut_off(nodes.len(), from);
        }

        /// To a replica, which may lack what was written last.
        fn failed_over(&mut self) {
            let mut replica = self.redis.replica();
            self.redis.kill();
            sleep(lasts() / 3);
            replica.promote();
            self.broken.cluster.redis_proxies.iter().for_each(|proxy| proxy.lead_to(replica.address()));
            self.redis = replica;
            self.recover("Redis fails over");
        }

        /// The first that connects to an empty Redis is a node that knows nothing of the one before.
        fn killed_with_a_node(&mut self, node: usize) {
            let from = Instant::now();
            self.broken.cluster.kill(node);
            self.broken.traffic.history.killed(node);
            (0..3).filter(|other| *other != node).for_each(|other| self.proxy(other).stop());
            self.redis.kill();
            sleep(lasts() / 3);
            self.redis.restart();
            self.broken.cluster.restart(node);
            self.broken.traffic.moved(self.broken.cluster);
            eventually("it shares", || self.is_shared(node));
            (0..3).filter(|other| *other != node).for_each(|other| self.proxy(other).go_on());
            self.recover("Redis and a node are killed");
            self.broken.traffic.history.cut_off(2, from);
        }
    }

    fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
        let began = Instant::now();
        while !happened() {
            assert!(began.elapsed() < Duration::from_secs(60), "it stays so: {what}");
            sleep(Duration::from_millis(5));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_limit_is_exceeded_and_no_signature_used_twice_whatever_happens_to_redis() {
        let redis = RedisServer::start();
        let surroundings = Surroundings {
            redis: Some(redis.url()),
            arguments: ["--redis-timeout-ms", "500"].map(str::to_owned).to_vec(),
            ..Surroundings::default()
        };
        let cluster = Cluster::start_in(3, surroundings).await;
        under_load(cluster, seed(), |broken, _| {
            let spending = Spending::new(broken.cluster, broken.traffic);
            scope(|scope| {
                spending.start(scope);
                let _ended = Ended(&spending);
                let history = &broken.traffic.history;
                eventually("limits are spent and reached", || {
                    let spent = history.total(|what| matches!(what, What::Spent(_)));
                    spent >= 20 && history.total(|what| what == What::Limited) > 0
                });
                let mut faults = Faults { broken, spending: &spending, redis };
                for round in 0..rounds() {
                    let node = |n: usize| (n + round) % 3;
                    faults.killed();
                    faults.paused();
                    faults.cut(node(0), Way::ToServer);
                    faults.cut(node(1), Way::ToClient);
                    faults.cut_off(&[node(2)]);
                    faults.cut_off(&[0, 1, 2]);
                    faults.failed_over();
                    faults.killed_with_a_node(node(1));
                }
            });
            let history = &broken.traffic.history;
            for (what, found) in [
                ("spent", history.total(|what| matches!(what, What::Spent(_)))),
                ("limited", history.total(|what| what == What::Limited)),
                ("signatures used", history.total(|what| what == What::Used)),
                ("signatures refused", history.total(|what| what == What::UsedBefore)),
            ] {
                assert!(found > 0, "none: {what}");
                eprintln!("{what}: {found}");
            }
        })
        .await;
    }

    struct Ended<'a>(&'a Spending<'a>);

    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.end();
        }
    }
}
